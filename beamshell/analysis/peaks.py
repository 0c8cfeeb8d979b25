"""Where a peak is and how wide: maximum, centre, width and centre of mass of points.

Pure numpy: it never needs a plot, and takes points in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FEWEST_POINTS = 3


@dataclass(frozen=True, slots=True)
class Peak:
    """The statistics of one curve, in the units of x (`fwhm` too) and of y."""

    x: str
    """The field along the axis."""
    y: str
    """The field of the detector."""
    max_x: float
    """Where y is largest."""
    max_y: float
    min_x: float
    min_y: float
    com: float
    """Centre of mass of what is above the smallest y."""
    cen: float | None
    """Halfway between the two crossings of half height; None if a crossing is not inside the scan."""
    fwhm: float | None
    """The distance between those crossings, or None."""


def peak(
    x: str, y: str, xs: Sequence[float] | NDArray[np.float64], ys: Sequence[float] | NDArray[np.float64]
) -> Peak | None:
    """The statistics of a curve, or None if it has no peak: too few finite points, or all the same.

    Half height lies halfway between the smallest and the largest y, as at every beamline console.

    Args:
        x: name of the axis.
        y: name of the detector.
        xs: positions, shape (n,), in any order.
        ys: values, shape (n,).
    """
    at, height = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    finite = np.isfinite(at) & np.isfinite(height)
    order = np.argsort(at[finite], kind="stable")
    at, height = at[finite][order], height[finite][order]
    if at.size < _FEWEST_POINTS or np.ptp(height) == 0 or np.ptp(at) == 0:
        return None
    above = height - height.min()
    top, bottom = int(height.argmax()), int(height.argmin())
    left, right = _crossing(at[top::-1], above[top::-1]), _crossing(at[top:], above[top:])
    inside = left is not None and right is not None
    return Peak(
        x,
        y,
        max_x=float(at[top]),
        max_y=float(height[top]),
        min_x=float(at[bottom]),
        min_y=float(height[bottom]),
        com=float(np.trapezoid(above * at, at) / area) if (area := np.trapezoid(above, at)) else float(at[top]),
        cen=(left + right) / 2 if inside else None,  # type: ignore[operator]  # inside says neither is None
        fwhm=right - left if inside else None,  # type: ignore[operator]  # as above
    )


def _crossing(at: NDArray[np.float64], above: NDArray[np.float64]) -> float | None:
    """Where the curve first falls through half of its first value, between two points."""
    half = above.max() / 2
    below = np.flatnonzero(above < half)
    if not below.size:
        return None
    after = int(below[0])
    before = after - 1
    share = (above[before] - half) / (above[before] - above[after])
    return float(at[before] + share * (at[after] - at[before]))
