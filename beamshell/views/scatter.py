"""The points of a run over two axes that make no grid: one detector at the places where it was measured.

Pure: it never draws.
"""

from __future__ import annotations

from typing import Any

from beamshell.analysis.signals import value_of
from beamshell.arrays import Floats
from beamshell.documents import Document
from beamshell.views.captions import title, when
from beamshell.views.curves import NumberRows
from beamshell.views.fields import Field, as_rates, axes, field, resolve, signals
from beamshell.views.grid import is_grid


class Scatter:
    """The points of one run.

    Args:
        start: the run's start document.
        x: the axis to the right.
        y: the axis upwards.
        z: the detector.

    Attributes:
        key: identifies the kind: those of one key share a window.
        name: the kind in words.
        title: the run in a few words.
        when: its date and time.
    """

    def __init__(self, start: Document, x: Field, y: Field, z: Field) -> None:
        self.x, self.y, self.z = x, y, z
        self.key = ("scatter", z.key, x.key, y.key)
        self.name = f"{z.key} over {x.key} and {y.key}"
        self.title, self.when = title(start), when(start)
        self._keys = (x.key, y.key, z.key)
        self._points = NumberRows(len(self._keys))

    def add(self, event: Document) -> None:
        """Take a point; one measured again replaces the one before."""
        data = event.get("data") or {}
        self._points.add(event["seq_num"], [value_of(key, data) for key in self._keys])

    def points(self) -> Floats:
        """The xs, ys and zs, shape (3, number of points)."""
        return self._points.table().T


def is_scatter(start: Document) -> bool:
    """True for a run over two axes that is no grid, such as a spiral."""
    return len(axes(start)) == 2 and not is_grid(start)


def scatter_of(start: Document, descriptor: Document, x: Any = None, y: Any = None, z: Any = None) -> Scatter | None:
    """The points that a stream makes, still without any; None if one of the three is no number of the stream.

    Args:
        start: the run's start document.
        descriptor: of the stream.
        x: name or device of the axis to the right; None takes the fast axis of the run.
        y: name or device of the axis upwards; None takes the slow one.
        z: name or device of the detector, or a quotient; None takes the first hinted one.
    """
    scanned = axes(start, descriptor.get("name", "primary"))
    if len(scanned) != 2 and (x is None or y is None):
        return None
    x, y = scanned[1] if x is None else x, scanned[0] if y is None else y
    values = signals(start, descriptor) if z is None else as_rates(descriptor, resolve(descriptor, [z])[0])
    places = [field(descriptor, key) for name in (x, y) for key in resolve(descriptor, [name])[0][:1]]
    numbers = [about for key in values if (about := field(descriptor, key)).is_number]
    if len(places) != 2 or not all(about.is_number for about in places) or not numbers:
        return None
    return Scatter(start, places[0], places[1], numbers[0])
