"""Earlier runs as curves beside those of the present one, with the count time of the present one.

Pure: it never reads a file and never draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from beamshell.analysis.signals import SECONDS, parts_of
from beamshell.arrays import Floats, np
from beamshell.documents import Document
from beamshell.views.curves import Curves
from beamshell.views.fields import as_rates, counted_seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray


class EarlierCurve(NamedTuple):
    """One curve of an earlier run."""

    x: Floats
    y: Floats
    """As they would be with the count time of the present run."""
    label: str
    """The number of the run, and what its values were multiplied by: "#11 x 10"."""


class EarlierRun:
    """The numbers of a run that was measured before.

    Args:
        start: its start document.
        descriptor: that of its primary stream.
        columns: by key, the values of its points, shape (n,); "seq_num" and "time" (seconds since 1970) among them.
    """

    def __init__(self, start: Document, descriptor: Document, columns: Mapping[str, NDArray[np.generic]]) -> None:
        self._run = str(start.get("uid", ""))
        self.name = f"#{start.get('scan_id', '?')}"
        self._descriptor = descriptor
        self._columns = {key: _floats(values) for key, values in columns.items() if _are_numbers(values)}
        if "time" in self._columns:
            self._columns["time"] = self._columns["time"] - float(start.get("time", 0.0))

    def curve(self, present: Curves, number: int) -> EarlierCurve | None:
        """Its curve beside the value of this number in the present run; None if it has none, or is the present run.

        Args:
            present: the curves of the present run.
            number: of the value among `present.ys`, from 0.
        """
        key, seconds = present.ys[number].key, present.seconds[number]
        signal = as_rates(self._descriptor, [key.removesuffix(f"/{SECONDS}")])[0]
        x, y = self._columns.get(present.x.key), self._values(signal)
        if x is None or y is None or present.run == self._run:
            return None
        factor = count_time_factor(seconds, counted_seconds(self._descriptor, signal))
        return EarlierCurve(x, y * factor, self.name if factor == 1 else f"{self.name} x {factor:.3g}")

    def _values(self, signal: str) -> Floats | None:
        parts = parts_of(signal, self._columns)
        if parts is None:
            return self._columns.get(signal)
        upper, lower = (self._columns[part] for part in parts)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(lower != 0, upper / lower, np.nan)


def count_time_factor(present_s: float | None, earlier_s: float | None) -> float:
    """What counts of an earlier run are multiplied by, to be compared with those of the present one.

    Args:
        present_s: count time of the present run in seconds; None if its values do not grow with it.
        earlier_s: that of the earlier run.
    """
    return 1.0 if present_s is None or earlier_s is None else present_s / earlier_s


def _are_numbers(values: NDArray[np.generic]) -> bool:
    return values.ndim == 1 and values.dtype.kind in "fiub"


def _floats(values: NDArray[np.generic]) -> Floats:
    """As floats; nan where a point has no value."""
    return np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan)
