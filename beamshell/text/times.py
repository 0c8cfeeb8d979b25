"""Moments as text, in local time: a time of day, a date with its time.

Pure: it knows no clock; what "now" is comes in as an argument.
"""

from __future__ import annotations

import datetime
import math
from typing import Any


def time_of_day(timestamp: Any) -> str:
    """The time of day with tenths of a second, "17:47:28.1"; the value itself if it is no time.

    Args:
        timestamp: seconds since 1970-01-01 UTC.
    """
    try:
        moment = datetime.datetime.fromtimestamp(math.floor(timestamp * 10) / 10 + 1e-3)
    except (TypeError, ValueError, OverflowError, OSError):
        return str(timestamp)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 100_000}"


def date_and_time(timestamp: float) -> str:
    """The date and the time of day, "2026-11-22 17:47:28".

    Args:
        timestamp: seconds since 1970-01-01 UTC.
    """
    return f"{datetime.datetime.fromtimestamp(timestamp):%Y-%m-%d %H:%M:%S}"


def clock_time(timestamp: float, now: float) -> str:
    """The time of day, "17:47:28", with the date before it if that is not the date of `now`.

    Args:
        timestamp: seconds since 1970-01-01 UTC.
        now: the present moment, likewise.
    """
    text = date_and_time(timestamp)
    date, time = text.split(" ")
    return time if date == date_and_time(now).split(" ")[0] else text
