"""LivePlot: detectors against a motor, or against time, as curves that grow point by point.

An event only adds a point; the painter draws. Without a display it does nothing at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from beamshell.callbacks.figures import Windows
from beamshell.callbacks.live_figure import LiveFigure
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.scales import Scale, margin_of, set_heights
from beamshell.views.curves import Curves, curves_of, thinned

_PREVIOUS = "0.75"
_LIMIT_SLACK = 0.02
_MARGINS = {"left": 0.15, "right": 0.97, "top": 0.92, "bottom": 0.12, "hspace": 0.16}


class LivePlot(LiveFigure):
    """A subscriber that plots each run while it is measured.

    Args:
        y: name or device, or a list of them; None plots the hinted detectors.
        x: name or device of the axis, "time" (seconds since the start) or "seq_num"; None takes what the run scans.
        ax: matplotlib axes to draw on; None uses a window, reused scan after scan, if there is a display.
        stream_name: the stream whose events are the points.
        painter: draws when it is time; None is the process's own.
        windows: where the windows come from; None is the process's own.
        scale: of the values: "linear", "log" (what is above 0), "symmetric" (0 in the middle) or "symlog" (both); None
            takes that of the windows, which `plotscale` sets at the prompt.
        style: passed on to matplotlib's `plot`, such as ``marker="s"``.

    Example:
        ``RE(scan([det], th, -1, 1, 21), LivePlot("det", "th", scale="log"))``
    """

    def __init__(
        self,
        y: Any = None,
        x: Any = None,
        *,
        ax: Any = None,
        stream_name: str = "primary",
        painter: Painter | None = None,
        windows: Windows | None = None,
        scale: Scale | None = None,
        **style: Any,
    ) -> None:
        ys = y if y is None or isinstance(y, (list, tuple)) else [y]
        super().__init__(
            lambda start, descriptor: curves_of(start, descriptor, ys, x),
            lambda curves, scale: LinePicture(curves, style, scale),
            ax=ax,
            stream_name=stream_name,
            painter=painter,
            windows=windows,
            scale=scale,
        )


class LinePicture:
    """The drawing of one run's curves as lines.

    Args:
        curves: the points.
        style: passed on to matplotlib's `plot`.
        scale: of the values.

    Attributes:
        status: how the run ended; empty while it is running.
    """

    def __init__(self, curves: Curves, style: dict[str, Any], scale: Scale = "linear") -> None:
        self.status = ""
        self._scale: Scale = scale
        self._curves = curves
        self._style: dict[str, Any] = {"marker": "o", "markersize": 3, "linewidth": 1, **style}
        self._axes: list[Any] = []  # one for each curve
        self._lines: list[Any] = []
        self._previous_lines: list[Any] = []

    def compose(self, figure: Any, previous: LinePicture | None) -> None:
        """Make the lines in `figure`, above those of the previous run, which turn grey."""
        if previous is None:
            figure.clear()
            rows = len(self._curves.ys)
            self._axes = list(figure.subplots(rows, 1, sharex=True, squeeze=False, gridspec_kw=_MARGINS)[:, 0])
        else:
            self._axes = previous._axes
        self._add_lines(previous)

    def compose_on(self, ax: Any, previous: LinePicture | None) -> None:
        """Make all lines on one pair of axes."""
        self._axes = [ax] * len(self._curves.ys)
        self._add_lines(previous)
        if len(self._lines) > 1:
            ax.legend(self._lines, [y.label for y in self._curves.ys])

    def update(self) -> None:
        """Draw the points measured so far, and set the limits of the axes; of very many points all at the end."""
        xs, *columns = self._curves.points()
        for line, column in zip(self._lines, columns, strict=True):
            line.set_data(*((xs, column) if self.status else thinned(xs, column)))
        for axes in dict.fromkeys(self._axes):
            own = [column for of, column in zip(self._axes, columns, strict=True) if of is axes]
            set_limits(axes, xs, self._curves.limits)
            set_heights(axes, np.concatenate(own), self._scale)
        self._axes[0].set_title(self._curves.title + (f"  {self.status}" if self.status else ""), fontsize="medium")

    def _add_lines(self, previous: LinePicture | None) -> None:
        if previous is not None:
            for line in previous._previous_lines:
                line.remove()
            for line in previous._lines:
                line.set(color=_PREVIOUS, zorder=1)
                line.set_data(*thinned(*map(np.asarray, line.get_data())))
            self._previous_lines, previous._lines, previous._previous_lines = previous._lines, [], []
        for number, (axes, y) in enumerate(zip(self._axes, self._curves.ys, strict=True)):
            style = {"color": f"C{number}", "zorder": 2, **self._style}
            self._lines += axes.plot([], [], **style)
            axes.set_ylabel(y.label if self._axes.count(axes) == 1 else "")
            axes.grid(visible=True, alpha=0.3)
        x = self._curves.x
        self._axes[-1].set_xlabel("time since the start [s]" if x.key == "time" else x.label)


def set_limits(axes: Any, values: NDArray[np.float64], expected: tuple[float, float] | None) -> None:
    """Set the horizontal limits: all values with a margin, and the whole of the `expected` range if they lie in it.

    Args:
        axes: matplotlib axes.
        values: shape (n,).
        expected: the range that the run says it covers. A relative scan names distances, not positions: then the
            values lie outside, and they alone count.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return
    low, high = float(finite.min()), float(finite.max())
    if expected is not None:
        slack = _LIMIT_SLACK * (expected[1] - expected[0])
        if low >= expected[0] - slack and high <= expected[1] + slack:
            low, high = expected
    margin = margin_of(low, high)
    axes.set_xlim(low - margin, high + margin)
