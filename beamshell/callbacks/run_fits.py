"""Fits and half-height statistics of a run along one axis, as options of BestEffort: drawn while it is measured.

An event only notes that there is a point; the painter fits. They know no model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from beamshell.callbacks.figures import Windows
from beamshell.callbacks.live_fit import LiveFit, LiveFitPlot, PeakStats
from beamshell.callbacks.painter import Painter
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver, RunReceivers
from beamshell.errors import NoFit
from beamshell.text.numbers import number
from beamshell.views.fields import axes, field, signals
from beamshell.views.peaks import RunPeaks
from beamshell.views.run_fit import first_fit, mark_of

if TYPE_CHECKING:
    from beamshell.analysis.model_fits import ModelFit

Say = Callable[[str], object]
"""Prints a text below the table of the run."""


class FitOfRun(RunReceiver):
    """The fit of a run by a model of the command `fit`: its curve in the plot, and its values at the end.

    Args:
        start: the run's start document.
        word: for the model, such as "gauss".
        points: of the run; they get each document before this does.
        painter: says when there is time for a fit.
        windows: where the curve is drawn.
        ended: called at the end with the fit, or with None where there is none.
        say: prints the values, or why there are none.
    """

    def __init__(
        self,
        start: Document,
        word: str,
        points: RunPeaks,
        painter: Painter,
        windows: Windows,
        ended: Callable[[ModelFit | None], object],
        say: Say,
    ) -> None:
        super().__init__()
        self._start = start
        self._word = word
        self._points = points
        self._painter = painter
        self._windows = windows
        self._ended = ended
        self._say = say
        self._fit: ModelFit | None = None
        self._text = ""

    def __repr__(self) -> str:
        return f"<the {self._word} of run {self._start.get('scan_id')}>"

    def event(self, descriptor: Document, event: Document) -> None:  # noqa: ARG002  # the points have it
        """Note a point; the fit follows when there is time."""
        if descriptor.get("name") == "primary":
            self._painter.touch(self)

    def draw(self) -> None:
        """Fit the points measured so far; the painter calls it."""
        run = str(self._start["uid"])
        try:
            fit = first_fit(self._word, self._points, self._points.signals())
        except NoFit as exc:
            self._windows.marks.remove(run, f"{self._word}:")
            self._windows.mark(run)
            self._fit, self._text = None, f"{self._word}: {exc}"
            return
        self._fit = replace(fit, of=f"scan {self._start.get('scan_id', '?')}")
        self._text = str(self._fit)
        self._windows.mark(run, mark_of(self._word, fit))

    def stop(self, stop: Document) -> None:  # noqa: ARG002  # an aborted scan may still hold a peak
        """Fit all points, and print the values."""
        self._painter.draw(self)
        self._ended(self._fit)
        if self._text:
            self._say(self._text)


class LiveFitOfRun(RunReceivers):
    """The `LiveFit` of a run, its curve in the plot, and its values at the end.

    Args:
        start: the run's start document.
        descriptor: that of its primary stream.
        model: of lmfit, with one variable; it fits the first detector.
        painter: says when there is time for a fit.
        windows: where the curve is drawn.
        ended: called at the end with the result of the model, or with None where there is none.
        say: prints the values.
    """

    def __init__(
        self,
        start: Document,
        descriptor: Document,
        model: Any,
        painter: Painter,
        windows: Windows,
        ended: Callable[[Any], object],
        say: Say,
    ) -> None:
        (variable,) = model.independent_vars
        x, y = axes(start)[0], signals(start, descriptor)[0]
        self._fit = LiveFit(model, y, {variable: x}, painter=painter)
        super().__init__(LiveFitPlot(self._fit, windows=windows).open_run(start))
        self._ended, self._say = ended, say

    def stop(self, stop: Document) -> None:
        """Fit all points, and print the values."""
        super().stop(stop)
        result = self._fit.result
        self._ended(result)
        if result is not None:
            values = ", ".join(f"{name} {value:.6g}" for name, value in result.best_values.items())
            self._say(f"fit of {self._fit.key}: {values}")


class PeakStatsOfRun(RunReceivers):
    """The `PeakStats` of each detector of a run.

    Args:
        start: the run's start document.
        descriptor: that of its primary stream.
        ended: called at the end with them, by detector.
        say: prints a line for each.
    """

    def __init__(
        self, start: Document, descriptor: Document, ended: Callable[[dict[str, PeakStats]], object], say: Say
    ) -> None:
        self._x = field(descriptor, axes(start)[0], of_motor=True)
        numbers = [key for key in signals(start, descriptor) if field(descriptor, key).is_number]
        self._stats = {key: PeakStats(self._x.key, key) for key in numbers}
        super().__init__(*(stats.open_run(start) for stats in self._stats.values()))
        self._ended, self._say = ended, say

    def stop(self, stop: Document) -> None:
        """Compute the statistics, and print them."""
        super().stop(stop)
        self._ended(self._stats)
        for key, stats in self._stats.items():
            if stats.stats is not None:
                values = {"cen": stats.cen, "fwhm": stats.fwhm, "com": stats.com, "max at": stats.max[0]}
                texts = [f"{name} {self._position(value)}" for name, value in values.items() if value is not None]
                self._say(f"PeakStats of {key}: {', '.join(texts)} {self._x.units}".rstrip())

    def _position(self, value: float) -> str:
        return number(value, self._x.precision, as_position=True)
