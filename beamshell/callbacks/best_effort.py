"""BestEffort: for each run the table, the plot and the peak statistics that its hints ask for.

Subscribed once, it serves every run. What somebody asked for by hand (`RE(plan, LiveTable(...))`) it leaves to them.
It never needs a plot to know where the peak is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.analysis.peaks import Peak, peak
from beamshell.callbacks.fields import Document, axes, detectors, field
from beamshell.callbacks.figures import Windows
from beamshell.callbacks.grid import LiveGrid, is_grid
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.per_run import PerRun, View, claims
from beamshell.callbacks.plot import LivePlot, as_number
from beamshell.callbacks.table import LiveTable, Printer, foot, points_in_words
from beamshell.text.numbers import number

_MOST_PEAKS = 4


class BestEffort(PerRun):
    """A subscriber that shows every run as its hints suggest.

    Args:
        out: called with each text to print; None is the standard output.
        painter: draws when it is time; None is the process's own.
        windows: where the windows come from; None is the process's own.

    Attributes:
        enabled: False shows nothing at all.
        table: False prints no table.
        plots: False opens no window.
        peaks: False prints no peak statistics; they are computed all the same.
        last_peaks: the statistics of the last one-dimensional scan, by detector, first detector first.
        last_motor: the name of the device that scan moved, or None.
    """

    def __init__(
        self,
        *,
        out: Callable[[str], Any] | None = None,
        painter: Painter | None = None,
        windows: Windows | None = None,
    ) -> None:
        super().__init__(self._open)
        self.enabled = True
        self.table = True
        self.plots = True
        self.peaks = True
        self.last_peaks: dict[str, Peak] = {}
        self.last_motor: str | None = None
        self.out = out
        self._table = LiveTable(out=out)
        self._plot = LivePlot(painter=painter, windows=windows)
        self._grid = LiveGrid(painter=painter, windows=windows)

    def _open(self, start: Document) -> View | None:
        return _BestRun(start, self) if self.enabled else None

    def views(self, start: Document) -> list[View]:
        """What this run is shown as; asked for at its first point, when those who want it by hand have said so."""
        views: list[View | None] = []
        if self.table and not claims.taken(start["uid"], "table"):
            views.append(self._table.view(start))
        if self.plots and not claims.taken(start["uid"], "plot") and start.get("num_points") != 1:
            views.append((self._grid if is_grid(start) else self._plot).view(start))
        if is_curve(start):
            views.append(_RunPeaks(start, self))
        return [view for view in views if view is not None]


def is_curve(start: Document) -> bool:
    """True for a scan along one axis that is no time."""
    scanned = axes(start)
    return len(scanned) == 1 and scanned != ["time"]


def counted(stop: Document) -> str:
    """What a run without a table has recorded, stream by stream: ``101 points of cam, 1 point of ring_monitor``."""
    streams = {name: number for name, number in (stop.get("num_events") or {}).items() if name != "baseline" and number}
    return ", ".join(f"{points_in_words(number)} of {name}" for name, number in streams.items()) or points_in_words(0)


class _BestRun(View):
    """One run: the views are chosen at the first descriptor of the primary stream."""

    def __init__(self, start: Document, best: BestEffort) -> None:
        self._start = start
        self._best = best
        self._views: list[View] | None = None

    def descriptor(self, descriptor: Document) -> None:
        if self._views is None and descriptor.get("name") == "primary":
            self._views = self._best.views(self._start)
        for view in self._views or ():
            view.descriptor(descriptor)

    def event(self, descriptor: Document, event: Document) -> None:
        for view in self._views or ():
            view.event(descriptor, event)

    def stop(self, stop: Document) -> None:
        for view in self._views or ():
            view.stop(stop)
        if self._views is None and self._best.table:
            Printer(self._best.out)(foot(self._start, stop, counted(stop)))


class _RunPeaks(View):
    """The peak statistics of one run, computed when it ends."""

    def __init__(self, start: Document, best: BestEffort) -> None:
        self._start = start
        self._best = best
        self._descriptor: Document | None = None
        self._events: dict[int, Document] = {}

    def descriptor(self, descriptor: Document) -> None:
        if descriptor.get("name") == "primary":
            self._descriptor = descriptor

    def event(self, descriptor: Document, event: Document) -> None:
        if descriptor.get("name") == "primary":
            self._events[event["seq_num"]] = event

    def stop(self, stop: Document) -> None:  # noqa: ARG002  # an aborted scan may still hold a peak
        if self._descriptor is None:
            return
        found = self._peaks(self._descriptor)
        if not found:
            return
        self._best.last_peaks = found
        self._best.last_motor = next(iter(self._start.get("motors") or ()), None)
        if self._best.peaks:
            lines = [sentence(one, self._descriptor) for one in list(found.values())[:_MOST_PEAKS]]
            claims.after(self._start["uid"], "table", lambda: Printer(self._best.out)("\n".join(lines)))

    def _peaks(self, descriptor: Document) -> dict[str, Peak]:
        x = axes(self._start)[0]
        ys = [key for key in detectors(self._start, descriptor) if field(descriptor, key).is_number]
        at = self._column(x)
        return {y: found for y in ys if (found := peak(x, y, at, self._column(y))) is not None}

    def _column(self, key: str) -> list[float]:
        return [as_number((event.get("data") or {}).get(key)) for event in self._events.values()]


def sentence(found: Peak, descriptor: Document) -> str:
    """The statistics of one peak on a line: ``det: max 998 at th 0.100 deg, cen 0.052, fwhm 0.235, com 0.049``."""
    x, y = field(descriptor, found.x), field(descriptor, found.y)
    digits = max(x.precision or 0, 3)

    def position(value: float) -> str:
        return number(value, digits, as_position=True)

    units = f" {x.units}" if x.units else ""
    text = f"{found.y}: max {number(found.max_y, y.precision)} at {found.x} {position(found.max_x)}{units}"
    if found.cen is None or found.fwhm is None:
        return f"{text}, com {position(found.com)} (no centre: half height is not crossed on both sides)"
    return f"{text}, cen {position(found.cen)}, fwhm {position(found.fwhm)}, com {position(found.com)}"
