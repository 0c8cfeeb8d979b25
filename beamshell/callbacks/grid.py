"""LiveGrid: one detector over two motors, as an image that fills point by point.

An event only adds a point; the painter draws. Without a display it does nothing at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from beamshell.callbacks.figures import Windows
from beamshell.callbacks.live_figure import LiveFigure
from beamshell.callbacks.painter import Painter
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.views.grid import Grid, grid_of, is_grid


class LiveGrid(LiveFigure):
    """A subscriber that shows each two-dimensional grid scan as an image; it ignores other runs.

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
        super().__init__(
            lambda start, descriptor: grid_of(start, descriptor, z),
            GridPicture,
            ax=ax,
            stream_name=stream_name,
            painter=painter,
            windows=windows,
        )

    def open_run(self, start: Document) -> RunReceiver | None:
        """The image of one run, or None if it is no grid or could not be seen."""
        return super().open_run(start) if is_grid(start, self.stream_name) else None


class GridPicture:
    """The image that one grid scan is drawn as.

    Attributes:
        status: how the run ended; empty while it is running.
    """

    def __init__(self, grid: Grid) -> None:
        self.status = ""
        self._grid = grid
        self._image: Any = None
        self._axes: Any = None

    def compose(self, figure: Any, previous: GridPicture | None) -> None:  # noqa: ARG002  # nothing of it is kept
        """Make the image in `figure`."""
        figure.clear()
        self.compose_on(figure.subplots(), None)

    def compose_on(self, ax: Any, previous: GridPicture | None) -> None:  # noqa: ARG002  # nothing of it is kept
        """Make the image on these axes."""
        self._axes = ax
        empty = np.full((self._grid.rows, self._grid.columns), np.nan)
        self._image = ax.imshow(empty, origin="lower", aspect="auto", interpolation="nearest")
        ax.figure.colorbar(self._image, ax=ax, label=self._grid.z.label)
        ax.set_xlabel(self._grid.x.label)
        ax.set_ylabel(self._grid.y.label)

    def update(self) -> None:
        """Bring the image up to date."""
        values, x_ends, y_ends = self._grid.image()
        self._image.set_data(np.ma.masked_invalid(values))
        self._image.set_extent((*_edges(x_ends, self._grid.columns), *_edges(y_ends, self._grid.rows)))
        if np.isfinite(values).any():
            self._image.set_clim(np.nanmin(values), np.nanmax(values))
        self._axes.set_title(self._grid.title + (f"  {self.status}" if self.status else ""), fontsize="medium")


def _edges(ends: tuple[float, float], cells: int) -> tuple[float, float]:
    """The outer edges of the first and the last cell, from their centres."""
    half = (ends[1] - ends[0]) / max(cells - 1, 1) / 2 or 0.5
    return ends[0] - half, ends[1] + half
