"""The plot of a run made of characters: chooses what fits the run (curves, a grid, a map), and collects its points.

Pure: documents in, lines of text out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.views.curves import Curves, curves_of
from beamshell.views.fields import axes, signals
from beamshell.views.grid import Grid, grid_of, is_grid
from beamshell.views.marks import Mark
from beamshell.views.scales import Scale
from beamshell.views.text_plot import curves_in_text, grid_in_text, map_in_text


@dataclass(frozen=True)
class PlotChoice:
    """What a person wants to see of a run.

    Attributes:
        ys: names of values, or quotients such as "it/i0"; () takes the detectors.
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
        points: how many were taken; one measured again counts twice.
    """

    def __init__(self, start: Document, choice: PlotChoice | None = None) -> None:
        super().__init__()
        self._start = start
        self._choice = choice or PlotChoice()
        self._grids: list[Grid] = []
        self._maps: list[Curves] = []
        self._curves: Curves | None = None
        self._views: list[Grid | Curves] = []
        self.points = 0

    @property
    def is_empty(self) -> bool:
        """True if there is no number to show."""
        return not self._views

    def descriptor(self, descriptor: Document) -> None:
        """Choose what is drawn."""
        if descriptor.get("name") != self._choice.stream or not self.is_empty:
            return
        start, choice = self._start, self._choice
        scanned = axes(start, choice.stream)
        if len(scanned) == 2 and choice.x is None:
            detectors = choice.ys or tuple(signals(start, descriptor)[:1])
            if is_grid(start, choice.stream) and not choice.scatter:
                self._grids = [grid for z in detectors if (grid := grid_of(start, descriptor, z)) is not None]
            else:
                maps = [curves_of(start, descriptor, [scanned[0], z], scanned[1]) for z in detectors]
                self._maps = [points for points in maps if points is not None and len(points.ys) == 2]
        if not self._grids and not self._maps:
            self._curves = curves_of(start, descriptor, choice.ys or None, choice.x)
        self._views = [*self._grids, *self._maps, *([] if self._curves is None else [self._curves])]

    def event(self, descriptor: Document, event: Document) -> None:
        """Take a point; one measured again replaces the one before."""
        if descriptor.get("name") != self._choice.stream:
            return
        self.points += 1
        for view in self._views:
            view.add(event)

    @property
    def signals(self) -> list[str]:
        """The signals that are drawn as curves."""
        return [] if self._curves is None else [y.key for y in self._curves.ys]

    def lines(self, columns: int, rows: int, *, greys: bool = False, marks: Sequence[Mark] = ()) -> Sequence[str]:
        """The plot.

        Args:
            columns: the widest a line may be.
            rows: about how many lines there are to be; several grids have so many each.
            greys: shades in 24 greys, for terminals with colours; else five shades.
            marks: places in the curves.
        """
        scale = self._choice.scale
        if self._curves is not None:
            joined = not self._choice.scatter
            return curves_in_text(self._curves, columns, rows, scale=scale, joined=joined, marks=marks)
        grids = [grid_in_text(grid, columns, rows, scale=scale, greys=greys) for grid in self._grids]
        maps = [map_in_text(points, columns, rows, scale=scale, greys=greys) for points in self._maps]
        return [line for lines in (*grids, *maps) for line in lines]
