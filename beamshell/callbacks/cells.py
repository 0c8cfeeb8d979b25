"""A value as a person reads it in one cell of a table.

Pure: it never prints, and never raises whatever the value is.
"""

from __future__ import annotations

import enum
import numbers
from typing import Any

import numpy as np

from beamshell.callbacks.fields import Field
from beamshell.text.numbers import DEFAULT_PRECISION, number

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


def _array(values: np.ndarray[Any, Any], field: Field, default_precision: int) -> str:
    if values.ndim == 1 and values.size <= _SHORT_ARRAY and values.dtype.kind in "biufSU":
        return "[" + " ".join(_cell(value, field, default_precision) for value in values) + "]"
    return "array " + "x".join(map(str, values.shape))


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
