"""The columns of a run's table, their headings, and the text of each cell.

Pure: it never prints, and no value of an event makes it raise.
"""

from __future__ import annotations

import enum
import numbers
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from beamshell.analysis.signals import value_of
from beamshell.documents import Document
from beamshell.text.numbers import DEFAULT_PRECISION, number
from beamshell.text.times import time_of_day
from beamshell.views.fields import Field, detectors, field, positions, resolve, siblings

_SHORT_ARRAY = 4


class Column(NamedTuple):
    """One column: its heading, the function that makes the text of a cell from an event, and the key of its value."""

    heading: str
    text: Callable[[Document], str]
    key: str = ""

    @property
    def without_unit(self) -> Column:
        """The column with a shorter heading."""
        return self._replace(heading=self.heading.partition(" [")[0])


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
    moving = {key for position in scanned for key in siblings(descriptor, position)}
    about = [field(descriptor, key, of_motor=key in moving) for key in dict.fromkeys(keys)]
    return [_column(one, default_precision) for one in about], missing


def _column(about: Field, default_precision: int) -> Column:
    def text(event: Document) -> str:
        data = event.get("data") or {}
        value = data[about.key] if about.key in data else value_of(about.key, data)
        return "-" if value is None and about.key not in data else cell(value, about, default_precision)

    return Column(about.label, text, about.key)


def cell(value: Any, about: Field, default_precision: int = DEFAULT_PRECISION) -> str:
    """The text of a value of this field, on one line and never shortened."""
    try:
        if type(value) is float:  # the commonest kind, once a point and column
            return number(value, about.precision, default_precision, as_position=about.of_motor)
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
        return about.choices[value] if 0 <= value < len(about.choices) else str(value)
    if isinstance(value, numbers.Real):
        return number(float(value), about.precision, default_precision, as_position=about.of_motor)
    if isinstance(value, (list, tuple, np.ndarray)):
        return _array(np.asarray(value), about, default_precision)
    text = value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _array(values: np.ndarray[Any, Any], about: Field, default_precision: int) -> str:
    if values.ndim == 1 and values.size <= _SHORT_ARRAY and values.dtype.kind in "biufSU":
        return "[" + " ".join(cell(value, about, default_precision) for value in values) + "]"
    return "array " + "x".join(map(str, values.shape))
