"""Plots in the terminal: TextFigure shows scans where there is no display, print_run a stored run when asked for.

Views/ makes the lines; here they meet the terminal. An event only adds a point.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from beamshell.callbacks.figures import SWITCH, Windows
from beamshell.callbacks.figures import windows as all_windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.painter import painter as the_painter
from beamshell.callbacks.run_figure import RunPaper, figure_of
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

Documents = Sequence[tuple[str, Document]]


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
        if not is_seen(self._windows, self.screen()):
            return None
        plot = _ScanPlot(start, PlotChoice(self._windows.values, scale=self._windows.scale), self, self._windows)
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
            print(self._ended.text(self.screen(), self._windows.marks.of(self._ended.uid)))

    def live_lines(self, columns: int, rows: int) -> Sequence[str]:
        """The plot of the newest run that is measured now; () where there is none, or no room for it.

        Args:
            columns: the widest a line may be.
            rows: the lines of the terminal; some are left for the table.
        """
        height = min(rows - _LINES_OF_TABLE, _HIGHEST_OF_SCAN)
        if not self._open or height < _LOWEST_OF_SCAN or columns < _NARROWEST_OF_SCAN:
            return ()
        plot = self._open[-1]
        return plot.live_lines(min(columns, _WIDEST), height, self._windows.marks.of(plot.uid))


def is_seen(windows: Windows, screen: TextScreen) -> bool:
    """Whether scans are plotted in the terminal: no window shows them, somebody wants them, and can see them."""
    return not windows.possible and os.environ.get(SWITCH) != "none" and screen.is_terminal


class _ScanPlot(RunPlot):
    """The plot of a run that is measured: it grows, and is printed when the run ends."""

    def __init__(self, start: Document, choice: PlotChoice, figure: TextFigure, windows: Windows) -> None:
        super().__init__(start, choice)
        self._paper = RunPaper(start, windows) if figure.screen().pictures else None
        self.uid = str(start["uid"])
        self._figure = figure
        self._drawn: tuple[Any, Sequence[str]] = (None, ())

    def descriptor(self, descriptor: Document) -> None:
        """Choose what is drawn."""
        super().descriptor(descriptor)
        if self._paper is not None:
            self._paper.descriptor(descriptor)

    def event(self, descriptor: Document, event: Document) -> None:
        """Take a point."""
        super().event(descriptor, event)
        if self._paper is not None:
            self._paper.event(descriptor, event)

    def text(self, screen: TextScreen, marks: Sequence[Mark]) -> str:
        """The plot of the run that has ended: a picture where the terminal shows some, else made of characters."""
        if self._paper is not None and screen.pictures and (figure := self._paper.figure()) is not None:
            return screen.picture(figure)
        return screen.text(_lines(self, screen, marks, _HIGHEST_OF_SCAN))

    @property
    def can_be_seen(self) -> bool:
        """Whether there are numbers, and enough points for a plot."""
        return not self.is_empty and self.points >= _FEWEST_POINTS

    def live_lines(self, columns: int, rows: int, marks: Sequence[Mark]) -> Sequence[str]:
        """The points so far; computed again only if something has changed."""
        key = (self.points, columns, rows, marks)
        if not self.can_be_seen:
            return ()
        if self._drawn[0] != key:
            self._drawn = key, self._figure.screen().text(self.lines(columns, rows, marks=marks)).split("\n")
        return self._drawn[1]

    def stop(self, stop: Document) -> None:
        """Print the plot; an aborted scan has one too."""
        if self._paper is not None:
            self._paper.stop(stop)
        self._figure.close_run(self)


def print_where_scans_are(start: Document, documents: Iterable[tuple[str, Document]], signal: str) -> None:
    """Print the plot of one value of a run with its marks, if that is where scans are plotted.

    Args:
        start: its start document.
        documents: all of them.
        signal: the value.
    """
    screen = TextScreen.of_output()
    if is_seen(all_windows, screen):
        plot = RunPlot(start, PlotChoice((signal,), scale=all_windows.scale))
        documents = list(documents)
        plot.take(documents)
        print(_plotted(plot, documents, screen, all_windows.marks.of(start["uid"]), _HIGHEST_OF_SCAN))


def print_run(start: Document, documents: Iterable[tuple[str, Document]], choice: PlotChoice) -> None:
    """Print the plot of a run, and a sentence about the peak of each curve.

    Args:
        start: its start document.
        documents: all of them.
        choice: what is drawn.
    """
    documents = list(documents)
    plot = RunPlot(start, choice)
    plot.take(documents)
    status = next((str(doc.get("exit_status", "?")) for name, doc in documents if name == "stop"), "not ended yet")
    sentences: list[str] = []
    marks = all_windows.marks.of(start["uid"])
    if is_curve(start) and choice.x is None and choice.stream == "primary":
        peaks = RunMarks(start)
        peaks.take(documents)
        all_peaks = peaks.peaks(*choice.ys)
        by_signal = {signal: all_peaks[signal] for signal in plot.signals if signal in all_peaks}
        marks = [*marks, *peaks.marks(by_signal)]
        sentences = [peaks.sentence(peak) for peak in by_signal.values()]
    screen = TextScreen.of_output()
    print(title(start) + ("" if status == "success" else f"  {status}"))
    print(_plotted(plot, documents, screen, marks, _HIGHEST))
    for sentence in sentences:
        print(fitted(sentence, screen.columns if screen.is_terminal else None))


def _plotted(plot: RunPlot, documents: Documents, screen: TextScreen, marks: Sequence[Mark], most_rows: int) -> str:
    """The plot of a stored run as text: a picture where the terminal shows some, else made of characters."""
    if screen.pictures and (figure := figure_of(documents, choice=plot.choice)) is not None:
        return screen.picture(figure)
    return screen.text(_lines(plot, screen, marks, most_rows))


def _lines(plot: RunPlot, screen: TextScreen, marks: Sequence[Mark], most_rows: int) -> Iterable[str]:
    columns, rows = min(screen.columns, _WIDEST), min(screen.rows - _OTHER_LINES, most_rows)
    return plot.lines(columns, rows, greys=screen.greys, marks=marks)
