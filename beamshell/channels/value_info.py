"""ValueInfo: type, unit, limits and states of a value, its data key, and whether a new value fits.

Pure: it knows no control system.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from beamshell.arrays import np
from beamshell.documents.data_keys import dtype_of
from beamshell.errors import BadValue
from beamshell.protocols import DataKey


@dataclass(frozen=True, slots=True)
class ValueInfo:
    """Type, unit, limits and states of a value, as the control system sends them once for each connection.

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
    """Type and shape of a value."""
    dtype, _, numpy = dtype_of(value)
    return ValueInfo(numpy="U" if np.dtype(numpy).kind == "U" else numpy, is_array=dtype == "array")


def data_key(source: str, info: ValueInfo, sample: Any) -> DataKey:
    """The data key of a value; `sample` is one of its values."""
    dtype, shape, numpy = dtype_of(sample)
    return with_info({"source": source, "dtype": dtype, "shape": shape, "dtype_numpy": numpy}, info)


def with_info(key: DataKey, info: ValueInfo) -> DataKey:
    """`key`, completed by unit, precision, states and limits where there are any."""
    return completed(key, info.units, info.precision, info.choices, (info.lower, info.upper))


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


def check(value: Any, info: ValueInfo, allow_nan: bool = False) -> Any:
    """`value` as a plain Python value, a list of texts or an array of the right type.

    Raises:
        BadValue: a value of this sort cannot be written there; the message says what can.
    """
    if info.choices and not info.is_array:
        return index_of(value, info.choices)
    if np.dtype(info.numpy).kind == "U":
        return _texts(value) if info.is_array else _text(value)
    if info.is_array:
        return _numbers(value, info.numpy, allow_nan)
    if value is None or isinstance(value, (str, bytes)) or np.ndim(value) != 0:
        _refuse(value, "one number")
    return _numbers(value, info.numpy, allow_nan).item()


def _refuse(value: Any, holds: str) -> Any:
    raise BadValue(f"{value!r} cannot be written: it holds {holds}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(_refuse(value, "text; give a string"))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        _refuse(value, "a list of texts")
    return [_text(item) for item in value]


def _numbers(value: Any, numpy: str, allow_nan: bool) -> np.ndarray[Any, Any]:
    """`value` as an array of this type, if no digit is lost on the way."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        _refuse(value, "numbers")
    if array.dtype.kind == "f" and not allow_nan and not np.isfinite(array).all():
        raise BadValue(f"{value!r} is not finite; nothing was written")
    dtype = np.dtype(numpy)
    if dtype.kind in "iu":
        if array.dtype.kind == "f" and (not np.isfinite(array).all() or (array != np.floor(array)).any()):
            _refuse(value, "whole numbers")
        span = np.iinfo(dtype)
        if array.size and not (span.min <= array.min() and array.max() <= span.max):
            _refuse(value, f"whole numbers from {span.min} to {span.max}")
    return array.astype(dtype)
