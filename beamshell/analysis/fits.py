"""Fits of peaks and edges; where there is no clear peak or edge, NoFit says why in numbers.

Pure: columns of numbers in, a `Fit` out. It knows no device and no plan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from beamshell.analysis.least_squares import LeastSquares, columns_alone, fitted
from beamshell.analysis.models import FWHM_PER_SIGMA, Background, Model, error_function, gaussian
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
_BACKGROUNDS = (Background.LINE, Background.STEP, Background.CURVE)
_SMOOTH, _SHARP = 6, 0.25  # parameters of a smooth curve; the widest edge on a slope, as a share of the scan
_FLAT_OR_SLOPE = (Background.FLAT, Background.LINE)
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
    """Value under the peak, or before the edge; on a slope, that in the middle of the scan."""
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
    curve = Curve.of("dip" if dip else "peak", x, y, xs, ys, exposures, precision)
    return _fit_of(*judged_peak(curve, dip=dip))


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

    It stands on a flat line, or on a slope where that is clearly better.

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
    curve, edge, in_one_step = judged_edge(Curve.of("edge", x, y, xs, ys, exposures, precision))
    return in_one_step or _fit_of(curve, edge)


# ---- judgement -----------------------------------------------------------------------------------


def judged_peak(
    curve: Curve, *, dip: bool = False, model: Model = gaussian, backgrounds: Sequence[Background] = _BACKGROUNDS
) -> tuple[Curve, LeastSquares]:
    """The fit of a peak, and the points with the noise that it was weighted by.

    Args:
        curve: the points.
        dip: True looks for a peak that points down.
        model: of the peak.
        backgrounds: what it may stand on, where one is clearly better than a flat one.

    Raises:
        NoFit: as `fit_peak`.
    """
    word, sign, (x, y) = "dip" if dip else "peak", -1 if dip else 1, (curve.x, curve.y)
    check_one_peak(word, curve, sign)
    curve.require_more_than_noise(word)
    counted, peak = curve, _on_best_background(curve, model, sign, backgrounds)
    if curve.per_value is not None and (peak is None or peak.scale > _OTHER_SHAPE):
        curve = replace(curve, per_value=None)
        peak = _on_best_background(curve, model, sign, backgrounds)
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
    if peak.background is Background.STEP and abs(peak.parameters[-1]) > abs(peak.parameters[2]):
        curve.refuse_edge_if(word, lambda _edge: peak.has_other_shape)  # an edge with its white line
    top = int((-curve.values if dip else curve.values).argmax())
    centre = float(peak.parameters[0])
    if abs(float(peak.parameters[1])) * FWHM_PER_SIGMA < (step := curve.spacing_at(centre)):
        is_at_point = float(np.abs(curve.at - centre).min()) < step / 4
        what = f"a single point, at {x}" if is_at_point else f"narrower than one step, near {x}"
        raise NoFit(
            f"the {word} of {y} is {what} {curve.place(centre)}: scan in steps smaller than {step:.3g}",
            Shape.POINT if is_at_point else Shape.NARROW,
            (centre,),
        )
    check_place(word, curve, peak, top in (0, curve.at.size - 1) and not curve.at[1] <= centre <= curve.at[-2])
    if not dip:
        check_saturation(counted, peak)
    return curve, peak


def judged_edge(curve: Curve) -> tuple[Curve, LeastSquares, Fit | None]:
    """The fit of an edge, the points with the noise that it was weighted by, and what is known of it within one step.

    Raises:
        NoFit: as `fit_edge`.
    """
    x, y = curve.x, curve.y
    curve.require_more_than_noise("edge")
    edge = _edge_on_best_background(curve)
    if curve.per_value is not None and (edge is None or edge.scale > _OTHER_SHAPE):
        curve = replace(curve, per_value=None)
        edge = _edge_on_best_background(curve)
    peaks = [fitted(gaussian, curve.at, curve.values, curve.per_value, under) for under in _FLAT_OR_SLOPE]
    if edge is None or any(peak and is_inside(curve, peak) and is_much_better(curve, peak, edge) for peak in peaks):
        raise NoFit(f"{y} has a peak or a dip and no edge {curve.scanned} in {x}", Shape.PEAK)
    curve.require_more_than_background("edge", edge)
    check_plateaus(curve, edge, peaks[_FLAT_OR_SLOPE.index(edge.background)])
    narrow = _in_one_step(curve, edge)
    check_place("edge", curve, edge, not curve.at[1] <= float(edge.parameters[0]) <= curve.at[-2], narrow is None)
    return curve, edge, narrow


def without_rounding(parameters: Floats, errors: Floats, curve: Curve) -> tuple[list[float], list[float]]:
    """The parameters and errors of a fit; where an error is only the rounding of floats, it is 0.

    Args:
        parameters: centre and sigma, then heights, float [k].
        errors: float [k].
        curve: the points.
    """
    ranges = [_RESOLUTION * float(np.ptp(values)) for values in (curve.at, curve.at, *[curve.values] * len(errors))]
    values = [
        round(value / least) * least if error < least else value
        for value, error, least in zip(map(float, parameters), map(float, errors), ranges, strict=False)
    ]
    return values, [error if error >= least else 0.0 for error, least in zip(map(float, errors), ranges, strict=False)]


def _fit_of(curve: Curve, fit: LeastSquares) -> Fit:
    """The fit in the units of the points; an error that only the rounding of floats makes is 0."""
    values, errors = without_rounding(fit.parameters[:4], fit.errors[:4], curve)
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


def _on_best_background(
    curve: Curve, model: Model, sign: int, backgrounds: Sequence[Background]
) -> LeastSquares | None:
    """The peak on a flat background, or on one with more parameters that is clearly better."""
    flat = best = fitted(model, curve.at, curve.values, curve.per_value, Background.FLAT, sign)
    for background in backgrounds:
        if flat is not None and flat.gain(background) < _ONE_IN_1000**2:
            continue
        fit = fitted(model, curve.at, curve.values, curve.per_value, background, sign)
        if fit is None or fit.parameters[2] * sign < 0 or (best is not None and fit.misfit >= best.misfit):
            continue
        if best is None or curve.deviations(best.misfit, fit) > _ONE_IN_1000:
            best = fit
    return best if best is not None and best.parameters[2] * sign > 0 else None


def _edge_on_best_background(curve: Curve) -> LeastSquares | None:
    """The edge on a flat background, or on a slope where that is clearly better and no smooth curve does as well."""
    flat = fitted(error_function, curve.at, curve.values, curve.per_value, Background.FLAT)
    if flat is None or flat.gain(Background.LINE) < _ONE_IN_1000**2:
        return flat
    sloped = fitted(error_function, curve.at, curve.values, curve.per_value, Background.LINE)
    if sloped is None or curve.deviations(flat.misfit, sloped) <= _ONE_IN_1000:
        return flat
    smooth = columns_alone(np.vander(sloped.at, _SMOOTH), curve.values, curve.per_value)
    is_sharp = sloped.place[1] * FWHM_PER_SIGMA < _SHARP
    is_edge = is_sharp and curve.deviations(smooth, sloped) > limit_for_peaks(curve.at.size)
    return sloped if is_edge else flat


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
    slope = float(fit.parameters[4]) if fit.background is Background.LINE else 0.0
    for point in (after - 1, after):
        above = curve.values[point] - background - slope * (fit.at[point] - 0.5)
        from_sides = abs(above), abs(above - height)
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
