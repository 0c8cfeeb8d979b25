"""Robust linear least squares: parameters of lines through points of which some are far off.

Pure numpy; it does not know what the points are.
"""

from __future__ import annotations

from beamshell.arrays import Floats, np

_ABSOLUTE_ERROR = 0.003
_RELATIVE_ERROR = 0.02
_HUBER_STEPS, _TUKEY_STEPS = 12, 8
_CONVERGED = 1e-6  # of the leeway
_MIN_SPREAD = 0.1
_MAD_TO_SIGMA = 1.4826
_HUBER, _TUKEY = 1.345, 4.685
"""For 95 % efficiency on normal noise (P. Huber, Robust Statistics, 1981)."""


def fit_lines(rows: Floats, values: Floats, weights: Floats, prior: Floats, leeway: Floats) -> Floats:
    """The parameters p for which `rows @ p` is near `values`, float64 [k].

    Points that are far off get a smaller weight at first (Huber), and finally none (Tukey).

    Args:
        rows: float64 [n, k].
        values: float64 [n].
        weights: float64 [n], the weight of each value.
        prior: float64 [k], the parameters that are assumed where the values do not determine them.
        leeway: float64 [k], the standard deviations of the prior.
    """
    scale = _ABSOLUTE_ERROR + _RELATIVE_ERROR * np.abs(values)
    scaled_rows, scaled_values = rows / scale[:, None], values / scale
    parameters: Floats = prior
    for trust, steps in ((_huber, _HUBER_STEPS), (_tukey, _TUKEY_STEPS)):
        for _ in range(steps):
            residuals = scaled_values - scaled_rows @ parameters
            spread = max(_MAD_TO_SIGMA * float(np.sort(np.abs(residuals))[len(values) // 2]), _MIN_SPREAD)
            weighted = scaled_rows * (weights * trust(residuals / spread) / spread**2)[:, None]
            left = weighted.T @ scaled_rows + np.diag(1 / leeway**2)
            right = weighted.T @ scaled_values + prior / leeway**2
            previous, parameters = parameters, np.asarray(np.linalg.solve(left, right), dtype=np.float64)
            if (np.abs(parameters - previous) <= _CONVERGED * leeway).all():
                break
    return parameters


def _huber(z: Floats) -> Floats:
    return _HUBER / np.maximum(np.abs(z), _HUBER)


def _tukey(z: Floats) -> Floats:
    return np.asarray((1 - np.minimum(np.abs(z) / _TUKEY, 1.0) ** 2) ** 2)
