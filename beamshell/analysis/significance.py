"""Significance: does a curve hold more than noise? Peaks, dips and edges of all widths are compared with a flat line.

Pure: a column of numbers in, a `Significance` out. Noise alone is taken for a peak in about 1 of 1000 scans, however
many points they have. It does not know where the points are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from beamshell.analysis.noise import counts_per_value, is_measured, scaled, smallest_difference
from beamshell.arrays import Floats, np

_COUNTING_NOISE, _SCATTER = "counting noise", "the scatter of its points"

_FEWEST_POINTS = 3
_FEWEST_FOR_SCATTER = 5
_ENOUGH_FOR_SCATTER = 15
"""From so many points on, counts must also stand out of their own scatter, since a beam varies more than counts do."""
_MOST_POINTS = 400
"""Longer curves are added up in groups of neighbours."""

FALSE_ALARMS = 1e-3
"""The share of scans of noise alone that are taken for a peak."""
_FALSE_ALARMS_BY_SCATTER = 1e-2  # of counts, which must pass the test of counting noise too
_LARGEST = 30.0  # standard deviations: beyond them a probability is no longer a number


@dataclass(frozen=True, slots=True)
class Significance:
    """How far a curve is from a flat line, in standard deviations of its noise."""

    deviations: float
    """Those of the peak, dip or edge that is farthest from noise."""
    limit: float
    """What noise alone exceeds in about 1 of 1000 scans; infinite if there are too few points to tell."""
    noise: str
    """What the noise is: counting noise, or the scatter of the points."""

    @property
    def is_clear(self) -> bool:
        """True if the curve is more than noise."""
        return self.deviations > self.limit

    def __str__(self) -> str:
        if math.isinf(self.limit):
            return f"too few points, {_FEWEST_FOR_SCATTER} are needed"
        return f"{self.deviations:.1f} sigma over {self.noise}, clear is {self.limit:.1f}"


def significance(ys: Sequence[float] | Floats, exposures: Sequence[float] | Floats | None = None) -> Significance:
    """The significance of a curve.

    The noise of counts is counting noise; from 15 points on they must stand out of their own scatter too. That of
    other values is their scatter beside the best peak or edge.

    Args:
        ys: values, float [n], in the order of their positions; those that are no measured numbers are left out.
        exposures: what counts were divided by, float [n]: count times, or a monitor; None if by nothing.
    """
    values = np.asarray(ys, dtype=float)
    measured = is_measured(values)
    values, shares = values[measured], None if exposures is None else np.asarray(exposures, dtype=float)[measured]
    values = scaled(values)[0]
    if values.size < _FEWEST_POINTS or np.ptp(values) == 0:
        return Significance(0.0, math.inf if values.size < _FEWEST_POINTS else _limit(1.0, FALSE_ALARMS), _SCATTER)
    per_value = counts_per_value(values, shares)
    if per_value is None:
        too_few = values.size < _FEWEST_FOR_SCATTER
        return (
            Significance(0.0, math.inf, _SCATTER) if too_few else _by_scatter(values, _rounding(values), FALSE_ALARMS)
        )
    by_counts = _by_counts(np.rint(values * per_value), per_value / per_value.sum())
    if values.size < _ENOUGH_FOR_SCATTER:
        return by_counts
    by_scatter = _by_scatter(values, float(np.mean(per_value**-2)) / 12, _FALSE_ALARMS_BY_SCATTER)
    return min(by_counts, by_scatter, key=lambda one: one.deviations - one.limit)


def deviations_of_t(t: float, freedom: int) -> float:
    """The standard deviations of a normal distribution that are as rare as `t` is with `freedom` degrees of freedom."""
    from scipy.special import ndtri, stdtr

    return min(-float(ndtri(max(float(stdtr(freedom, -abs(t))), 1e-300))), _LARGEST)


def limit_for_peaks(points: int) -> float:
    """Standard deviations that the best peak or edge of noise exceeds in 1 of 1000 scans of so many points."""
    return _limit(_chances(min(points, _MOST_POINTS)), FALSE_ALARMS)


def _chances(points: int) -> float:
    """The number of independent templates that noise would fit as well as those of all widths, as simulated."""
    return max(130.0, 3.0 * points)


def _limit(chances: float, false_alarms: float) -> float:
    from scipy.special import ndtri

    return -float(ndtri(false_alarms / chances / 2))


# ---- counting noise ------------------------------------------------------------------------------


def _by_counts(counts: Floats, shares: Floats) -> Significance:
    """The window of neighbours with the least likely number of counts, given the number of all: a binomial one.

    After Kulldorff, Communications in Statistics 26, 1481 (1997). Windows grow from 1 point to half of the scan.

    Args:
        counts: float [n].
        shares: of the expected counts of a flat line, float [n], sum 1.
    """
    from scipy.special import betainc, ndtri

    sums, expected = (np.concatenate([[0.0], np.cumsum(values)]) for values in (counts, shares))
    total, points = float(sums[-1]), counts.size
    unlikely, inside, share = 0.0, 0.0, 1.0
    for width in _widths(points):
        counted, chance = sums[width:] - sums[:-width], expected[width:] - expected[:-width]
        deviance = _excess(counted, total * chance) + _excess(total - counted, total * (1 - chance))
        best = int(deviance.argmax())
        if deviance[best] > unlikely:
            unlikely, inside, share = float(deviance[best]), float(counted[best]), float(chance[best])
    above = betainc(inside, total - inside + 1, share) if inside > 0 else 1.0
    below = betainc(total - inside, inside + 1, 1 - share) if inside < total else 1.0
    deviations = -float(ndtri(max(min(float(above), float(below), 0.5), 1e-300)))
    chances = min(points**2 / 4, 6.0 * points)  # independent ones that are exceeded as often, as simulated
    return Significance(min(deviations, _LARGEST), _limit(chances, FALSE_ALARMS), _COUNTING_NOISE)


def _excess(counts: Floats, expected: Floats) -> Floats:
    """``counts * log(counts / expected)``, 0 without counts."""
    from scipy.special import xlogy

    return np.asarray(xlogy(counts, counts / np.maximum(expected, 1e-300)))


def _widths(points: int) -> list[int]:
    widths = [1]
    while widths[-1] < points // 2:
        widths.append(max(widths[-1] + 1, int(1.4 * widths[-1])))
    return widths


# ---- scatter -------------------------------------------------------------------------------------


def _by_scatter(values: Floats, rounding: float, false_alarms: float) -> Significance:
    """Student's t of the best of many peaks and edges, against what scatters beside it, at least the `rounding`."""
    if values.size > _MOST_POINTS:
        values = np.array([group.mean() for group in np.array_split(values, _MOST_POINTS)])
    values = values - values.mean()
    heights = _templates(values.size) @ values
    freedom = values.size - 2
    height = float(np.abs(heights).max())
    variance = max(float(values @ values) - height**2, 0.0) / freedom
    t = height / math.sqrt(max(variance, rounding, height**2 * 1e-18))
    return Significance(deviations_of_t(t, freedom), _limit(_chances(values.size), false_alarms), _SCATTER)


def _rounding(values: Floats) -> float:
    """The variance of the last digit of the values, more where they flicker between two."""
    return smallest_difference(values) ** 2 / (4 if np.unique(values).size == 2 else 12)


@lru_cache(maxsize=8)
def _templates(points: int) -> Floats:
    """Gaussians and error functions of all widths and places, each with mean 0 and length 1, shape (m, points)."""
    from scipy.special import erf

    is_short = points <= 20
    at, sigma, rows = np.arange(points, dtype=float), 0.4, []
    while sigma <= max(points / 3, 0.6):
        step = max(sigma / 4, 0.25) if is_short else max(sigma / 1.5, 1.0)
        beside = sigma if sigma > 1 else 0.0
        centres = np.arange(-beside, points - 1 + beside + 1e-9, step)
        z = (at - centres[:, None]) / sigma
        rows += [np.exp(-z * z / 2), erf(z / math.sqrt(2))]
        sigma *= 1.3 if is_short else 1.7
    templates = np.concatenate(rows)
    templates -= templates.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(templates, axis=1)
    varied = lengths > 1e-3
    return np.asarray(templates[varied] / lengths[varied, None])
