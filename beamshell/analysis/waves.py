"""Slow waves: the best sine through a column of values, which an edge has to fit better than.

Pure numpy. A wave of half a period and less is a parabola or an arch, one of a whole period looks like an edge with
bent ends.
"""

from __future__ import annotations

from beamshell.analysis.least_squares import misfit
from beamshell.analysis.noise import counting_variance
from beamshell.arrays import Floats, np

_PERIODS = [tenths / 10 for tenths in range(2, 21)]
"""In the scan."""
_REWEIGHTED = 2


def wave_alone(x: Floats, y: Floats, per_value: Floats | None, *, slope: bool = False) -> float:
    """The misfit of the best sine on a constant or, with `slope`, on a straight line, in the unit of `models.misfit`.

    Args:
        x: positions in rising order, float [n].
        y: values, float [n].
        per_value: counts that one unit of a value stands for, float [n]; None for unknown noise, the same everywhere.
    """
    at, ones = (x - x[0]) / float(np.ptp(x)), np.ones_like(x)
    under = [ones, at] if slope else [ones]
    weights, best = ones, np.full_like(y, y.mean())
    for _ in range(1 if per_value is None else _REWEIGHTED):
        if per_value is not None:
            weights = 1 / np.sqrt(counting_variance(best, per_value))
        curves = [_fitted(np.stack([*under, np.sin(turn), np.cos(turn)], axis=1), y, weights) for turn in _turns(at)]
        best = min(curves, key=lambda curve: float(np.sum(((y - curve) * weights) ** 2)))
    return misfit(y, best, per_value)


def _turns(at: Floats) -> Floats:
    """The angle of each wave at each position, shape (waves, n)."""
    return np.asarray(2 * np.pi * np.array(_PERIODS)[:, None] * at)


def _fitted(columns: Floats, y: Floats, weights: Floats) -> Floats:
    return np.asarray(columns @ np.linalg.lstsq(columns * weights[:, None], y * weights, rcond=None)[0])
