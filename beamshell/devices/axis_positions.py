"""Positions of several axes as named tuples that can be added: PseudoPosition(gap=1.0, centre=0.0) + (0.1, 0).

Plans of others add a distance to a position, whatever the device is. It knows no device.
"""

from __future__ import annotations

import operator
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class _Addable:
    """Adds and subtracts axis by axis; the other may be a tuple of all axes, or a dict of some."""

    __slots__ = ()
    _fields: tuple[str, ...]

    def __add__(self, other: Any) -> Any:
        return self._by_axis(other, operator.add)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._by_axis(other, operator.sub)

    def _by_axis(self, other: Any, combine: Callable[[float, float], float]) -> Any:
        values = self._values(other)
        if values is None:
            return NotImplemented
        return type(self)(*(combine(one, distance) for one, distance in zip(self, values, strict=True)))  # type: ignore[call-overload]  # it is a tuple too

    def _values(self, other: Any) -> Sequence[float] | None:
        if isinstance(other, Mapping):
            return None if set(other) - set(self._fields) else [other.get(axis, 0.0) for axis in self._fields]
        if isinstance(other, Sequence) and not isinstance(other, str) and len(other) == len(self._fields):
            return other
        return None


def position_type(name: str, axes: Sequence[str]) -> Any:
    """A named tuple of the positions of these axes.

    Example:
        >>> Position = position_type("PseudoPosition", ["gap", "centre"])
        >>> Position(1.0, 0.0) + {"gap": 0.5}
        PseudoPosition(gap=1.5, centre=0.0)
    """
    return type(name, (_Addable, namedtuple(name, axes)), {"__slots__": ()})
