"""ScanAxes: what a scan was made along, and the place of each of its points in a grid.

Pure: the start document and columns of numbers in, numbers out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from beamshell.arrays import Floats, np
from beamshell.documents import Document
from beamshell.documents.continuation import first_point
from beamshell.documents.entries import entries_of, sequence_of
from beamshell.store.columns import Column

TIME = "time"
"""The axis of what was recorded without moving a motor."""
NUMBER = "seq_num"
"""The axis of points that have no order but that of their numbers."""

SETPOINTS = ("_setpoint", "_user_setpoint")
"""How the key of a motor's setpoint ends, here and in ophyd."""
_MOST_CELLS = 10_000_000
"""Of a grid; a shape that says more is none of a scan that anybody has made."""
_NEAR = 0.25
"""A point that is further from a crossing of the grid, in steps of the grid, is at none."""


class Grid(NamedTuple):
    """The place of the points of a scan in a grid."""

    cells: Column
    """By axis and point, the number of the cell, shape (axes, points)."""
    positions: tuple[Floats, ...]
    """By axis, the position of each cell; NaN where nothing was measured and it is not known what was planned."""


class ScanAxes(NamedTuple):
    """The axes along which a stream was measured."""

    keys: tuple[tuple[str, ...], ...] = ()
    """By axis, the slowest first, the data keys of the motors that move along it together; of time, ("time",)."""
    shape: tuple[int, ...] = ()
    """The number of positions by axis; () if it is no grid."""
    snaking: tuple[bool, ...] = ()
    """By axis, whether it goes back and forth."""
    is_snaking_recorded: bool = True
    """Whether the document says that: bluesky does not always."""
    extents: tuple[tuple[float, float], ...] = ()
    """By axis, the lowest and the highest position; () if they are not known, or the positions not equidistant."""
    listed: tuple[Floats | None, ...] = ()
    """By axis, the positions that were typed, distances in a relative scan; None where they were not listed."""
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

    def grid(self, columns: Mapping[str, Column]) -> Grid | None:
        """The grid that the points are in; None if there is none, or a point is not where its cell is.

        Args:
            columns: by name, with that of the numbers of the points.
        """
        back_and_forth = self._replace(snaking=(False, *[True] * (len(self.shape) - 1)))
        for axes in (self,) if self.is_snaking_recorded else (self, back_and_forth):
            if (cells := axes.cells(columns)) is not None:
                grid = Grid(cells, tuple(axes.positions(axis, columns, cells) for axis in range(len(axes.shape))))
                if all(axes.agrees(axis, columns, grid) for axis in range(len(axes.shape))):
                    return grid
        return None

    def agrees(self, axis: int, columns: Mapping[str, Column], grid: Grid) -> bool:
        """Whether each point is nearer to the position of its cell than to any other."""
        positions = grid.positions[axis]
        known = positions[np.isfinite(positions)]
        if len(known) < 2:
            return True
        gaps = np.diff(np.unique(known))
        off = np.abs(set_positions(self.keys[axis][0], columns) - positions[grid.cells[axis]])
        return not np.any(off > (gaps.min() / 2 if gaps.size else 0))

    def cells(self, columns: Mapping[str, Column]) -> Column | None:
        """By axis and point, the cell of the grid, shape (axes, points); None if it is no grid.

        Args:
            columns: by name, with that of the numbers of the points.
        """
        motors = [keys[0] for keys in self.keys]
        if not self.shape or math.prod(self.shape) > _MOST_CELLS:
            return None
        if not all(motor in columns and _is_numbers(columns[motor]) for motor in motors):
            return None
        return self._by_number(columns[NUMBER]) if self.is_sequential else self._by_position(columns)

    def _by_number(self, numbers: Column) -> Column | None:
        steps = numbers - 1 + self.measured_before
        if len(steps) and not 0 <= steps.min() <= steps.max() < math.prod(self.shape):
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
        planned = self._planned(axis, positions)
        return positions if planned is None else np.where(visited, positions, planned)

    def _planned(self, axis: int, measured: Floats) -> Floats | None:
        """The positions that were planned, as those that were measured lie; None if they are not known."""
        visited = np.isfinite(measured)
        if visited.all():
            return None
        if (listed := self.listed[axis] if self.listed else None) is not None and visited.any():
            return listed + np.median((measured - listed)[visited])
        if not self.extents:
            return None
        rising = np.linspace(*self.extents[axis], self.shape[axis])
        return min((rising, rising[::-1]), key=lambda way: float(np.abs(way - measured)[visited].sum()))


def set_positions(key: str, columns: Mapping[str, Column]) -> Floats:
    """Where a motor was sent at each point; where it was if that is not recorded."""
    names = (key.removesuffix("_readback") + end for end in SETPOINTS)
    setpoint = next((name for name in names if name in columns and _is_numbers(columns[name])), key)
    return np.ma.filled(columns[setpoint].astype(float), np.nan)


def axes_of(start: Document, stream: str) -> ScanAxes:
    """The axes that a start document describes for a stream; without any it is measured along the time."""
    hints = entries_of(start, "hints")
    try:
        keys = tuple(tuple(map(str, names)) for names, of in sequence_of(hints, "dimensions") if of == stream)
    except (TypeError, ValueError):
        return ScanAxes()
    keys = tuple(names for names in keys if names)
    shape, snaking = sequence_of(start, "shape"), sequence_of(start, "snaking")
    if not keys or keys == ((TIME,),):
        return ScanAxes()
    number = len(keys)
    if number == 1 or len(shape) != number or not all(type(length) is int and length > 0 for length in shape):
        return ScanAxes(keys)
    gridding = hints.get("gridding")
    is_regular = gridding in ("rectilinear", "rectilinear_nonsequential")
    return ScanAxes(
        keys=keys,
        shape=tuple(shape),
        snaking=tuple(map(bool, snaking)) if len(snaking) == number else (False,) * number,
        is_snaking_recorded=len(snaking) == number,
        extents=_extents(sequence_of(start, "extents"), number) if is_regular else (),
        listed=_listed(start, shape),
        is_sequential=gridding != "rectilinear_nonsequential",
        measured_before=first_point(start) - 1,
    )


def _listed(start: Document, shape: Sequence[int]) -> tuple[Floats | None, ...]:
    """The positions of each axis among the arguments of the plan, `motor, [positions], motor, [positions] ...`."""
    arguments = sequence_of(entries_of(start, "plan_args"), "args")
    lists = [argument for argument in arguments if not isinstance(argument, str)]
    if len(lists) != len(shape) or len(arguments) != 2 * len(shape):
        return ()
    return tuple(
        np.array(positions, dtype=float)
        if isinstance(positions, (list, tuple)) and len(positions) == length and all(map(_is_number, positions))
        else None
        for positions, length in zip(lists, shape, strict=True)
    )


def _is_numbers(column: Column) -> bool:
    return column.ndim == 1 and column.dtype.kind in "iuf"


def _extents(extents: Sequence[Any], axes: int) -> tuple[tuple[float, float], ...]:
    """The lowest and highest position of each axis; () if the document has none."""
    is_known = len(extents) == axes and all(
        isinstance(ends, (list, tuple)) and len(ends) == 2 and all(map(_is_number, ends)) for ends in extents
    )
    return tuple((float(min(ends)), float(max(ends))) for ends in extents) if is_known else ()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and abs(value) <= sys.float_info.max  # an integer may have any length
