"""What time it is for a plan: real time when it is run, the time it would be when it is rehearsed.

It knows neither who runs a plan nor who rehearses it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar

clock: ContextVar[Callable[[], float]] = ContextVar("clock", default=time.monotonic)
"""What is asked for the time while a plan works out its next message."""


def now() -> float:
    """Seconds that only grow; to be used in plans in place of `time.monotonic`."""
    return clock.get()()
