"""Straight lines through points of which some are far off: least squares that does not believe the outliers.

Pure numpy: it does not know what is fitted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Values = np.ndarray[Any, np.dtype[np.float64]]

_ABSOLUTE = 0.003
_RELATIVE = 0.02
_STEPS_DOUBTING, _STEPS_REFUSING = 12, 8
_MAD_TO_SIGMA = 1.4826
_HUBER, _TUKEY = 1.345, 4.685
"""For 95 % efficiency on normal noise (P. Huber, Robust Statistics, 1981)."""


def fitted(rows: Values, values: Values, weights: Values, prior: Values, leeway: Values) -> Values:
    """The parameters p for which `rows @ p` is near `values`; far ones are first doubted, then left out.

    Args:
        rows: float64 [n, k].
        values: float64 [n].
        weights: float64 [n], how much each value counts.
        prior: float64 [k], what is believed where the values do not tell.
        leeway: float64 [k], how far from it the truth may well be.
    """
    scale = _ABSOLUTE + _RELATIVE * np.abs(values)
    scaled_rows, scaled_values = rows / scale[:, None], values / scale
    parameters: Values = prior
    for step in range(_STEPS_DOUBTING + _STEPS_REFUSING):
        residuals = scaled_values - scaled_rows @ parameters
        spread = max(_MAD_TO_SIGMA * float(np.sort(np.abs(residuals))[len(values) // 2]), 0.1)
        trust = _huber(residuals / spread) if step < _STEPS_DOUBTING else _tukey(residuals / spread)
        weighted = scaled_rows * (weights * trust / spread**2)[:, None]
        left = weighted.T @ scaled_rows + np.diag(1 / leeway**2)
        right = weighted.T @ scaled_values + prior / leeway**2
        parameters = np.asarray(np.linalg.solve(left, right), dtype=np.float64)
    return parameters


def _huber(z: Values) -> Values:
    return _HUBER / np.maximum(np.abs(z), _HUBER)


def _tukey(z: Values) -> Values:
    return np.asarray((1 - np.minimum(np.abs(z) / _TUKEY, 1.0) ** 2) ** 2)
