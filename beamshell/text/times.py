"""Durations and moments as text, and durations read from text: "2 min 10 s", "17:47:28", "10min".

Pure: it knows no clock; what "now" is comes in as an argument. Moments are written in local time.
"""

from __future__ import annotations

import datetime
import math
import re
from functools import lru_cache
from time import localtime
from typing import Any

from beamshell.errors import UsageError

_SHORTEST_S = 1e-4
_LONGEST_WITH_FRACTION_S = 9.5
_JUST_NOW_S = 1.0
_DAY_S = 86400.0
_MOST_HOURS_S = 20 * _DAY_S
_YEAR_DAYS = 365.25
_MOST_YEARS = 1000
_LAST_YEAR = 9999
_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?"
_DURATION = re.compile(rf"(?:({_NUMBER})h)?(?:({_NUMBER})m(?:in)?)?(?:({_NUMBER})s?)?", re.IGNORECASE)


def duration(seconds: float, digits: int = 2) -> str:
    """A duration: "0.35 s", "12 s", "2 min 10 s", "1 h 5 min", "30 days", "32 years"; "for ever" if it has no end.

    Args:
        seconds: the duration, in seconds.
        digits: significant digits below ten seconds.

    Example:
        >>> duration(0.352), duration(59.97), duration(7384)
        ('0.35 s', '1 min 0 s', '2 h 3 min')
    """
    if not math.isfinite(seconds):
        return "for ever"
    if seconds < 0:  # the clock was set back
        return f"-{duration(-seconds, digits)}"
    if seconds < _SHORTEST_S:
        return "0 s"
    if seconds < _LONGEST_WITH_FRACTION_S:
        return f"{seconds:.{digits}g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60) if seconds >= 3599.5 else whole // 60
    if minutes < 60:
        return f"{minutes} min {whole % 60} s"
    if seconds < _MOST_HOURS_S:
        return f"{minutes // 60} h {minutes % 60} min"
    days = seconds / _DAY_S
    if days < _YEAR_DAYS:
        return f"{days:.0f} days"
    years = days / _YEAR_DAYS
    return f"{years:.{digits}g} years" if years < _MOST_YEARS else "thousands of years"


def ago(seconds: float) -> str:
    """How long ago something was: "just now", "3.2 s ago", "2 min 10 s ago".

    Example:
        >>> ago(0.0013), ago(75)
        ('just now', '1 min 15 s ago')
    """
    return "just now" if seconds < _JUST_NOW_S else f"{duration(seconds)} ago"


def is_duration(word: str) -> bool:
    """Whether a typed word is a duration: "90", "90s", "10min", "1h30min"."""
    return bool(word) and _DURATION.fullmatch(word) is not None


def parse_duration(word: str) -> float:
    """The seconds that a typed word stands for.

    Args:
        word: a number of seconds, or numbers with h, min (or m) and s, the longest first.

    Raises:
        UsageError: it is no duration; write it like 90, 90s, 10min or 1h30min.

    Example:
        >>> parse_duration("90"), parse_duration("10min"), parse_duration("1h30min")
        (90.0, 600.0, 5400.0)
    """
    match = _DURATION.fullmatch(word)
    if not word or match is None:
        raise UsageError(f"'{word}' is not a time: write 90, 90s, 10min or 2h")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds


def time_of_day(timestamp: Any) -> str:
    """The time of day with tenths of a second, "17:47:28.1"; the value itself if it is no time.

    Args:
        timestamp: seconds since 1970-01-01 UTC.
    """
    try:
        second, tenth = divmod(math.floor(timestamp * 10), 10)
        return f"{_whole_second(second)}.{tenth}"
    except (TypeError, ValueError, OverflowError, OSError):
        return str(timestamp)


@lru_cache(maxsize=16)
def _whole_second(second: int) -> str:
    """The time of day of a second; points of a fast scan share it."""
    moment = localtime(second)
    return f"{moment.tm_hour:02}:{moment.tm_min:02}:{moment.tm_sec:02}"


def date_and_time(timestamp: float) -> str:
    """The date and the time of day, "2026-11-22 17:47:28".

    Args:
        timestamp: seconds since 1970-01-01 UTC.
    """
    return f"{datetime.datetime.fromtimestamp(timestamp):%Y-%m-%d %H:%M:%S}"


def iso_time(timestamp: float) -> str:
    """The date and the time with its zone, as ISO 8601 has it: "2026-11-22T17:47:28.132000+01:00".

    Args:
        timestamp: seconds since 1970-01-01 UTC; one that is no date is given back as text.
    """
    try:
        return datetime.datetime.fromtimestamp(timestamp).astimezone().isoformat()
    except (ValueError, OverflowError, OSError):
        return str(timestamp)


def end_time(timestamp: float, now: float) -> str:
    """The moment at which something will end: "14:32:10", "Mon 14:32" within six days, then the date or the year.

    Args:
        timestamp: of the end, in seconds since 1970-01-01 UTC.
        now: the present moment, likewise.
    """
    if timestamp - now < 6 * _DAY_S:
        end = datetime.datetime.fromtimestamp(timestamp)
        return f"{end:%H:%M:%S}" if end.date() == datetime.datetime.fromtimestamp(now).date() else f"{end:%a %H:%M}"
    years = (timestamp - now) / _DAY_S / _YEAR_DAYS
    if years < 1:
        return date_and_time(timestamp)[:16]
    year = datetime.datetime.fromtimestamp(now).year + years
    return f"the year {year:.0f}" if year < _LAST_YEAR else f"after the year {_LAST_YEAR}"


def clock_time(timestamp: float, now: float) -> str:
    """The time of day, "17:47:28", with the date before it if that is not the date of `now`.

    Args:
        timestamp: seconds since 1970-01-01 UTC.
        now: the present moment, likewise.
    """
    text = date_and_time(timestamp)
    date, time = text.split(" ")
    return time if date == date_and_time(now).split(" ")[0] else text
