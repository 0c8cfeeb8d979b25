"""BestEffort: for each run the table, the plot, the peak statistics and the fit that its hints ask for.

Subscribed once, it serves every run. It shows no second table where a person has subscribed one
(`RE(plan, LiveTable(...))`), nor a second plot. Peak statistics come from the documents and need no plot.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from beamshell.analysis.peaks import Peak
from beamshell.callbacks.figures import Windows
from beamshell.callbacks.figures import windows as all_windows
from beamshell.callbacks.live_fit import PeakStats
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.painter import painter as the_painter
from beamshell.callbacks.run_figure import PeakMarks, RunFigures
from beamshell.callbacks.run_fits import FitOfRun, LiveFitOfRun, PeakStatsOfRun, Say
from beamshell.callbacks.subscribed_view import claims
from beamshell.callbacks.table import LiveTable, Printer, colour_of
from beamshell.callbacks.text_figure import TextFigure
from beamshell.callbacks.waiting_rows import WaitingRows
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver, RunReceivers, RunRouter
from beamshell.text.nearest import unknown
from beamshell.views.captions import RunDuration, last_line, points_by_stream
from beamshell.views.fields import signals
from beamshell.views.peaks import is_curve
from beamshell.views.run_fit import WORDS

_MOST_PEAKS = 4


class BestEffort(RunRouter):
    """A subscriber that shows every run as its hints suggest.

    Args:
        out: called with each text to print; None is the standard output.
        painter: draws when it is time; None is the process's own.
        windows: where the windows come from; None is the process's own.
        fit: fits each scan along one axis while it is measured: a model by the word of the command `fit`, such as
            "gauss", or a model of lmfit with one variable for a `LiveFit` of the first detector. Its curve is drawn
            into the plot, and its values are printed when the run ends. None fits nothing.
        peak_stats: True computes and prints the `PeakStats` of each detector too, from its half height alone.
        rows: where rows of the table wait; None is the process's own.

    Raises:
        UnknownName: no model has this word: take one that the message offers.

    Attributes:
        enabled: False shows nothing at all.
        table: False prints no table.
        plots: False opens no window.
        peaks: False prints no peak statistics; they are computed all the same.
        fit: as above; it may be changed between runs.
        peak_stats: likewise.
        last_peaks: the statistics of the last one-dimensional scan, by detector, first detector first.
        last_motor: the name of the device that scan moved, or None.
        last_fit: the fit of the last such scan, as `fit` or the model of lmfit gives it; None if it has none.
        last_peak_stats: its `PeakStats`, by detector.
        figures: chooses the picture of each run.
        text_figure: draws the plots in the terminal where there is no display.
    """

    def __init__(
        self,
        *,
        out: Callable[[str], Any] | None = None,
        painter: Painter | None = None,
        windows: Windows | None = None,
        fit: Any = None,
        peak_stats: bool = False,
        rows: WaitingRows | None = None,
    ) -> None:
        super().__init__(lambda start: _BestRun(start, self) if self.enabled else None)
        self.enabled = True
        self.table = True
        self.plots = True
        self.peaks = True
        self.fit = fit
        self.peak_stats = peak_stats
        self.last_peaks: dict[str, Peak] = {}
        self.last_motor: str | None = None
        self.last_fit: Any = None
        self.last_peak_stats: dict[str, PeakStats] = {}
        self.out = out
        self.painter = painter or the_painter
        self.windows = windows or all_windows
        self._table = LiveTable(out=out, rows=rows)
        self.figures = RunFigures(painter, windows)
        self.text_figure = TextFigure(painter=painter, windows=windows)

    @property
    def fit(self) -> Any:
        """What each scan is fitted with; see the arguments of the class."""
        return self._fit

    @fit.setter
    def fit(self, model: Any) -> None:
        if isinstance(model, str) and model not in WORDS:
            raise unknown("model", model, WORDS)
        self._fit = model

    def parts(self, start: Document, descriptor: Document) -> list[RunReceiver]:
        """The views for this run, chosen at its first descriptor, when all subscribers have seen its start."""
        parts: list[RunReceiver | None] = []
        if self.table and not claims.is_claimed(start["uid"], "table"):
            parts.append(self._table.open_run(start))
        if is_curve(start):
            parts += self._numbers_of_curve(start, descriptor)  # before the plot, which shows their marks
        if self.plots and start.get("num_points") != 1:
            if not claims.is_claimed(start["uid"], "plot"):
                parts.append(self.figures.of(start).open_run(start))
            if self.out is None:
                parts.append(self.text_figure.open_run(start))
        return [part for part in parts if part is not None]

    def _numbers_of_curve(self, start: Document, descriptor: Document) -> Iterator[RunReceiver]:
        """The statistics and the fit of a run along one axis."""

        def say(text: str) -> None:
            claims.after(start["uid"], "table", lambda: Printer(self.out)(text))

        peaks = _BestPeaks(start, self, say)
        yield peaks
        if self.peak_stats:
            yield PeakStatsOfRun(start, descriptor, partial(setattr, self, "last_peak_stats"), say)
        if self.fit is not None and signals(start, descriptor):
            tools = self.painter, self.windows, partial(setattr, self, "last_fit"), say
            if isinstance(self.fit, str):
                yield FitOfRun(start, self.fit, peaks, *tools)
            else:
                yield LiveFitOfRun(start, descriptor, self.fit, *tools)


class _BestRun(RunReceivers):
    """One run: its parts are chosen at the first descriptor of the primary stream."""

    def __init__(self, start: Document, best: BestEffort) -> None:
        super().__init__()
        self._start = start
        self._duration = RunDuration(start, time.time, time.monotonic)
        self._best = best
        self._is_shown = False

    def descriptor(self, descriptor: Document) -> None:
        if not self._is_shown and descriptor.get("name") == "primary":
            self._is_shown = True
            self.receivers = self._best.parts(self._start, descriptor)
        super().descriptor(descriptor)

    def stop(self, stop: Document) -> None:
        super().stop(stop)
        if not self._is_shown and self._best.table:
            took_s = self._duration.seconds(stop)
            line = last_line(self._start, stop, points_by_stream(stop), took_s)
            Printer(self._best.out)(line, colour_of(stop.get("exit_status", "?")))


class _BestPeaks(PeakMarks):
    """The peak statistics of one run, printed and marked in the plot when it ends."""

    def __init__(self, start: Document, best: BestEffort, say: Say) -> None:
        super().__init__(start, best.windows)
        self._best = best
        self._say = say

    def stop(self, stop: Document) -> None:
        super().stop(stop)
        peaks = self.at_end
        if not peaks:
            return
        self._best.last_peaks = peaks
        self._best.last_motor = next(iter(self._start.get("motors") or ()), None)
        if self._best.peaks:
            self._say("\n".join(self.sentence(peak) for peak in list(peaks.values())[:_MOST_PEAKS]))
