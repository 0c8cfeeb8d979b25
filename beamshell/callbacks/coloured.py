"""ColouredPicture: the base of pictures in which values are colours: the image of a grid, points over two axes.

It knows neither grids nor points, only that a view has `x`, `y` and `z` with their labels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.arrays import Floats, np
from beamshell.callbacks.scales import colours
from beamshell.views.scales import Scale


class ColouredPicture:
    """The drawing of one run on one pair of axes, with a colour bar.

    Args:
        view: the points.
        scale: of the values.
        clim: values of the darkest and of the brightest colour; None takes those of the points.
        cmap: name of a colour map of matplotlib; None takes that of the scale.

    Attributes:
        status: how the run ended; empty while it is running.
    """

    def __init__(self, view: Any, scale: Scale, clim: tuple[float, float] | None, cmap: str | None) -> None:
        self.status = ""
        self._view = view
        self._scale: Scale = scale
        self._clim = None if clim is None else np.array(clim, dtype=np.float64)
        self._cmap = cmap
        self._axes: Any = None
        self._drawn: Any = None
        self._colorbar: Any = None

    def compose(self, figure: Any, previous: Any) -> None:  # noqa: ARG002  # nothing of it is kept
        """Make the axes in `figure`."""
        figure.clear()
        self.compose_on(figure.subplots(), None)

    def compose_on(self, ax: Any, previous: ColouredPicture | None) -> None:
        """Use these axes, in place of the previous picture."""
        if previous is not None and previous._drawn is not None:
            previous._colorbar.remove()
            previous._drawn.remove()
        self._axes = ax
        ax.set_xlabel(self._view.x.label)
        ax.set_ylabel(self._view.y.label)

    def _draw(self, values: Floats, draw: Callable[[dict[str, Any]], Any]) -> None:
        """Draw anew, in place of what was drawn before.

        Args:
            values: those that have a colour, float [n].
            draw: draws with this norm and colour map, and returns what it has drawn.
        """
        style = colours(values if self._clim is None else self._clim, self._scale)
        previous, self._drawn = self._drawn, draw(style if self._cmap is None else {**style, "cmap": self._cmap})
        if previous is None:
            self._colorbar = self._axes.figure.colorbar(self._drawn, ax=self._axes, label=self._view.z.label)
        else:
            self._colorbar.update_normal(self._drawn)
            previous.remove()
