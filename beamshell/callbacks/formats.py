"""A value as a person reads it in one cell of a table.

Pure: it never prints, and never raises whatever the value is.
"""

from __future__ import annotations

import datetime
import enum
import math
import numbers
from typing import Any

import numpy as np

from beamshell.callbacks.fields import Field

DEFAULT_PRECISION = 3
_LARGEST_FIXED = 1e8
_LARGEST_EXACT_FLOAT = 1e15
_SHORT_ARRAY = 4


def cell(value: Any, field: Field, default_precision: int = DEFAULT_PRECISION) -> str:
    """The text of a value of this field, on one line and never shortened."""
    try:
        return _cell(value, field, default_precision)
    except Exception as exc:  # noqa: BLE001  # a device may hand over anything: its __str__ too can fail
        return f"<{type(value).__name__}: {type(exc).__name__}>"


def _cell(value: Any, field: Field, default_precision: int) -> str:
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, bool):
        return field.choices[value] if len(field.choices) == 2 else str(value)
    if isinstance(value, int):
        return field.choices[value] if 0 <= value < len(field.choices) else str(value)
    if isinstance(value, numbers.Real):
        return number(float(value), field.precision, default_precision, as_position=field.of_motor)
    if isinstance(value, (list, tuple, np.ndarray)):
        return _array(np.asarray(value), field, default_precision)
    if isinstance(value, bytes):
        value = value.decode(errors="backslashreplace")
    return _one_line(str(value))


def number(
    value: float, precision: int | None, default_precision: int = DEFAULT_PRECISION, *, as_position: bool = False
) -> str:
    """A float with `precision` digits after the point, or in powers of ten where those would hide it.

    A control system that never set its precision says 0: a fraction is then shown with the default.

    Args:
        value: the number.
        precision: digits after the point as the control system says, or None.
        default_precision: digits to use instead.
        as_position: the last digits are noise of a motor: -2e-17 is 0.000, never a power of ten.

    Example:
        >>> number(0.5, 3), number(1.5e-9, 3), number(1e12, 3), number(12034.0, 0), number(-2e-17, 3, as_position=True)
        ('0.500', '1.500e-09', '1.000e+12', '12034', '0.000')
    """
    if not math.isfinite(value):
        return str(value)
    digits = default_precision if precision is None or precision < 0 else precision
    if digits == 0 and not value.is_integer():
        digits = default_precision
    size = abs(value)
    if size >= _LARGEST_FIXED and not (digits == 0 and size < _LARGEST_EXACT_FLOAT):
        return f"{value:.{max(digits, DEFAULT_PRECISION)}e}"
    smallest_fixed = 10.0 ** (1 - digits if digits >= DEFAULT_PRECISION else -digits)  # two digits to be seen, or one
    if 0 < size < smallest_fixed and digits > 0 and not as_position:
        return f"{value:.{max(digits, DEFAULT_PRECISION)}e}"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def _array(values: np.ndarray[Any, Any], field: Field, default_precision: int) -> str:
    if values.ndim == 1 and values.size <= _SHORT_ARRAY and values.dtype.kind in "biufSU":
        return "[" + " ".join(_cell(value, field, default_precision) for value in values) + "]"
    return "array " + "x".join(map(str, values.shape))


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


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
