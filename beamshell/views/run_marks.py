"""The marks that a run along one axis has at its end: highest place and centre of each peak, and the recorded fit.

Pure: it never draws.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from beamshell.analysis.models import FWHM_PER_SIGMA, error_function, gaussian
from beamshell.analysis.peaks import Peak
from beamshell.analysis.refusals import Shape
from beamshell.arrays import Floats, np
from beamshell.documents import Document
from beamshell.text.numbers import number
from beamshell.views.fields import axes, field
from beamshell.views.marks import Mark, place
from beamshell.views.peaks import RunPeaks, is_noise

_EDGES = ("find_edge", "knife_edge")
_PARTS_OF_SHAPE = {"flat": 1, "line": 2, "curve": 3}
_DRAWN = 400
"""Points of a fitted curve."""


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
        marks = []
        if peak.doubt is None or peak.is_top_inside:  # of a slope or an edge it is only where the scan ends
            at, height, word = (peak.min_x, peak.min_y, "min") if peak.is_dip else (peak.max_x, peak.max_y, "max")
            value = number(height, field(self._primary, peak.y).precision)
            label = f"{word} {value} at {self.position(peak, at)}"
            marks.append(Mark(peak.y, np.array([at]), np.array([height]), label))
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
