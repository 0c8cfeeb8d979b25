"""LiveGrid: one detector over two motors, as an image that fills point by point.

An event only adds a point; the painter draws. Without a display it does nothing at all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from beamshell.arrays import Floats, np
from beamshell.callbacks.figures import Windows
from beamshell.callbacks.live_figure import LiveFigure, caption
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.scales import colours
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

    def colours(self, values: Floats, scale: Scale) -> dict[str, Any]:
        """Norm and colour map, by argument."""
        chosen = colours(values if self.clim is None else np.array(self.clim, dtype=np.float64), scale)
        return chosen if self.cmap is None else {**chosen, "cmap": self.cmap}


class GridPicture:
    """The image that one grid scan is drawn as.

    Args:
        grid: the points.
        scale: of the values.
        look: colours, labels and aspect.

    Attributes:
        status: how the run ended; empty while it is running.
    """

    def __init__(self, grid: Grid, scale: Scale = "linear", look: Look = Look()) -> None:  # noqa: B008  # immutable
        self.status = ""
        self._look = look
        self._grid = grid
        self._scale: Scale = scale
        self._axes: Any = None
        self._image: Any = None
        self._colorbar: Any = None

    def compose(self, figure: Any, previous: GridPicture | None) -> None:  # noqa: ARG002  # nothing of it is kept
        """Make the axes in `figure`."""
        figure.clear()
        self.compose_on(figure.subplots(), None)

    def compose_on(self, ax: Any, previous: GridPicture | None) -> None:
        """Use these axes, in place of the previous image."""
        if previous is not None and previous._image is not None:
            previous._colorbar.remove()
            previous._image.remove()
        self._axes = ax
        ax.set_xlabel(self._look.xlabel or self._grid.x.label)
        ax.set_ylabel(self._look.ylabel or self._grid.y.label)
        ax.set_aspect(self._look.aspect)

    def update(self) -> None:
        """Draw the image of the points measured so far."""
        image = self._grid.image()
        if self._image is not None:
            self._image.set_visible(image is not None)
        if image is not None:
            self._draw(np.ma.masked_invalid(image.values), edges(image.x), edges(image.y))
        self._axes.set_title(caption(self._grid, self.status, "" if image else _NO_IMAGE), fontsize="medium")

    def _draw(self, values: Any, x_edges: Any, y_edges: Any) -> None:
        """Draw cells between these edges; those without a value stay blank."""
        previous, style = self._image, self._look.colours(values.compressed(), self._scale)
        self._image = self._axes.pcolorfast(x_edges, y_edges, values, **style)
        if previous is None:
            self._colorbar = self._axes.figure.colorbar(self._image, ax=self._axes, label=self._grid.z.label)
        else:
            self._colorbar.update_normal(self._image)
            previous.remove()
