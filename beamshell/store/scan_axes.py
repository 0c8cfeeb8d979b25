"""ScanAxes: what a scan was made along, and the place of each of its points in a grid.

Pure: the start document and columns of numbers in, numbers out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from beamshell.arrays import Floats, np
from beamshell.documents import Document
from beamshell.documents.continuation import first_point
from beamshell.store.columns import Column

TIME = "time"
"""The axis of what was recorded without moving a motor."""
NUMBER = "seq_num"
"""The axis of points that have no order but that of their numbers."""

SETPOINTS = ("_setpoint", "_user_setpoint")
"""How the key of a motor's setpoint ends, here and in ophyd."""
_NEAR = 0.25
"""A point that is further from a crossing of the grid, in steps of the grid, is at none."""


class ScanAxes(NamedTuple):
    """The axes along which a stream was measured."""

    keys: tuple[tuple[str, ...], ...] = ()
    """By axis, the slowest first, the data keys of the motors that move along it together; of time, ("time",)."""
    shape: tuple[int, ...] = ()
    """The number of positions by axis; () if it is no grid."""
    snaking: tuple[bool, ...] = ()
    """By axis, whether it goes back and forth."""
    extents: tuple[tuple[float, float], ...] = ()
    """By axis, the lowest and the highest position; () if they are not known, or the positions not equidistant."""
    is_sequential: bool = True
    """Whether the points come row by row."""
    measured_before: int = 0
    """The number of points that runs before this one have measured, which this one continues."""

    def line(self, columns: Mapping[str, Column]) -> str:
        """The column that is the one axis of all points: the motor, the time or the number."""
        if not self.keys:
            return TIME
        key = self.keys[0][0]
        is_axis = len(self.keys) == 1 and key in columns and columns[key].ndim == 1 and columns[key].dtype != object
        return key if is_axis else NUMBER

    def cells(self, columns: Mapping[str, Column]) -> Column | None:
        """By axis and point, the cell of the grid, shape (axes, points); None if it is no grid.

        Args:
            columns: by name, with that of the numbers of the points.
        """
        motors = [keys[0] for keys in self.keys]
        if not self.shape or not all(motor in columns and _is_numbers(columns[motor]) for motor in motors):
            return None
        return self._by_number(columns[NUMBER]) if self.is_sequential else self._by_position(columns)

    def _by_number(self, numbers: Column) -> Column | None:
        steps = numbers - 1 + self.measured_before
        if len(steps) and steps.max() >= math.prod(self.shape):
            return None
        cells = np.array(np.unravel_index(steps, self.shape))
        for axis, length in enumerate(self.shape):
            if self.snaking[axis]:
                passes = steps // math.prod(self.shape[axis:])
                cells[axis] = np.where(passes % 2, length - 1 - cells[axis], cells[axis])
        return cells

    def _by_position(self, columns: Mapping[str, Column]) -> Column | None:
        """None also if a point is at no crossing of the grid, or two are at one."""
        cells = np.empty((len(self.shape), len(columns[NUMBER])), dtype=np.intp)
        for axis, length in enumerate(self.shape):
            if not self.extents:
                return None
            (low, high), positions = self.extents[axis], set_positions(self.keys[axis][0], columns)
            steps = (positions - low) / (high - low) * (length - 1) if high > low else np.zeros(len(positions))
            if not np.isfinite(steps).all() or np.any(np.abs(steps - steps.round()) > _NEAR):
                return None
            cells[axis] = steps.round()
            if np.any((cells[axis] < 0) | (cells[axis] >= length)):
                return None
        return cells if len(np.unique(cells, axis=1).T) == cells.shape[1] else None

    def positions(self, axis: int, columns: Mapping[str, Column], cells: Column) -> Floats:
        """The positions along an axis of the grid, shape (length,): the setpoints, or where the motor was.

        A row that was not measured has the position that was planned; NaN if that is not known.
        """
        measured, length = set_positions(self.keys[axis][0], columns), self.shape[axis]
        positions = np.full(length, np.nan)
        for cell in np.unique(cells[axis]):
            positions[cell] = np.median(measured[cells[axis] == cell])
        visited = np.isfinite(positions)
        if self.extents and not visited.all():
            rising = np.linspace(*self.extents[axis], length)
            ways = (rising, rising[::-1])
            planned = min(ways, key=lambda way: float(np.abs(way - positions)[visited].sum()))
            positions = np.where(visited, positions, planned)
        return positions


def set_positions(key: str, columns: Mapping[str, Column]) -> Floats:
    """Where a motor was sent at each point; where it was if that is not recorded."""
    names = (key.removesuffix("_readback") + end for end in SETPOINTS)
    setpoint = next((name for name in names if name in columns and _is_numbers(columns[name])), key)
    return np.ma.filled(columns[setpoint].astype(float), np.nan)


def axes_of(start: Document, stream: str) -> ScanAxes:
    """The axes that a start document describes for a stream; without any it is measured along the time."""
    hints = start.get("hints")
    if not isinstance(hints, Mapping):
        return ScanAxes()
    try:
        keys = tuple(tuple(map(str, names)) for names, of in hints.get("dimensions") or () if of == stream)
    except (TypeError, ValueError):
        return ScanAxes()
    keys = tuple(names for names in keys if names)
    if not keys or keys == ((TIME,),):
        return ScanAxes()
    shape: Any = start.get("shape")
    snaking: Any = start.get("snaking")
    if not _is_shape(shape, len(keys)):
        return ScanAxes(keys)
    gridding = hints.get("gridding")
    return ScanAxes(
        keys,
        tuple(shape),
        tuple(map(bool, snaking)) if _is_list(snaking, len(keys)) else (False,) * len(keys),
        _extents(start.get("extents"), len(keys)) if gridding in ("rectilinear", "rectilinear_nonsequential") else (),
        gridding != "rectilinear_nonsequential",
        first_point(start) - 1,
    )


def _is_numbers(column: Column) -> bool:
    return column.ndim == 1 and column.dtype.kind in "iuf"


def _is_list(value: Any, length: int) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == length


def _is_shape(shape: Any, axes: int) -> bool:
    return axes > 1 and _is_list(shape, axes) and all(type(length) is int and length > 0 for length in shape)


def _extents(extents: Any, axes: int) -> tuple[tuple[float, float], ...]:
    """The lowest and highest position of each axis; () if the document has none."""
    if not _is_list(extents, axes) or not all(_is_list(ends, 2) and all(map(_is_number, ends)) for ends in extents):
        return ()
    return tuple((float(min(ends)), float(max(ends))) for ends in extents)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
