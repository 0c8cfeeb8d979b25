"""The plot of a run made of characters: chooses what fits the run (curves, a grid, a map), and collects its points.

Pure: documents in, lines of text out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.views.curves import Curves, curves_of
from beamshell.views.fields import axes, resolve
from beamshell.views.grid import Grid, grid_of, is_grid
from beamshell.views.marks import Mark
from beamshell.views.scales import Scale
from beamshell.views.scatter import Scatter, scatter_of
from beamshell.views.text_plot import curves_in_text, grid_in_text, scatter_in_text


@dataclass(frozen=True)
class PlotChoice:
    """What a person wants to see of a run.

    Attributes:
        ys: names of values, or quotients such as "it/i0"; () takes the detectors, as do names that the run has not.
        x: a name, "time" or "seq_num"; None takes what the run scans.
        scale: of the values.
        scatter: points instead of lines; of two motors a point at each place instead of a cell.
        stream: whose events are the points.
    """

    ys: tuple[str, ...] = ()
    x: str | None = None
    scale: Scale = "linear"
    scatter: bool = False
    stream: str = "primary"


class RunPlot(RunReceiver):
    """The points of one run, and the lines that show them.

    Args:
        start: the run's start document.
        choice: what is wanted.

    Attributes:
        choice: what is wanted.
        points: how many were taken; one measured again counts twice.
        views: what is drawn: curves, or a grid or scatter for each value; empty if there is no number to show.
    """

    def __init__(self, start: Document, choice: PlotChoice | None = None) -> None:
        super().__init__()
        self._start = start
        self.choice = choice or PlotChoice()
        self.views: list[Curves | Grid | Scatter] = []
        self.points = 0

    @property
    def is_empty(self) -> bool:
        """True if there is no number to show."""
        return not self.views

    def descriptor(self, descriptor: Document) -> None:
        """Choose what is drawn."""
        if descriptor.get("name") != self.choice.stream or self.views:
            return
        start, choice = self._start, self.choice
        ys = resolve(descriptor, choice.ys)[0]
        if len(axes(start, choice.stream)) == 2 and choice.x is None:
            is_scatter = choice.scatter or not is_grid(start, choice.stream)
            view_of = scatter_of if is_scatter else grid_of
            views = [view_of(start, descriptor, z=z) for z in ys or (None,)]
            self.views = [view for view in views if view is not None]
        if not self.views and (curves := curves_of(start, descriptor, ys or None, choice.x)) is not None:
            self.views = [curves]

    def event(self, descriptor: Document, event: Document) -> None:
        """Take a point; one measured again replaces the one before."""
        if descriptor.get("name") != self.choice.stream:
            return
        self.points += 1
        for view in self.views:
            view.add(event)

    @property
    def signals(self) -> list[str]:
        """The signals that are drawn as curves."""
        return [y.key for view in self.views if isinstance(view, Curves) for y in view.ys]

    def lines(self, columns: int, rows: int, *, greys: bool = False, marks: Sequence[Mark] = ()) -> Sequence[str]:
        """The plot.

        Args:
            columns: the widest a line may be.
            rows: about how many lines there are to be; several grids have so many each.
            greys: shades in 24 greys, for terminals with colours; else five shades.
            marks: places and fits in the curves.
        """
        choice, lines = self.choice, list[str]()
        for view in self.views:
            match view:
                case Curves():
                    joined = not choice.scatter
                    lines += curves_in_text(view, columns, rows, scale=choice.scale, joined=joined, marks=marks)
                case Grid():
                    lines += grid_in_text(view, columns, rows, scale=choice.scale, greys=greys)
                case Scatter():
                    lines += scatter_in_text(view, columns, rows, scale=choice.scale, greys=greys)
        return lines
