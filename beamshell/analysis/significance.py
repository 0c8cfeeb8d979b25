"""Significance: does a curve hold more than noise? It compares the curve with a flat line.

Pure numpy: a column of numbers in, a `Significance` out. Noise alone is taken for a peak in about 1 of 1000 scans.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_COUNTING_NOISE, _SCATTER = "counting noise", "the scatter of its points"

_FEWEST_POINTS = 3
_FEWEST_FOR_SCATTER = 5
_FEW_COUNTS, _MOST_COUNTS = 20, 2**53
_ENOUGH_FOR_A_UNIT, _ROUNDING = 3, 1e-6
_ENOUGH_FOR_SCATTER = 15
"""From so many points on, counts must also stand out of their own scatter, since a beam varies more than counts do."""

_ONE_IN_1000, _ONE_IN_2000, _ONE_IN_100 = 3.09, 3.29, 2.33
"""Standard deviations of a normal distribution that are exceeded, on one side, in so few of all cases."""
_TALL_LIMITS = {_ONE_IN_2000: (0.30, 6.0), _ONE_IN_100: (0.25, 3.75)}
"""(a, b): in so few scans of normal noise with n points `_tall` exceeds exp(a + b / sqrt(n - 3)), as simulated."""


@dataclass(frozen=True, slots=True)
class Significance:
    """How much a curve varies, compared with what noise alone would do."""

    ratio: float
    """Its spread over that of the noise."""
    limit: float
    """The ratio that noise alone exceeds in about 1 of 1000 scans; infinite if there are too few points to tell."""
    noise: str
    """What the noise is: counting noise, or the scatter of the points."""

    @property
    def is_clear(self) -> bool:
        """True if the curve is more than noise."""
        return self.ratio > self.limit

    def __str__(self) -> str:
        if math.isinf(self.limit):
            return f"too few points, {_FEWEST_FOR_SCATTER} are needed"
        return f"{self.ratio:.2g} times {self.noise}, clear is {self.limit:.2g}"


def significance(ys: Sequence[float] | Floats) -> Significance:
    """The significance of a curve.

    Whole numbers from 0 are taken for counts, whose variance is their mean; so are the multiples of one number, such as
    counts per 0.1 s. The noise of other values is what they scatter from point to point, or on the side of their median
    that is away from the peak.

    Args:
        ys: values, float [n], in the order of their positions; those that are not finite are left out.
    """
    values = np.asarray(ys, dtype=float)
    values = values[np.isfinite(values)]
    if values.size < _FEWEST_POINTS:
        return Significance(0.0, math.inf, _SCATTER)
    if np.ptp(values) == 0:
        return Significance(0.0, 1.0, _SCATTER)
    digit = float(np.diff(np.unique(values)).min())
    counts = _as_counts(values, digit)
    if counts is not None and counts.size < _ENOUGH_FOR_SCATTER:
        return _counting(counts)
    if counts is not None:
        return min(_counting(counts), _scatter(counts, 1.0, _ONE_IN_100), key=_margin)
    if values.size < _FEWEST_FOR_SCATTER:
        return Significance(0.0, math.inf, _SCATTER)
    return _scatter(values, digit, _ONE_IN_2000)


def _as_counts(values: Floats, digit: float) -> Floats | None:
    """The values as counts, whole numbers from 0; None if they are none."""
    if (values < 0).any():
        return None
    if (values == np.rint(values)).all() and values.max() < _MOST_COUNTS:
        several = np.unique(values[values > 0]).astype(np.int64)
        return values / int(np.gcd.reduce(several)) if several.size >= _ENOUGH_FOR_A_UNIT else values
    rates = values / digit
    is_few = rates.mean() < _FEW_COUNTS and np.abs(rates - np.rint(rates)).max() < _ROUNDING
    return rates if is_few else None


def _margin(one: Significance) -> float:
    return one.ratio / one.limit


def _counting(values: Floats) -> Significance:
    """The standard deviation over that of counts; the limit is that of chi-square (Wilson and Hilferty, 1931)."""
    freedom = values.size - 1
    variance = float(np.var(values, ddof=1)) / max(float(values.mean()), 1.0)
    limit = (1 - 2 / (9 * freedom) + _ONE_IN_1000 * math.sqrt(2 / (9 * freedom))) ** 3
    return Significance(math.sqrt(variance), math.sqrt(limit), _COUNTING_NOISE)


def _scatter(values: Floats, digit: float, deviations: float) -> Significance:
    """The better of two tests; `digit` is the smallest difference of values, by which a reading may flicker."""
    return max(_smooth(values, digit, deviations), _tall(values, digit, deviations), key=_margin)


def _smooth(values: Floats, digit: float, deviations: float) -> Significance:
    """The standard deviation over what the steps from point to point say it is: large for a curve that is smooth.

    After von Neumann (Annals of Mathematical Statistics 12, 1941); the limit is a fit to simulated normal noise.
    """
    steps = np.diff(values)
    noise = max(float(np.mean(steps**2)) / 2, digit**2 / 4)
    limit = math.exp(1.4 * deviations / math.sqrt(values.size - 1))
    return Significance(math.sqrt(float(np.var(values, ddof=1)) / noise), math.sqrt(limit), _SCATTER)


def _tall(values: Floats, digit: float, deviations: float) -> Significance:
    """The longer reach from the median over the shorter one: large for a peak or a dip beside a flat background."""
    middle = float(np.median(values))
    short, long = sorted((float(values.max()) - middle, middle - float(values.min())))
    constant, slope = _TALL_LIMITS[deviations]
    limit = math.exp(constant + slope / math.sqrt(values.size - 3))
    return Significance(long / (short + digit), limit, _SCATTER)
