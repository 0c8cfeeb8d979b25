"""Plots in the terminal: a stored run when it is asked for, a scan without a display when it ends.

Views/ makes the lines; here they meet the size of the terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from beamshell.analysis.peaks import Peak
from beamshell.callbacks.text_screen import TextScreen
from beamshell.documents import Document
from beamshell.text.window import fitted
from beamshell.views.captions import title
from beamshell.views.peaks import RunPeaks, is_curve
from beamshell.views.run_plot import PlotChoice, RunPlot
from beamshell.views.text_plot import marks_of

_WIDEST, _HIGHEST = 120, 30
_OTHER_LINES = 6
"""Lines of the terminal that are left for the title, the sentences about peaks and the prompt."""


def print_run(start: Document, documents: Iterable[tuple[str, Document]], choice: PlotChoice) -> None:
    """Print the plot of a run, and a sentence about the peak of each curve.

    Args:
        start: its start document.
        documents: all of them.
        choice: what is drawn.
    """
    plot = RunPlot(start, choice)
    peaks = RunPeaks(start) if is_curve(start) and choice.x is None and choice.stream == "primary" else None
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
    screen = TextScreen.of_output()
    print(title(start) + ("" if status == "success" else f"  {status}"))
    print(screen.text(_lines(plot, screen, by_signal, _HIGHEST)))
    if peaks is not None:
        for peak in by_signal.values():
            print(fitted(peaks.sentence(peak), screen.columns if screen.is_terminal else None))


def _lines(plot: RunPlot, screen: TextScreen, peaks: Mapping[str, Peak], most_rows: int) -> Iterable[str]:
    columns, rows = min(screen.columns, _WIDEST), min(screen.rows - _OTHER_LINES, most_rows)
    marks = {signal: marks_of(peak) for signal, peak in peaks.items()}
    return plot.lines(columns, rows, greys=screen.greys, marks=marks)
