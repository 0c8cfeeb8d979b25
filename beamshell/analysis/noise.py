"""The noise of measured values: counting noise where they are counts, else what they scatter.

Pure numpy: columns of numbers in, counts and variances out. It knows no curve.
"""

from __future__ import annotations

import math
import sys

from beamshell.arrays import Booleans, Floats, np

_SENTINELS = [sys.float_info.max, (2 - 2**-23) * 2.0**127]  # the largest float64 and float32
_SMALLEST, _LARGEST = 1e-100, 1e100  # values whose squares and cubes are floats too
_FEW_COUNTS, _MOST_COUNTS = 20, 2**53
_ENOUGH_FOR_A_UNIT, _ROUNDING = 3, 1e-6


def is_measured(values: Floats) -> Booleans:
    """Which values are measured ones, bool [n]: no NaN or Inf, nor the largest float, a driver's word for no value."""
    return np.isfinite(values) & ~np.isin(np.abs(values), _SENTINELS)


def scaled(values: Floats) -> tuple[Floats, int]:
    """The values and 0; very large or small ones over a power of two, and its exponent: a square would be no float.

    `numpy.ldexp(values, exponent)` undoes it exactly.

    Args:
        values: float [n], finite.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0 or _SMALLEST < largest < _LARGEST:
        return values, 0
    exponent = math.frexp(largest)[1]
    return np.ldexp(values, -exponent), exponent


def counts_per_value(values: Floats, exposures: Floats | None = None) -> Floats | None:
    """How many counts one unit of each value stands for, float [n]; None if the values are no counts.

    Whole numbers from 0 are counts: 1 count a unit, or 1 for each multiple of their common divisor. So are small
    multiples of one number, such as counts per 0.1 s, and values that become whole numbers times their exposures.

    Args:
        values: float [n], finite.
        exposures: what the counts were divided by, float [n]: count times, or a monitor; None if by nothing.
    """
    if (values < 0).any():
        return None
    if exposures is not None:
        counts = values * exposures
        is_whole = np.abs(counts - np.rint(counts)) <= _ROUNDING * np.maximum(counts, 1)
        is_whole &= (np.rint(counts) > 0) == (values > 0)  # a current of 1e-9 is not 0 counts
        return exposures if is_whole.all() and counts.max() < _MOST_COUNTS else None
    if (values == np.rint(values)).all() and values.max() < _MOST_COUNTS:
        several = np.unique(values[values > 0]).astype(np.int64)
        unit = int(np.gcd.reduce(several)) if several.size >= _ENOUGH_FOR_A_UNIT else 1
        return np.full(values.size, 1 / unit)
    digit = smallest_difference(values)
    if digit * _MOST_COUNTS <= values.max():
        return None
    rates = values / digit
    if rates.mean() < _FEW_COUNTS and np.abs(rates - np.rint(rates)).max() < _ROUNDING:
        return np.full(values.size, 1 / digit)
    return None


FEWEST_EXPECTED = 0.2
"""Counts of a fitted curve, at the least, for its variance."""


def counting_variance(values: Floats, per_value: Floats, fewest: float = 1.0) -> Floats:
    """The variance max(N, fewest) of N counts, in the unit of the values squared, float [n].

    Args:
        values: expected or measured, float [n].
        per_value: counts that one unit of the value stands for, float [n].
        fewest: 1 for measured counts, whose number may be 0 by chance; less for expected ones.
    """
    return np.asarray(np.maximum(values * per_value, fewest) / per_value**2)


def smallest_difference(values: Floats) -> float:
    """The smallest difference of two values that are not the same; 0 if all are."""
    different = np.unique(values)
    return float(np.diff(different).min()) if different.size > 1 else 0.0
