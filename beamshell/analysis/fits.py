"""Fits of peaks and edges; where there is no clear peak or edge, NoFit says why in numbers.

Pure: columns of numbers in, a `Fit` out. It knows no device and no plan.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beamshell.analysis.models import (
    FWHM_PER_SIGMA,
    Background,
    LeastSquares,
    background_alone,
    error_function,
    fitted,
    gaussian,
)
from beamshell.analysis.noise import Floats, counts_per_value, smallest_difference
from beamshell.analysis.significance import FALSE_ALARMS, deviations_of_t, limit_for_peaks, significance
from beamshell.analysis.waves import wave_alone
from beamshell.errors import NoFit
from beamshell.text.numbers import with_error

FEWEST_POINTS = 5
"""The least number of points for a fit: one more than there are parameters."""

_ONE_IN_1000, _ONE_IN_20 = 3.29, 1.96  # standard deviations by which one curve is better than another
_PLATEAU = 3  # equal highest points in a row
_LEVEL = 1.5  # widths sigma from an edge: 93 % of its height
_PARTLY = 3.3  # errors by which a point in an edge differs from both sides
_PER_UNIFORM = math.sqrt(12)  # a width over its standard deviation, where every place in it is as likely
_OTHER_SIGN = 1.5  # times the chi-square of the peak asked for


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted peak or edge: centre, fwhm and errors in the unit of x; height, background and scatter in that of y."""

    centre: float
    """Centre of the peak, or where the edge is at half height."""
    fwhm: float
    """Full width at half maximum of the peak; for an edge, that of the beam behind it, or the step it is below."""
    height: float
    """From the background to the top; negative for a dip and for a falling edge."""
    background: float
    """Value under the peak, or before the edge."""
    centre_error: float
    """Standard deviation of the centre: in 68 of 100 scans the truth is nearer."""
    fwhm_error: float
    height_error: float
    background_error: float
    scatter: float
    """Root mean square distance of the points from the curve."""
    shape: str
    """What it stands on: "flat", "line", "curve" or "step"."""
    is_resolved: bool
    """False for an edge that is narrower than the step from point to point: fwhm is that step, and has no error."""


# ---- fits ----------------------------------------------------------------------------------------


def fit_peak(
    x: str,
    y: str,
    xs: Sequence[float],
    ys: Sequence[float],
    *,
    dip: bool = False,
    exposures: Sequence[float] | None = None,
) -> Fit:
    """Fit a Gaussian on a background that is flat, or a slope, a parabola or a step where these are clearly better.

    Args:
        x: name of the axis with its unit, for messages: "th [deg]".
        y: name of the values, for messages.
        xs: positions, float [n], in any order.
        ys: values, float [n].
        dip: True looks for a peak that points down.
        exposures: what counts were divided by, float [n]: count times, or a monitor; None if by nothing.

    Raises:
        NoFit: there is no clear peak within the scanned range; the message says why.
    """
    word = "dip" if dip else "peak"
    curve = _Curve.of(word, x, y, xs, ys, exposures)
    curve.require_more_than_noise(word)
    sign = -1 if dip else 1
    peak = _on_best_background(curve, sign)
    other = None
    if peak is None or not peak.is_counting_noise:
        other = fitted(gaussian, curve.at, curve.values, curve.per_value, Background.FLAT, -sign)
    if other is not None and _is_inside(curve, other) and (peak is None or _is_much_better(curve, other, peak)):
        reason = "a peak and no dip" if dip else "a dip and no peak: ask for the dip"
        raise NoFit(f"{y} has {reason} (at {x} {other.parameters[0]:.5g})")
    if peak is None:
        raise NoFit(f"{y} has no clear {word} {curve.scanned} in {x}")
    curve.require_more_than_background(word, peak)
    top = int((-curve.values if dip else curve.values).argmax())
    centre = float(peak.parameters[0])
    _check_place(word, curve, peak, top in (0, curve.at.size - 1) and not curve.at[1] <= centre <= curve.at[-2])
    if abs(float(peak.parameters[1])) * FWHM_PER_SIGMA < curve.spacing:
        raise NoFit(
            f"the {word} of {y} is a single point, at {x} {centre:.5g}: scan in steps smaller than {curve.spacing:.3g}"
        )
    if not dip:
        _check_saturation(curve, peak)
    return _fit_of(peak)


