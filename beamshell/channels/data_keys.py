"""What a Python or numpy value is, in the words of a descriptor. Pure; it knows no control system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from beamshell.protocols import DataKey, Dtype


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
