"""Peaks and edges fitted to points, with numpy alone; a fit that is none is refused with the numbers that say why.

It knows no device and no plan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beamshell.errors import NoFit

Floats = NDArray[np.float64]
Model = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""``(x, parameters) -> (y, jacobian)``, of shapes (n,) and (n, 4); parameters: centre, sigma, height, background."""

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))

FEWEST_POINTS = 5
"""One more than there are parameters."""

_CLEARLY = 5.0  # a height of so many times the scatter is one
_STEPS = 200
_PLATEAU = 3  # so many highest points in a row that are all the same


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found, in the units of x (centre, fwhm and errors) and of y (height, background, scatter)."""

    centre: float
    """Of the peak, or where the edge is half-way up."""
    fwhm: float
    """Full width at half maximum: of the peak; of an edge, that of the beam which makes it."""
    height: float
    """From the background to the top; negative for a dip, and for an edge that falls."""
    background: float
    """Beside the peak; before the edge."""
    centre_error: float
    """One standard deviation of the centre, by the scatter of the points."""
    fwhm_error: float
    scatter: float
    """Root mean square distance of the points from the curve."""


# ---- curves --------------------------------------------------------------------------------------


def gaussian(x: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """A Gaussian on a flat background, shape (n,), and its derivatives by the parameters, shape (n, 4)."""
    centre, sigma, height, background = parameters
    z = (x - centre) / sigma
    bell = np.exp(-z * z / 2)
    slopes = np.stack([height * bell * z / sigma, height * bell * z * z / sigma, bell, np.ones_like(x)], axis=1)
    return background + height * bell, slopes


def error_function(x: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """The integral of a Gaussian: a step of `height` at `centre`, and its derivatives by the parameters."""
    centre, sigma, height, background = parameters
    z = (x - centre) / sigma
    share = np.array([(1 + math.erf(value / math.sqrt(2))) / 2 for value in z])
    bell = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    slopes = np.stack([-height * bell / sigma, -height * bell * z / sigma, share, np.ones_like(x)], axis=1)
    return background + height * share, slopes


# ---- what is asked for ---------------------------------------------------------------------------


def fit_peak(x: str, y: str, xs: Sequence[float], ys: Sequence[float], *, dip: bool = False) -> Fit:
    """The Gaussian that the points show.

    Args:
        x: what the axis is called, with its unit, for messages: "th [deg]".
        y: the same of the values.
        xs: positions, shape (n,), in any order.
        ys: values, shape (n,).
        dip: look for a peak that points down.

    Raises:
        NoFit: they show none, or not where they are.
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
    """The error function that the points show: where the edge is, and how wide the beam that crosses it.

    Args:
        x: what the axis is called, with its unit, for messages: "samx [mm]".
        y: the same of the values.
        xs: positions, shape (n,), in any order.
        ys: values, shape (n,).

    Raises:
        NoFit: they show none, or not where they are.
    """
    at, height = _sorted("edge", x, y, xs, ys)
    few = max(1, at.size // 5)
    before, after = float(np.mean(height[:few])), float(np.mean(height[-few:]))
    share = (height - before) / (after - before) if after != before else np.zeros_like(height)
    crossed = np.flatnonzero(share >= 0.5)
    centre = at[crossed[0]] if crossed.size else at[at.size // 2]
    rising = np.flatnonzero((share > 0.16) & (share < 0.84))  # one sigma to each side
    width = max(np.ptp(at[rising]) / 2 if rising.size else 0.0, _spacing(at) / 2)
    fit = _fitted(error_function, at, height, np.array([centre, width, after - before, before]))
    _check("edge", x, y, at, height, fit, not at[1] <= fit.centre <= at[-2])
    return fit


# ---- least squares -------------------------------------------------------------------------------


def _fitted(model: Model, at: Floats, height: Floats, guess: Floats) -> Fit:
    """Levenberg and Marquardt's way down (D. W. Marquardt, J. SIAM 11, 431, 1963), on values scaled to about 1."""
    scale = float(np.ptp(height)) or 1.0
    span = float(np.ptp(at))
    units = np.array([span, span, scale, scale])
    offset = np.array([at[0], 0.0, 0.0, height.min()])
    x, y = (at - at[0]) / span, (height - height.min()) / scale
    best, damping = (guess - offset) / units, 1e-3
    curve, slopes = model(x, best)
    cost = float(np.sum((y - curve) ** 2))
    for _ in range(_STEPS):
        normal = slopes.T @ slopes + 1e-12 * np.eye(4)
        step = np.linalg.lstsq(normal + damping * np.diag(np.diag(normal)), slopes.T @ (y - curve))[0]
        trial = best + step
        trial[1] = min(max(abs(trial[1]), 1e-6), 1e3)
        curve_there, slopes_there = model(x, trial)
        cost_there = float(np.sum((y - curve_there) ** 2))
        if not cost_there < cost:
            damping *= 10
            if damping > 1e12:
                break
            continue
        done = cost - cost_there <= 1e-12 * cost
        best, curve, slopes, cost, damping = trial, curve_there, slopes_there, cost_there, damping / 10
        if done:
            break
    variance = cost / max(1, at.size - 4)
    errors = np.sqrt(variance * np.abs(np.diag(np.linalg.pinv(slopes.T @ slopes)))) * units
    centre, sigma, tall, background = best * units + offset
    return Fit(
        centre=float(centre),
        fwhm=float(sigma) * FWHM_PER_SIGMA,
        height=float(tall),
        background=float(background),
        centre_error=float(errors[0]),
        fwhm_error=float(errors[1]) * FWHM_PER_SIGMA,
        scatter=math.sqrt(variance) * scale,
    )


# ---- what is refused -----------------------------------------------------------------------------


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
    """True if the farthest point is far from the others, by the scatter from one point to the next."""
    noise = float(np.median(np.abs(np.diff(height)))) / 0.954  # of a normal distribution: its standard deviation
    middle = float(np.median(height))
    reach = middle - height.min() if is_dip else height.max() - middle
    return bool(reach > 0 and reach > 8 * noise)


def _check(word: str, x: str, y: str, at: Floats, height: Floats, fit: Fit, at_end: bool) -> None:
    seen = f"from {at[0]:.5g} to {at[-1]:.5g}"
    tall = min(abs(fit.height), float(np.max(np.abs(height - fit.background))))
    if not tall > _CLEARLY * fit.scatter:
        raise NoFit(
            f"{y} has no clear {word} {seen} in {x}: the best fit is {tall:.3g} high, "
            f"and the points scatter by {fit.scatter:.3g}"
        )
    if not at[0] <= fit.centre <= at[-1]:
        raise NoFit(f"the {word} of {y} would be at {x} {fit.centre:.5g}, outside of what was scanned, {seen}")
    if at_end:
        raise NoFit(f"the {word} of {y} is at the end of what was scanned, near {x} {fit.centre:.5g}: scan around it")
    if fit.fwhm > at[-1] - at[0]:
        raise NoFit(f"the {word} of {y} is {fit.fwhm:.3g} wide, more than what was scanned, {seen} in {x}: scan wider")
    if fit.centre_error > fit.fwhm and fit.centre_error > _spacing(at):
        raise NoFit(f"the {word} of {y} is at {x} {fit.centre:.5g} +- {fit.centre_error:.2g}: that is no position")
    if word != "edge" and fit.fwhm < _spacing(at):
        raise NoFit(
            f"the {word} of {y} is a single point, at {x} {fit.centre:.5g}: "
            f"scan in steps smaller than {_spacing(at):.3g}"
        )


def _check_saturation(x: str, y: str, at: Floats, height: Floats, fit: Fit) -> None:
    """Some highest points in a row that are all the same, where the flanks say that it went on."""
    flat = height == height.max()
    row = _longest_row(flat)
    if row < _PLATEAU or np.count_nonzero(~flat) < FEWEST_POINTS:
        return
    guess = np.array([fit.centre, fit.fwhm / FWHM_PER_SIGMA, np.ptp(height), height.min()])
    flanks = _fitted(gaussian, at[~flat], height[~flat], guess)
    if flanks.height + flanks.background > height.max() + 0.05 * np.ptp(height):
        raise NoFit(
            f"{y} is saturated: {row} points in a row near {x} {fit.centre:.5g} are all {height.max():.6g}, "
            "where the flanks lead higher; attenuate the beam or count for less"
        )


def _longest_row(flags: NDArray[np.bool_]) -> int:
    longest = row = 0
    for flag in flags:
        row = row + 1 if flag else 0
        longest = max(longest, row)
    return longest


def _spacing(at: Floats) -> float:
    return float(np.ptp(at)) / (at.size - 1)
