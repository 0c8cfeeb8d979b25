"""Moments and spans of time as a person reads them.

Pure: it knows no clock.
"""

from __future__ import annotations

import datetime
import math
from typing import Any


def time_of_day(timestamp: Any) -> str:
    """Local time as HH:MM:SS.s; the value itself if it is no time."""
    try:
        moment = datetime.datetime.fromtimestamp(math.floor(timestamp * 10) / 10 + 1e-3)
    except (TypeError, ValueError, OverflowError, OSError):
        return str(timestamp)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 100_000}"


def duration(seconds: float) -> str:
    """A span of time, such as "0.5 s", "1 min 05 s" or "2 h 03 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
