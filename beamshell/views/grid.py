"""The image of a grid scan: one detector over two motors, filled point by point.

Pure: it never draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from beamshell.documents import Document
from beamshell.views.captions import title
from beamshell.views.curves import as_numbers
from beamshell.views.fields import Field, axes, detectors, field, limits, resolve

Ends = tuple[float, float]
_UNKNOWN: Ends = (np.nan, np.nan)


class Grid:
    """The points of one grid scan: the fast motor along x, the slow one along y.

    Args:
        start: the run's start document, with the `shape` of the grid.
        x: the fast motor.
        y: the slow motor.
        z: the detector.

    Attributes:
        key: identifies the kind of grid: those of one key share a window.
        name: the kind in words.
        title: the run in a few words.
    """

    def __init__(self, start: Document, x: Field, y: Field, z: Field) -> None:
        self.x, self.y, self.z = x, y, z
        self.key = ("grid", z.key, x.key, y.key)
        self.name = f"{z.key} over {x.key} and {y.key}"
        self.title = title(start)
        self.rows, self.columns = (int(length) for length in start["shape"])
        self._keys = (x.key, y.key, z.key)
        self._y_ends, self._x_ends = limits(start, 0) or _UNKNOWN, limits(start, 1) or _UNKNOWN
        self._snaking = bool((start.get("snaking") or (False, False))[-1])
        self._points: dict[int, list[float]] = {}

    def add(self, event: Document) -> None:
        """Take a point; one measured again replaces the one before."""
        data = event.get("data") or {}
        self._points[event["seq_num"]] = as_numbers([*map(data.get, self._keys)])

    def image(self) -> tuple[NDArray[np.float64], Ends, Ends]:
        """The values, shape (rows, columns), nan where nothing is measured yet; first and last x; first and last y.

        A point belongs to the cell its position is nearest to, so snakes need no care. Where the extents are unknown or
        only distances (a relative scan), it belongs to the cell that its number says.
        """
        xs, ys, zs = np.array(list(self._points.values()), dtype=np.float64).reshape(-1, 3).T
        x_ends, y_ends = self._x_ends, self._y_ends
        columns, rows = nearest_cells(xs, x_ends, self.columns), nearest_cells(ys, y_ends, self.rows)
        if columns is None or rows is None:
            rows, columns = self._cells_by_number()
            x_ends, y_ends = _span(xs), _span(ys)
        values = np.full((self.rows, self.columns), np.nan)
        values[rows, columns] = zs
        return values, x_ends, y_ends

    def _cells_by_number(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        number = (np.array(list(self._points), dtype=np.intp) - 1) % (self.rows * self.columns)
        rows, columns = np.divmod(number, self.columns)
        if self._snaking:
            columns = np.where(rows % 2, self.columns - 1 - columns, columns)
        return rows, columns


def is_grid(start: Document, stream: str = "primary") -> bool:
    """True for a run over a rectangle of two motors."""
    shape = start.get("shape") or ()
    return len(shape) == 2 and min(shape) > 0 and len(axes(start, stream)) == 2


def grid_of(start: Document, descriptor: Document, z: Any = None) -> Grid | None:
    """The grid that a stream fills, still empty; None if it has no number to show.

    Args:
        start: the start document of a run that `is_grid`.
        descriptor: of the stream.
        z: name or device of the detector; None takes the first hinted one.
    """
    keys = detectors(start, descriptor) if z is None else resolve(descriptor, [z])[0]
    numbers = [about for key in keys if (about := field(descriptor, key)).is_number]
    slow, fast = (field(descriptor, key) for key in axes(start, descriptor.get("name", "primary")))
    return Grid(start, fast, slow, numbers[0]) if numbers else None


def nearest_cells(positions: NDArray[np.float64], ends: Ends, cells: int) -> NDArray[np.intp] | None:
    """The index of the cell nearest to each position, or None if one of them is not on the grid.

    Args:
        positions: shape (n,), in the unit of `ends`.
        ends: positions of the first and the last cell.
        cells: their number.
    """
    step = (ends[1] - ends[0]) / max(cells - 1, 1)
    if cells == 1:
        return np.zeros(len(positions), dtype=np.intp)
    if not step > 0 or not np.isfinite(positions).all():
        return None
    indices = np.rint((positions - ends[0]) / step).astype(np.intp)
    return indices if np.all((indices >= 0) & (indices < cells)) else None


def _span(positions: NDArray[np.float64]) -> Ends:
    finite = positions[np.isfinite(positions)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
