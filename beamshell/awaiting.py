"""What devices answer, also those whose methods are coroutines (ophyd-async): the engine's event loop waits for those.

It knows no event loop: the engine, which has one, says how a coroutine is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from beamshell.errors import DeviceError, NotConnected
from beamshell.protocols import speaks_asyncio

ANSWER_S = 5.0
"""Seconds that a coroutine of a device may take to answer a question."""

_NOT_CONNECTED = "it has not connected (connect it again: with init_devices(), or RE(ensure_connected(...)))"

Wait = Callable[[Callable[[], Any], float], Any]
"""Calls a function on an event loop, and returns what it answers within some seconds."""

_waits: list[Wait] = []


class NoEventLoopError(DeviceError):
    """No event loop runs: make a RunEngine first."""


def wait_with(wait: Wait) -> None:
    """From now on `answer` waits for coroutines with this function."""
    _waits[:] = [wait]


def answer(method: Callable[..., Any], *args: Any, within_s: float = ANSWER_S) -> Any:
    """What a device's method answers; of a coroutine its result.

    Args:
        method: of a device of any library; it only answers, and starts nothing that takes long.
        args: its arguments.
        within_s: seconds that a coroutine may take.

    Raises:
        TimeoutError: a coroutine has not answered in time.
        NotConnected: the device has never connected.
        NoEventLoopError: no engine was made yet that could wait for a coroutine.
    """
    owner = getattr(method, "__self__", None)
    if not speaks_asyncio(type(owner)):
        return method(*args)
    name = str(getattr(owner, "name", owner))
    if not _waits:
        raise NoEventLoopError(f"{name}: no event loop runs; make a RunEngine first")
    with errors_named(name, within_s):
        return _waits[0](lambda: method(*args), within_s)


@contextmanager
def errors_named(device: str, within_s: float) -> Iterator[None]:
    """A context in which a coroutine of a device answers: that it does not is said with the device's name.

    Args:
        device: its name.
        within_s: seconds that the coroutine may take.

    Raises:
        TimeoutError: it has not answered in time.
        NotConnected: the device has never connected.
    """
    try:
        yield
    except NotImplementedError as exc:  # of ophyd-async's signals before they have connected
        raise NotConnected(f"{device}: {_NOT_CONNECTED}") from exc
    except TimeoutError as exc:
        raise TimeoutError(str(exc) or f"{device}: no answer within {within_s:g} s") from exc
