"""Spans of time in words, such as "yesterday", "29 Nov" and "since tuesday 14:00", read in local time.

Pure: it knows no clock; what "now" is comes in as an argument. Words that are no time are no error: they are left to
the caller.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from math import inf, isfinite
from typing import NamedTuple

__all__ = ["TIME_WORDS", "Span", "is_clock_time", "read_span"]

_DAY = timedelta(days=1)
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_LAST = ("last", "past")
_PARTS_OF_DAY = {"morning": (0, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 32)}
"""The hours from which and to which they last; a night ends at 8 o'clock of the next day."""
_UNITS = {
    "h": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "min": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "day": _DAY,
    "d": _DAY,
    "week": timedelta(weeks=1),
}
_SINGLE_UNITS = ("minute", "min", "hour", "day")
"""Units without a number: `last hour`; a week, a month and a year are those of the calendar."""
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_DAY_OF_MONTH = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?\.?")
_YEAR = re.compile(r"(?:19|20|21)[0-9]{2}")
_LEAP_YEARS_APART = 8  # at most
_LENGTH = re.compile(r"([0-9]{1,6})([a-z]*)")
_BEGIN_OF_BOUND = {"since": "begin", "from": "begin", "after": "end"}
_END_OF_BOUND = {"until": "end", "till": "end", "before": "begin"}
_ENDS_BEHIND = {"between": {"and": "end"}, "from": {"to": "end", **_END_OF_BOUND}}
"""The words for the end of a span that begins with these."""

TIME_WORDS = (
    "today",
    "yesterday",
    "this morning",
    "this afternoon",
    "this week",
    "last hour",
    "last day",
    "last night",
    "last week",
    "last month",
    *(f"last {name}" for name in _DAY_NAMES),
    "last 2h",
    "since",
    "until",
    "between",
)
"""Times as one may type them, for completion."""


class Span(NamedTuple):
    """A span of time, as it was said.

    Attributes:
        begin: seconds since 1970-01-01 UTC; -inf if it has no beginning.
        end: the moment at which it is over, likewise; inf if it has no end.
        words: as typed, such as "since yesterday"; read again at the same moment they give the same span.
    """

    begin: float
    end: float
    words: str

    @property
    def day(self) -> date | None:
        """Its day; None if it is no single day."""
        if not (isfinite(self.begin) and isfinite(self.end)):
            return None
        begin, end = datetime.fromtimestamp(self.begin), datetime.fromtimestamp(self.end)
        return begin.date() if begin.time() == time() and end == begin + _DAY else None

    def dates(self, now: float) -> str:
        """Its dates, which tell how the words were understood: "Fri 27 Nov", "from Fri 27 Nov 14:00".

        Args:
            now: the present moment, in seconds since 1970-01-01 UTC.
        """
        year = datetime.fromtimestamp(now).year
        begin = datetime.fromtimestamp(self.begin) if isfinite(self.begin) else None
        end = datetime.fromtimestamp(self.end) if isfinite(self.end) else None
        is_whole_days = all(moment is None or moment.time() == time() for moment in (begin, end))
        if is_whole_days and end is not None:  # the last day rather than the midnight after it
            end -= _DAY
        if begin is None or end is None:
            one = begin or end
            word = "to" if begin is None else "from"
            return f"{word} {_moment(one, year, with_clock=not is_whole_days)}" if one else "at any time"
        first = _moment(begin, year, with_clock=not is_whole_days)
        if begin.date() == end.date():
            return first if is_whole_days else f"{first} to {_clock(end)}"
        if not is_whole_days and end == _midnight(begin.date()) + _DAY:
            return f"{first} to 24:00"
        return f"{first} to {_moment(end, year, with_clock=not is_whole_days)}"


def read_span(words: Sequence[str], now: float, day: date | None = None) -> tuple[Span, int] | None:
    """The span that the first words say, and how many words that are; None if they say none.

    A day is from midnight to midnight. `last tuesday` is the last one before today; `tuesday` may be today. `since`
    and `until` take in the whole day that they name, `after` and `before` leave it out. A clock time behind `since` is
    the last time the clock has shown it, and a date without a year is that of the last year in which it is not in the
    future. `past` means `last`.

    Args:
        words: of a person.
        now: the present moment, in seconds since 1970-01-01 UTC.
        day: of clock times that name none; None is today.

    Example:
        >>> span, used = read_span(["last", "week", "samx"], datetime(2026, 11, 28, 12).timestamp())
        >>> used, span.dates(datetime(2026, 11, 28, 12).timestamp())
        (2, 'Mon 16 Nov to Sun 22 Nov')
    """
    try:
        reader = _Reader([word.casefold() for word in words], datetime.fromtimestamp(now), day)
        period = reader.span()
        if period is None:
            return None
        begin = -inf if period.begin is None else period.begin.timestamp()
        end = inf if period.end is None else period.end.timestamp()
    except (OverflowError, ValueError, OSError):  # a date that no calendar or no computer has
        return None
    return Span(begin, end, " ".join(reader.words[: period.used])), period.used


