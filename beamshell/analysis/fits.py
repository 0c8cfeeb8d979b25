"""Fits of peaks and edges; where there is no clear peak or edge, NoFit says why in numbers.

Pure: columns of numbers in, a `Fit` out. It knows no device and no plan.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beamshell.analysis.significance import significance
from beamshell.errors import NoFit

Floats = NDArray[np.float64]
Model = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""``(x, parameters) -> (y, jacobian)``, shapes (n,) and (n, 4); parameters: centre, sigma, height, background."""

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))

FEWEST_POINTS = 5
"""The least number of points for a fit: one more than there are parameters."""

_MIN_SIGMA = 1e-6  # of the scanned range: keeps the models finite
_MIN_HEIGHT = 5.0  # in units of the scatter
_MAX_EVALUATIONS = 100
_PLATEAU = 3  # equal highest points in a row


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted peak or edge: centre, fwhm and errors in the unit of x; height, background and scatter in that of y."""

    centre: float
    """Centre of the peak, or where the edge is at half height."""
    fwhm: float
    """Full width at half maximum of the peak; for an edge, that of the beam behind it."""
    height: float
    """From the background to the top; negative for a dip and for a falling edge."""
    background: float
    """Value beside the peak, or before the edge."""
    centre_error: float
    """Standard deviation of the centre, from the scatter of the points."""
    fwhm_error: float
    scatter: float
    """Root mean square distance of the points from the curve."""


# ---- curves --------------------------------------------------------------------------------------


def gaussian(x: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """A Gaussian on a constant background, shape (n,), and its derivatives by the parameters, shape (n, 4)."""
    centre, sigma, height, background = parameters
    sigma = math.copysign(max(abs(sigma), _MIN_SIGMA), sigma)
    z = (x - centre) / sigma
    bell = np.exp(-z * z / 2)
    slopes = np.stack([height * bell * z / sigma, height * bell * z * z / sigma, bell, np.ones_like(x)], axis=1)
    return background + height * bell, slopes


def error_function(x: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """The integral of a Gaussian: a step of `height` at `centre`, and its derivatives by the parameters."""
    from scipy.special import erf

    centre, signed_sigma, height, background = parameters
    sigma = max(abs(signed_sigma), _MIN_SIGMA)
    z = (x - centre) / sigma
    share = (1 + erf(z / math.sqrt(2))) / 2
    bell = height * np.exp(-z * z / 2) / math.sqrt(2 * math.pi) / sigma
    slopes = np.stack([-bell, -bell * z * math.copysign(1.0, signed_sigma), share, np.ones_like(x)], axis=1)
    return background + height * share, slopes


# ---- fits ----------------------------------------------------------------------------------------


def fit_peak(x: str, y: str, xs: Sequence[float], ys: Sequence[float], *, dip: bool = False) -> Fit:
    """Fit a Gaussian on a constant background.

    Args:
        x: name of the axis with its unit, for messages: "th [deg]".
        y: name of the values, for messages.
        xs: positions, float [n], in any order.
        ys: values, float [n].
        dip: True looks for a peak that points down.

    Raises:
        NoFit: there is no clear peak within the scanned range; the message says why.
    """
    at, height = _sorted("peak", x, y, xs, ys)
    middle = float(np.median(height))
    is_dip = middle - height.min() > height.max() - middle
    word = "dip" if dip else "peak"
    if is_dip != dip:
        place = int(height.argmin() if is_dip else height.argmax())
        if _stands_out(height, is_dip) and 0 < place < at.size - 1:
            other = "a dip and no peak: ask for the dip" if is_dip else "a peak and no dip"
            raise NoFit(f"{y} has {other} (at {x} {at[place]:.5g})")
    upright = -height if dip else height
    top = int(upright.argmax())
    half = (upright.max() + np.percentile(upright, 10)) / 2
    width = max(int(np.count_nonzero(upright > half)), 1) * _spacing(at)
    bottom = float(np.percentile(height, 90 if dip else 10))
    guess = np.array([at[top], width / FWHM_PER_SIGMA, height[top] - bottom, bottom])
    fit = _fitted(gaussian, at, height, guess)
    _check(word, x, y, at, height, fit, top in (0, at.size - 1) and not at[1] <= fit.centre <= at[-2])
    if not dip:
        _check_saturation(x, y, at, height, fit)
    return fit


def fit_edge(x: str, y: str, xs: Sequence[float], ys: Sequence[float]) -> Fit:
    """Fit an error function: the position of an edge, and the width of the beam that crosses it.

    Args:
        x: name of the axis with its unit, for messages: "samx [mm]".
        y: name of the values, for messages.
        xs: positions, float [n], in any order.
        ys: values, float [n].

    Raises:
        NoFit: there is no clear edge within the scanned range; the message says why.
    """
    at, height = _sorted("edge", x, y, xs, ys)
    few = max(1, at.size // 5)
    before, after = float(np.mean(height[:few])), float(np.mean(height[-few:]))
    share = (height - before) / (after - before) if after != before else np.zeros_like(height)
    crossed = np.flatnonzero(share >= 0.5)
    centre = at[crossed[0]] if crossed.size else at[at.size // 2]
    rising = np.flatnonzero((share > 0.16) & (share < 0.84))  # within one sigma on each side
    width = max(np.ptp(at[rising]) / 2 if rising.size else 0.0, _spacing(at) / 2)
    fit = _fitted(error_function, at, height, np.array([centre, width, after - before, before]))
    _check("edge", x, y, at, height, fit, not at[1] <= fit.centre <= at[-2])
    return fit


# ---- least squares -------------------------------------------------------------------------------


def _fitted(model: Model, at: Floats, height: Floats, guess: Floats) -> Fit:
    """The least-squares fit of `model` to the points, begun at `guess`, on values scaled to about 1."""
    from scipy.optimize import least_squares  # 0.3 s to import, so not before the first fit

    span, scale = float(np.ptp(at)), float(np.ptp(height)) or 1.0
    x, y = (at - at[0]) / span, (height - height.min()) / scale
    units, offset = np.array([span, span, scale, scale]), np.array([at[0], 0.0, 0.0, height.min()])
    fit = least_squares(
        lambda parameters: model(x, parameters)[0] - y,
        (guess - offset) / units,
        jac=lambda parameters: model(x, parameters)[1],
        method="lm",
        max_nfev=_MAX_EVALUATIONS,
    )
    variance = 2 * float(fit.cost) / max(1, at.size - 4)
    errors = np.sqrt(variance * np.abs(np.diag(np.linalg.pinv(fit.jac.T @ fit.jac)))) * units
    centre, sigma, tall, background = fit.x * units + offset
    return Fit(
        centre=float(centre),
        fwhm=max(abs(float(sigma)), _MIN_SIGMA * span) * FWHM_PER_SIGMA,
        height=float(tall),
        background=float(background),
        centre_error=float(errors[0]),
        fwhm_error=float(errors[1]) * FWHM_PER_SIGMA,
        scatter=math.sqrt(variance) * scale,
    )


# ---- refusals ------------------------------------------------------------------------------------


def _sorted(word: str, x: str, y: str, xs: Sequence[float], ys: Sequence[float]) -> tuple[Floats, Floats]:
    at, height = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    finite = np.isfinite(at) & np.isfinite(height)
    at, height = at[finite], height[finite]
    order = np.argsort(at, kind="stable")
    at, height = at[order], height[order]
    if at.size < FEWEST_POINTS or np.ptp(at) == 0:
        raise NoFit(f"{at.size} points do not show where a {word} is in {x}: {FEWEST_POINTS} or more are needed")
    if np.ptp(height) == 0:
        raise NoFit(f"{y} is {height[0]:.5g} from {at[0]:.5g} to {at[-1]:.5g} in {x}: there is no {word}")
    return at, height


def _stands_out(height: Floats, is_dip: bool) -> bool:
    """True if the farthest point is far from the others, compared with the scatter from point to point."""
    noise = float(np.median(np.abs(np.diff(height)))) / 0.954  # standard deviation of normal noise
    middle = float(np.median(height))
    reach = middle - height.min() if is_dip else height.max() - middle
    return bool(reach > 0 and reach > 8 * noise)


def _check(word: str, x: str, y: str, at: Floats, height: Floats, fit: Fit, at_end: bool) -> None:
    scanned = f"from {at[0]:.5g} to {at[-1]:.5g}"
    tall = min(abs(fit.height), float(np.max(np.abs(height - fit.background))))
    if not tall > _MIN_HEIGHT * fit.scatter:
        raise NoFit(
            f"{y} has no clear {word} {scanned} in {x}: the best fit is {tall:.3g} high, "
            f"and the points scatter by {fit.scatter:.3g}"
        )
    if not (evidence := significance(height)).is_clear:
        raise NoFit(f"{y} has no clear {word} {scanned} in {x}: {evidence}")
    if not at[0] <= fit.centre <= at[-1]:
        raise NoFit(f"the {word} of {y} would be at {x} {fit.centre:.5g}, outside of what was scanned, {scanned}")
    if at_end:
        raise NoFit(f"the {word} of {y} is at the end of what was scanned, near {x} {fit.centre:.5g}: scan around it")
    if fit.fwhm > at[-1] - at[0]:
        raise NoFit(
            f"the {word} of {y} is {fit.fwhm:.3g} wide, more than what was scanned, {scanned} in {x}: scan wider"
        )
    if fit.centre_error > fit.fwhm and fit.centre_error > _spacing(at):
        raise NoFit(f"the {word} of {y} is at {x} {fit.centre:.5g} +- {fit.centre_error:.2g}: that is no position")
    if word != "edge" and fit.fwhm < _spacing(at):
        raise NoFit(
            f"the {word} of {y} is a single point, at {x} {fit.centre:.5g}: "
            f"scan in steps smaller than {_spacing(at):.3g}"
        )


def _check_saturation(x: str, y: str, at: Floats, height: Floats, fit: Fit) -> None:
    """Refuse equal highest points in a row, if a fit of the flanks is higher than they are."""
    flat = height == height.max()
    row = max(len(list(run)) for is_flat, run in itertools.groupby(flat) if is_flat)
    if row < _PLATEAU or np.count_nonzero(~flat) < FEWEST_POINTS:
        return
    guess = np.array([fit.centre, fit.fwhm / FWHM_PER_SIGMA, np.ptp(height), height.min()])
    flanks = _fitted(gaussian, at[~flat], height[~flat], guess)
    if flanks.height + flanks.background > height.max() + 0.05 * np.ptp(height):
        raise NoFit(
            f"{y} is saturated: {row} points in a row near {x} {fit.centre:.5g} are all {height.max():.6g}, "
            "where the flanks lead higher; attenuate the beam or count for less"
        )


def _spacing(at: Floats) -> float:
    return float(np.ptp(at)) / (at.size - 1)
