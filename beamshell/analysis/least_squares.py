"""Weighted least-squares fits of the curves in models.py.

Pure: columns of numbers in, a `LeastSquares` out. It does not judge whether there is a peak.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from beamshell.analysis.models import (
    MIN_SIGMA,
    Background,
    Model,
    error_function,
    gaussian,
    on_background,
    own_parameters,
    polynomial,
    pseudo_voigt,
)
from beamshell.analysis.noise import FEWEST_EXPECTED, counting_variance
from beamshell.arrays import Floats, np

_MAX_EVALUATIONS = 100
_REWEIGHTED = 3  # fits, each with the variances of the one before
_FEW_POINTS, _MOST_CENTRES, _WIDER = 20, 200, 1.5
_LARGEST = 1e6  # times the range of the values: no height
_ONE_IN_1000, _RARE_DEVIATIONS = 1e-3, 3.09
_START_MIXING = 0.5
_ONE_SIGMA = 0.841344746  # share of a normal distribution below +1 sigma


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """A fitted curve: `parameters` are centre, sigma, height, background, mixing if any, then a background's others."""

    parameters: Floats
    covariance: Floats
    """Of the parameters, float [k, k]; with few points of unknown noise it is widened, so that 68 % are within one."""
    background: Background
    misfit: float
    """Of counts, -2 times the logarithm of the likelihood ratio; else the sum of squares."""
    freedom: int
    scale: float
    """What a difference of misfits is divided by to be chi-square."""
    is_counting_noise: bool
    """True for counts that scatter as counts do; the scale is 1 then."""
    scatter: float
    """Root mean square distance of the values from the curve."""
    at: Floats
    """Positions from 0 to 1, float [n]."""
    place: Floats
    """Centre and sigma on this axis, float [2]."""
    residuals: Floats
    """Values less curve over their standard deviations, float [n]; of unknown noise, relative ones."""
    slopes: Floats
    """Derivatives of the curve by the parameters over these standard deviations, float [n, k]."""

    @property
    def errors(self) -> Floats:
        """Standard deviations of the parameters."""
        return np.sqrt(np.abs(np.diag(self.covariance)))

    @property
    def has_other_shape(self) -> bool:
        """Whether neighbours are on the same side of the curve, more often than noise is."""
        return not self.is_counting_noise and are_on_one_side(self.residuals)

    def gain(self, background: Background) -> float:
        """By about how much chi-square would fall with another background, in units of `scale`."""
        if background is Background.STEP:
            columns = error_function(self.at, np.array([*self.place, 1.0, 0.0]))[0][:, None]
        else:
            columns = polynomial(self.at, background)[:, 1:]
        weights = self.slopes[:, 3:4]
        more = np.column_stack([self.slopes, columns * weights])
        solution = np.linalg.lstsq(more, self.residuals, rcond=None)[0]
        rest = self.residuals - more @ solution
        fallen = float(self.residuals @ self.residuals - rest @ rest)
        left = float(rest @ rest) / max(self.at.size - more.shape[1], 1)
        return fallen / (1.0 if self.is_counting_noise else max(left, 1e-24))


