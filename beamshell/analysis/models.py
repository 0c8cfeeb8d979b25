"""Curves of peaks and edges on a background, with their derivatives.

Pure: positions and parameters in, values out. It fits nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum

from beamshell.arrays import Floats, np

Model = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""``(x, parameters) -> (y, jacobian)``, shapes (n,) and (n, k); parameters: centre, sigma, height, background, and
for `pseudo_voigt` the mixing. The full width at half maximum of a peak is sigma * FWHM_PER_SIGMA for each of them."""

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))

MIN_SIGMA = 1e-6  # of the scanned range: keeps the models finite
_HALF = 2 * math.log(2)  # (x - centre)**2 / sigma**2 where a peak is half as high


class Background(StrEnum):
    """What a peak or an edge stands on."""

    FLAT = "flat"
    LINE = "line"
    CURVE = "curve"
    """A parabola."""
    STEP = "step"
    """An error function at the peak's place, as wide as the peak."""


def gaussian(x: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """A Gaussian on a constant background, shape (n,), and its derivatives by the parameters, shape (n, 4)."""
    centre, sigma, height, background = parameters
    sigma = math.copysign(max(abs(sigma), MIN_SIGMA), sigma)
    z = (x - centre) / sigma
    bell = np.exp(-z * z / 2)
    slopes = np.stack([height * bell * z / sigma, height * bell * z * z / sigma, bell, np.ones_like(x)], axis=1)
    return background + height * bell, slopes


def lorentzian(x: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """A Lorentzian on a constant background, and its derivatives by the parameters."""
    centre, signed_sigma, height, background = parameters
    sigma = math.copysign(max(abs(signed_sigma), MIN_SIGMA), signed_sigma)
    z = (x - centre) / sigma
    bell = 1 / (1 + z * z / _HALF)
    by_centre = height * bell * bell * 2 * z / (_HALF * sigma)
    return background + height * bell, np.stack([by_centre, by_centre * z, bell, np.ones_like(x)], axis=1)


def pseudo_voigt(x: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """A Gaussian and a Lorentzian of one width, the Lorentzian's share of the height being the mixing."""
    mixing = float(parameters[4])
    (bell, of_bell), (tails, of_tails) = gaussian(x, parameters[:4]), lorentzian(x, parameters[:4])
    slopes = np.column_stack([(1 - mixing) * of_bell + mixing * of_tails, tails - bell])
    return (1 - mixing) * bell + mixing * tails, slopes


def error_function(x: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """The integral of a Gaussian: a step of `height` at `centre`, and its derivatives by the parameters."""
    from scipy.special import ndtr

    centre, signed_sigma, height, background = parameters
    sigma = max(abs(signed_sigma), MIN_SIGMA)
    z = (x - centre) / sigma
    share = ndtr(z)
    bell = height * np.exp(-z * z / 2) / math.sqrt(2 * math.pi) / sigma
    slopes = np.stack([-bell, -bell * z * math.copysign(1.0, signed_sigma), share, np.ones_like(x)], axis=1)
    return background + height * share, slopes


def own_parameters(model: Model) -> int:
    """The number of parameters that a model has on a flat background."""
    return 5 if model is pseudo_voigt else 4


def on_background(background: Background, model: Model, x: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """The curve on this background, whose parameters follow those of the model; x runs from 0 to 1."""
    own = own_parameters(model)
    y, slopes = model(x, parameters[:own])
    if background is Background.FLAT:
        return y, slopes
    if background is Background.STEP:
        step, of_step = error_function(x, np.array([*parameters[:2], parameters[own], 0.0]))
        slopes = np.column_stack([slopes, of_step[:, 2]])
        slopes[:, :2] += of_step[:, :2]
        return y + step, slopes
    columns = polynomial(x, background)[:, 1:]
    return y + columns @ parameters[own:], np.column_stack([slopes, columns])


def polynomial(x: Floats, background: Background) -> Floats:
    """The columns of a background that does not depend on the peak, shape (n, 1 to 3)."""
    powers = {Background.FLAT: 1, Background.STEP: 1, Background.LINE: 2, Background.CURVE: 3}[background]
    return np.vander(x - 0.5, powers, increasing=True)
