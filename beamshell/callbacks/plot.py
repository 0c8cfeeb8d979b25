"""LivePlot: detectors against a motor, or against time, as curves that grow point by point.

An event only adds a point; drawing is the painter's business. Without a display it does nothing at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from beamshell.callbacks.fields import Document, Field, axes, detectors, field, limits, resolve, title
from beamshell.callbacks.figures import AxesPanel, Windows
from beamshell.callbacks.figures import windows as all_windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.painter import painter as the_painter
from beamshell.callbacks.per_run import PerRun, View

MOST_CURVES = 5
"""Detectors that one window shows one above the other; the title names how many more there are."""

_PREVIOUS = "0.75"
_LIMIT_SLACK = 0.02


class LivePlot(PerRun):
    """A subscriber that plots each run while it is measured.

    Args:
        y: name or device, or a list of them; None plots the hinted detectors.
        x: name or device of the axis, "time" (seconds since the start) or "seq_num"; None takes what the run scans.
        ax: matplotlib axes to draw on; None uses a window, reused scan after scan, if there is a display.
        stream_name: the stream whose events are the points.
        painter: draws when it is time; None is the process's own.
        windows: where the windows come from; None is the process's own.
        style: passed on to matplotlib's `plot`, such as ``marker="s"``.

    Example:
        ``RE(scan([det], th, -1, 1, 21), LivePlot("det", "th"))``
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
        **style: Any,
    ) -> None:
        super().__init__(self.view, kind="plot")
        self.painter = painter or the_painter
        self._y = y if y is None or isinstance(y, (list, tuple)) else [y]
        self._x = x
        self._panel = None if ax is None else AxesPanel(ax)
        self._stream_name = stream_name
        self._windows = windows or all_windows
        self._style = style

    def view(self, start: Document) -> View | None:
        """The plot of one run, or None where it could not be seen."""
        if self._panel is None and not self._windows.possible:
            return None
        return _RunPlot(start, self)

    def curves(self, start: Document, descriptor: Document) -> Curves | None:
        """The curves that this stream makes, empty, or None if it is not the stream or has no number to plot."""
        if descriptor.get("name") != self._stream_name:
            return None
        keys = detectors(start, descriptor) if self._y is None else resolve(descriptor, self._y)[0]
        ys = [about for key in keys if (about := field(descriptor, key)).is_number]
        x = self._axis(start, descriptor)
        ys = [about for about in ys if about.key != x.key]
        return Curves(start, x, ys, self._style) if ys else None

    def panel(self, curves: Curves) -> Any:
        """Where these curves are drawn."""
        if self._panel is not None:
            return self._panel
        return self._windows.window(curves.key, curves.name)

    def _axis(self, start: Document, descriptor: Document) -> Field:
        if self._x is not None:
            key = next(iter(resolve(descriptor, [self._x])[0]), str(self._x))
        else:
            scanned = axes(start, self._stream_name)
            key = scanned[0] if len(scanned) == 1 else "seq_num"
        if key == "time":
            return Field("time", units="s")
        about = field(descriptor, key)
        return about if about.is_number and key in (descriptor.get("data_keys") or {}) else Field("seq_num")


class _RunPlot(View):
    """The plot of one run: it feeds the curves and says when to draw."""

    def __init__(self, start: Document, plot: LivePlot) -> None:
        self._start = start
        self._plot = plot
        self._curves: Curves | None = None
        self._panel: Any = None

    def descriptor(self, descriptor: Document) -> None:
        if self._curves is None:
            self._curves = self._plot.curves(self._start, descriptor)

    def event(self, descriptor: Document, event: Document) -> None:
        if self._curves is None or not self._curves.belongs(descriptor):
            return
        self._curves.add(event)
        if self._panel is None:  # a run without points leaves the last picture where it is
            self._panel = self._plot.panel(self._curves)
            self._panel.show(self._curves)
        self._plot.painter.touch(self._panel)

    def stop(self, stop: Document) -> None:
        if self._curves is not None and self._panel is not None:
            self._curves.status = str(stop.get("exit_status", "?"))
            finish(self._plot.painter, self._panel)


