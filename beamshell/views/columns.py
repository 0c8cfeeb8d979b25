"""The columns of a run's table: their headings, the text of each cell, and the point that is highest.

Pure: it never prints, and no value of an event makes it raise.
"""

from __future__ import annotations

import enum
import math
import numbers
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from beamshell.analysis.signals import value_of
from beamshell.documents import Document
from beamshell.text.numbers import DEFAULT_PRECISION, number, number_format, power_of_ten
from beamshell.text.times import time_of_day
from beamshell.views.fields import Field, detectors, field, is_real, moved_fields, positions, resolve, siblings

_SHORT_ARRAY = 4
_LARGEST_IN_FULL = 10**20
"""A larger integer is written as a power of ten; one of 64 bit is smaller."""
_FEWEST_POINTS = 3
_MOST_MEASURED_AGAIN = 3000
"""A pause goes back by no more points."""


class Column(NamedTuple):
    """One column: its heading, and the function that makes the text of a cell from an event."""

    name: str
    text: Callable[[Document], str]
    unit: str = ""
    key: str = ""
    """The key of its value; "" if it is none of the values of an event."""
    is_text: bool = False
    """True if its cells are words: they begin at the left, and may be broken."""


POINT = Column("#", lambda event: str(event["seq_num"]))
"""The column with the number of each point."""

TIME = Column("time", lambda event: time_of_day(event.get("time")))
"""The column with the time of day of each point."""


def columns_of(
    start: Document,
    descriptor: Document,
    fields: Sequence[Any] | None = None,
    default_precision: int = DEFAULT_PRECISION,
) -> tuple[list[Column], list[str]]:
    """The columns of values (scanned motors, then detectors), and the names that the run does not have.

    Args:
        start: the run's start document.
        descriptor: of the stream whose events are the rows.
        fields: names or devices to show; None shows what the hints name. Scanned motors are shown in any case, with
            their setpoints when fields are given.
        default_precision: digits after the point where the control system does not say.
    """
    scanned = positions(start, descriptor)
    missing: list[str] = []
    if fields is None:
        keys = [*scanned, *detectors(start, descriptor)]
    else:
        keys, missing = resolve(descriptor, fields)
        of_devices = [[key, *siblings(descriptor, key)] for key in scanned]
        keys = [key for device in of_devices if not set(device) & set(keys) for key in device] + keys
    moved = moved_fields(start, descriptor)
    about = [field(descriptor, key, of_motor=key in moved) for key in dict.fromkeys(keys)]
    return [_column(one, default_precision) for one in about], missing


def _column(about: Field, default_precision: int) -> Column:
    key = about.key
    text_of_float = number_format(about.precision, default_precision, as_position=about.of_motor)

    def text(event: Document) -> str:
        data = event.get("data") or {}
        value = data[key] if key in data else value_of(key, data)
        if type(value) is float:  # the commonest kind, once a point and column
            return text_of_float(value)
        return "-" if value is None and key not in data else cell(value, about, default_precision)

    is_text = about.dtype == "string" or bool(about.choices)
    return Column(key, text, about.units, key, is_text)


def cell(value: Any, about: Field, default_precision: int = DEFAULT_PRECISION) -> str:
    """The text of a value of this field, on one line and never shortened."""
    try:
        return _any_cell(value, about, default_precision)
    except Exception as exc:  # noqa: BLE001  # a device may hand over anything: its __str__ too can fail
        return f"<{type(value).__name__}: {type(exc).__name__}>"


def _any_cell(value: Any, about: Field, default_precision: int) -> str:
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, bool):
        return about.choices[value] if len(about.choices) == 2 else str(value)
    if isinstance(value, int):
        return about.choices[value] if 0 <= value < len(about.choices) else _integer(value)
    if isinstance(value, numbers.Real):
        return number(float(value), about.precision, default_precision, as_position=about.of_motor)
    if isinstance(value, (list, tuple, np.ndarray)):
        return _array(np.asarray(value), about, default_precision)
    text = value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _integer(value: int) -> str:
    if abs(value) <= _LARGEST_IN_FULL:
        return str(value)
    return ("-" if value < 0 else "") + power_of_ten(math.log10(abs(value)))


def _array(values: np.ndarray[Any, Any], about: Field, default_precision: int) -> str:
    if values.ndim == 1 and values.size <= _SHORT_ARRAY and values.dtype.kind in "biufSU":
        return "[" + " ".join(cell(value, about, default_precision) for value in values) + "]"
    return "array " + "x".join(map(str, values.shape))


class HighestPoint:
    """Finds the point of a run where one value is highest, also where points are measured again.

    Args:
        key: of the value: a key or a quotient.

    Example:
        >>> highest = HighestPoint("det")
        >>> for point, value in enumerate([2.0, 9.0, 5.0], start=1):
        ...     highest.take({"seq_num": point, "data": {"det": value}})
        >>> highest.event["seq_num"]
        2
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self._records: deque[tuple[int, float, Document]] = deque(maxlen=_MOST_MEASURED_AGAIN)
        self._lowest = math.inf
        self._points = 0

    def take(self, event: Document, *, is_valid: bool = True) -> None:
        """Note an event; one whose number has come before takes the place of that one and of all since.

        Args:
            event: of the stream with the value.
            is_valid: False if the value is not to be trusted: it is never the highest.
        """
        point, data, records = event["seq_num"], event.get("data") or {}, self._records
        while records and records[-1][0] >= point:
            records.pop()
        value = data[self.key] if self.key in data else value_of(self.key, data)
        if not (is_valid and (type(value) is float or is_real(value)) and abs(value) < sys.float_info.max):
            return
        self._points += 1
        if value < self._lowest:
            self._lowest = value
        if not records or value > records[-1][1]:
            records.append((point, value, event))

    @property
    def event(self) -> Document | None:
        """The event of the highest point; None if there are fewer than three points, or all are as high."""
        if self._points < _FEWEST_POINTS or not self._records or self._records[-1][1] <= self._lowest:
            return None
        return self._records[-1][2]
