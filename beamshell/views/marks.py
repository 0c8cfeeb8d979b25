"""Marks in the plot of a run: places such as the centre of a peak, and fitted curves.

Pure: it never draws. A plot shows them beside the points of the value that they belong to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beamshell.analysis.models import FWHM_PER_SIGMA, error_function, gaussian
from beamshell.analysis.peaks import Peak
from beamshell.analysis.refusals import Shape
from beamshell.documents import Document
from beamshell.text.numbers import number
from beamshell.views.fields import axes, field
from beamshell.views.peaks import RunPeaks, is_noise

Floats = NDArray[np.float64]

_EDGES = ("find_edge", "knife_edge")
_PARTS_OF_SHAPE = {"flat": 1, "line": 2, "curve": 3}
_DRAWN = 400
"""Points of a fitted curve."""
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

    def of(self, run: str) -> Sequence[Mark]:
        """The marks of a run, in the order in which they were made."""
        return tuple(self._of_runs.get(run, ()))


def _kind(mark: Mark) -> str:
    """The first word of a label: "cen" of "cen 0.052"."""
    return mark.label.partition(" ")[0]


def place(key: str, x: float, label: str) -> Mark:
    """The mark of a place on the axis, such as ``place("det", 0.052, "cen 0.052")``."""
    return Mark(key, np.array([x], dtype=np.float64), np.empty(0), label)


class RunMarks(RunPeaks):
    """Collects the points of a run along one axis, and the fit that its plan has recorded."""

    def __init__(self, start: Document) -> None:
        super().__init__(start)
        self._fit: Mapping[str, Any] = {}

    def event(self, descriptor: Document, event: Document) -> None:
        """Take a point, or the fit of an alignment."""
        super().event(descriptor, event)
        if descriptor.get("name") == "fit":
            self._fit = event.get("data") or {}

    def marks(self, peaks: Mapping[str, Peak]) -> list[Mark]:
        """Of each curve the highest place, the centre, an edge or several peaks; and the fitted curve."""
        marks = [mark for peak in peaks.values() for mark in self._of_peak(peak)]
        curve = self._fitted_curve()
        return marks if curve is None else [*marks, curve]

    def _of_peak(self, peak: Peak) -> list[Mark]:
        if is_noise(peak):
            return []
        at, height, word = (peak.min_x, peak.min_y, "min") if peak.is_dip else (peak.max_x, peak.max_y, "max")
        value = number(height, field(self._primary, peak.y).precision)
        marks = [Mark(peak.y, np.array([at]), np.array([height]), f"{word} {value} at {self.position(peak, at)}")]
        if peak.doubt is None and peak.cen is not None:
            marks.append(place(peak.y, peak.cen, f"cen {self.position(peak, peak.cen)}"))
        elif peak.doubt is not None:
            word = "edge" if peak.doubt.shape == Shape.EDGE else "peak"
            marks += [place(peak.y, x, f"{word} {self.position(peak, x)}") for x in peak.doubt.places]
        return marks

    def _fitted_curve(self) -> Mark | None:
        key = self._fit.get("field")
        if not isinstance(key, str):
            return None
        axis = field(self._primary, axes(self._start)[0])
        xs, ys = np.array(self._column(axis.key)), np.array(self._column(key))
        is_edge = self._start.get("plan_name") in _EDGES
        try:
            x, y = fitted_curve(self._fit, xs, ys, is_edge=is_edge)
        except (KeyError, TypeError, ValueError):  # a fit of another program, under the same name
            return None
        centre = number(float(self._fit["centre"]), axis.precision, as_position=True)
        return Mark(key, x, y, f"{'edge' if is_edge else 'fit'} at {centre}")


def fitted_curve(fit: Mapping[str, Any], xs: Floats, ys: Floats, *, is_edge: bool) -> tuple[Floats, Floats]:
    """The curve of a recorded fit, shapes (n,): the peak or the edge as recorded, on the background that it left.

    A background that is no constant is not recorded: it is the one that lies nearest to the rest of the points.

    Args:
        fit: centre, fwhm, height, background and shape, as `analysis.fits.Fit` has them.
        xs: positions of the points, float [n].
        ys: values of the points, float [n].
        is_edge: whether it is an edge.

    Raises:
        KeyError: one of them is missing.
        ValueError: there is no point, or no such shape.
    """
    shape, sigma = str(fit["shape"]), float(fit["fwhm"]) / FWHM_PER_SIGMA
    parameters = np.array([float(fit["centre"]), sigma, float(fit["height"]), 0.0])
    known = np.isfinite(xs) & np.isfinite(ys)
    xs, ys = xs[known], ys[known]
    if not xs.size or not math.isfinite(sigma):
        raise ValueError("no points to draw a fit through")
    at = np.linspace(xs.min(), xs.max(), _DRAWN)
    model = error_function if is_edge else gaussian
    curve = model(at, parameters)[0]
    if shape == "flat":
        return at, curve + float(fit["background"])
    columns_at, columns = (_background(shape, points, parameters) for points in (at, xs))
    rest = ys - model(xs, parameters)[0]
    return at, curve + columns_at @ np.linalg.lstsq(columns, rest, rcond=None)[0]


def _background(shape: str, x: Floats, parameters: Floats) -> Floats:
    """The columns whose sum a background is, shape (n, 1 to 3)."""
    if shape == "step":
        centre, sigma, _, _ = parameters
        return np.column_stack([np.ones_like(x), error_function(x, np.array([centre, sigma, 1.0, 0.0]))[0]])
    return np.vander(x, _PARTS_OF_SHAPE[shape], increasing=True)