class Curves:
    """The points of one run, and the lines they are drawn as.

    Attributes:
        key: what it shows: pictures of one key share a window.
        name: the same for people, such as "det against th".
        status: how the run ended; empty while it is running.
    """

    def __init__(self, start: Document, x: Field, ys: Sequence[Field], style: dict[str, Any] | None = None) -> None:
        self.x = x
        self.ys = list(ys[:MOST_CURVES])
        self.key = ("curves", x.key, *(y.key for y in self.ys))
        self.name = f"{', '.join(y.key for y in self.ys)} against {x.key}"
        self.status = ""
        self._title = title(start) + (f"  (+{len(ys) - MOST_CURVES} more)" if len(ys) > MOST_CURVES else "")
        self._limits = limits(start) if x.key not in ("time", "seq_num") else None
        self._t0 = float(start.get("time", 0.0))
        self._stream: str | None = None
        self._points: dict[int, tuple[float, ...]] = {}
        self._style: dict[str, Any] = {"marker": "o", "markersize": 3, "linewidth": 1, **(style or {})}
        self.axes: list[Any] = []
        self.lines: list[Any] = []
        self.faded: list[Any] = []

    def belongs(self, descriptor: Document) -> bool:
        """True for events of the stream that the curves are made of."""
        if self._stream is None:
            self._stream = descriptor.get("name")
        return descriptor.get("name") == self._stream

    def add(self, event: Document) -> None:
        """Take a point; one measured again replaces the one before."""
        data = event.get("data") or {}
        seq_num = event["seq_num"]
        x: Any = data.get(self.x.key)
        if self.x.key == "time":
            x = event.get("time", math.nan) - self._t0
        elif self.x.key == "seq_num":
            x = seq_num
        self._points[seq_num] = (as_number(x), *(as_number(data.get(y.key)) for y in self.ys))

    def points(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The xs, then every y, shape (1 + number of ys, number of points), in the order they were first measured."""
        rows = np.fromiter(
            (value for point in self._points.values() for value in point),
            dtype=float,
            count=len(self._points) * (1 + len(self.ys)),
        )
        return rows.reshape(-1, 1 + len(self.ys)).T

    def compose(self, figure: Any, previous: Curves | None) -> None:
        """Make the lines in `figure`, above those of the previous run, which turn grey."""
        if previous is None:
            figure.clear()
            margins = {"left": 0.15, "right": 0.97, "top": 0.92, "bottom": 0.12, "hspace": 0.16}
            self.axes = list(figure.subplots(len(self.ys), 1, sharex=True, squeeze=False, gridspec_kw=margins)[:, 0])
        else:
            self.axes = previous.axes
        self._draw_lines(previous)

    def compose_on(self, ax: Any, previous: Curves | None) -> None:
        """Make all lines on one pair of axes."""
        self.axes = [ax] * len(self.ys)
        self._draw_lines(previous)
        if len(self.ys) > 1:
            ax.legend(self.lines, [y.label for y in self.ys])

    def update(self) -> None:
        """Give the lines the points that there are, and the axes their limits."""
        xs, *columns = self.points()
        for line, column in zip(self.lines, columns, strict=True):
            line.set_data(xs, column)
        for axes_ in dict.fromkeys(self.axes):
            own = [column for of, column in zip(self.axes, columns, strict=True) if of is axes_]
            set_limits(axes_.set_xlim, xs, self._limits)
            set_limits(axes_.set_ylim, np.concatenate(own), None)
        self.axes[0].set_title(self._title + (f"  {self.status}" if self.status else ""), fontsize="medium")

    def _draw_lines(self, previous: Curves | None) -> None:
        if previous is not None:
            for line in previous.faded:
                line.remove()
            for line in previous.lines:
                line.set(color=_PREVIOUS, zorder=1)
            self.faded, previous.lines, previous.faded = previous.lines, [], []
        for number, (axes_, y) in enumerate(zip(self.axes, self.ys, strict=True)):
            style = {"color": f"C{number}", "zorder": 2, **self._style}
            self.lines += axes_.plot([], [], **style)
            alone = axes_ not in self.axes[:number] + self.axes[number + 1 :]
            axes_.set_ylabel(y.label if alone else "")
            axes_.grid(visible=True, alpha=0.3)
        self.axes[-1].set_xlabel("time since the start [s]" if self.x.key == "time" else self.x.label)


def finish(painter: Painter, panel: Any) -> None:
    """Draw the last state: at once on somebody's own axes, which nobody else draws; in a window when it is due."""
    painter.touch(panel)
    if isinstance(panel, AxesPanel):
        painter.draw(panel)
    else:
        painter.paint()


def as_number(value: Any) -> float:
    """The value as a float; nan if it is none, so that the point is left out of the line."""
    if isinstance(value, np.ndarray):
        value = value.item() if value.size == 1 else math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def set_limits(setter: Any, values: np.ndarray[Any, Any], known: tuple[float, float] | None) -> None:
    """Show `known`, and the values that lie outside of it, with a little room around."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return
    low, high = float(finite.min()), float(finite.max())
    if known is not None:
        span = known[1] - known[0]
        if low >= known[0] - _LIMIT_SLACK * span and high <= known[1] + _LIMIT_SLACK * span:
            low, high = known  # a relative scan names distances, not positions: then the points decide
    room = 0.05 * (high - low) or abs(high) * 0.05 or 1.0
    setter(low - room, high + room)
