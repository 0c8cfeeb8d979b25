"""Fits of peaks and edges; where there is no clear peak or edge, NoFit says why in numbers.

Pure: columns of numbers in, a `Fit` out. It knows no device and no plan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from beamshell.analysis.models import FWHM_PER_SIGMA, Background, LeastSquares, error_function, fitted, gaussian
from beamshell.analysis.refusals import (
    Curve,
    Shape,
    check_one_peak,
    check_place,
    check_plateaus,
    check_saturation,
    is_inside,
    is_much_better,
)
from beamshell.analysis.significance import limit_for_peaks
from beamshell.arrays import Floats, np
from beamshell.errors import NoFit

_ONE_IN_1000 = 3.29  # standard deviations by which one curve is better than another
_PARTLY = 3.3  # errors by which a point in an edge differs from both sides
_PER_UNIFORM = math.sqrt(12)  # a width over its standard deviation, where every place in it is as likely
_OTHER_SHAPE = 10.0  # reduced chi-square of counts whose distance from the curve is that of its shape, not of noise
_RESOLUTION = 1e-12  # of the range: nearer to each other are only floats


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
    is_counting_noise: bool
    """True for counts that are no farther from the curve than counts scatter."""


# ---- fits ----------------------------------------------------------------------------------------


def fit_peak(
    x: str,
    y: str,
    xs: Sequence[float] | Floats,
    ys: Sequence[float] | Floats,
    *,
    dip: bool = False,
    exposures: Sequence[float] | Floats | None = None,
    precision: int | None = None,
) -> Fit:
    """Fit a Gaussian on a background that is flat, or a slope, a parabola or a step where these are clearly better.

    Args:
        x: name of the axis with its unit, for messages: "th [deg]".
        y: name of the values, for messages.
        xs: positions, float [n], in any order.
        ys: values, float [n].
        dip: True looks for a peak that points down.
        exposures: what counts were divided by, float [n]: count times, or a monitor; None if by nothing.
        precision: digits after the point of positions in messages, or more where the step needs them.

    Raises:
        NoFit: there is no clear peak within the scanned range; the message says why.
    """
    word = "dip" if dip else "peak"
    curve = Curve.of(word, x, y, xs, ys, exposures, precision)
    sign = -1 if dip else 1
    check_one_peak(word, curve, sign)
    curve.require_more_than_noise(word)
    counted, peak = curve, _on_best_background(curve, sign)
    if curve.per_value is not None and (peak is None or peak.scale > _OTHER_SHAPE):
        curve = replace(curve, per_value=None)
        peak = _on_best_background(curve, sign)
    other = None
    if peak is None or not peak.is_counting_noise:
        other = fitted(gaussian, curve.at, curve.values, curve.per_value, Background.FLAT, -sign)
    if other is not None and is_inside(curve, other) and (peak is None or is_much_better(curve, other, peak)):
        curve.refuse_edge(word, other, limit_for_peaks(curve.at.size))
        reason = "a peak and no dip" if dip else "a dip and no peak: ask for the dip"
        place = float(other.parameters[0])
        raise NoFit(f"{y} has {reason} (at {x} {curve.place(place)})", Shape.PEAK if dip else Shape.DIP, (place,))
    if peak is None:
        raise NoFit(f"{y} has no clear {word} {curve.scanned} in {x}", Shape.NOISE)
    curve.require_more_than_background(word, peak)
    top = int((-curve.values if dip else curve.values).argmax())
    centre = float(peak.parameters[0])
    if abs(float(peak.parameters[1])) * FWHM_PER_SIGMA < (step := curve.spacing_at(centre)):
        raise NoFit(
            f"the {word} of {y} is a single point, at {x} {curve.place(centre)}: scan in steps smaller than {step:.3g}",
            Shape.POINT,
            (centre,),
        )
    check_place(word, curve, peak, top in (0, curve.at.size - 1) and not curve.at[1] <= centre <= curve.at[-2])
    if not dip:
        check_saturation(counted, peak)
    return _fit_of(curve, peak)


def fit_edge(
    x: str,
    y: str,
    xs: Sequence[float] | Floats,
    ys: Sequence[float] | Floats,
    *,
    exposures: Sequence[float] | Floats | None = None,
    precision: int | None = None,
) -> Fit:
    """Fit an error function: the position of an edge, and the width of the beam that crosses it.

    An edge that is narrower than the step between its points is somewhere in that step, and its width is not known.

    Args:
        x: name of the axis with its unit, for messages: "samx [mm]".
        y: name of the values, for messages.
        xs: positions, float [n], in any order.
        ys: values, float [n].
        exposures: what counts were divided by, float [n]: count times, or a monitor; None if by nothing.
        precision: digits after the point of positions in messages, or more where the step needs them.

    Raises:
        NoFit: there is no clear edge within the scanned range; the message says why.
    """
    curve = Curve.of("edge", x, y, xs, ys, exposures, precision)
    curve.require_more_than_noise("edge")
    edge = fitted(error_function, curve.at, curve.values, curve.per_value, Background.FLAT)
    peak = fitted(gaussian, curve.at, curve.values, curve.per_value, Background.FLAT)
    if edge is None or (peak is not None and is_inside(curve, peak) and is_much_better(curve, peak, edge)):
        raise NoFit(f"{y} has a peak or a dip and no edge {curve.scanned} in {x}", Shape.PEAK)
    curve.require_more_than_background("edge", edge)
    check_plateaus(curve, edge, peak)
    narrow = _in_one_step(curve, edge)
    check_place("edge", curve, edge, not curve.at[1] <= float(edge.parameters[0]) <= curve.at[-2], narrow is None)
    return narrow or _fit_of(curve, edge)


def _fit_of(curve: Curve, fit: LeastSquares) -> Fit:
    """The fit in the units of the points; an error that only the rounding of floats makes is 0."""
    centre, sigma, *levels = map(float, fit.parameters[:4])
    errors = [float(error) for error in fit.errors[:4]]
    span, tall = float(np.ptp(curve.at)), float(np.ptp(curve.values))
    ranges = (span, span, tall, tall)
    values = [
        round(value / whole / _RESOLUTION) * _RESOLUTION * whole if error < _RESOLUTION * whole else value
        for value, error, whole in zip((centre, sigma, *levels), errors, ranges, strict=True)
    ]
    errors = [error if error >= _RESOLUTION * whole else 0.0 for error, whole in zip(errors, ranges, strict=True)]
    return Fit(
        centre=values[0],
        fwhm=values[1] * FWHM_PER_SIGMA,
        height=curve.in_units(values[2]),
        background=curve.in_units(values[3]),
        centre_error=errors[0],
        fwhm_error=errors[1] * FWHM_PER_SIGMA,
        height_error=curve.in_units(errors[2]),
        background_error=curve.in_units(errors[3]),
        scatter=curve.in_units(fit.scatter),
        shape=str(fit.background),
        is_resolved=True,
        is_counting_noise=fit.is_counting_noise,
    )


def _on_best_background(curve: Curve, sign: int) -> LeastSquares | None:
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


# ---- edges narrower than a step ------------------------------------------------------------------


def _in_one_step(curve: Curve, fit: LeastSquares) -> Fit | None:
    """The edge as far as its points show it, if it is narrower than the step in which it is; else None."""
    centre, sigma, height, background = map(float, fit.parameters[:4])
    after = int(np.clip(np.searchsorted(curve.at, centre), 1, curve.at.size - 1))
    step = curve.spacing_at(centre)
    if sigma * FWHM_PER_SIGMA >= step:
        return None
    middle = float(curve.at[after - 1] + curve.at[after]) / 2
    noise = max(fit.scatter, 1e-6 * abs(height))
    for point in (after - 1, after):
        from_sides = abs(curve.values[point] - background), abs(curve.values[point] - background - height)
        if min(from_sides) > _PARTLY * noise:
            middle = float(curve.at[point])  # the edge is being crossed there
    return replace(
        _fit_of(curve, fit),
        centre=middle,
        fwhm=step,
        centre_error=step / _PER_UNIFORM,
        fwhm_error=math.nan,
        is_resolved=False,
    )