def fitted(
    model: Model, x: Floats, y: Floats, per_value: Floats | None, background: Background, sign: int = 0
) -> LeastSquares | None:
    """The best fit of a peak or an edge on a background; None if there are too few points for it.

    The variance of counts is max(N, 1) at first, then that of the fitted curve, which makes the fit one of maximum
    likelihood. It begins at the best of many places and widths.

    Args:
        model: one of models.py.
        x: positions in rising order, float [n].
        y: values, float [n].
        per_value: counts that one unit of a value stands for, float [n]; None for unknown noise, the same everywhere.
        background: what it stands on.
        sign: 1 for a peak, -1 for a dip, 0 for either.
    """
    from scipy.optimize import leastsq  # 0.3 s to import, so not before the first fit

    span, tall, low = float(np.ptp(x)), float(np.ptp(y)), float(y.min())
    at, values = (x - x[0]) / span, (y - low) / tall
    variances = np.ones_like(y) if per_value is None else counting_variance(y, per_value) / tall**2
    parameters = _start(model, at, values, variances, background, sign)
    freedom = x.size - parameters.size
    if freedom < 1:
        return None
    for _ in range(1 if per_value is None else _REWEIGHTED):
        weights = 1 / np.sqrt(variances)
        with np.errstate(over="ignore", invalid="ignore"):  # two parameters that the points do not tell apart
            parameters, *_ = leastsq(
                lambda p, weights=weights: (on_background(background, model, at, p)[0] - values) * weights,
                parameters,
                Dfun=lambda p, weights=weights: on_background(background, model, at, p)[1] * weights[:, None],
                maxfev=_MAX_EVALUATIONS,
                full_output=True,
            )
        if not np.abs(parameters).max() < _LARGEST:
            return None
        curve, slopes = on_background(background, model, at, parameters)
        if per_value is not None:
            variances = counting_variance(curve * tall + low, per_value, FEWEST_EXPECTED) / tall**2
    weighted, residuals = slopes / np.sqrt(variances)[:, None], (values - curve) / np.sqrt(variances)
    chi_square = float(residuals @ residuals)
    scale, widening = _scale(chi_square, freedom, is_known=per_value is not None)
    covariance = np.asarray(scale * widening**2 * np.linalg.pinv(weighted.T @ weighted), dtype=float)
    parameters[1] = max(abs(float(parameters[1])), MIN_SIGMA)
    units = np.array([span, span, *[tall] * (parameters.size - 2)])
    units[4 : own_parameters(model)] = 1.0  # a mixing has no unit
    offset = np.array([x[0], 0.0, 0.0, low, *[0.0] * (parameters.size - 4)])
    return LeastSquares(
        parameters=parameters * units + offset,
        covariance=covariance * np.outer(units, units),
        background=background,
        misfit=misfit(y, curve * tall + low, per_value),
        freedom=freedom,
        scale=scale if per_value is not None else scale * tall**2,
        is_counting_noise=per_value is not None and scale == 1.0,
        scatter=math.sqrt(float(np.sum((curve - values) ** 2)) / freedom) * tall,
        at=at,
        place=parameters[:2].copy(),
        residuals=residuals,
        slopes=weighted,
    )


def _scale(chi_square: float, freedom: int, *, is_known: bool) -> tuple[float, float]:
    """What variances are multiplied by, and errors besides, so that 68 % of the fits are within one error.

    Counts that are farther from the curve than counting noise goes in 1 of 1000 fits have their errors enlarged, as
    the Particle Data Group does. Errors from unknown noise are widened after Student.
    """
    from scipy.special import chdtrc, stdtrit

    reduced = chi_square / freedom
    if is_known:
        return (reduced if chdtrc(freedom, chi_square) < _ONE_IN_1000 else 1.0), 1.0
    return reduced, float(stdtrit(freedom, _ONE_SIGMA))


def _start(model: Model, x: Floats, y: Floats, variances: Floats, background: Background, sign: int) -> Floats:
    """The parameters of the best curve among many places and widths, whose height and background are linear."""
    x, y, variances = _grouped(x, y, variances)
    weights = 1 / np.sqrt(variances)
    columns = polynomial(x, background)
    basis, _ = np.linalg.qr(columns * weights[:, None])
    rest = y * weights - basis @ (basis.T @ (y * weights))
    centres, gaps = x, np.diff(x)
    wide = gaps > (0 if centres.size <= _FEW_POINTS else 1.5 * np.median(gaps))  # a centre may be in a gap
    centres = np.concatenate([centres, centres[:-1][wide] + gaps[wide] / 2])
    spacing = 1 / (x.size - 1)
    sigmas = 0.4 * spacing * _WIDER ** np.arange(1 + int(math.log(0.7 / (0.4 * spacing), _WIDER)))
    places = np.array([(centre, sigma) for sigma in sigmas for centre in centres])
    heights, gains = _gains(model, x, weights, basis, rest, places)
    steps = np.zeros_like(heights)
    if background is Background.STEP:
        heights, steps, gains = _gains_with_step(x, weights, basis, rest, places)
    if sign:
        gains = np.where(heights * sign > 0, gains, -1.0)
    best = int(gains.argmax())
    centre, sigma = places[best]
    height = float(heights[best])
    shape = _rows(model, x, np.array([[centre, sigma]]))[0] * height
    if background is Background.STEP:
        shape = shape + error_function(x, np.array([centre, sigma, steps[best], 0.0]))[0]
    under = np.linalg.lstsq(columns * weights[:, None], (y - shape) * weights, rcond=None)[0]
    more = [steps[best]] if background is Background.STEP else under[1:]
    mixing = [_START_MIXING] if model is pseudo_voigt else []
    return np.array([centre, sigma, height, under[0], *mixing, *more])


