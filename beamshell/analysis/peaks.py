"""Statistics of a peak without a fit: maximum, centre, width and centre of mass.

Pure numpy: columns of numbers in, a `Peak` out. It needs no plot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beamshell.analysis.significance import Significance, significance

_MIN_POINTS = 3


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
    com: float
    """Centre of mass of y less the smallest y."""
    cen: float | None
    """Midway between the two crossings of half height; None if one of them is outside the scan."""
    fwhm: float | None
    """Distance between these crossings; None if one of them is outside the scan."""
    significance: Significance
    """Whether the curve is more than noise."""


def peak(
    x: str, y: str, xs: Sequence[float] | NDArray[np.float64], ys: Sequence[float] | NDArray[np.float64]
) -> Peak | None:
    """The statistics of a curve; None without a peak: fewer than three finite points, or all y the same.

    Half height is the mean of the smallest and the largest y, as at other beamline consoles.

    Args:
        x: name of the axis.
        y: name of the detector.
        xs: positions, float [n], in any order.
        ys: values, float [n].
    """
    at, height = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    finite = np.isfinite(at) & np.isfinite(height)
    order = np.argsort(at[finite], kind="stable")
    at, height = at[finite][order], height[finite][order]
    if at.size < _MIN_POINTS or np.ptp(height) == 0 or np.ptp(at) == 0:
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
        cen=(left + right) / 2 if inside else None,  # type: ignore[operator]  # `inside` says that neither is None
        fwhm=right - left if inside else None,  # type: ignore[operator]  # as above
        significance=significance(height),
    )


def _crossing(at: NDArray[np.float64], above: NDArray[np.float64]) -> float | None:
    """The first position at which the curve falls below half of its maximum, interpolated; None if there is none."""
    half = above.max() / 2
    below = np.flatnonzero(above < half)
    if not below.size:
        return None
    after = int(below[0])
    before = after - 1
    share = (above[before] - half) / (above[before] - above[after])
    return float(at[before] + share * (at[after] - at[before]))
