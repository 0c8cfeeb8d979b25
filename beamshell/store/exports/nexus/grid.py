"""GridCells: the points of a grid scan as an array of the grid's shape, if it is certain which cell each is in.

Pure: the start document and the columns of a stream, in.
"""

from __future__ import annotations

import math

from beamshell.arrays import Floats, np
from beamshell.documents import Document
from beamshell.store.columns import Column
from beamshell.store.scan_axes import axes_of, set_positions
from beamshell.store.table import Table


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
    """The cells of a grid scan; None if the run is none, a point is not where its cell is, or a place is not known.

    Args:
        start: the start document.
        stream: the name of the stream.
        table: its points.
    """
    axes = axes_of(start, stream)
    if not table.num_points or (grid := axes.grid(table)) is None:
        return None
    motors = [motor for motor, *_others in axes.keys]
    if not all(np.isfinite(set_positions(motor, table)).all() for motor in motors):
        return None
    if not all(np.isfinite(places).all() and len(np.unique(places)) == len(places) for places in grid.positions):
        return None
    return GridCells(axes.shape, grid.cells, dict(zip(motors, grid.positions, strict=True)))
