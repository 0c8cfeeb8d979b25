"""LiveGrid: one detector over two motors, as an image that fills point by point.

An event only adds a point; the painter draws. Without a display it does nothing at all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from typing_extensions import override

from beamshell.arrays import np
from beamshell.callbacks.coloured import ColouredPicture
from beamshell.callbacks.figures import Windows
from beamshell.callbacks.live_figure import LiveFigure, caption
from beamshell.callbacks.painter import Painter
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.views.grid import Grid, edges, grid_of, is_grid
from beamshell.views.scales import Scale

_NO_IMAGE = "no image: the points do not fit the grid"


class LiveGrid(LiveFigure):
    """A subscriber that shows each two-dimensional grid scan as an image; it ignores other runs.

    Args:
        raster_shape: rows and columns, for runs that do not record them; None takes those of the run.
        I: name or device of the detector; None takes what `plotselect` has chosen, else the first hinted one.
        clim: values of the darkest and of the brightest colour; None takes those of the points.
        cmap: name of a colour map of matplotlib.
        xlabel: of the axis to the right; None is the name and the unit of the motor.
        ylabel: of the axis upwards.
        aspect: "equal" or "auto", as matplotlib's.
        ax: matplotlib axes to draw on; None uses a window, reused scan after scan, if there is a display.
        stream_name: the stream whose events are the points.
        painter: draws when it is time; None is the process's own.
        windows: where the windows come from; None is the process's own.
        scale: of the values: "linear", "log" (what is above 0), "symmetric" (0 in the middle) or "symlog" (both); None
            takes that of the windows, which `plotscale` sets at the prompt.

    Example:
        ``RE(grid_scan([det], samy, 0, 1, 5, samx, 0, 1, 7), LiveGrid((5, 7), "det"))``
    """

    def __init__(
        self,
        raster_shape: tuple[int, int] | None = None,
        I: Any = None,  # noqa: E741, N803  # bluesky's name
        *,
        clim: tuple[float, float] | None = None,
        cmap: str | None = None,
        xlabel: str | None = None,
        ylabel: str | None = None,
        aspect: str = "auto",
        ax: Any = None,
        stream_name: str = "primary",
        painter: Painter | None = None,
        windows: Windows | None = None,
        scale: Scale | None = None,
    ) -> None:
        self._raster_shape = raster_shape
        look = Look(clim, cmap, xlabel, ylabel, aspect)
        super().__init__(
            lambda start, descriptor: grid_of(self._with_shape(start), descriptor, self.detector(descriptor, I)),
            lambda grid, scale: GridPicture(grid, scale, look),
            ax=ax,
            stream_name=stream_name,
            painter=painter,
            windows=windows,
            scale=scale,
        )

    def open_run(self, start: Document) -> RunReceiver | None:
        """The image of one run, or None if it is no grid or could not be seen."""
        return super().open_run(start) if is_grid(self._with_shape(start), self.stream_name) else None

    def _with_shape(self, start: Document) -> Document:
        return start if self._raster_shape is None else {"shape": self._raster_shape, **start}


class Look(NamedTuple):
    """How an image looks: the arguments of `LiveGrid`."""

    clim: tuple[float, float] | None = None
    cmap: str | None = None
    xlabel: str | None = None
    ylabel: str | None = None
    aspect: str = "auto"


class GridPicture(ColouredPicture):
    """The image that one grid scan is drawn as.

    Args:
        grid: the points.
        scale: of the values.
        look: colours, labels and aspect.
    """

    def __init__(self, grid: Grid, scale: Scale = "linear", look: Look = Look()) -> None:  # noqa: B008  # immutable
        super().__init__(grid, scale, look.clim, look.cmap)
        self._look = look

    @override
    def compose_on(self, ax: Any, previous: ColouredPicture | None) -> None:
        super().compose_on(ax, previous)
        ax.set_xlabel(self._look.xlabel or self._view.x.label)
        ax.set_ylabel(self._look.ylabel or self._view.y.label)
        ax.set_aspect(self._look.aspect)

    def update(self) -> None:
        """Draw the image of the points measured so far; cells without a value stay blank."""
        image = self._view.image()
        if self._drawn is not None:
            self._drawn.set_visible(image is not None)
        if image is not None:
            values = np.ma.masked_invalid(image.values)
            self._draw(
                values.compressed(),
                lambda style: self._axes.pcolorfast(edges(image.x), edges(image.y), values, **style),
            )
        self._axes.set_title(caption(self._view, self.status, "" if image else _NO_IMAGE), fontsize="medium")
