"""LiveScatter and LiveMesh: one detector over two axes that make no grid, as dots or as an irregular mesh.

An event only adds a point; the painter draws. Without a display it does nothing at all.
"""

from __future__ import annotations

from typing import Any

from beamshell.arrays import Floats, np
from beamshell.callbacks.coloured import ColouredPicture
from beamshell.callbacks.figures import Windows
from beamshell.callbacks.live_figure import LiveFigure, caption
from beamshell.callbacks.painter import Painter
from beamshell.views.scales import Scale, margin_of
from beamshell.views.scatter import Scatter, scatter_of

Limits = tuple[float, float]

_MOST_IN_MESH = 5000
"""Points of a mesh, whose triangles are found anew at each drawing; more are drawn as dots."""


class LiveScatter(LiveFigure):
    """A subscriber that shows a detector over two axes as dots in colours, such as those of a spiral.

    Args:
        x: name or device of the axis to the right; None takes the fast axis of the run.
        y: name or device of the axis upwards; None takes the slow one.
        I: name or device of the detector; None takes what `plotselect` has chosen, else the first hinted one.
        xlim: ends of the x axis; None shows all points.
        ylim: ends of the y axis.
        clim: values of the darkest and of the brightest colour; None takes those of the points.
        cmap: name of a colour map of matplotlib.
        ax: matplotlib axes to draw on; None uses a window, reused scan after scan, if there is a display.
        stream_name: the stream whose events are the points.
        painter: draws when it is time; None is the process's own.
        windows: where the windows come from; None is the process's own.
        scale: of the values; None takes that of the windows, which `plotscale` sets at the prompt.
        style: passed on to matplotlib's `scatter`, such as ``s=9``.

    Example:
        ``RE(spiral([det], samx, samy, 0, 0, 1, 1, 0.1, 20), LiveScatter("samx", "samy", "det"))``
    """

    _as_mesh = False

    def __init__(
        self,
        x: Any = None,
        y: Any = None,
        I: Any = None,  # noqa: E741, N803  # bluesky's name
        *,
        xlim: Limits | None = None,
        ylim: Limits | None = None,
        clim: Limits | None = None,
        cmap: str | None = None,
        ax: Any = None,
        stream_name: str = "primary",
        painter: Painter | None = None,
        windows: Windows | None = None,
        scale: Scale | None = None,
        **style: Any,
    ) -> None:
        look = Look(xlim, ylim, clim, cmap, as_mesh=self._as_mesh, style=style)
        super().__init__(
            lambda start, descriptor: scatter_of(start, descriptor, x, y, self.detector(descriptor, I)),
            lambda scatter, scale: ScatterPicture(scatter, look, scale),
            ax=ax,
            stream_name=stream_name,
            painter=painter,
            windows=windows,
            scale=scale,
        )


class LiveMesh(LiveScatter):
    """A subscriber that shows a detector over two axes as an irregular mesh: triangles between the points.

    Where the points are too few or all on a line they are dots, and where there are more than 5000. The arguments are
    those of `LiveScatter`.
    """

    _as_mesh = True


class Look:
    """How a scatter plot looks: the arguments of `LiveScatter`."""

    def __init__(
        self,
        xlim: Limits | None,
        ylim: Limits | None,
        clim: Limits | None,
        cmap: str | None,
        *,
        as_mesh: bool,
        style: dict[str, Any],
    ) -> None:
        self.limits = (xlim, ylim)
        self.clim = clim
        self.cmap = cmap
        self.as_mesh = as_mesh
        self.style = style


class ScatterPicture(ColouredPicture):
    """The drawing of one run's points in colours.

    Args:
        scatter: the points.
        look: colours and limits.
        scale: of the values.
    """

    def __init__(self, scatter: Scatter, look: Look, scale: Scale) -> None:
        super().__init__(scatter, scale, look.clim, look.cmap)
        self._look = look

    def update(self) -> None:
        """Draw the points measured so far."""
        xs, ys, zs = (points := self._view.points())[:, np.isfinite(points).all(axis=0)]
        if xs.size:
            self._draw(zs, lambda style: self._coloured(xs, ys, zs, style))
            self._set_limits(xs, ys)
        self._axes.set_title(caption(self._view, self.status), fontsize="medium")

    def _coloured(self, xs: Floats, ys: Floats, zs: Floats, style: dict[str, Any]) -> Any:
        mesh = self._mesh(xs, ys, zs, style) if self._look.as_mesh else None
        if mesh is not None:
            return mesh
        return self._axes.scatter(xs, ys, c=zs, **{"s": 16, **self._look.style, **style})

    def _mesh(self, xs: Floats, ys: Floats, zs: Floats, style: dict[str, Any]) -> Any:
        """Triangles between the points; None if there are none, or too many points."""
        if not 3 <= xs.size <= _MOST_IN_MESH:
            return None
        try:
            return self._axes.tripcolor(xs, ys, zs, shading="gouraud", **style)
        except (RuntimeError, ValueError):  # all points on a line
            return None

    def _set_limits(self, xs: Floats, ys: Floats) -> None:
        for values, limits, set_limits in (
            (xs, self._look.limits[0], self._axes.set_xlim),
            (ys, self._look.limits[1], self._axes.set_ylim),
        ):
            low, high = float(values.min()), float(values.max())
            margin = margin_of(low, high)
            set_limits(*(limits or (low - margin, high + margin)))
