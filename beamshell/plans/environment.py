"""The clock, the check of positions and the turns of a loop that plans use: those of the engine, or of a simulation.

With the engine, time is real, the devices are asked, and a loop takes all its turns. A simulation gives simulated time,
remembers the answers of the devices, and leaves out turns whose duration it can compute. A plan that does more than to
send messages asks here whether it is simulated. This module knows neither engine nor simulation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from beamshell.awaiting import NoEventLoopError, answer
from beamshell.errors import BeamshellError, LimitError
from beamshell.plans.computed_axes import require_motors, whole_position
from beamshell.protocols import speaks_asyncio

Check = Callable[[Any, Any], None]
TakeTurns = Callable[[Sequence[Any]], Iterable[Any]]


def ask_device(device: Any, position: Any) -> None:
    """Return if ``device.set(position)`` would be accepted; a device without limits accepts all.

    Raises:
        NotConnected: it could not compute with a motor that is offline.
        LimitError: it would not, for a reason of the device's own library; its words are kept.
        Exception: as the device raises it.
    """
    if not hasattr(device, "check_value"):  # what protocols.Checkable asks for, at a twentieth of isinstance's price
        return
    try:
        target = whole_position(device, position) if isinstance(position, dict) else position
        if speaks_asyncio(type(device)):
            answer(device.check_value, target)
        else:
            device.check_value(target)
    except NoEventLoopError:  # it checks for itself when it is set
        return
    except BeamshellError:
        raise
    except Exception as exc:
        require_motors(device)
        if not isinstance(exc, ValueError) and "limit" not in type(exc).__name__.lower():
            raise
        raise LimitError(f"{device.name}: {exc}") from exc


_clock: ContextVar[Callable[[], float]] = ContextVar("clock", default=time.monotonic)
_check: ContextVar[Check] = ContextVar("check", default=ask_device)
_take_turns: ContextVar[TakeTurns] = ContextVar("take_turns", default=iter)
_is_simulated: ContextVar[bool] = ContextVar("is_simulated", default=False)


def now() -> float:
    """Seconds that only grow; plans use it in place of `time.monotonic`, so that they can be simulated."""
    return _clock.get()()


def check(device: Any, position: Any) -> None:
    """Return if ``device.set(position)`` would be accepted; nothing moves.

    Raises:
        LimitError: the position is outside the limits of the device.
        BadValue: the device does not take such a value.
    """
    _check.get()(device, position)


def turns(of_loop: Sequence[Any]) -> Iterable[Any]:
    """The turns of a loop whose turns differ by the positions of motors alone; a simulation may take only the first.

    Args:
        of_loop: the `Points` of a scan, or a range.
    """
    return _take_turns.get()(of_loop)


def is_simulated() -> bool:
    """True while a plan is simulated: it must then do nothing beside the messages that it sends."""
    return _is_simulated.get()


@contextmanager
def simulated() -> Iterator[None]:
    """Inside, `is_simulated` returns True."""
    token = _is_simulated.set(True)
    try:
        yield
    finally:
        _is_simulated.reset(token)


@contextmanager
def use_clock(clock: Callable[[], float]) -> Iterator[None]:
    """Inside, `now` returns ``clock()``."""
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)


@contextmanager
def use_check(check: Check) -> Iterator[None]:
    """Inside, `check` calls ``check(device, position)`` of this function instead of asking the device."""
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


@contextmanager
def use_turns(take_turns: TakeTurns) -> Iterator[None]:
    """Inside, `turns` returns ``take_turns(of_loop)``."""
    token = _take_turns.set(take_turns)
    try:
        yield
    finally:
        _take_turns.reset(token)


@contextmanager
def each_turn_while(is_needed: Callable[[], bool]) -> Iterator[None]:
    """Inside, a loop that begins takes one turn after the other while ``is_needed()``; the rest as it would outside."""
    take_turns = _take_turns.get()

    def taken(of_loop: Sequence[Any]) -> Iterator[Any]:
        number = 0
        while number < len(of_loop) and is_needed():
            yield of_loop[number]
            number += 1
        yield from take_turns(of_loop[number:])

    with use_turns(taken):
        yield
