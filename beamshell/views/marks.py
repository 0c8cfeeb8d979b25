"""Marks in the plot of a run: places such as the centre of a peak, and fitted curves.

Pure: it never draws. A plot shows them beside the points of the value that they belong to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beamshell.arrays import Floats, np

_MOST_RUNS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A curve in the plot of a run; with a single x and no y, a place on the axis."""

    key: str
    """The value whose curve it belongs to, such as "det" or "it/i0"."""
    x: Floats
    y: Floats
    label: str

    @property
    def is_place(self) -> bool:
        """True for a place on the axis, False for a curve."""
        return not self.y.size


class Marks:
    """The marks of the last runs, by run."""

    def __init__(self) -> None:
        self._of_runs: dict[str, list[Mark]] = {}

    def add(self, run: str, *marks: Mark) -> None:
        """Mark the run with this uid; a new "cen ..." of a value takes the place of its earlier one."""
        names = {(mark.key, _kind(mark)) for mark in marks}
        kept = [mark for mark in self._of_runs.pop(run, ()) if (mark.key, _kind(mark)) not in names]
        self._of_runs[run] = [*kept, *marks]
        while len(self._of_runs) > _MOST_RUNS:
            del self._of_runs[next(iter(self._of_runs))]

    def remove(self, run: str, kind: str) -> None:
        """Remove the marks of a run whose labels begin with this word."""
        self._of_runs[run] = [mark for mark in self._of_runs.get(run, ()) if _kind(mark) != kind]

    def of(self, run: str) -> Sequence[Mark]:
        """The marks of a run, in the order in which they were made."""
        return tuple(self._of_runs.get(run, ()))


def _kind(mark: Mark) -> str:
    """The first word of a label: "cen" of "cen 0.052"."""
    return mark.label.partition(" ")[0]


def place(key: str, x: float, label: str) -> Mark:
    """The mark of a place on the axis, such as ``place("det", 0.052, "cen 0.052")``."""
    return Mark(key, np.array([x], dtype=np.float64), np.empty(0), label)
