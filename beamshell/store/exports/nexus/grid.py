"""GridCells: the points of a grid scan as an array of the grid's shape, if it is certain which cell each is in.

Pure: the start document and the columns of a stream, in.
"""

from __future__ import annotations

import math
from typing import Any

from beamshell.arrays import Floats, np
from beamshell.documents import Document
from beamshell.documents.entries import entries_of, sequence_of
from beamshell.store.columns import Column
from beamshell.store.scan_axes import axes_of, set_positions
from beamshell.store.table import Table

_MOST_CELLS = 10_000_000
_NEAR = 0.5
"""A point is in its cell if it is no further from its middle than this, in steps to the nearest other cell."""


class GridCells:
    """The cells of a grid, and the one of each point.

    Args:
        shape: of the grid, the slowest axis first.
        cells: by axis and point, the number of the cell; of shape (axes, points).
        positions: by key of the motor, the position of each cell of its axis.
    """

    def __init__(self, shape: tuple[int, ...], cells: Column, positions: dict[str, Floats]) -> None:
        self.shape = shape
        self.positions = positions
        self._cells = tuple(cells)
        self._is_full = len(np.unique(np.ravel_multi_index(self._cells, shape))) == math.prod(shape)

    def filled(self, column: Column) -> Column:
        """The values of a column in their cells; whole numbers become floats if cells are empty, which are NaN."""
        if isinstance(column, np.ma.MaskedArray):
            column = np.ma.filled(column.astype(float), np.nan)
        values = np.empty(self.shape, column.dtype) if self._is_full else np.full(self.shape, np.nan)
        values[self._cells] = column
        return values


def grid_cells(start: Document, stream: str, table: Table) -> GridCells | None:
    """The cells of a grid scan; None if the run is none, or a point is not where its cell is.

    Args:
        start: the start document.
        stream: the name of the stream.
        table: its points.
    """
    axes = axes_of(start, stream)
    if not table.num_points or math.prod(axes.shape) > _MOST_CELLS:
        return None
    cells = axes.cells(table)
    if cells is None:
        return None
    positions = {}
    for axis, (motor, *_others) in enumerate(axes.keys):
        measured = set_positions(motor, table)
        if not np.isfinite(measured).all():
            return None
        of_cells = _with_planned(axes.positions(axis, table, cells), _planned(start, axis, axes.shape[axis]))
        gap = np.diff(np.sort(of_cells)).min() if len(of_cells) > 1 else math.inf
        if not (gap > 0 and np.all(np.abs(measured - of_cells[cells[axis]]) <= _NEAR * gap)):  # a NaN is no gap
            return None
        positions[motor] = of_cells
    return GridCells(axes.shape, cells, positions)


def _with_planned(positions: Floats, planned: Floats | None) -> Floats:
    """Positions with the planned ones where no point was measured; those of a relative scan are distances."""
    missing = np.isnan(positions)
    if planned is None or not missing.any():
        return positions
    return np.where(missing, planned + np.nanmedian(positions - planned), positions)


def _planned(start: Document, axis: int, length: int) -> Floats | None:
    """The positions of an axis among the arguments of the plan, `motor, [positions], ...`; None if they are not."""
    arguments = sequence_of(entries_of(start, "plan_args"), "args")
    words = [place for place, argument in enumerate(arguments) if isinstance(argument, str)]
    positions: Any = arguments[words[axis] + 1 :][:1] if axis < len(words) else ()
    if not positions or not isinstance(positions[0], list | tuple) or len(positions[0]) != length:
        return None
    is_numbers = all(isinstance(each, int | float) for each in positions[0])
    return np.array(positions[0], dtype=float) if is_numbers else None
