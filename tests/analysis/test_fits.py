"""Fits of peaks and edges, and what is refused: pure numbers, noise with a seed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.analysis.fits import FWHM_PER_SIGMA, error_function, fit_edge, fit_peak, gaussian
from beamshell.errors import NoFit

X = np.linspace(-1, 1, 41)


def bell(centre=0.3, sigma=0.2, height=5000.0, background=20.0, x=X):
    return gaussian(x, np.array([centre, sigma, height, background]))[0]


def step(centre=0.3, sigma=0.2, height=5000.0, background=20.0, x=X):
    return error_function(x, np.array([centre, sigma, height, background]))[0]


def peak(values, x=X, **more):
    return fit_peak("th [deg]", "det", x, values, **more)


def edge(values, x=X):
    return fit_edge("th [deg]", "det", x, values)


@pytest.mark.parametrize("model", [gaussian, error_function])
def test_the_derivatives_are_those_of_the_curve(model):
    at = np.array([0.2, 0.3, 50.0, 7.0])
    _, slopes = model(X, at)
    for n in range(4):
        more, less = at.copy(), at.copy()
        more[n] += 1e-6
        less[n] -= 1e-6
        assert slopes[:, n] == pytest.approx((model(X, more)[0] - model(X, less)[0]) / 2e-6, abs=1e-5)


@given(
    st.floats(-0.6, 0.6), st.floats(0.06, 0.35), st.floats(1e-6, 1e9), st.floats(-10, 10), st.booleans(), st.booleans()
)
def test_a_curve_without_noise_is_found_wherever_it_is(centre, sigma, height, background, is_edge, upside_down):
    sign = -1.0 if upside_down else 1.0
    curve, fit = (step, edge) if is_edge else (bell, lambda values: peak(values, dip=upside_down))
    result = fit(curve(centre, sigma, sign * height, background * height))
    assert result.centre == pytest.approx(centre, abs=1e-4)
    assert result.fwhm == pytest.approx(sigma * FWHM_PER_SIGMA, rel=1e-3)
    assert result.height == pytest.approx(sign * height, rel=1e-3)


@pytest.mark.parametrize("seed", range(40))
def test_counting_noise_moves_a_centre_by_no_more_than_a_few_of_its_errors(seed):
    chance = np.random.default_rng(seed)
    centre, sigma = chance.uniform(-0.5, 0.5), chance.uniform(0.08, 0.3)
    for curve, fit in ((bell, peak), (step, edge)):
        result = fit(chance.poisson(curve(centre, sigma, 300.0, 10.0)))
        assert abs(result.centre - centre) < 6 * result.centre_error + 1e-3
        assert result.centre_error < 0.03


def test_noise_alone_is_no_peak_and_no_edge():
    refused = 0
    for seed in range(300):
        values = np.random.default_rng(seed).normal(100.0, 10.0, X.size)
        for fit in (peak, edge):
            try:
                fit(values)
            except NoFit:
                refused += 1
    assert refused >= 594


def test_points_may_come_in_any_order_and_some_may_be_missing():
    order = np.random.default_rng(1).permutation(X.size)
    values = bell()
    values[3] = math.nan
    result = peak(values[order], X[order])
    assert result.centre == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize(
    ("fit", "values", "why"),
    [
        (peak, np.full(41, 7.0), r"det is 7 from -1 to 1 in th \[deg\]: there is no peak"),
        (edge, np.zeros(41), r"det is 0 from -1 to 1 in th \[deg\]: there is no edge"),
        (peak, np.arange(41.0), "peak"),
        (peak, bell(centre=1.6), "end of what was scanned|outside of what was scanned"),
        (peak, bell(centre=1.02), "end of what was scanned|outside of what was scanned"),
        (edge, step(centre=1.5), "edge"),
        (peak, bell(height=-5000.0), r"det has a dip and no peak: ask for the dip \(at th \[deg\] 0.3\)"),
        (lambda values: peak(values, dip=True), bell(), "a peak and no dip"),
        (peak, bell(sigma=0.001), r"single point, at th \[deg\] 0.3: scan in steps smaller than 0.05"),
        (peak, np.minimum(bell(), 2000.0), "saturated: 11 points in a row near .* are all 2000"),
        (peak, bell(sigma=3.0), "wide|no clear|end of"),
    ],
)
def test_what_is_no_fit_is_refused_with_its_numbers(fit, values, why):
    with pytest.raises(NoFit, match=why):
        fit(values)


def test_too_few_points_are_refused():
    with pytest.raises(NoFit, match="4 points do not show where a peak is"):
        peak([1, 2, 3, 2], [0, 1, 2, 3])
    with pytest.raises(NoFit, match="0 points"):
        edge([math.nan] * 6, [0, 1, 2, 3, 4, 5])


def test_a_flat_top_that_is_no_saturation_is_a_peak():
    values = np.where(np.abs(X - 0.3) < 0.26, 100.0, 0.0)
    assert peak(values).centre == pytest.approx(0.3, abs=0.02)


def test_a_sharp_step_between_two_points_is_an_edge_between_them():
    result = edge(np.where(X < 0.31, 5.0, 105.0))
    assert 0.3 <= result.centre <= 0.35
    assert result.fwhm < 0.06
    assert result.height == pytest.approx(100.0)


def test_a_falling_edge_has_a_negative_height():
    assert edge(step()[::-1]).height == pytest.approx(-5000.0)