def _grouped(x: Floats, y: Floats, variances: Floats) -> tuple[Floats, Floats, Floats]:
    """The points, or the weighted means of neighbours where there are many: a start need not be exact."""
    size = -(-x.size // _MOST_CENTRES)
    if size == 1:
        return x, y, variances
    first = np.arange(0, x.size, size)
    weights = 1 / variances
    sums = np.add.reduceat(weights, first)
    return np.add.reduceat(x * weights, first) / sums, np.add.reduceat(y * weights, first) / sums, 1 / sums


def _rows(model: Model, x: Floats, places: Floats) -> Floats:
    from scipy.special import ndtr

    z = (x - places[:, :1]) / places[:, 1:]
    return np.asarray(ndtr(z) if model is error_function else np.exp(-z * z / 2))


def _gains(
    model: Model, x: Floats, weights: Floats, basis: Floats, rest: Floats, places: Floats
) -> tuple[Floats, Floats]:
    """The best height of each curve, and by how much it lowers chi-square; shapes (m,)."""
    rows = _rows(model, x, places) * weights
    rows -= (rows @ basis) @ basis.T
    norms, along = np.einsum("ij,ij->i", rows, rows), rows @ rest
    varied = norms > 1e-9 * float(weights @ weights)
    heights = np.where(varied, along / np.where(varied, norms, 1.0), 0.0)
    return heights, heights * along


def _gains_with_step(
    x: Floats, weights: Floats, basis: Floats, rest: Floats, places: Floats
) -> tuple[Floats, Floats, Floats]:
    """The best heights of each peak and of the step under it, and by how much both lower chi-square."""
    peaks, steps = (_rows(model, x, places) * weights for model in (gaussian, error_function))
    peaks -= (peaks @ basis) @ basis.T
    steps -= (steps @ basis) @ basis.T
    pp, ss, ps = (np.einsum("ij,ij->i", a, b) for a, b in ((peaks, peaks), (steps, steps), (peaks, steps)))
    p, s = peaks @ rest, steps @ rest
    determinant = pp * ss - ps * ps
    varied = determinant > 1e-9 * float(weights @ weights) ** 2
    divisor = np.where(varied, determinant, 1.0)
    heights, of_steps = (np.where(varied, value / divisor, 0.0) for value in (p * ss - s * ps, s * pp - p * ps))
    return heights, of_steps, heights * p + of_steps * s


def scatter_of_neighbours(rest: Floats) -> float:
    """The variance of noise from the differences of neighbours.

    Args:
        rest: values less curve, float [n].
    """
    return float(np.sum(np.diff(rest) ** 2)) / 2 / (rest.size - 1)


def are_on_one_side(rest: Floats) -> bool:
    """Whether neighbours are on the same side of a curve, more often than noise is in 1 of 1000 fits.

    By the ratio of von Neumann (Annals of Mathematical Statistics 12, 367, 1941).

    Args:
        rest: values less curve, float [n].
    """
    n = rest.size
    ratio = 2 * scatter_of_neighbours(rest) * (n - 1) / max(float(rest @ rest), 1e-300)
    return (2 - ratio) / math.sqrt(4 * (n - 2) / (n * n - 1)) > _RARE_DEVIATIONS


def misfit(y: Floats, curve: Floats, per_value: Floats | None) -> float:
    """Of counts, -2 times the logarithm of the likelihood ratio (Baker and Cousins, 1984); else the sum of squares."""
    from scipy.special import xlogy

    if per_value is None:
        return float(np.sum((y - curve) ** 2))
    counts, expected = y * per_value, np.maximum(curve * per_value, 1e-3)
    return 2 * float(np.sum(expected - counts + xlogy(counts, counts / expected)))


def background_alone(x: Floats, y: Floats, per_value: Floats | None, background: Background) -> float:
    """The misfit of a flat line, a slope or a parabola without any peak."""
    return columns_alone(polynomial((x - x[0]) / float(np.ptp(x)), background), y, per_value)


def columns_alone(columns: Floats, y: Floats, per_value: Floats | None) -> float:
    """The misfit of the best sum of columns, float [n, k], times factors."""
    curve = np.full_like(y, y.mean())
    for _ in range(_REWEIGHTED):
        weights = np.ones_like(y) if per_value is None else 1 / np.sqrt(counting_variance(curve, per_value))
        curve = columns @ np.linalg.lstsq(columns * weights[:, None], y * weights, rcond=None)[0]
    return misfit(y, curve, per_value)
