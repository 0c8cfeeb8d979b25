"""Plots in the terminal: TextFigure shows scans where there is no display, print_run a stored run when asked for.

Views/ makes the lines; here they meet the terminal. An event only adds a point.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from beamshell.analysis.peaks import Peak
from beamshell.callbacks.figures import SWITCH, Windows
from beamshell.callbacks.figures import windows as all_windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.painter import painter as the_painter
from beamshell.callbacks.subscribed_view import claims
from beamshell.callbacks.text_screen import TextScreen
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.text.window import fitted
from beamshell.views.captions import title
from beamshell.views.marks import Mark
from beamshell.views.peaks import is_curve
from beamshell.views.run_marks import RunMarks
from beamshell.views.run_plot import PlotChoice, RunPlot

_WIDEST, _HIGHEST = 120, 30
_HIGHEST_OF_SCAN, _LOWEST_OF_SCAN, _NARROWEST_OF_SCAN = 16, 9, 40
_OTHER_LINES = 6
"""Lines of the terminal that are left for the title, the sentences about peaks and the prompt."""
_LINES_OF_TABLE = 8
"""Lines that are left for the table above a plot that grows."""
_FEWEST_POINTS = 3


class TextFigure:
    """Shows scans in the terminal, where there is no display: the plot grows with the scan, and stays at its end.

    In a pipe or a file it shows nothing.

    Args:
        painter: draws the last plot, so that an error in it never reaches the scan; None is the process's own.
        windows: say whether there is a display; None is the process's own.
        screen: makes the size of the terminal and what it can show.
    """

    def __init__(
        self,
        *,
        painter: Painter | None = None,
        windows: Windows | None = None,
        screen: Callable[[], TextScreen] = TextScreen.of_output,
    ) -> None:
        self.painter = painter or the_painter
        self.screen = screen
        self._windows = windows or all_windows
        self._open: list[_ScanPlot] = []
        self._ended: _ScanPlot | None = None

    def __repr__(self) -> str:
        return "<the plot in the terminal>"

    def open_run(self, start: Document) -> RunReceiver | None:
        """The plot of one run; None if a window shows it, nobody wants it, or nobody could see it."""
        if self._windows.possible or os.environ.get(SWITCH) == "none" or not self.screen().is_terminal:
            return None
        plot = _ScanPlot(start, PlotChoice(self._windows.values, scale=self._windows.scale), self)
        self._open.append(plot)
        return plot

    def close_run(self, plot: _ScanPlot) -> None:
        """Print the plot of a run that has ended."""
        self._open.remove(plot)
        if plot.can_be_seen:
            claims.after(plot.uid, "table", lambda: self._print(plot))

    def _print(self, plot: _ScanPlot) -> None:
        self._ended = plot
        self.painter.draw(self)
        self._ended = None

    def draw(self) -> None:
        """Print the plot of the run that has ended, with its marks."""
        if self._ended is not None:
            screen = self.screen()
            marks = self._windows.marks.of(self._ended.uid)
            print(screen.text(_lines(self._ended, screen, marks, _HIGHEST_OF_SCAN)))

    def live_lines(self, columns: int, rows: int) -> Sequence[str]:
        """The plot of the newest run that is measured now; () where there is none, or no room for it.

        Args:
            columns: the widest a line may be.
            rows: the lines of the terminal; some are left for the table.
        """
        height = min(rows - _LINES_OF_TABLE, _HIGHEST_OF_SCAN)
        if not self._open or height < _LOWEST_OF_SCAN or columns < _NARROWEST_OF_SCAN:
            return ()
        return self._open[-1].live_lines(min(columns, _WIDEST), height)


class _ScanPlot(RunPlot):
    """The plot of a run that is measured: it grows, and is printed when the run ends."""

    def __init__(self, start: Document, choice: PlotChoice, figure: TextFigure) -> None:
        super().__init__(start, choice)
        self.uid = str(start["uid"])
        self._figure = figure
        self._drawn: tuple[tuple[int, int, int], Sequence[str]] = ((0, 0, 0), ())

    @property
    def can_be_seen(self) -> bool:
        """Whether there are numbers, and enough points for a plot."""
        return not self.is_empty and self.points >= _FEWEST_POINTS

    def live_lines(self, columns: int, rows: int) -> Sequence[str]:
        """The points so far; computed again only if something has changed."""
        key = (self.points, columns, rows)
        if not self.can_be_seen:
            return ()
        if self._drawn[0] != key:
            self._drawn = key, self._figure.screen().text(self.lines(columns, rows)).split("\n")
        return self._drawn[1]

    def stop(self, stop: Document) -> None:  # noqa: ARG002  # an aborted scan has a plot too
        self._figure.close_run(self)


def print_run(start: Document, documents: Iterable[tuple[str, Document]], choice: PlotChoice) -> None:
    """Print the plot of a run, and a sentence about the peak of each curve.

    Args:
        start: its start document.
        documents: all of them.
        choice: what is drawn.
    """
    plot = RunPlot(start, choice)
    peaks = RunMarks(start) if is_curve(start) and choice.x is None and choice.stream == "primary" else None
    status = "not ended yet"
    for name, doc in documents:
        plot(name, doc)
        if peaks is not None:
            peaks(name, doc)
        if name == "stop":
            status = str(doc.get("exit_status", "?"))
    by_signal: dict[str, Peak] = {}
    if peaks is not None:
        for y in choice.ys or (None,):
            by_signal |= peaks.peaks(y)
    by_signal = {signal: by_signal[signal] for signal in plot.signals if signal in by_signal}
    marks = [*all_windows.marks.of(start["uid"]), *(peaks.marks(by_signal) if peaks is not None else ())]
    screen = TextScreen.of_output()
    print(title(start) + ("" if status == "success" else f"  {status}"))
    print(screen.text(_lines(plot, screen, marks, _HIGHEST)))
    if peaks is not None:
        for peak in by_signal.values():
            print(fitted(peaks.sentence(peak), screen.columns if screen.is_terminal else None))


def _lines(plot: RunPlot, screen: TextScreen, marks: Sequence[Mark], most_rows: int) -> Iterable[str]:
    columns, rows = min(screen.columns, _WIDEST), min(screen.rows - _OTHER_LINES, most_rows)
    return plot.lines(columns, rows, greys=screen.greys, marks=marks)
