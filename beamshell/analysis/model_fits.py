"""Fits of models by name (gaussian, lorentzian, pseudo-voigt, edge, line): values, errors, covariance and goodness.

Pure: columns of numbers in, a `ModelFit` out. What is no peak and no edge is refused as `fit_peak` and `fit_edge` do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from beamshell.analysis.fits import Fit, judged_edge, judged_peak, without_rounding
from beamshell.analysis.least_squares import LeastSquares, are_on_one_side, scatter_of_neighbours
from beamshell.analysis.models import (
    FWHM_PER_SIGMA,
    Background,
    Model,
    error_function,
    gaussian,
    lorentzian,
    on_background,
    own_parameters,
    pseudo_voigt,
)
from beamshell.analysis.noise import FEWEST_EXPECTED, counting_variance
from beamshell.analysis.refusals import Curve, Shape
from beamshell.arrays import Floats, np
from beamshell.errors import NoFit
from beamshell.text.lists import aligned
from beamshell.text.numbers import label, with_error, with_unit

PEAKS: dict[str, Model] = {"gaussian": gaussian, "lorentzian": lorentzian, "pseudo-voigt": pseudo_voigt}
EDGE, LINE = "edge", "line"
MODELS = {
    "gaussian": "a bell with short tails: centre, fwhm, height, background",
    "lorentzian": "a peak with long tails: centre, fwhm, height, background",
    "pseudo-voigt": "between the two: also mixing, 0 for a Gaussian to 1 for a Lorentzian",
    "edge": "an error function: centre, fwhm of the beam that crosses it, height, background",
    "line": "a straight line: slope, and intercept at 0",
}
"""The models, each in a few words."""

_FEWEST_FOR_LINE = 3
_REWEIGHTED = 3
_RARE = 1e-3  # of fits of the right model that are called poor, on each side
_FAIR = 0.05
_EXACT = 1e-9  # of the range of the values: no noise
_CLEARLY = 3.0  # errors
_DRAWN = 501
_BACKGROUNDS = (Background.LINE, Background.STEP)
"""What a peak may stand on if a flat line does not do. No parabola: it would hide that the model is a wrong one."""
_TERMS = {Background.FLAT: [], Background.LINE: ["slope"], Background.STEP: ["step"]}


@dataclass(frozen=True, eq=False)
class ModelFit:
    """A fitted model: `values` and `errors` by name, `covariance`, goodness, and the `curve`."""

    model: str
    x: str
    """Name of the axis."""
    y: str
    """Name of the values."""
    unit: str
    """Of the axis."""
    y_unit: str
    """Of the values."""
    values: dict[str, float]
    """By name, in the units of x and y. On a slope the background is that in the middle of the scan."""
    errors: dict[str, float]
    """Standard deviations, in 68 of 100 scans the truth is nearer; NaN where the points do not show it."""
    covariance: Floats
    """Of the values, in their order, float [k, k]."""
    background: str
    """What a peak stands on: "flat", "line", "curve" or "step"."""
    points: int
    """The number of points that were fitted."""
    left_out: int
    """Points without a number: NaN, Inf, or the largest float."""
    reduced_chi_square: float
    """Of counts, by counting noise; else by the scatter from point to point. NaN without any noise."""
    goodness: str
    """What that means, in words."""
    scanned: tuple[float, float]
    """The lowest and the highest x."""
    evaluate: Callable[[Floats], Floats] = field(repr=False)
    of: str = ""
    """Where the points are from, such as "scan 12"."""

    @property
    def is_good(self) -> bool:
        """True if the points are no farther from the curve than their noise."""
        return not self.goodness.startswith("poor")

    @property
    def headline(self) -> str:
        """The first value in words, such as "centre 0.3008(9) deg"."""
        name = next(iter(self.values))
        return f"{name} {self._value(name)}"

    def curve(self, xs: Sequence[float] | Floats | None = None) -> Floats:
        """The values of the fitted curve, float [n].

        Args:
            xs: positions, float [n]; None for those of `grid`.
        """
        return self.evaluate(self.grid() if xs is None else np.asarray(xs, dtype=float))

    def grid(self) -> Floats:
        """Positions from one end of the scan to the other, as close as a drawing needs, float [501]."""
        return np.linspace(*self.scanned, _DRAWN)

    def __repr__(self) -> str:
        kind = self.model if self.background == Background.FLAT else f"{self.model} on a {self.background}"
        left_out = f", {self.left_out} without a number left out" if self.left_out else ""
        heading = f"{self.y} against {self.x}: {kind}, {self.points} points{left_out}"
        rows = [(f"  {name}", self._value(name)) for name in self.values]
        chi_square = self.reduced_chi_square
        noise = "" if math.isnan(chi_square) else f"reduced chi-squared {chi_square:.{2 if chi_square < 100 else 0}f}: "
        lines = [f"{self.of}: {heading}" if self.of else heading, *aligned(rows, left_aligned=(0, 1))]
        return "\n".join([*lines, f"{noise}{self.goodness}"])

    def _value(self, name: str) -> str:
        per_x = f"{self.y_unit or 1}/{self.unit}" if self.unit else self.y_unit
        units = {"centre": self.unit, "fwhm": self.unit, "mixing": "", "slope": per_x}
        text = with_unit(with_error(self.values[name], self.errors[name]), units.get(name, self.y_unit))
        if name == "fwhm" and math.isnan(self.errors[name]):
            return f"below the step, {text}"
        if name == "mixing" and self.values[name] < -_CLEARLY * self.errors[name]:
            return f"{text}, flatter than a Gaussian"
        return text


def fit_model(
    model: str,
    x: str,
    y: str,
    xs: Sequence[float] | Floats,
    ys: Sequence[float] | Floats,
    *,
    exposures: Sequence[float] | Floats | None = None,
    unit: str = "",
    y_unit: str = "",
    precision: int | None = None,
) -> ModelFit:
    """Fit a model; a peak may point up or down, and an edge may rise or fall.

    Args:
        model: one of `MODELS`.
        x: name of the axis.
        y: name of the values.
        xs: positions, float [n], in any order.
        ys: values, float [n].
        exposures: what counts were divided by, float [n]: count times, or a monitor; None if by nothing.
        unit: of the axis.
        y_unit: of the values.
        precision: digits after the point of positions in messages, or more where the step needs them.

    Raises:
        NoFit: the points show no such thing; the message says what they show instead.
    """
    word = {EDGE: "edge", LINE: "slope"}.get(model, "peak")
    fewest = {LINE: _FEWEST_FOR_LINE}.get(model)
    whole = Curve.of(word, label(x, unit), y, xs, ys, exposures, precision, fewest=fewest)
    if model == LINE:
        names, values, covariance, evaluate = _line(whole)
        errors, background = np.sqrt(np.diag(covariance)).tolist(), str(Background.FLAT)
    else:
        curve, fit, in_one_step = _peak(whole, PEAKS[model]) if model in PEAKS else judged_edge(whole)
        shape = PEAKS.get(model, error_function)
        names, values, errors, covariance = _in_units(curve, fit, shape, in_one_step)
        evaluate, background = _evaluation(curve, fit, shape), str(fit.background)
    chi_square, goodness = _goodness(whole, evaluate, len(names))
    exponent = whole.exponent
    return ModelFit(
        model=model,
        x=x,
        y=y,
        unit=unit,
        y_unit=y_unit,
        values=dict(zip(names, values, strict=True)),
        errors=dict(zip(names, errors, strict=True)),
        covariance=covariance,
        background=background,
        points=whole.at.size,
        left_out=len(ys) - whole.at.size,
        reduced_chi_square=chi_square,
        goodness=goodness,
        scanned=(float(whole.at[0]), float(whole.at[-1])),
        evaluate=lambda positions: np.ldexp(evaluate(positions), exponent),
    )


def _peak(curve: Curve, model: Model) -> tuple[Curve, LeastSquares, None]:
    """The fit of the peak or, where the points show a dip, of the dip."""
    try:
        return *judged_peak(curve, model=model, backgrounds=_BACKGROUNDS), None
    except NoFit as exc:
        if exc.shape != Shape.DIP:
            raise
    return *judged_peak(curve, dip=True, model=model, backgrounds=_BACKGROUNDS), None


def _in_units(
    curve: Curve, fit: LeastSquares, model: Model, in_one_step: Fit | None
) -> tuple[list[str], list[float], list[float], Floats]:
    """The names, values, errors and covariance of a fit, in the units that were measured."""
    terms = _TERMS[fit.background]
    mixing = ["mixing"] if own_parameters(model) > 4 else []
    names = ["centre", "fwhm", "height", "background", *mixing, *terms]
    values, errors = without_rounding(fit.parameters, fit.errors, curve)
    span, y = float(np.ptp(curve.at)), curve.in_units(1.0)
    units = [1.0, FWHM_PER_SIGMA, y, y, *[1.0] * len(mixing), *[y / span if term == "slope" else y for term in terms]]
    values, errors = ([float(one * unit) for one, unit in zip(ones, units, strict=True)] for ones in (values, errors))
    covariance = fit.covariance * np.outer(units, units)
    if in_one_step is not None:
        values[:2], errors[:2] = [in_one_step.centre, in_one_step.fwhm], [in_one_step.centre_error, math.nan]
        covariance[:2] = covariance[:, :2] = math.nan
        covariance[0, 0] = in_one_step.centre_error**2
    return names, values, errors, covariance


def _evaluation(curve: Curve, fit: LeastSquares, model: Model) -> Callable[[Floats], Floats]:
    """The fitted curve as a function of positions; its values over a power of two, as those of the curve."""
    first, span = float(curve.at[0]), float(np.ptp(curve.at))
    parameters = np.concatenate([fit.place, fit.parameters[2:]])
    return lambda positions: on_background(fit.background, model, (positions - first) / span, parameters)[0]


# ---- a straight line -----------------------------------------------------------------------------


def _line(curve: Curve) -> tuple[list[str], list[float], Floats, Callable[[Floats], Floats]]:
    """Names, values and covariance of a straight line, and the line as a function."""
    from scipy.special import chdtrc, stdtrit

    at, y = curve.at, curve.values
    middle = float(at.mean())
    columns = np.stack([at - middle, np.ones_like(at)], axis=1)
    variances = np.ones_like(y) if curve.per_value is None else counting_variance(y, curve.per_value)
    freedom = at.size - 2
    for _ in range(1 if curve.per_value is None else _REWEIGHTED):
        weighted = columns / np.sqrt(variances)[:, None]
        parameters = np.linalg.lstsq(weighted, y / np.sqrt(variances), rcond=None)[0]
        if curve.per_value is not None:
            variances = counting_variance(columns @ parameters, curve.per_value, FEWEST_EXPECTED)
    chi_square = float(np.sum((y - columns @ parameters) ** 2 / variances))
    scale = chi_square / freedom
    if curve.per_value is None:
        scale *= float(stdtrit(freedom, 0.841344746)) ** 2  # half of the 68 % interval, after Student
    elif chdtrc(freedom, chi_square) >= _RARE:
        scale = 1.0
    weighted = columns / np.sqrt(variances)[:, None]
    at_zero = np.array([[1.0, 0.0], [-middle, 1.0]])
    covariance = at_zero @ (scale * np.linalg.pinv(weighted.T @ weighted)) @ at_zero.T
    slope, intercept = map(float, at_zero @ parameters)
    unit = curve.in_units(1.0)
    values = [slope * unit, intercept * unit]
    return ["slope", "intercept"], values, covariance * unit**2, lambda positions: intercept + slope * positions


# ---- goodness ------------------------------------------------------------------------------------


def _goodness(curve: Curve, evaluate: Callable[[Floats], Floats], parameters: int) -> tuple[float, str]:
    """The reduced chi-square, and what it says: whether the distances from the curve are those of noise.

    The noise of counts is counting noise. Other values have a noise that is not known: the scatter from point to point
    is taken for it, and the ratio of von Neumann (Annals of Mathematical Statistics 12, 367, 1941) says whether
    neighbours are more often on the same side of the curve than noise is.
    """
    from scipy.special import chdtrc

    at = evaluate(curve.at)
    rest, freedom = curve.values - at, max(curve.at.size - parameters, 1)
    squares = float(rest @ rest)
    if squares <= (_EXACT * float(np.ptp(curve.values))) ** 2 * rest.size:
        return math.nan, "exact: the points are on the curve"
    if curve.per_value is not None:
        chi_square = float(np.sum(rest**2 / counting_variance(at, curve.per_value, FEWEST_EXPECTED)))
        reduced = chi_square / freedom
        chance = float(chdtrc(freedom, chi_square))
        if chance < _RARE:
            return reduced, f"poor, {math.sqrt(reduced):.2g} times as far from the curve as counts scatter"
        if chance < _FAIR:
            return reduced, f"fair, counts scatter this far in {100 * chance:.1g} % of scans"
        if chance > 1 - _RARE:
            return reduced, "good, but the points scatter less than counts do: are they means?"
        return reduced, "good, the points scatter as counts do"
    reduced = squares / freedom / max(scatter_of_neighbours(rest), 1e-300)
    if are_on_one_side(rest):
        return reduced, "poor, neighbours are on the same side of the curve: it has another shape"
    return reduced, "good, the points scatter at random"