def fit_edge(
    x: str, y: str, xs: Sequence[float], ys: Sequence[float], *, exposures: Sequence[float] | None = None
) -> Fit:
    """Fit an error function: the position of an edge, and the width of the beam that crosses it.

    An edge that is narrower than the step between its points is somewhere in that step, and its width is not known.

    Args:
        x: name of the axis with its unit, for messages: "samx [mm]".
        y: name of the values, for messages.
        xs: positions, float [n], in any order.
        ys: values, float [n].
        exposures: what counts were divided by, float [n]: count times, or a monitor; None if by nothing.

    Raises:
        NoFit: there is no clear edge within the scanned range; the message says why.
    """
    curve = _Curve.of("edge", x, y, xs, ys, exposures)
    curve.require_more_than_noise("edge")
    edge = fitted(error_function, curve.at, curve.values, curve.per_value, Background.FLAT)
    peak = fitted(gaussian, curve.at, curve.values, curve.per_value, Background.FLAT)
    if edge is None or (peak is not None and _is_inside(curve, peak) and _is_much_better(curve, peak, edge)):
        raise NoFit(f"{y} has a peak or a dip and no edge {curve.scanned} in {x}")
    curve.require_more_than_background("edge", edge)
    _check_plateaus(curve, edge, peak)
    narrow = _in_one_step(curve, edge)
    _check_place("edge", curve, edge, not curve.at[1] <= float(edge.parameters[0]) <= curve.at[-2], narrow is None)
    return narrow or _fit_of(edge)


def _fit_of(fit: LeastSquares) -> Fit:
    centre, sigma, height, background = map(float, fit.parameters[:4])
    errors = [float(error) for error in fit.errors[:4]]
    return Fit(
        centre=centre,
        fwhm=sigma * FWHM_PER_SIGMA,
        height=height,
        background=background,
        centre_error=errors[0],
        fwhm_error=errors[1] * FWHM_PER_SIGMA,
        height_error=errors[2],
        background_error=errors[3],
        scatter=fit.scatter,
        shape=str(fit.background),
        is_resolved=True,
    )


# ---- the points ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Curve:
    """The finite points in rising order, and the names for messages."""

    x: str
    y: str
    at: Floats
    values: Floats
    exposures: Floats | None
    per_value: Floats | None
    """Counts that one unit of a value stands for; None for unknown noise."""

    @classmethod
    def of(
        cls, word: str, x: str, y: str, xs: Sequence[float], ys: Sequence[float], exposures: Sequence[float] | None
    ) -> _Curve:
        """The points; NoFit if they are too few, or all the same."""
        at, values = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
        finite = np.isfinite(at) & np.isfinite(values)
        divided = None if exposures is None else np.asarray(exposures, dtype=float)[finite]
        at, values = at[finite], values[finite]
        order = np.argsort(at, kind="stable")
        at, values, divided = at[order], values[order], None if divided is None else divided[order]
        if at.size < FEWEST_POINTS or np.ptp(at) == 0:
            raise NoFit(f"{at.size} points do not show where a {word} is in {x}: {FEWEST_POINTS} or more are needed")
        if np.ptp(values) == 0:
            raise NoFit(f"{y} is {values[0]:.5g} from {at[0]:.5g} to {at[-1]:.5g} in {x}: there is no {word}")
        return cls(x, y, at, values, divided, counts_per_value(values, divided))

    @property
    def scanned(self) -> str:
        """The range in words."""
        return f"from {self.at[0]:.5g} to {self.at[-1]:.5g}"

    @property
    def spacing(self) -> float:
        """The mean step from point to point."""
        return float(np.ptp(self.at)) / (self.at.size - 1)

    def require_more_than_noise(self, word: str) -> None:
        """NoFit if noise alone could have made the curve."""
        evidence = significance(self.values, self.exposures)
        if not evidence.is_clear:
            raise NoFit(f"{self.y} has no clear {word} {self.scanned} in {self.x}: {evidence}")

    def require_more_than_background(self, word: str, fit: LeastSquares) -> None:
        """NoFit if a slope, a broad curve or, for a peak, an edge does as well as the fit."""
        limit = limit_for_peaks(self.at.size)
        is_flat = fit.background is Background.FLAT
        is_wide = float(fit.parameters[1]) * FWHM_PER_SIGMA > float(np.ptp(self.at)) / 2
        alternatives = [(Background.LINE, "is a slope", _ONE_IN_1000 if is_flat else limit)]
        if is_wide or not is_flat:
            alternatives += [(Background.CURVE, "is one broad curve", _ONE_IN_20 if is_flat else limit)]
        for background, reason, least in alternatives:
            alone = background_alone(self.at, self.values, self.per_value, background)
            if self.deviations(alone, fit) <= least:
                is_narrow = word == "edge" and float(fit.parameters[1]) * FWHM_PER_SIGMA < 2 * self.spacing
                advice = "scan a narrower range, in finer steps" if is_narrow else "scan wider"
                raise NoFit(f"{self.y} {reason} {self.scanned} in {self.x}, without a clear {word}: {advice}")
        centre, fwhm = float(fit.parameters[0]), float(fit.parameters[1]) * FWHM_PER_SIGMA
        falls_on_both_sides = self.at[0] <= centre - fwhm and centre + fwhm <= self.at[-1]
        if word == "edge" or (is_flat and falls_on_both_sides):
            return
        edge = fitted(error_function, self.at, self.values, self.per_value, Background.FLAT)
        if edge is None or not self.at[0] <= float(edge.parameters[0]) <= self.at[-1]:
            return
        if self.deviations(edge.misfit, fit) <= (_ONE_IN_1000 if is_flat else limit):
            raise NoFit(f"{self.y} has an edge and no {word} (at {self.x} {edge.parameters[0]:.5g}): use edge")

    def deviations(self, misfit: float, fit: LeastSquares) -> float:
        """By how much `fit` is better than a curve of this misfit, in standard deviations."""
        if fit.misfit <= 1e-18 * float(self.values @ self.values):
            return math.inf if misfit > 100 * fit.misfit else 0.0
        t = math.sqrt(max(misfit - fit.misfit, 0.0) / fit.scale) if fit.scale else math.inf
        return t if fit.is_counting_noise else deviations_of_t(t, fit.freedom)


