"""Columns: the values of one data key as a numpy array that changes none of them.

Pure: lists of values in, arrays out.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, TypeAlias

from beamshell.arrays import np

Column: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
"""One value a point, shape (points,) or (points, ...); a masked array where integers are missing."""

LARGEST_EXACT = 2**53
"""All integers from minus this to this are floats."""
_BEYOND_64_BITS = 2.0**63


class Values:
    """Collects the values of one data key, in the order of its events.

    Numbers of one type are put into an array at once, while they are in the processor's cache.
    """

    def __init__(self) -> None:
        self._values: list[Any] | array[Any] = []

    def __len__(self) -> int:
        return len(self._values)

    def extend(self, values: list[Any]) -> None:
        """Add the values of the next events; None where one is missing."""
        kinds = set(map(type, values))
        code = _CODES.get(kinds.pop()) if len(kinds) == 1 else None
        if code is not None and not self._values:
            self._values = array(code)
        if isinstance(self._values, array):
            if self._values.typecode == code:
                try:
                    self._values.fromlist(values)
                    return
                except OverflowError:  # an integer beyond 64 bits
                    pass
            self._values = self._values.tolist()
        self._values += values

    def column(self, dtype: np.dtype[Any] | None, rows: Sequence[int] | None) -> Column:
        """The values as `column_of` makes an array of them.

        Args:
            dtype: as the descriptor says; None if it says nothing.
            rows: the events that count, in the order of the column; None if all do as they are.
        """
        values = self._values
        if isinstance(values, array):
            numbers = np.array(values)
            if (column := numbers if dtype in (None, numbers.dtype) else _as_integers(numbers, dtype)) is not None:
                return column if rows is None else column[rows]
            values = values.tolist()
        return column_of(values if rows is None else [values[row] for row in rows], dtype)


_CODES = {float: "d", int: "q"}
"""The codes of the module `array` for 64 bits."""


def _as_integers(numbers: Column, dtype: np.dtype[Any] | None) -> Column | None:
    """The integers as an array of the described type; None if they, or that, are none, or it cannot hold them."""
    if dtype is None or dtype.kind not in "iu" or numbers.dtype.kind != "i" or not numbers.size:
        return None
    limits = np.iinfo(dtype)
    is_exact = limits.min <= int(numbers.min()) and int(numbers.max()) <= limits.max
    return numbers.astype(dtype) if is_exact else None


def column_of(values: list[Any], dtype: np.dtype[Any] | None) -> Column:
    """An array of the described type, else of numbers or text where the values agree; of objects where they do not.

    Args:
        values: one a point; None where it is missing.
        dtype: as the descriptor says; None if it says nothing.
    """
    kinds = set(map(type, values))
    if dtype is not None and dtype.kind in "biufc" and (column := _described(values, kinds, dtype)) is not None:
        return column
    if kinds <= {int, float, type(None)} and kinds & {int, float} and kinds != {int}:
        whole = [value for value in values if type(value) is int]
        if all(abs(value) <= LARGEST_EXACT for value in whole):
            return np.array([np.nan if value is None else value for value in values], dtype=float)
    elif kinds == {str}:
        if not any(value.endswith("\0") for value in values):  # numpy takes zeros off the end of a text
            return np.array(values)
    elif kinds in ({int}, {bool}, set()):
        column = np.array(values, dtype=None if kinds else float)
        if column.tolist() == values:  # numpy makes floats of integers that fit no type of its own
            return column
    elif kinds == {list} and (column := _array(values)) is not None:
        return column
    arrays = {row: _array(value) for row, value in enumerate(values) if isinstance(value, list)}
    return objects([value if arrays.get(row) is None else arrays[row] for row, value in enumerate(values)])


def objects(values: list[Any]) -> Column:
    """A column of any values, shape (points,), which may be arrays themselves."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def may_be_rounded(column: Column) -> bool:
    """Whether orjson may have read other values than were written.

    It makes floats of integers beyond 64 bits, and leaves dicts that stand for bytes or a complex number.
    """
    if column.dtype != object:
        return column.dtype.kind == "f" and bool(np.any(np.abs(column) >= _BEYOND_64_BITS))
    return not all(
        not may_be_rounded(value) if isinstance(value, np.ndarray) else value is None or isinstance(value, (int, str))
        for value in column
    )


def _described(values: list[Any], kinds: set[type], dtype: np.dtype[Any]) -> Column | None:
    """An array of this type; None if it cannot hold the values exactly."""
    has_gaps = type(None) in kinds
    if has_gaps and list in kinds:
        return None
    missing: Any = np.nan if dtype.kind in "fc" else np.iinfo(dtype).max if dtype.kind in "iu" else False
    filled = [missing if value is None else value for value in values] if has_gaps else values
    try:
        with np.errstate(over="ignore"):  # a float too large for float32 is no longer the same
            column = np.array(filled, dtype=dtype)
        exact = column.tolist() == filled if dtype.kind in "biu" else _same_floats(column, _array(filled))
    except (TypeError, ValueError, OverflowError):
        return None
    if not exact:
        return None
    if has_gaps and dtype.kind in "biu":
        return np.ma.masked_array(column, [value is None for value in values], fill_value=missing)
    return column


def _same_floats(column: Column, natural: Column | None) -> bool:
    if natural is None or natural.dtype.kind not in "biufc":
        return False
    return np.array_equal(column.astype(natural.dtype), natural, equal_nan=True)


def _array(values: list[Any]) -> Column | None:
    """An array of numpy's own choice; None if the lists have no one shape, or that would change a value."""
    try:
        array = np.array(values)
    except (ValueError, OverflowError):
        return None
    # A text among numbers makes texts of all, a float among integers floats.
    may_differ = array.dtype.kind in "US" or (array.dtype.kind in "fc" and bool(np.any(np.abs(array) >= LARGEST_EXACT)))
    return array if not may_differ or _equal(array.tolist(), values) else None


def _equal(one: Any, other: Any) -> bool:
    """Whether nested lists have the same values; NaN is the same as NaN."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other or (one != one and other != other))
