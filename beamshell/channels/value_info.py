"""What a value is: its type, unit, limits and states, and whether a new one fits. Pure; it knows no control system."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from beamshell.errors import BadValue
from beamshell.protocols import DataKey, Dtype

_TEXT_AT_LEAST = 40  # characters that a descriptor promises for a text, whose length changes


@dataclass(frozen=True, slots=True)
class ValueInfo:
    """What a control system says of a value once a connection.

    Args:
        numpy: its type, or that of its elements, such as "<f8"; "U" is text.
        is_array: it has more than one element.
        units: such as "mm".
        precision: digits after the decimal point worth showing.
        choices: names of the states, if it is the index of one.
        lower: lowest value that may be written.
        upper: highest; equal ones are none.
        writable: whether it takes values at all.
    """

    numpy: str = "<f8"
    is_array: bool = False
    units: str = ""
    precision: int | None = None
    choices: tuple[str, ...] = ()
    lower: float = 0.0
    upper: float = 0.0
    writable: bool = True


def dtype_of(value: Any) -> tuple[Dtype, list[int], str]:
    """Dtype, shape and numpy type of `value`, such as ``("number", [], "<f8")``."""
    if isinstance(value, (bool, np.bool_)):
        return "boolean", [], "|b1"
    if isinstance(value, (int, np.integer)):
        return "integer", [], value.dtype.str if isinstance(value, np.integer) else "<i8"
    if isinstance(value, (float, np.floating)):
        return "number", [], value.dtype.str if isinstance(value, np.floating) else "<f8"
    if isinstance(value, str):
        return "string", [], f"<U{max(1, len(value))}"
    array = np.asarray(value)
    if array.ndim == 0:
        raise TypeError(f"{type(value).__name__} is not a number, string, bool or array")
    return "array", list(array.shape), array.dtype.str


def completed(
    key: DataKey, units: str, precision: int | None, choices: Sequence[str], limits: tuple[float, float]
) -> DataKey:
    """`key` with unit, precision, states and limits where there are any; equal limits are none."""
    if units:
        key["units"] = units
    if precision is not None:
        key["precision"] = precision
    if choices:
        key["choices"] = list(choices)
    if limits[0] != limits[1]:
        key["lower_ctrl_limit"], key["upper_ctrl_limit"] = limits
    return key


def info_like(value: Any) -> ValueInfo:
    """The facts that a value shows by itself."""
    dtype, _, numpy = dtype_of(value)
    return ValueInfo(numpy="U" if np.dtype(numpy).kind == "U" else numpy, is_array=dtype == "array")


def data_key(source: str, facts: ValueInfo, sample: Any) -> DataKey:
    """The descriptor of a value of which `sample` is one."""
    dtype, shape, numpy = dtype_of(sample)
    if dtype == "string":
        numpy = f"<U{max(_TEXT_AT_LEAST, len(sample))}"
    return with_info({"source": source, "dtype": dtype, "shape": shape, "dtype_numpy": numpy}, facts)


def with_info(key: DataKey, facts: ValueInfo) -> DataKey:
    """`key`, completed by unit, precision, states and limits where there are any."""
    return completed(key, facts.units, facts.precision, facts.choices, (facts.lower, facts.upper))


def index_of(value: Any, choices: Sequence[str]) -> int:
    """The index of a state given by name or by index.

    Raises:
        BadValue: there is no such state; the message lists those there are.
    """
    if isinstance(value, str):
        if value in choices:
            return list(choices).index(value)
    elif isinstance(value, (int, float, np.number, np.bool_)):
        number = float(value)
        if math.isfinite(number) and number == int(number) and 0 <= number < len(choices):
            return int(number)
    raise BadValue(f"{value!r} is no state of it: choose one of {', '.join(choices)}")


def check(value: Any, facts: ValueInfo, allow_nan: bool = False) -> Any:
    """`value` as a plain Python value, a list of texts or an array of the right type.

    Raises:
        BadValue: a value of this sort cannot be written there; the message says what can.
    """
    if facts.choices and not facts.is_array:
        return index_of(value, facts.choices)
    if np.dtype(facts.numpy).kind == "U":
        return _texts(value) if facts.is_array else _text(value)
    if facts.is_array:
        return _numbers(value, facts.numpy, allow_nan)
    return _numbers(value, facts.numpy, allow_nan).item() if _is_scalar(value) else _refuse(value, "one number")


def _is_scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, (str, bytes)) and np.ndim(value) == 0


def _refuse(value: Any, wanted: str) -> Any:
    raise BadValue(f"{value!r} cannot be written: it holds {wanted}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(_refuse(value, "text; give a string"))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        _refuse(value, "a list of texts")
    return [_text(item) for item in value]


def _numbers(value: Any, numpy: str, allow_nan: bool) -> np.ndarray[Any, Any]:
    """`value` as an array of this type, if no digit is lost on the way."""
    given = np.asarray(value)
    if given.dtype.kind not in "biuf":
        _refuse(value, "numbers")
    if given.dtype.kind == "f" and not allow_nan and not np.isfinite(given).all():
        raise BadValue(f"{value!r} is not finite; nothing was written")
    wanted = np.dtype(numpy)
    if wanted.kind in "iu":
        if given.dtype.kind == "f" and (not np.isfinite(given).all() or (given != np.floor(given)).any()):
            _refuse(value, "whole numbers")
        span = np.iinfo(wanted)
        if given.size and not (span.min <= given.min() and given.max() <= span.max):
            _refuse(value, f"whole numbers from {span.min} to {span.max}")
    return given.astype(wanted)
