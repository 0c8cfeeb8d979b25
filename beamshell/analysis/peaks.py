"""Statistics of a peak or a dip: maximum, centre, width and centre of mass, or the reason why it has none.

Pure: columns of numbers in, a `Peak` out. It needs no plot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from beamshell.analysis.fits import Fit, fit_peak
from beamshell.analysis.noise import is_measured, scaled
from beamshell.analysis.refusals import Shape
from beamshell.analysis.significance import FALSE_ALARMS, Significance, significance
from beamshell.arrays import Floats, np
from beamshell.errors import NoFit
from beamshell.text.numbers import label

_MIN_POINTS = 3
_END = 10  # a tenth of the points at each end shows the background
_SAME = 3.0  # standard errors between the two ends, for one background
_COM_LEVEL = 0.2  # of the height: what is lower has no part in the centre of mass
_FOOT = math.sqrt(math.log2(1 / _COM_LEVEL))  # the width of a Gaussian at this level over that at half height
_PARAMETERS = {"flat": 4, "line": 5, "step": 5, "curve": 6}
_SURE = 0.1  # a width with a smaller relative error is known without its background
_EXACT = 1e-6  # of the height: values without noise
_FOOT_SEEN = 1 - 1e-9  # full widths from the centre to the end of the scan, so that it shows the background
_FEWEST_ON_TOP, _ENOUGH_FOR_QUARTIC = 6, 8


@dataclass(frozen=True, slots=True)
class Peak:
    """The statistics of one curve: positions, com, cen and fwhm in the unit of x."""

    x: str
    """Name of the axis."""
    y: str
    """Name of the detector's field."""
    max_x: float
    """Position of the largest y."""
    max_y: float
    min_x: float
    min_y: float
    com: float | None
    """Centre of mass above the background, of what is higher than a fifth of the height; None as for `cen`."""
    cen: float | None
    """Midway between the two crossings of half height; None if one of them is outside the scan. See `doubt`."""
    fwhm: float | None
    """Distance between these crossings; None if one of them is outside the scan. See `doubt`."""
    doubt: NoFit | None
    """Why cen, fwhm and com are no numbers to go by: the points show no peak with both its flanks; None if they do."""
    left_out: int
    """Points without a number: NaN, Inf, or the largest float."""
    is_dip: bool
    """True if the curve points down: cen, fwhm and com are those of the dip."""
    is_top_inside: bool
    """True if the curve rises before its highest place and falls after it; for a dip its lowest one."""
    background: float
    """The mean of the first and last tenth of the points; if they differ, the lower one, for a dip the higher one."""
    step: float
    """The mean distance of the points, in the unit of x."""
    significance: Significance
    """Whether the curve is more than noise."""


