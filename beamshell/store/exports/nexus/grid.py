"""Cells: the points of a grid scan as an array of the grid's shape, in the order of the positions.

Pure: the start document and the columns of a stream, in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from beamshell.arrays import Floats, np
from beamshell.documents import Document
from beamshell.documents.continuation import first_point
from beamshell.documents.entries import entries_of, sequence_of
from beamshell.store.table import Column, Table

_MOST_CELLS = 10_000_000
_NEAR = 0.5
"""A point is in its cell if it is no further from its middle than this, in steps to the nearest other cell."""
SETPOINTS = ("_setpoint", "_user_setpoint")
"""How the key of a setpoint ends, here and in ophyd."""


class Cells:
    """The cell of each point, slowest axis first.

    Args:
        shape: of the grid.
        cells: by axis, the number of the cell of each point; each of shape (points,).
        positions: by axis, the position of each cell, in the order of the scan or rising.
    """

    def __init__(self, shape: tuple[int, ...], cells: tuple[Any, ...], positions: list[Floats]) -> None:
        self.shape = shape
        self.positions = positions
        self._cells = cells
        self._is_full = len(set(zip(*(cell.tolist() for cell in cells), strict=True))) == math.prod(shape)

    def filled(self, column: Column) -> Column:
        """The values of a column in their cells; whole numbers become floats if cells are empty, which are NaN."""
        column = np.ma.filled(column.astype(float), np.nan) if isinstance(column, np.ma.MaskedArray) else column
        values = np.full(self.shape, np.nan) if not self._is_full else np.empty(self.shape, column.dtype)
        values[self._cells] = column
        return values


def cells_of(start: Document, table: Table, axes: Sequence[str]) -> Cells | None:
    """The cells of a grid scan; None if the run is none, or it is not certain to which cell each point belongs.

    A scan that goes row by row fills the cells in the order of the points' numbers, back and forth where it snakes; the
    setpoints, or the readbacks where none are recorded, must agree. Of another order the setpoints alone decide.

    Args:
        start: the start document.
        table: the points.
        axes: the key of each axis, slowest first.
    """
    shape = sequence_of(start, "shape")
    if len(shape) != len(axes) or len(axes) < 2 or not len(table["seq_num"]):
        return None
    if not all(type(length) is int and length > 0 for length in shape) or math.prod(shape) > _MOST_CELLS:
        return None
    columns = [_setpoints(table, key) for key in axes]
    if not all(np.isfinite(column).all() for column in columns):
        return None
    if entries_of(start, "hints").get("gridding") == "rectilinear_nonsequential":
        return _by_position(tuple(shape), columns)
    return _by_number(start, tuple(shape), table["seq_num"] + (first_point(start) - 2), columns)


def _by_position(shape: tuple[int, ...], columns: list[Floats]) -> Cells | None:
    positions, cells = zip(*(np.unique(column, return_inverse=True) for column in columns), strict=True)
    return Cells(shape, cells, list(positions)) if tuple(map(len, positions)) == shape else None


def _by_number(start: Document, shape: tuple[int, ...], steps: Column, columns: list[Floats]) -> Cells | None:
    if steps.min() < 0 or steps.max() >= math.prod(shape):
        return None
    cells = list(np.unravel_index(steps, shape))
    for axis, snakes in enumerate(sequence_of(start, "snaking")[: len(shape)]):
        if snakes:
            passes = steps // math.prod(shape[axis:])
            cells[axis] = np.where(passes % 2, shape[axis] - 1 - cells[axis], cells[axis])
    positions: list[Floats] = []
    for axis, length in enumerate(shape):
        of_axis = _positions(start, axis, length, cells[axis], columns[axis])
        if of_axis is None:
            return None
        positions.append(of_axis)
    return Cells(shape, tuple(cells), positions)


def _positions(start: Document, axis: int, length: int, cells: Column, measured: Floats) -> Floats | None:
    """The position of each cell of an axis; None if the points deny it, or that of an empty cell is not known."""
    positions = np.full(length, np.nan)
    for cell in np.unique(cells):
        positions[cell] = np.median(measured[cells == cell])
    if np.isnan(positions).any():
        planned = _planned(start, axis, length)
        if planned is None:
            return None
        positions = np.where(np.isnan(positions), planned + np.nanmedian(positions - planned), positions)
    gap = np.abs(np.diff(np.sort(positions))).min() if length > 1 else math.inf
    off = np.abs(measured - positions[cells])
    return positions if gap > 0 and bool(np.all(off <= _NEAR * gap)) else None


def _planned(start: Document, axis: int, length: int) -> Floats | None:
    """The positions of an axis among the arguments of the plan: `motor, start, stop, num` or `motor, [positions]`."""
    arguments = sequence_of(entries_of(start, "plan_args"), "args")
    words = [place for place, argument in enumerate(arguments) if isinstance(argument, str)]
    if axis >= len(words):
        return None
    end = words[axis + 1] if axis + 1 < len(words) else None
    match list(arguments[words[axis] + 1 : end]):
        case [list(positions), *_] if len(positions) == length and all(map(_is_number, positions)):
            return np.array(positions, dtype=float)
        case [first, last, num, *_] if _is_number(first) and _is_number(last) and num == length:
            return np.linspace(first, last, length)
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _setpoints(table: Table, readback: str) -> Floats:
    """The setpoints beside a readback; the readbacks themselves if none are recorded."""
    stem = readback.removesuffix("_readback")
    names = [name for end in SETPOINTS if (name := stem + end) in table and is_plain(table[name])]
    return np.asarray(np.ma.filled(table[names[0] if names else readback].astype(float), np.nan))


def is_plain(column: Column) -> bool:
    """Whether a column has a number a point."""
    return column.ndim == 1 and column.dtype.kind in "iuf"
