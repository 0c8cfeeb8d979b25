"""Data keys of a descriptor: the type and the shape of a value, and whether a value is what its data key says.

Pure: it asks no device.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beamshell.arrays import np
from beamshell.errors import BadValue
from beamshell.protocols import Dtype

_SCALARS: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "boolean": (int,),  # some control systems send 0 and 1
    "string": (str,),
}
_NUMPY_SCALARS = {"number": ("number", "bool_"), "integer": ("integer", "bool_"), "boolean": ("bool_",)}
"""The same of numpy, by the names of the classes, which are asked for after Python's own."""

_TEXT_AT_LEAST = 40
"""Characters that a descriptor promises for a text, whose length changes."""


def dtype_of(value: Any) -> tuple[Dtype, list[int], str]:
    """Dtype, shape and numpy type of `value`, such as ``("number", [], "<f8")``.

    Raises:
        BadValue: it is no number, string, bool or array: give the signal a value that can be recorded.
    """
    # Python's own first: most values are of them, and numpy is not needed for those.
    if isinstance(value, bool):
        return "boolean", [], "|b1"
    if type(value) is int:
        return "integer", [], "<i8"
    if type(value) is float:
        return "number", [], "<f8"
    if isinstance(value, str):
        return "string", [], f"<U{max(_TEXT_AT_LEAST, len(value))}"
    if value is None:
        raise BadValue("it has no value yet, so it cannot be recorded; put one first")
    if isinstance(value, np.bool_):
        return "boolean", [], "|b1"
    if isinstance(value, (int, np.integer)):
        return "integer", [], value.dtype.str if isinstance(value, np.integer) else "<i8"
    if isinstance(value, (float, np.floating)):
        return "number", [], value.dtype.str if isinstance(value, np.floating) else "<f8"
    array = np.asarray(value)
    if array.ndim == 0:
        raise BadValue(f"a value of type {type(value).__name__} cannot be recorded; put a number, a text or an array")
    return "array", list(array.shape), array.dtype.str


def fits(value: Any, data_key: Mapping[str, Any]) -> bool:
    """Whether a value is of the type and the shape that its data key says; one that is in a file, or missing, is."""
    if value is None or "external" in data_key:
        return True
    dtype = data_key["dtype"]
    if dtype == "array":
        return _fits_array(value, data_key.get("shape") or (), data_key.get("dtype_numpy"))
    if not isinstance(value, _SCALARS.get(dtype, object)):
        return any(isinstance(value, getattr(np, name)) for name in _NUMPY_SCALARS.get(dtype, ()))
    return not isinstance(value, str) or len(value) <= _most_characters(data_key.get("dtype_numpy"))


def _fits_array(value: Any, shape: Sequence[int | None], dtype_numpy: Any) -> bool:
    if isinstance(value, np.ndarray):
        lengths: tuple[int | None, ...] = value.shape
        if isinstance(dtype_numpy, str) and value.dtype.str != dtype_numpy:
            return False
    elif isinstance(value, (list, tuple)):
        lengths = (len(value), *shape[1:])  # np.shape would go through all of a long list
    else:
        return False
    pairs = zip(lengths, shape, strict=False)
    return len(lengths) == len(shape) and all(described in (None, length) for length, described in pairs)


def _most_characters(dtype_numpy: Any) -> float:
    digits = dtype_numpy[2:] if isinstance(dtype_numpy, str) and dtype_numpy[1:2] == "U" else ""
    return int(digits) if digits.isdigit() else float("inf")


def corrected(data_key: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """The data key with type and shape of `value`, if it says something else; units and the rest are kept.

    A value of a type that the event model does not know leaves it as it is.
    """
    if fits(value, data_key):
        return dict(data_key)
    try:
        dtype, shape, dtype_numpy = dtype_of(value)
    except ValueError:  # BadValue, or numpy's for rows of different lengths
        return dict(data_key)
    return {**data_key, "dtype": dtype, "shape": shape, "dtype_numpy": dtype_numpy}


def variable_shape(before: Sequence[int | None], now: Sequence[int | None]) -> list[int | None]:
    """The shape of an array that had the one shape and has the other: None where a length differs.

    One that has another number of dimensions is what it is now.
    """
    if len(before) != len(now):
        return list(now)
    return [length if length == earlier else None for earlier, length in zip(before, now, strict=True)]