def peak(
    x: str,
    y: str,
    xs: Sequence[float] | Floats,
    ys: Sequence[float] | Floats,
    exposures: Sequence[float] | Floats | None = None,
    *,
    unit: str = "",
    precision: int | None = None,
) -> Peak | None:
    """The statistics of a curve; None without a peak: fewer than three measured points, or all y the same.

    Where the points are no farther from a Gaussian than their noise, its crossings of half height count. Else half
    height is midway between the background and the top, and the crossings are those of the nearest curve that only
    rises before its top and only falls after it. Noise on a flank shifts neither.

    Args:
        x: name of the axis.
        y: name of the detector.
        xs: positions, float [n], in any order.
        ys: values, float [n].
        exposures: what counts were divided by, float [n]: count times, or a monitor; None if by nothing.
        unit: of the axis, for the message of `doubt`.
        precision: digits after the point of the positions in it, or more where the step needs them.
    """
    at, height = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    measured = np.isfinite(at) & is_measured(height)
    order = np.argsort(at[measured], kind="stable")
    divided = None if exposures is None else np.asarray(exposures, dtype=float)[measured][order]
    at, (height, exponent) = at[measured][order], scaled(height[measured][order])
    if at.size < _MIN_POINTS or np.ptp(height) == 0 or np.ptp(at) == 0:
        return None
    few = max(1, at.size // _END)
    left, right = height[:few], height[-few:]
    ends = float(left.mean()), float(right.mean())
    is_dip = min(ends) > (float(height.min()) + float(height.max())) / 2
    background = max(ends) if is_dip else min(ends)
    if abs(ends[1] - ends[0]) <= _SAME * float(np.sqrt((left.var() + right.var()) / few)):
        background = (ends[0] + ends[1]) / 2
    axis = label(x, unit)
    fit, doubt = _judged(axis, y, at, height, is_dip, divided, precision)
    above = (height - background) * (-1 if is_dip else 1)
    smooth, top = _unimodal(above)
    if fit is not None and (fit.is_counting_noise or _is_as_good(fit, above, smooth)):
        crossings, foot = _inside(at, fit, 1.0), _inside(at, fit, _FOOT)
        is_sure = fit.fwhm_error < _SURE * fit.fwhm
    else:
        tall = _top_level(at, above, smooth, top)
        crossings, foot = (_crossings(at, smooth, top, tall * level) for level in (0.5, _COM_LEVEL))
        is_sure = False
    if doubt is None and crossings is None:
        doubt = NoFit(f"{y} is not half as high on both sides", Shape.FLANK)
    elif doubt is None and crossings is not None and not (is_sure or _shows_background(at, crossings)):
        doubt = NoFit(f"the scan ends on the flanks of {y} in {axis} and shows no background: scan wider", Shape.BROAD)
    return Peak(
        x,
        y,
        max_x=float(at[height.argmax()]),
        max_y=float(np.ldexp(height.max(), exponent)),
        min_x=float(at[height.argmin()]),
        min_y=float(np.ldexp(height.min(), exponent)),
        com=None if crossings is None else _centre_of_mass(at, above, foot or (float(at[0]), float(at[-1]))),
        cen=None if crossings is None else (crossings[0] + crossings[1]) / 2,
        fwhm=None if crossings is None else crossings[1] - crossings[0],
        doubt=doubt,
        left_out=int(measured.size - np.count_nonzero(measured)),
        is_dip=is_dip,
        is_top_inside=few <= top < at.size - few,
        background=float(np.ldexp(background, exponent)),
        step=float(np.ptp(at)) / (at.size - 1),
        significance=significance(height, divided),
    )


def _judged(
    x: str, y: str, at: Floats, height: Floats, is_dip: bool, exposures: Floats | None, precision: int | None
) -> tuple[Fit, None] | tuple[None, NoFit]:
    """The fit of the peak or dip, or the reason why there is none."""
    try:
        return fit_peak(x, y, at, height, dip=is_dip, exposures=exposures, precision=precision), None
    except NoFit as exc:
        return None, exc


def _is_as_good(fit: Fit, above: Floats, smooth: Floats) -> bool:
    """Whether values of unknown noise are no farther from the fit than from the curve that only rises and falls.

    An F-test: each level of that curve is a parameter. Without noise it goes through all points, and so must the fit.
    """
    from scipy.special import fdtrc

    if fit.scatter <= _EXACT * abs(fit.height):
        return True
    levels = 1 + int(np.count_nonzero(np.diff(smooth)))
    parameters = _PARAMETERS[fit.shape]
    free, more = above.size - levels, levels - parameters
    rest = float(np.sum((above - smooth) ** 2))
    if free < 1 or more < 1 or rest == 0:
        return False
    worse = max(fit.scatter**2 * (above.size - parameters) - rest, 0.0)
    return bool(fdtrc(more, free, worse / more / (rest / free)) > FALSE_ALARMS)


def _inside(at: Floats, fit: Fit, widths: float) -> tuple[float, float] | None:
    """Where the fitted peak is so wide, in units of its fwhm; None if that is not between the first and last point."""
    left, right = fit.centre - widths * fit.fwhm / 2, fit.centre + widths * fit.fwhm / 2
    return (left, right) if at[0] <= left and right <= at[-1] else None


def _shows_background(at: Floats, crossings: tuple[float, float]) -> bool:
    """Whether an end of the scan is a full width or more from the centre."""
    centre, fwhm = (crossings[0] + crossings[1]) / 2, crossings[1] - crossings[0]
    return bool(max(centre - at[0], at[-1] - centre) >= _FOOT_SEEN * fwhm)


def _unimodal(values: Floats) -> tuple[Floats, int]:
    """The nearest curve, in least squares, that rises to its top and falls after it, float [n]; and the top's index.

    Isotonic regression on both sides (Barlow et al., Statistical Inference under Order Restrictions, 1972). A curve
    without noise on its flanks stays as it is.
    """
    errors = _rising(values)[1] + _rising(values[::-1])[1][::-1]
    split = int(errors.argmin())
    curve = np.concatenate([_rising(values[:split])[0], _rising(values[split:][::-1])[0][::-1]])
    return curve, int(curve.argmax())


def _rising(values: Floats) -> tuple[Floats, Floats]:
    """The nearest curve that never falls, float [n], and the squares it leaves of the first 0 to n values, [n + 1].

    Neighbours that fall are pooled to their mean.
    """
    means: list[float] = []
    sizes: list[int] = []
    errors = [0.0]
    for value in values.tolist():
        mean, size, error = value, 1, errors[-1]
        while means and means[-1] > mean:
            before, others = means.pop(), sizes.pop()
            error += others * size / (others + size) * (before - mean) ** 2
            mean, size = (before * others + mean * size) / (others + size), size + others
        means.append(mean)
        sizes.append(size)
        errors.append(error)
    return np.repeat(means, sizes) if means else np.empty(0), np.array(errors)


def _top_level(at: Floats, above: Floats, smooth: Floats, top: int) -> float:
    """The height of the top without the noise of the highest point, which lifts it.

    A polynomial through what is higher than half, but no farther below the highest point than noise lifts it.
    """
    highest = float(smooth[top])
    inside = np.flatnonzero(smooth > highest / 2)
    points, xs = above[inside], at[inside]
    if points.size < _FEWEST_ON_TOP:
        return highest
    middle, half_width = (xs[0] + xs[-1]) / 2, (xs[-1] - xs[0]) / 2 or 1.0
    powers = 5 if points.size >= _ENOUGH_FOR_QUARTIC else 3
    z = (xs - middle) / half_width
    polynomial = np.linalg.lstsq(np.vander(z, powers), points, rcond=None)[0]
    fitted = float(np.polyval(polynomial, np.linspace(z[1], z[-2], 101)).max())
    rest = points - np.polyval(polynomial, z)
    noise = float(np.sqrt(rest @ rest / (points.size - powers)))
    reach = 1 + float(np.sqrt(2 * np.log(points.size)))  # of the highest of so many values, and one more
    return min(highest, max(fitted, highest - reach * noise, highest / 2))


def _crossings(at: Floats, curve: Floats, top: int, level: float) -> tuple[float, float] | None:
    """Where the curve falls below the level on both sides of its top, interpolated; None if it does not, or at once."""
    left, right = np.flatnonzero(curve[:top] < level), np.flatnonzero(curve[top:] < level)
    if not left.size or not right.size:
        return None
    low, high = int(left[-1]), top + int(right[0])
    between = _between(at, curve, low, low + 1, level), _between(at, curve, high, high - 1, level)
    return between if between[0] < between[1] else None


def _between(at: Floats, curve: Floats, below: int, above: int, level: float) -> float:
    share = (level - curve[below]) / (curve[above] - curve[below])
    return float(at[below] + share * (at[above] - at[below]))


def _centre_of_mass(at: Floats, above: Floats, between: tuple[float, float]) -> float:
    """The centre of mass of the curve between two positions."""
    inside = (at > between[0]) & (at < between[1])
    xs = np.concatenate([[between[0]], at[inside], [between[1]]])
    ys, shares = np.interp(xs, at, above), (xs - between[0]) / (between[1] - between[0])
    area = _integral(ys, shares)
    share = _integral(ys * shares, shares) / area if area > 0 else 0.5
    return between[0] + share * (between[1] - between[0])


def _integral(ys: Floats, xs: Floats) -> float:
    """By the trapezoidal rule: numpy 1 and 2 have it under different names."""
    return float(np.sum((ys[1:] + ys[:-1]) * np.diff(xs)) / 2)