def _on_best_background(curve: _Curve, sign: int) -> LeastSquares | None:
    """The peak on a flat background, or on one with more parameters that is clearly better."""
    flat = best = fitted(gaussian, curve.at, curve.values, curve.per_value, Background.FLAT, sign)
    for background in (Background.LINE, Background.STEP, Background.CURVE):
        if flat is not None and flat.gain(background) < _ONE_IN_1000**2:
            continue
        fit = fitted(gaussian, curve.at, curve.values, curve.per_value, background, sign)
        if fit is None or fit.parameters[2] * sign < 0 or (best is not None and fit.misfit >= best.misfit):
            continue
        if best is None or curve.deviations(best.misfit, fit) > _ONE_IN_1000:
            best = fit
    return best if best is not None and best.parameters[2] * sign > 0 else None


# ---- refusals ------------------------------------------------------------------------------------


def _is_inside(curve: _Curve, fit: LeastSquares) -> bool:
    """Whether it is a peak between the first and the last point, narrower than the scan."""
    centre, sigma = float(fit.parameters[0]), float(fit.parameters[1])
    return bool(curve.at[1] <= centre <= curve.at[-2]) and sigma * FWHM_PER_SIGMA < float(np.ptp(curve.at)) / 2


def _is_much_better(curve: _Curve, one: LeastSquares, other: LeastSquares) -> bool:
    return one.misfit * _OTHER_SIGN < other.misfit and curve.deviations(other.misfit, one) > _ONE_IN_1000


def _check_place(word: str, curve: _Curve, fit: LeastSquares, at_end: bool, is_resolved: bool = True) -> None:
    x, y, scanned = curve.x, curve.y, curve.scanned
    centre, fwhm, error = float(fit.parameters[0]), float(fit.parameters[1]) * FWHM_PER_SIGMA, float(fit.errors[0])
    if not curve.at[0] <= centre <= curve.at[-1]:
        raise NoFit(f"the {word} of {y} is outside of what was scanned, {scanned} in {x}: {_farther(curve, fit)}")
    if at_end:
        raise NoFit(f"the {word} of {y} is at the end of what was scanned, near {x} {centre:.5g}: scan around it")
    if fwhm > np.ptp(curve.at):
        raise NoFit(f"the {word} of {y} is {fwhm:.3g} wide, more than what was scanned, {scanned} in {x}: scan wider")
    if is_resolved and error > fwhm and error > curve.spacing:
        raise NoFit(f"the {word} of {y} is at {x} {centre:.5g} +- {error:.2g}: that is no position")


