"""What time it is for a plan: real time when it is run, the time it would be when it is rehearsed.

It knows neither who runs a plan nor who rehearses it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_clock: ContextVar[Callable[[], float]] = ContextVar("clock", default=time.monotonic)


def now() -> float:
    """Seconds that only grow; to be used in plans in place of `time.monotonic`."""
    return _clock.get()()


@contextmanager
def by_clock(clock: Callable[[], float]) -> Iterator[None]:
    """Inside, `now` is what `clock` says."""
    before = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(before)
