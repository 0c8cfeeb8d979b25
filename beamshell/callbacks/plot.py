"""LivePlot: detectors against a motor, or against time, as curves that grow point by point.

An event only adds a point; the painter draws. Without a display it does nothing at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from beamshell.callbacks.figures import Windows
from beamshell.callbacks.live_figure import LiveFigure, caption
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.scales import set_heights
from beamshell.documents import Document
from beamshell.views.curves import Curves, curves_of, thinned
from beamshell.views.earlier_runs import count_time_factor
from beamshell.views.fields import resolve
from beamshell.views.marks import Mark
from beamshell.views.scales import Scale, horizontal_span, margin_of

Limits = tuple[float, float]

_PREVIOUS = "0.75"
_MARGINS = {"left": 0.15, "right": 0.97, "top": 0.9, "bottom": 0.12, "hspace": 0.16}


class LivePlot(LiveFigure):
    """A subscriber that plots each run while it is measured.

    Args:
        y: name or device, or a list of them; None plots what `plotselect` has chosen, else the hinted detectors.
        x: name or device of the axis, "time" (seconds since the start) or "seq_num"; None takes what the run scans.
        legend_keys: metadata of the run that its legend shows, such as ["sample"].
        xlim: ends of the x axis; None shows all points and the range of the scan.
        ylim: ends of the y axes.
        epoch: where x="time" begins: "run" counts from the start of the run, "unix" from 1970.
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
        legend_keys: Sequence[str] = (),
        xlim: Limits | None = None,
        ylim: Limits | None = None,
        epoch: Literal["run", "unix"] = "run",
        ax: Any = None,
        stream_name: str = "primary",
        painter: Painter | None = None,
        windows: Windows | None = None,
        scale: Scale | None = None,
        **style: Any,
    ) -> None:
        self._legend_keys, self._epoch = legend_keys, epoch
        ys = y if y is None or isinstance(y, (list, tuple)) else [y]
        super().__init__(
            lambda start, descriptor: self._curves(start, descriptor, ys, x),
            lambda curves, scale: LinePicture(curves, style, scale, self.windows, (xlim, ylim)),
            ax=ax,
            stream_name=stream_name,
            painter=painter,
            windows=windows,
            scale=scale,
        )

    def _curves(self, start: Document, descriptor: Document, ys: Sequence[Any] | None, x: Any) -> Curves | None:
        """The curves of the values of this plot, or of those chosen for the windows; else those that the run hints."""
        chosen = resolve(descriptor, self.windows.values)[0] if ys is None else ys
        curves = curves_of(start, descriptor, chosen, x) if chosen else None
        curves = curves_of(start, descriptor, ys, x) if curves is None else curves
        if curves is not None:
            curves.note = "  ".join(f"{key}: {start[key]}" for key in self._legend_keys if key in start)
            curves.time_origin = curves.time_origin if self._epoch == "run" else 0.0
        return curves