def _farther(curve: _Curve, fit: LeastSquares) -> str:
    """Where to scan for what is outside; with a place only if it is near and the fit knows it."""
    centre, error, span = float(fit.parameters[0]), float(fit.errors[0]), float(np.ptp(curve.at))
    away = max(curve.at[0] - centre, centre - curve.at[-1])
    near = f", about {with_error(centre, error)}" if 0 < error < span / 4 and away < span / 2 else ""
    return f"scan {'lower' if centre < curve.at[0] else 'higher'}{near}"


def _check_plateaus(curve: _Curve, edge: LeastSquares, peak: LeastSquares | None) -> None:
    """Refuse an edge that is not level on both sides, or that a parabola, a slow wave or a peak fits as well."""
    parabola = background_alone(curve.at, curve.values, curve.per_value, Background.CURVE)
    wave = wave_alone(curve.at, curve.values, curve.per_value)
    centre, sigma = map(float, edge.parameters[:2])
    if curve.deviations(min(parabola, wave), edge) <= _ONE_IN_20:
        reason = "bends slowly"
    elif peak is not None and peak.misfit < edge.misfit:
        reason = "is the flank of a peak"
    elif curve.at[0] <= centre <= curve.at[-1] and min(centre - curve.at[0], curve.at[-1] - centre) < _LEVEL * sigma:
        reason = "rises or falls to its end"
    else:
        return
    raise NoFit(f"{curve.y} {reason} {curve.scanned} in {curve.x}, not level on both sides of an edge: scan wider")


def _check_saturation(curve: _Curve, fit: LeastSquares) -> None:
    """Refuse equal highest points in a row that chance does not make, if the flanks lead higher than they are."""
    at, values = curve.at, curve.values
    top = float(values.max())
    flat = values == top
    row = max(len(list(run)) for is_flat, run in itertools.groupby(flat) if is_flat)
    if row < _PLATEAU or np.count_nonzero(~flat) < FEWEST_POINTS or np.ptp(values[~flat]) == 0:
        return
    if curve.per_value is not None:
        noise, digit = math.sqrt(max(top * curve.per_value.min(), 1.0)), 1.0
    else:
        noise, digit = fit.scatter, smallest_difference(values)
    same = min(digit / (noise * math.sqrt(2 * math.pi)), 1.0) if noise else 1.0  # chance that two neighbours are equal
    if curve.per_value is not None and values.size * same ** (row - 1) > FALSE_ALARMS:
        return
    per_value = None if curve.per_value is None else curve.per_value[~flat]
    flanks = fitted(gaussian, at[~flat], values[~flat], per_value, Background.FLAT, 1)
    if flanks is None:
        return
    above = float(flanks.parameters[2] + flanks.parameters[3]) - top
    if above > 0.05 * np.ptp(values) and above > 3 * float(flanks.errors[2]):
        raise NoFit(
            f"{curve.y} is saturated: {row} points in a row near {curve.x} {fit.parameters[0]:.5g} are all {top:.6g}, "
            "where the flanks lead higher; attenuate the beam or count for less"
        )


# ---- edges narrower than a step ------------------------------------------------------------------


def _in_one_step(curve: _Curve, fit: LeastSquares) -> Fit | None:
    """The edge as far as its points show it, if it is narrower than the step in which it is; else None."""
    centre, sigma, height, background = map(float, fit.parameters[:4])
    after = int(np.clip(np.searchsorted(curve.at, centre), 1, curve.at.size - 1))
    step = float(curve.at[after] - curve.at[after - 1])
    if sigma * FWHM_PER_SIGMA >= step:
        return None
    middle = float(curve.at[after - 1] + curve.at[after]) / 2
    noise = max(fit.scatter, 1e-6 * abs(height))
    for point in (after - 1, after):
        from_sides = abs(curve.values[point] - background), abs(curve.values[point] - background - height)
        if min(from_sides) > _PARTLY * noise:
            middle = float(curve.at[point])  # the edge is being crossed there
    result = _fit_of(fit)
    return Fit(
        centre=middle,
        fwhm=step,
        height=height,
        background=background,
        centre_error=step / _PER_UNIFORM,
        fwhm_error=math.nan,
        height_error=result.height_error,
        background_error=result.background_error,
        scatter=fit.scatter,
        shape=result.shape,
        is_resolved=False,
    )
