"""LiveGrid: one detector over two motors, as an image that fills point by point.

An event only adds a point; drawing is the painter's business. Without a display it does nothing at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from beamshell.callbacks.fields import Document, Field, axes, detectors, field, limits, resolve, title
from beamshell.callbacks.figures import AxesPanel, Windows
from beamshell.callbacks.figures import windows as all_windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.painter import painter as the_painter
from beamshell.callbacks.per_run import PerRun, View
from beamshell.callbacks.plot import as_number, finish

Values = np.ndarray[Any, np.dtype[np.float64]]


class LiveGrid(PerRun):
    """A subscriber that shows each two-dimensional grid scan as an image; other runs it lets pass.

    Args:
        z: name or device of the detector; None takes the first hinted one.
        ax: matplotlib axes to draw on; None uses a window, reused scan after scan, if there is a display.
        stream_name: the stream whose events are the points.
        painter: draws when it is time; None is the process's own.
        windows: where the windows come from; None is the process's own.
    """

    def __init__(
        self,
        z: Any = None,
        *,
        ax: Any = None,
        stream_name: str = "primary",
        painter: Painter | None = None,
        windows: Windows | None = None,
    ) -> None:
        super().__init__(self.view, kind="plot")
        self.painter = painter or the_painter
        self._z = z
        self._panel = None if ax is None else AxesPanel(ax)
        self._stream_name = stream_name
        self._windows = windows or all_windows

    def view(self, start: Document) -> View | None:
        """The image of one run, or None if it is no grid or could not be seen."""
        seen = self._panel is not None or self._windows.possible
        return _RunGrid(start, self) if seen and is_grid(start, self._stream_name) else None

    def grid(self, start: Document, descriptor: Document) -> Grid | None:
        """The image that this stream makes, empty, or None if it is not the stream or has no number to show."""
        if descriptor.get("name") != self._stream_name:
            return None
        keys = detectors(start, descriptor) if self._z is None else resolve(descriptor, [self._z])[0]
        zs = [about for key in keys if (about := field(descriptor, key)).is_number]
        slow, fast = (field(descriptor, key) for key in axes(start, self._stream_name))
        return Grid(start, fast, slow, zs[0]) if zs else None

    def panel(self, grid: Grid) -> Any:
        """Where it is drawn."""
        return self._panel or self._windows.window(grid.key, grid.name)


def is_grid(start: Document, stream: str = "primary") -> bool:
    """True for a run over a rectangle of two motors."""
    shape = start.get("shape") or ()
    return len(shape) == 2 and min(shape) > 0 and len(axes(start, stream)) == 2


class _RunGrid(View):
    """The image of one run: it feeds the grid and says when to draw."""

    def __init__(self, start: Document, live: LiveGrid) -> None:
        self._start = start
        self._live = live
        self._grid: Grid | None = None
        self._stream: str | None = None
        self._panel: Any = None

    def descriptor(self, descriptor: Document) -> None:
        if self._grid is None:
            self._grid = self._live.grid(self._start, descriptor)
            self._stream = descriptor.get("name")

    def event(self, descriptor: Document, event: Document) -> None:
        if self._grid is None or descriptor.get("name") != self._stream:
            return
        self._grid.add(event)
        if self._panel is None:
            self._panel = self._live.panel(self._grid)
            self._panel.show(self._grid)
        self._live.painter.touch(self._panel)

    def stop(self, stop: Document) -> None:
        if self._grid is not None and self._panel is not None:
            self._grid.status = str(stop.get("exit_status", "?"))
            finish(self._live.painter, self._panel)


class Grid:
    """The points of one grid scan, and the image they are drawn as: the fast motor along x, the slow one along y.

    Attributes:
        key: what it shows: pictures of one key share a window.
        name: the same for people.
        status: how the run ended; empty while it is running.
    """

    def __init__(self, start: Document, x: Field, y: Field, z: Field) -> None:
        self.x, self.y, self.z = x, y, z
        self.key = ("grid", z.key, x.key, y.key)
        self.name = f"{z.key} over {x.key} and {y.key}"
        self.status = ""
        self.rows, self.columns = (int(length) for length in start["shape"])
        self._title = title(start)
        self._start = start
        self._snaking = bool((start.get("snaking") or (False, False))[-1])
        self._points: dict[int, tuple[float, float, float]] = {}
        self._image: Any = None
        self._axes: Any = None

    def add(self, event: Document) -> None:
        """Take a point; one measured again replaces the one before."""
        data = event.get("data") or {}
        x, y, z = (as_number(data.get(key)) for key in (self.x.key, self.y.key, self.z.key))
        self._points[event["seq_num"]] = (x, y, z)

    def image(self) -> tuple[Values, tuple[float, float], tuple[float, float]]:
        """The values, shape (rows, columns), nan where nothing is measured yet; first and last x; first and last y.

        A point belongs to the cell its position is nearest to, so snakes need no care. Where the extents are unknown or
        only distances (a relative scan), it belongs to the cell that its number says.
        """
        xs, ys, zs = np.array(list(self._points.values()), dtype=float).reshape(-1, 3).T
        x_ends, y_ends = self._ends()
        columns, rows = nearest_cells(xs, x_ends, self.columns), nearest_cells(ys, y_ends, self.rows)
        if columns is None or rows is None:
            rows, columns = self._cells_by_number()
            x_ends, y_ends = _span(xs), _span(ys)
        values = np.full((self.rows, self.columns), np.nan)
        values[rows, columns] = zs
        return values, x_ends, y_ends

    def compose(self, figure: Any, previous: Grid | None) -> None:  # noqa: ARG002  # an image leaves no room for it
        """Make the image in `figure`."""
        figure.clear()
        self.compose_on(figure.subplots(), None)

    def compose_on(self, ax: Any, previous: Grid | None) -> None:  # noqa: ARG002  # an image leaves no room for it
        """Make the image on these axes."""
        self._axes = ax
        empty = np.full((self.rows, self.columns), np.nan)
        self._image = ax.imshow(empty, origin="lower", aspect="auto", interpolation="nearest")
        ax.figure.colorbar(self._image, ax=ax, label=self.z.label)
        ax.set_xlabel(self.x.label)
        ax.set_ylabel(self.y.label)

    def update(self) -> None:
        """Bring the image up to date."""
        values, x_ends, y_ends = self.image()
        self._image.set_data(np.ma.masked_invalid(values))
        self._image.set_extent((*_edges(x_ends, self.columns), *_edges(y_ends, self.rows)))
        if np.isfinite(values).any():
            self._image.set_clim(np.nanmin(values), np.nanmax(values))
        self._axes.set_title(self._title + (f"  {self.status}" if self.status else ""), fontsize="medium")

    def _ends(self) -> tuple[tuple[float, float], tuple[float, float]]:
        y_ends, x_ends = limits(self._start, 0), limits(self._start, 1)
        unknown = (np.nan, np.nan)
        return x_ends or unknown, y_ends or unknown

    def _cells_by_number(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        number = (np.array(list(self._points)) - 1) % (self.rows * self.columns)
        rows, columns = np.divmod(number, self.columns)
        if self._snaking:
            columns = np.where(rows % 2, self.columns - 1 - columns, columns)
        return rows, columns


def nearest_cells(positions: Values, ends: tuple[float, float], cells: int) -> np.ndarray[Any, Any] | None:
    """The index of the cell nearest to each position, or None if one of them is not on the grid."""
    step = (ends[1] - ends[0]) / max(cells - 1, 1)
    if cells == 1:
        return np.zeros(len(positions), dtype=int)
    if not step > 0 or not np.isfinite(positions).all():
        return None
    indices = np.rint((positions - ends[0]) / step).astype(int)
    return indices if np.all((indices >= 0) & (indices < cells)) else None


def _span(positions: Values) -> tuple[float, float]:
    finite = positions[np.isfinite(positions)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def _edges(ends: tuple[float, float], cells: int) -> tuple[float, float]:
    half = (ends[1] - ends[0]) / max(cells - 1, 1) / 2 or 0.5
    return ends[0] - half, ends[1] + half
