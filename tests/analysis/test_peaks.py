from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.analysis.fits import fit_peak
from beamshell.analysis.peaks import peak


def gaussian(x, centre, sigma):
    return np.exp(-((x - centre) ** 2) / (2 * sigma**2))


@given(centre=st.floats(-0.3, 0.3), sigma=st.floats(0.05, 0.15), height=st.floats(1e-9, 1e9), base=st.floats(0, 10))
def test_the_peak_of_a_gaussian_is_found(centre, sigma, height, base):
    x = np.linspace(-1, 1, 401)
    result = peak("th", "det", x, height * (base + gaussian(x, centre, sigma)))
    assert result.max_x == pytest.approx(centre, abs=0.005)
    assert result.cen == pytest.approx(centre, abs=0.005)
    assert result.com == pytest.approx(centre, abs=0.005)
    assert result.fwhm == pytest.approx(2.3548 * sigma, rel=0.02)


def test_the_order_of_the_points_does_not_matter():
    x = np.linspace(-1, 1, 41)
    y = gaussian(x, 0.1, 0.2)
    assert peak("x", "y", x[::-1], y[::-1]) == peak("x", "y", x, y)


def test_points_that_are_no_number_are_left_out():
    assert peak("x", "y", [0, 1, np.nan, 2], [0, 1, 5, np.inf]) is None
    assert peak("x", "y", [0, 1, 2, 3], [0, 1, np.nan, 0]).max_y == 1


def test_a_slope_has_a_maximum_and_no_centre():
    result = peak("x", "y", [0, 1, 2, 3], [0, 1, 2, 3])
    assert (result.max_x, result.cen, result.fwhm) == (3, None, None)


@pytest.mark.parametrize(("x", "y"), [([], []), ([1, 2], [1, 2]), ([1, 2, 3], [5, 5, 5]), ([1, 1, 1], [1, 2, 3])])
def test_what_has_no_peak_gives_none(x, y):
    assert peak("x", "y", x, y) is None


def noisy(make, runs=300, points=81, seed=5):
    """The statistics of many scans with counting noise, and the true centre of each."""
    random, x = np.random.default_rng(seed), np.linspace(-1, 1, points)
    centres = 0.2 + random.uniform(-0.02, 0.02, runs)
    return centres, [peak("th", "det", x, random.poisson(make(x, centre))) for centre in centres]


def test_noise_on_the_flanks_makes_a_peak_no_narrower():
    centres, found = noisy(lambda x, centre: 5 + 50 * gaussian(x, centre, 0.25))
    assert np.mean([one.fwhm for one in found]) == pytest.approx(0.25 * 2.3548, rel=0.03)
    assert np.mean([one.cen for one in found] - centres) == pytest.approx(0, abs=0.004)
    assert np.std([one.cen for one in found] - centres) < 0.03


def test_the_centre_of_mass_is_where_the_peak_is_whatever_the_background():
    centres, found = noisy(lambda x, centre: 300 + 100 * gaussian(x, centre, 0.15))
    assert np.mean([one.com for one in found] - centres) == pytest.approx(0, abs=0.005)


@pytest.mark.parametrize("offset", [0.0, -5.0, 1e4])
def test_a_dip_and_a_negative_signal_have_the_centre_of_their_peak(offset):
    x = np.linspace(-1, 1, 81)
    up, down = (peak("th", "det", x, offset + sign * gaussian(x, 0.2, 0.1)) for sign in (1, -1))
    assert (up.is_dip, down.is_dip) == (False, True)
    for one in (up, down):
        assert (one.cen, one.com, one.min_x if one.is_dip else one.max_x) == pytest.approx((0.2, 0.2, 0.2), abs=1e-3)


def test_where_half_height_is_not_crossed_no_statistic_pretends_to_be_a_centre():
    x = np.linspace(-1, 1, 41)
    edge = peak("th", "det", x, np.where(x < 0.1, 100.0, 3.0))
    assert (edge.cen, edge.fwhm, edge.com) == (None, None, None)


# ---- what was not measured is not said ------------------------------------------------------------


@pytest.mark.parametrize("reach", [0.1, 0.15, 0.2])
@pytest.mark.parametrize("points", [5, 21])
def test_a_scan_of_the_top_alone_has_no_width(reach, points):
    random, x = np.random.default_rng(20), np.linspace(0.3 - reach, 0.3 + reach, points)
    for _ in range(20):
        result = peak("th", "det", x, random.poisson(20 + 5000 * gaussian(x, 0.3, 0.2)))
        assert result.doubt is not None or not result.significance.is_clear


def test_the_width_of_what_is_no_gaussian_needs_a_scan_to_its_background():
    for reach, is_seen in ((0.45, False), (1.0, True)):
        x = np.linspace(-reach, reach, 41)
        result = peak("th", "det", x, np.rint(1e6 / (1 + (x / 0.3) ** 4)))
        assert (result.doubt is None) is is_seen


@pytest.mark.parametrize("counts", [15, 40, 400, 5000])
def test_the_width_of_a_peak_is_that_of_its_fit_within_the_error(counts):
    random, x = np.random.default_rng(21), np.linspace(-1, 1, 41)
    for _ in range(50):
        values = random.poisson(0.5 + counts * gaussian(x, 0.3, 0.2))
        fit, result = fit_peak("th", "det", x, values), peak("th", "det", x, values)
        assert abs(result.fwhm - fit.fwhm) < fit.fwhm_error
        assert abs(result.cen - fit.centre) < fit.centre_error


def test_weak_peaks_of_a_current_are_no_narrower_than_they_are():
    random, x = np.random.default_rng(22), np.linspace(-1, 1, 41)
    widths = [peak("x", "y", x, gaussian(x, 0.3, 0.2) + random.normal(0, 0.15, 41)).fwhm for _ in range(100)]
    assert np.mean(widths) == pytest.approx(0.471, rel=0.04)
    assert min(widths) > 0.3


@pytest.mark.parametrize(
    ("shape", "width"), [(lambda z: 1.0 * (np.abs(z) < 0.5), 1.0), (lambda z: np.clip(2 - 3 * np.abs(z), 0, 1), 1.0)]
)
@pytest.mark.parametrize("height", [1e-3, 1e5])
def test_a_peak_that_is_no_gaussian_keeps_its_own_width(shape, width, height):
    x = np.linspace(-2.5, 2.5, 41)
    values = height * shape(x - 0.13) + (0.0123 if height < 1 else 20)
    assert peak("x", "y", x, values).fwhm == pytest.approx(width, abs=0.13)


def test_one_hot_point_is_in_doubt():
    random, x = np.random.default_rng(23), np.linspace(-1, 1, 41)
    for _ in range(20):
        values = random.poisson(4, 41).astype(float)
        values[30] = 1e5
        assert peak("th", "det", x, values).doubt.shape == "a single point"


EXTREMES = [0.0, 1.0, -1e155, 1e155, 1e-163, 5e-324, 1e308, -1e308, np.finfo(float).max, np.inf, -np.inf, np.nan]


@pytest.mark.filterwarnings("error")
@given(
    st.lists(
        st.tuples(st.floats(-1, 1).map(lambda x: round(x, 2)), st.sampled_from(EXTREMES) | st.floats()), max_size=25
    ),
    st.none() | st.floats(0.1, 2),
)
def test_no_number_that_a_device_sends_is_too_much(points, seconds):
    xs, ys = [x for x, _ in points], [y for _, y in points]
    exposures = None if seconds is None else [seconds] * len(points)
    result = peak("th", "det", xs, ys, exposures)
    assert result is None or math.isfinite(result.max_y)
