"""Fits of models by name: values, errors, goodness and refusals; noise with a seed."""

import math
import re

import numpy as np
import pytest

from beamshell.analysis.fits import fit_edge, fit_peak
from beamshell.analysis.model_fits import MODELS, fit_model
from beamshell.analysis.models import FWHM_PER_SIGMA, error_function, gaussian, lorentzian, pseudo_voigt
from beamshell.errors import NoFit

X = np.linspace(-1, 1, 41)
SHAPES = {
    "gaussian": (gaussian, (0.3, 0.15, 2000.0, 20.0)),
    "lorentzian": (lorentzian, (0.3, 0.1, 2000.0, 20.0)),
    "pseudo-voigt": (pseudo_voigt, (0.3, 0.1, 2000.0, 20.0, 0.4)),
    "edge": (error_function, (0.3, 0.15, 2000.0, 20.0)),
}
NAMES = ("centre", "fwhm", "height", "background", "mixing")


def fit(model, ys, xs=X, **more):
    return fit_model(model, "th", "det", xs, ys, unit="deg", **more)


def curve(model, xs=X):
    function, parameters = SHAPES[model]
    return function(xs, np.array(parameters))[0]


def truth(model):
    values = list(SHAPES[model][1])
    values[1] *= FWHM_PER_SIGMA
    return dict(zip(NAMES, values, strict=False))


@pytest.mark.parametrize("model", [lorentzian, pseudo_voigt])
def test_the_derivatives_are_those_of_the_curve(model):
    at = np.array([0.2, 0.3, 50.0, 7.0, *([0.4] if model is pseudo_voigt else [])])
    _, slopes = model(X, at)
    for n in range(at.size):
        more, less = at.copy(), at.copy()
        more[n] += 1e-6
        less[n] -= 1e-6
        assert slopes[:, n] == pytest.approx((model(X, more)[0] - model(X, less)[0]) / 2e-6, abs=1e-5)


@pytest.mark.parametrize("model", SHAPES)
def test_each_model_finds_its_own_curve_without_noise(model):
    result = fit(model, curve(model))
    assert result.values == pytest.approx(truth(model), rel=1e-4)
    assert result.goodness == "exact: the points are on the curve"
    assert result.curve(X) == pytest.approx(curve(model), rel=1e-5)


@pytest.mark.parametrize("model", SHAPES)
@pytest.mark.parametrize("noise", ["counts", "other"])
def test_the_truth_is_within_one_error_in_68_of_100_fits_and_the_right_model_is_good(model, noise):
    random, within, poor = np.random.default_rng(31), [], 0
    for _ in range(150):
        y = random.poisson(curve(model)) if noise == "counts" else random.normal(curve(model), 30)
        result = fit(model, y)
        within.append([abs(result.values[name] - value) < result.errors[name] for name, value in truth(model).items()])
        poor += not result.is_good
    assert np.mean(within, axis=0) == pytest.approx(0.68, abs=0.12)  # three standard deviations of so many fits
    assert poor <= 3


@pytest.mark.parametrize("scale", [1.0, 1e-9])
def test_the_covariance_is_that_of_many_fits(scale):
    random = np.random.default_rng(32)
    fits = [fit("pseudo-voigt", scale * random.normal(curve("pseudo-voigt"), 20)) for _ in range(300)]
    measured = np.corrcoef([list(one.values.values()) for one in fits], rowvar=False)
    covariance = np.mean([one.covariance for one in fits], axis=0)
    errors = np.sqrt(np.diag(covariance))
    assert covariance / np.outer(errors, errors) == pytest.approx(measured, abs=0.15)
    assert list(fits[0].errors.values()) == pytest.approx(np.sqrt(np.diag(fits[0].covariance)))


@pytest.mark.parametrize(("model", "other"), [("gaussian", "lorentzian"), ("lorentzian", "gaussian")])
@pytest.mark.parametrize("noise", ["counts", "other"])
def test_another_shape_is_called_poor(model, other, noise):
    random, poor = np.random.default_rng(33), 0
    for _ in range(20):
        y = random.poisson(curve(other)) if noise == "counts" else random.normal(curve(other), 10)
        poor += not fit(model, y).is_good
    assert poor >= 19


def test_the_reduced_chi_square_of_counts_is_about_1_for_the_right_model():
    random = np.random.default_rng(34)
    assert np.mean([fit("gaussian", random.poisson(curve("gaussian"))).reduced_chi_square for _ in range(100)]) == (
        pytest.approx(1.0, abs=0.08)
    )


def test_a_gaussian_and_an_edge_are_those_of_align_and_edge():
    random = np.random.default_rng(35)
    for model, plain in (("gaussian", fit_peak), ("edge", fit_edge)):
        y = random.poisson(curve(model))
        one, other = fit(model, y), plain("th", "det", X, y)
        assert one.values == pytest.approx({name: getattr(other, name) for name in NAMES[:4]})
        assert one.errors == pytest.approx({name: getattr(other, f"{name}_error") for name in NAMES[:4]})


