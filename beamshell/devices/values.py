"""The values of several signals at once: asked for in one round trip, or as subscriptions have brought them.

It knows signals by what they can do, and no control system.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.protocols import Reading


def begin_values(*signals: Any) -> Callable[[], list[Any]]:
    """Ask all signals for their values now; the function returned collects them, in the same order."""
    collect = begin_readings(*signals)
    return lambda: [reading["value"] for reading in collect()]


def begin_readings(*signals: Any) -> Callable[[], list[Reading]]:
    """As `begin_values`, with the time of each value."""
    collectors = [signal.begin_read() for signal in signals]
    return lambda: [next(iter(collect().values())) for collect in collectors]


def begin_current_values(*signals: Any) -> Callable[[], list[Any]]:
    """As `begin_values`, but ask only for what subscriptions have not brought; that is followed from now on.

    At the second call they are all there, and none is asked for.
    """
    collectors = [_begin_current(signal) for signal in signals]
    return lambda: [collect() for collect in collectors]


def _begin_current(signal: Any) -> Callable[[], Any]:
    reading = signal.current
    if reading is not None:
        return lambda: reading["value"]
    collect = signal.begin_read()
    signal.follow()
    return lambda: next(iter(collect().values()))["value"]


def recent_value(signal: Any) -> Any:
    """The last value that came by subscription, without asking; read now if none came."""
    reading = signal.latest if signal.connected else None
    return signal.get() if reading is None else reading["value"]