class LinePicture:
    """The drawing of one run's curves as lines, with marks, and earlier runs beside them.

    Args:
        curves: the points.
        style: passed on to matplotlib's `plot`.
        scale: of the values.
        windows: what has been chosen to be shown besides.
        limits: ends of the x axis and of the y axes; None for those of the points.

    Attributes:
        status: how the run ended; empty while it is running.
        run: the uid of the run.
    """

    def __init__(
        self,
        curves: Curves,
        style: dict[str, Any],
        scale: Scale,
        windows: Windows,
        limits: tuple[Limits | None, Limits | None] = (None, None),
    ) -> None:
        self.status, self.run = "", curves.run
        self._limits = limits
        self._scale: Scale = scale
        self._curves = curves
        self._style: dict[str, Any] = {"marker": "o", "markersize": 3, "linewidth": 1, **style}
        self._windows = windows
        self._axes: list[Any] = []  # one for each curve
        self._lines: list[Any] = []
        self._beside: list[Any] = []  # the previous and the earlier runs
        self._marks: Sequence[Mark] = ()
        self._drawn_marks: list[Any] = []

    def compose(self, figure: Any, previous: LinePicture | None) -> None:
        """Make the lines in `figure`; those of the previous run turn grey."""
        figure.clear()
        rows = len(self._curves.ys)
        self._axes = list(figure.subplots(rows, 1, sharex=True, squeeze=False, gridspec_kw=_MARGINS)[:, 0])
        self._add_lines(previous)

    def compose_on(self, ax: Any, previous: LinePicture | None) -> None:
        """Make all lines on one pair of axes."""
        if previous is not None:
            for artist in (*previous._lines, *previous._beside, *previous._drawn_marks):
                artist.remove()
        self._axes = [ax] * len(self._curves.ys)
        self._add_lines(previous)
        self._add_legends()

    def update(self) -> None:
        """Draw the points measured so far, and set the limits of the axes; of very many points all at the end."""
        xs, *columns = self._curves.points()
        for line, column in zip(self._lines, columns, strict=True):
            line.set_data(*((xs, column) if self.status else thinned(xs, column)))
        for axes in dict.fromkeys(self._axes):
            own = [column for of, column in zip(self._axes, columns, strict=True) if of is axes]
            set_limits(axes, xs, self._curves.limits)
            set_heights(axes, np.concatenate(own + self._heights_beside(axes)), self._scale)
            axes.set(**{end: limits for end, limits in zip(("xlim", "ylim"), self._limits, strict=True) if limits})
        if (marks := self._windows.marks.of(self.run)) != self._marks:
            self._marks = marks
            self._draw_marks()
        elif self.status:
            self._add_legends()
        self._axes[0].set_title(caption(self._curves, self.status), fontsize="medium")

    def _add_lines(self, previous: LinePicture | None) -> None:
        for number, (axes, y) in enumerate(zip(self._axes, self._curves.ys, strict=True)):
            self._add_runs_beside(number, previous)
            look = {"color": f"C{number}", "zorder": 2, "label": "  ".join(filter(None, (y.label, self._curves.note)))}
            self._lines += axes.plot([], [], **{**look, **self._style})
            axes.set_ylabel(y.label if self._axes.count(axes) == 1 else "")
            axes.grid(visible=True, alpha=0.3)
        x = self._curves.x
        since_start = x.key == "time" and self._curves.time_origin
        self._axes[-1].set_xlabel("time since the start [s]" if since_start else x.label)
        self._add_legends()

    def _add_runs_beside(self, number: int, previous: LinePicture | None) -> None:
        """Add the earlier runs that were chosen, or else the previous one in grey, with the count time of this run."""
        axes, curves = self._axes[number], self._curves
        for nth, run in enumerate(self._windows.earlier):
            if (curve := run.curve(curves, number)) is not None:
                style = {"color": f"C{nth + len(curves.ys)}", "linewidth": 1, "alpha": 0.7, "label": curve.label}
                self._beside += axes.plot(*thinned(curve.x, curve.y), zorder=1, **style)
        if previous is not None and not self._windows.earlier:
            xs, *columns = previous._curves.points()
            factor = count_time_factor(curves.seconds[number], previous._curves.seconds[number])
            grey = {**self._style, "color": _PREVIOUS, "zorder": 1, "label": "_previous"}
            self._beside += axes.plot(*thinned(xs, columns[number] * factor), **grey)

    def _heights_beside(self, axes: Any) -> list[NDArray[np.float64]]:
        """The values of the earlier runs that were chosen: the axes show them whole."""
        lines = [line for line in self._beside if line.axes is axes and line.get_label() != "_previous"]
        return [np.asarray(line.get_ydata(), dtype=np.float64) for line in lines]

    def _draw_marks(self) -> None:
        for artist in self._drawn_marks:
            artist.remove()
        self._drawn_marks = []
        of_key = {y.key: axes for y, axes in zip(self._curves.ys, self._axes, strict=True)}
        for mark in self._marks:
            if (axes := of_key.get(mark.key)) is None:
                continue
            if mark.is_place:
                artist = axes.axvline(mark.x[0], color="0.4", linestyle="--", linewidth=1, label=mark.label)
            else:
                is_point = mark.x.size == 1
                style = {"marker": "v", "linestyle": "none"} if is_point else {"linestyle": "-", "linewidth": 1.5}
                (artist,) = axes.plot(mark.x, mark.y, color="0.2", zorder=3, label=mark.label, **style)
            self._drawn_marks.append(artist)
        self._add_legends()

    def _add_legends(self) -> None:
        """A legend where there is more than one line, in the upper corner that is farther from the highest point."""
        for axes, line in dict(zip(self._axes[::-1], self._lines[::-1], strict=True)).items():
            handles, labels = axes.get_legend_handles_labels()
            if len(handles) > 1 or self._curves.note:
                axes.legend(handles, labels, fontsize="small", loc=f"upper {_side_without_top(axes, line)}")


def _side_without_top(axes: Any, line: Any) -> str:
    """The side of the axes, "left" or "right", that is farther from the highest point of a line."""
    xs, ys = (np.asarray(values, dtype=np.float64) for values in line.get_data())
    if not np.isfinite(ys).any():
        return "right"
    middle = sum(axes.get_xlim()) / 2
    return "left" if xs[np.nanargmax(np.where(np.isfinite(ys), ys, -np.inf))] > middle else "right"


def set_limits(axes: Any, values: NDArray[np.float64], expected: tuple[float, float] | None) -> None:
    """Set the horizontal limits: all values with a margin, and the whole of the `expected` range if they lie in it.

    Args:
        axes: matplotlib axes.
        values: shape (n,).
        expected: the range that the run says it covers. A relative scan names distances, not positions: then the
            values lie outside, and they alone count.
    """
    if np.isfinite(values).any():
        low, high, *_ = horizontal_span(values, expected)
        margin = margin_of(low, high)
        axes.set_xlim(low - margin, high + margin)