@pytest.mark.parametrize("model", ["gaussian", "lorentzian", "pseudo-voigt"])
def test_a_peak_on_a_slope_is_fitted_with_the_slope(model):
    y = curve(model) + 300 * X + 400
    result = fit(model, y)
    assert result.background == "line"
    assert result.values == pytest.approx({**truth(model), "background": 420.0, "slope": 300.0}, rel=1e-3)
    assert result.curve(X) == pytest.approx(y, rel=1e-5)


def test_a_dip_is_fitted_with_a_negative_height():
    result = fit("gaussian", 2500 - curve("gaussian"))
    assert result.values["height"] == pytest.approx(-2000)
    assert result.values["background"] == pytest.approx(2480)


@pytest.mark.parametrize("noise", ["counts", "other"])
def test_a_line_has_slope_and_intercept_with_errors_that_hold(noise):
    random, x, within = np.random.default_rng(36), np.linspace(2, 4, 21), []
    for _ in range(300):
        y = random.poisson(100 + 50 * x) if noise == "counts" else random.normal(100 + 50 * x, 3)
        result = fit("line", y, x)
        off = result.values["slope"] - 50, result.values["intercept"] - 100
        within.append(np.abs(off) < list(result.errors.values()))
    assert np.mean(within, axis=0) == pytest.approx(0.68, abs=0.08)


def test_points_in_falling_order_give_the_same_fit():
    y = np.random.default_rng(37).poisson(curve("lorentzian"))
    assert fit("lorentzian", y[::-1], X[::-1]).values == pytest.approx(fit("lorentzian", y).values)


def test_points_without_a_number_are_left_out_and_counted():
    y = curve("gaussian")
    y[[3, 20]] = math.nan, math.inf
    result = fit("gaussian", y)
    assert (result.points, result.left_out) == (39, 2)
    assert "39 points, 2 without a number left out" in repr(result)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("xs", "ys", "why"),
    [
        ([0.5], [3.0], "1 point does not show where an? (peak|edge|slope) is in th"),
        (X, [math.nan] * 41, "0 points do not show where"),
        (X, [7.0] * 41, r"det is 7 from -1.000 to 1.000 in th \[deg\]: there is no (peak|edge|slope)"),
        ([1.0] * 41, X, "do not show where"),
    ],
)
def test_what_shows_nothing_gets_a_sentence(model, xs, ys, why):
    with pytest.raises(NoFit, match=why):
        fit(model, ys, xs)


@pytest.mark.parametrize("model", ["gaussian", "lorentzian", "pseudo-voigt"])
def test_two_peaks_are_named_and_not_fitted_as_one(model):
    function, (_, *rest) = SHAPES[model]
    y = sum(function(X, np.array([centre, *rest]))[0] for centre in (-0.5, 0.5))
    with pytest.raises(NoFit, match=r"has 2 peaks, at th \[deg\] -0.500 and 0.500: scan around one of them"):
        fit(model, y)


@pytest.mark.parametrize("model", ["gaussian", "lorentzian", "pseudo-voigt", "edge"])
def test_noise_is_no_peak_and_no_edge_by_any_model(model):
    random, fitted = np.random.default_rng(38), 0
    for number in range(300):
        try:
            fit(model, random.poisson(100, X.size) if number % 2 else random.normal(size=X.size))
        except NoFit:
            continue
        fitted += 1
    assert fitted <= 2


def test_an_edge_within_one_step_has_no_width():
    result = fit("edge", np.random.default_rng(39).poisson(np.where(X < 0.31, 20, 1020)))
    assert math.isnan(result.errors["fwhm"])
    assert result.errors["centre"] == pytest.approx(0.05 / math.sqrt(12))
    assert "fwhm        below the step, 0.05 deg" in repr(result)


def test_the_text_has_values_errors_units_and_goodness():
    result = fit("gaussian", np.random.default_rng(40).poisson(curve("gaussian")), y_unit="counts")
    centre, fwhm, height, background = repr(result).splitlines()[1:5]
    assert repr(result).startswith("det against th: gaussian, 41 points\n")
    assert re.fullmatch(r"  centre      0\.\d{4}\(\d+\) deg", centre)
    assert re.fullmatch(r"  fwhm        0\.\d{4}\(\d+\) deg", fwhm)
    assert re.fullmatch(r"  height      \d{4}\(\d+\) counts", height)
    assert re.fullmatch(r"  background  \d+\.\d\(\d+\) counts", background)
    assert repr(result).endswith(f"reduced chi-squared {result.reduced_chi_square:.2f}: {result.goodness}")
