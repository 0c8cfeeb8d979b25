"""The picture that suits a run: curves, an image of a grid, or points over two axes; live, or of a stored run.

It knows no store: a run comes as documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from beamshell.analysis.peaks import Peak
from beamshell.callbacks.figures import Paper, Windows
from beamshell.callbacks.figures import windows as all_windows
from beamshell.callbacks.grid import LiveGrid
from beamshell.callbacks.live_figure import LiveFigure
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.painter import painter as the_painter
from beamshell.callbacks.plot import LivePlot
from beamshell.callbacks.scatter import LiveMesh, LiveScatter
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver, RunReceivers
from beamshell.views.fields import axes
from beamshell.views.grid import is_grid
from beamshell.views.peaks import is_curve
from beamshell.views.run_marks import RunMarks
from beamshell.views.run_plot import PlotChoice
from beamshell.views.scatter import is_scatter

Documents = Iterable[tuple[str, Document]]


class RunFigures:
    """Chooses the picture of each run.

    Args:
        painter: draws when it is time; None is the process's own.
        windows: where the windows come from; None is the process's own.

    Attributes:
        mesh: True shows runs over two axes that are no grid as a mesh, False as dots.
    """

    def __init__(self, painter: Painter | None = None, windows: Windows | None = None) -> None:
        self.mesh = False
        self._painter, self._windows = painter, windows
        self._made: dict[Any, LiveFigure] = {}

    def of(self, start: Document) -> LiveFigure:
        """What shows the run with this start document."""
        scattered = LiveMesh if self.mesh else LiveScatter
        kind: Callable[..., LiveFigure] = LiveGrid if is_grid(start) else scattered if is_scatter(start) else LivePlot
        if kind not in self._made:
            self._made[kind] = kind(painter=self._painter, windows=self._windows)
        return self._made[kind]


class RunPaper(RunReceivers):
    """The picture of a run that is measured, on a figure that no window shows; drawn once, when it is asked for.

    Args:
        start: the run's start document.
        windows: what has been chosen for the plots.
    """

    def __init__(self, start: Document, windows: Windows) -> None:
        self._painter = Painter()
        self._painter.has_loop = True  # nothing is drawn at the end of the run
        self._paper = Paper(windows, self._painter)
        picture = RunFigures(self._painter, self._paper).of(start).open_run(start)
        super().__init__(*filter(None, [picture]))

    def figure(self) -> Any:
        """The matplotlib figure; None without points."""
        self._painter.flush()
        return self._paper.figure


class PeakMarks(RunMarks):
    """Marks the peaks and the fit of a run along one axis in its plot when it ends.

    Args:
        start: the run's start document.
        windows: where the plot is.
    """

    def __init__(self, start: Document, windows: Windows) -> None:
        super().__init__(start)
        self._windows = windows

    @cached_property
    def at_end(self) -> dict[str, Peak]:
        """The statistics of the detectors and of the values chosen for the plots, when no point follows."""
        return self.peaks(*self._windows.values)

    def stop(self, stop: Document) -> None:  # noqa: ARG002  # an aborted scan may still hold a peak
        """Mark the plot."""
        self._windows.mark(self._start["uid"], *self.marks(self.at_end))


def show_run(documents: Documents, windows: Windows | None = None) -> bool:
    """Show a stored run in its window, as if it had just been measured; False where there is no display.

    Args:
        documents: those of one run, in the order in which they were emitted.
        windows: where the window comes from; None is the process's own.
    """
    windows = windows or all_windows
    if windows.possible:
        _show(documents, the_painter, windows)
        the_painter.flush()
    return windows.possible


def figure_of(documents: Documents, windows: Windows | None = None, choice: PlotChoice | None = None) -> Any:
    """The matplotlib figure of a stored run, for a file or a notebook: it needs no display. None without points.

    Args:
        documents: those of one run.
        windows: what has been chosen for the plots; None is the process's own.
        choice: what is drawn; None is what the windows would show.
    """
    painter = Painter()
    paper = Paper(windows or all_windows, painter)
    if choice is not None:
        paper.values, paper.scale = choice.ys, choice.scale
    _show(documents, painter, paper, choice)
    painter.flush()  # a run that is still open has not been drawn
    return paper.figure


def figure_at_hand(last_run: Callable[[], Documents], windows: Windows | None = None) -> Any:
    """The figure of the window that was drawn last; of the last run, if no window is open. None if it has no points.

    Args:
        last_run: gives the documents of the last run.
        windows: None is the process's own.
    """
    windows = windows or all_windows
    the_painter.flush()  # the last points may not have been drawn yet
    return windows.figure or figure_of(last_run(), windows)


def _show(documents: Documents, painter: Painter, windows: Windows, choice: PlotChoice | None = None) -> None:
    """Hand the documents to the picture that suits the run and the choice, and to its marks before that."""
    receivers: list[RunReceiver] = []
    for name, doc in documents:
        if name == "start":
            suiting = RunFigures(painter, windows).of(doc) if choice is None else _chosen(choice, doc, painter, windows)
            picture = suiting.open_run(doc)
            marks = PeakMarks(doc, windows) if is_curve(doc) else None
            receivers = [receiver for receiver in (marks, picture) if receiver is not None]
        for receiver in receivers:
            receiver(name, doc)


def _chosen(choice: PlotChoice, start: Document, painter: Painter, windows: Windows) -> LiveFigure:
    """The picture of a run as a person wants it; the windows have its values and its scale."""
    if len(axes(start, choice.stream)) == 2 and choice.x is None:
        as_grid = is_grid(start, choice.stream) and not choice.scatter
        kind: Callable[..., LiveFigure] = LiveGrid if as_grid else LiveScatter
        return kind(stream_name=choice.stream, painter=painter, windows=windows)
    look: dict[str, Any] = {"linestyle": "none"} if choice.scatter else {}
    return LivePlot(None, choice.x, stream_name=choice.stream, painter=painter, windows=windows, **look)