def is_clock_time(word: str) -> bool:
    """Whether a word is a time of day, such as 14:30."""
    return _CLOCK.fullmatch(word) is not None


class _Bound(NamedTuple):
    """A period or a moment, and where it ends in the line."""

    begin: datetime
    end: datetime
    used: int
    """The number of the word behind it."""
    is_clock: bool = False
    """Whether it is a clock time without a day."""

    @property
    def is_moment(self) -> bool:
        return self.begin == self.end

    def edge(self, side: str) -> datetime:
        return self.begin if side == "begin" else self.end


class _Period(NamedTuple):
    """A span as it is read; None is an open end."""

    begin: datetime | None
    end: datetime | None
    used: int


class _Reader:
    """Reads periods and bounds at a place in a line of words."""

    def __init__(self, words: list[str], now: datetime, day: date | None) -> None:
        self.words, self.now, self.day = words, now, day
        self.today = now.date()

    def word(self, at: int) -> str:
        return self.words[at] if at < len(self.words) else ""

    def span(self) -> _Period | None:
        first = self.word(0)
        if first in _BEGIN_OF_BOUND or first == "between":
            return self._from(first)
        if first in _END_OF_BOUND:
            bound = self._bound(1, self.day)
            return _Period(None, bound.edge(_END_OF_BOUND[first]), bound.used) if bound else None
        period = self._period(0)
        return _Period(period.begin, period.end, period.used) if period else self._last_while()

    def _from(self, first: str) -> _Period | None:
        """`since ...`, `since ... until ...`, `between ... and ...`."""
        bound = self._bound(1, self.day, is_begin=True)
        if bound is None:
            return None
        begin = bound.edge(_BEGIN_OF_BOUND.get(first, "begin"))
        ends = _ENDS_BEHIND.get(first, _END_OF_BOUND)
        middle = self.word(bound.used)
        same_day = begin.date() if bound.is_moment else self.day
        last = self._bound(bound.used + 1, same_day) if middle in ends else None
        if last is None:
            return None if first == "between" else _Period(begin, None, bound.used)
        end = last.edge(ends[middle])
        if last.is_clock and end < begin:  # from the evening to the morning
            end += _DAY
        return _Period(begin, end, last.used)

    def _last_while(self) -> _Period | None:
        """`last 2h`, `last 3 days`, `last hour`: up to now."""
        if self.word(0) not in _LAST:
            return None
        if self.word(1) in _SINGLE_UNITS:
            return _Period(self.now - _UNITS[self.word(1)], None, 2)
        length = self._length(1)
        return _Period(self.now - length[0], None, length[1]) if length else None

    def _length(self, at: int) -> tuple[timedelta, int] | None:
        match = _LENGTH.fullmatch(self.word(at))
        if match is None:
            return None
        number, unit = match.groups()
        at += 1
        if not unit:
            unit = self.word(at)
            at += 1
        if unit not in _UNITS:
            unit = unit.removesuffix("s") if len(unit) > 2 else unit
        return (int(number) * _UNITS[unit], at) if unit in _UNITS else None

    def _bound(self, at: int, day: date | None, *, is_begin: bool = False) -> _Bound | None:
        """What stands behind `since` or `until`: a period, a day with a clock time, a clock time, a while ago."""
        if (clock := self._clock(at)) is not None:
            moment = datetime.combine(day or self.today, clock)
            if is_begin and day is None and moment > self.now:
                moment -= _DAY
            return _Bound(moment, moment, at + 1, is_clock=True)
        if (length := self._length(at)) is not None:
            moment = self.now - length[0]
            return _Bound(moment, moment, length[1] + (self.word(length[1]) == "ago"))
        period = self._period(at)
        if period is None or (clock := self._clock(period.used)) is None:
            return period
        moment = datetime.combine(period.begin.date(), clock)
        return _Bound(moment, moment, period.used + 1)

    def _clock(self, at: int) -> time | None:
        match = _CLOCK.fullmatch(self.word(at))
        return time(int(match[1]), int(match[2]), int(match[3] or 0)) if match else None

    def _period(self, at: int) -> _Bound | None:
        """A day, a part of one, a week, a month or a year."""
        first, second = self.word(at), self.word(at + 1)
        if first == "tonight" or (first, second) == ("this", "night"):
            evening = self.today if self.now.hour >= _PARTS_OF_DAY["night"][1] - 24 else self.today - _DAY
            return self._part_of_day(evening, "night", at + (1 if first == "tonight" else 2))
        if first in ("this", *_LAST) and second in _PARTS_OF_DAY:
            return self._part_of_day(self.today if first == "this" else self.today - _DAY, second, at + 2)
        if first in ("this", *_LAST) and second in ("week", "month", "year"):
            return self._calendar_period(second, at + 2, is_last=first in _LAST)
        if match := _MONTH.fullmatch(first):
            begin = date(int(match[1]), int(match[2]), 1)
            return _Bound(_midnight(begin), _midnight(_next_month(begin)), at + 1)
        day, at = self._day(at)
        if day is None:
            return None
        if self.word(at) in _PARTS_OF_DAY:
            return self._part_of_day(day, self.word(at), at + 1)
        return _Bound(_midnight(day), _midnight(day + _DAY), at)

    def _day(self, at: int) -> tuple[date | None, int]:
        first, second = self.word(at), self.word(at + 1)
        if named := self._date_with_month(at + 1 if _place_of(first, _DAY_NAMES) is not None else at):
            return named
        if first == "today":
            return self.today, at + 1
        if first == "yesterday":
            return self.today - _DAY, at + 1
        if first in _DAY_NAMES:
            return self.today - (self.today.weekday() - _DAY_NAMES.index(first)) % 7 * _DAY, at + 1
        if first in _LAST and second in _DAY_NAMES:
            days_ago = (self.today.weekday() - _DAY_NAMES.index(second)) % 7 or 7
            return self.today - days_ago * _DAY, at + 2
        if _DATE.fullmatch(first):
            return date.fromisoformat(first), at + 1
        return None, at

    def _date_with_month(self, at: int) -> tuple[date, int] | None:
        """`29 Nov`, `November 29`, `29 Nov 2025`, and the place behind it."""
        first, second = self.word(at), self.word(at + 1)
        month = _place_of(first, _MONTH_NAMES)
        if month is None:
            month, second = _place_of(second, _MONTH_NAMES), first
        match = _DAY_OF_MONTH.fullmatch(second)
        if month is None or match is None:
            return None
        number = int(match[1])
        if _YEAR.fullmatch(self.word(at + 2)):
            return date(int(self.word(at + 2)), month + 1, number), at + 3
        for year in range(self.today.year, max(self.today.year - _LEAP_YEARS_APART, 1) - 1, -1):
            with contextlib.suppress(ValueError):  # 29 Feb
                if (day := date(year, month + 1, number)) <= self.today:
                    return day, at + 2
        return None

    @staticmethod
    def _part_of_day(day: date, part: str, used: int) -> _Bound:
        begin, end = (_midnight(day) + timedelta(hours=hours) for hours in _PARTS_OF_DAY[part])
        return _Bound(begin, end, used)

    def _calendar_period(self, unit: str, used: int, *, is_last: bool) -> _Bound:
        if unit == "week":
            begin = self.today - self.today.weekday() * _DAY - (7 * _DAY if is_last else timedelta())
            end = begin + 7 * _DAY
        elif unit == "month":
            begin = self.today.replace(day=1)
            begin = (begin - _DAY).replace(day=1) if is_last else begin
            end = _next_month(begin)
        else:
            begin = date(self.today.year - is_last, 1, 1)
            end = date(begin.year + 1, 1, 1)
        return _Bound(_midnight(begin), _midnight(end), used)


def _place_of(word: str, names: Sequence[str]) -> int | None:
    """The place of the name that a word of three letters or more begins, such as "nov" or "sept."; None if of none."""
    begin = word.removesuffix(".")
    return next((place for place, name in enumerate(names) if len(begin) > 2 and name.startswith(begin)), None)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _next_month(first: date) -> date:
    return (first + 31 * _DAY).replace(day=1)


def _moment(moment: datetime, year: int, *, with_clock: bool) -> str:
    day = f"{_DAY_NAMES[moment.weekday()][:3].title()} {moment.day} {_MONTH_NAMES[moment.month - 1][:3].title()}"
    day = day if moment.year == year else f"{day} {moment.year}"
    return f"{day} {_clock(moment)}" if with_clock else day


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
