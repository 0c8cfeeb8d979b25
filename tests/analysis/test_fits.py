"""Fits of peaks and edges, and what is refused: pure numbers, noise with a seed."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from beamshell.analysis import least_squares
from beamshell.analysis.fits import fit_edge, fit_peak
from beamshell.analysis.models import FWHM_PER_SIGMA, error_function, gaussian
from beamshell.analysis.refusals import Shape
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
    assume(not is_edge or 1 - abs(centre) > 1.6 * sigma)  # an edge is level on both sides
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
        (peak, np.full(41, 7.0), r"det is 7 from -1.000 to 1.000 in th \[deg\]: there is no peak"),
        (edge, np.zeros(41), r"det is 0 from -1.000 to 1.000 in th \[deg\]: there is no edge"),
        (peak, np.arange(41.0), "peak"),
        (peak, bell(centre=1.6), "end of what was scanned|outside of what was scanned"),
        (peak, bell(centre=1.02), "end of what was scanned|outside of what was scanned"),
        (edge, step(centre=1.5), "edge"),
        (peak, bell(height=-5000.0), r"det has a dip and no peak: ask for the dip \(at th \[deg\] 0.300\)"),
        (lambda values: peak(values, dip=True), bell(), "a peak and no dip"),
        (peak, bell(sigma=0.001), r"single point, at th \[deg\] 0.300: scan in steps smaller than 0.05"),
        (peak, np.minimum(bell(), 2000.0), "saturated: 11 points in a row near .* are all 2000"),
        (peak, bell(sigma=3.0), "wide|no clear|end of"),
        (peak, bell(-0.5, 0.1, 1000) + bell(0.5, 0.1, 1000), r"has 2 peaks, at th \[deg\] -0.500 and 0.500: scan"),
        (peak, bell(-0.5, 0.1, 1000) + bell(0.5, 0.1, 800), r"has 2 peaks, at th \[deg\] -0.500 and 0.500: scan"),
        (lambda values: peak(values, dip=True), 3e3 - bell(-0.5, 0.1, 1e3) - bell(0.5, 0.1, 1e3), "has 2 dips, at"),
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


# ---- many scans with noise -----------------------------------------------------------------------


def many(fit, curve, runs, noise, x=X, seed=7, centre=0.1):
    """The fits of many scans with noise, and the true centre of each, which is anywhere within a step."""
    random = np.random.default_rng(seed)
    centres = centre + random.uniform(-0.5, 0.5, runs) * (x[1] - x[0])
    return centres, [fit("th", "det", x, noise(random, curve(centre))) for centre in centres]


def counts(random, curve):
    return random.poisson(curve)


@pytest.mark.parametrize(
    ("fit", "curve", "noise"),
    [
        (fit_peak, lambda centre: bell(centre, 0.2, 50, 5), counts),
        (fit_peak, lambda centre: bell(centre, 0.1, 1e5, 0.5), counts),
        (fit_peak, lambda centre: bell(centre, 0.2, 1, 3), lambda random, curve: random.normal(curve, 0.03)),
        (fit_edge, lambda centre: step(centre, 0.15, -100, 103), counts),
    ],
)
def test_the_truth_is_within_one_error_in_68_of_100_scans(fit, curve, noise):
    centres, found = many(fit, curve, 300, noise)
    off = np.abs([one.centre for one in found] - centres) / [one.centre_error for one in found]
    assert np.mean(off < 1) == pytest.approx(0.68, abs=0.08)  # three standard deviations of so many scans


@pytest.mark.parametrize(
    ("fit", "model", "parameters"),
    [(fit_peak, gaussian, (0.1, 0.2, 500.0, 20.0)), (fit_edge, error_function, (0.1, 0.15, 1000.0, 20.0))],
)
def test_of_1000_fits_of_counts_68_percent_hold_and_the_spread_is_at_the_cramer_rao_limit(fit, model, parameters):
    _, *shape = parameters
    centres, found = many(fit, lambda centre: model(X, np.array([centre, *shape]))[0], 1000, counts)
    off = np.array([one.centre for one in found]) - centres
    curve, slopes = model(X, np.array(parameters))
    cramer_rao = np.sqrt(np.linalg.inv(slopes.T @ (slopes / curve[:, None]))[0, 0])
    assert np.std(off) == pytest.approx(cramer_rao, rel=0.05)
    assert np.mean(np.abs(off) < [one.centre_error for one in found]) == pytest.approx(0.68, abs=0.03)


def test_an_edge_narrower_than_a_step_is_somewhere_in_that_step():
    centres, found = many(fit_edge, lambda centre: step(centre, 1e-4, 1000, 20), 200, counts)
    assert not any(one.is_resolved for one in found)
    assert {round(one.fwhm, 6) for one in found} == {0.05}
    assert {round(one.centre_error, 6) for one in found} == {round(0.05 / math.sqrt(12), 6)}
    assert np.max(np.abs([one.centre for one in found] - centres)) <= 0.051


BACKGROUNDS = {
    "slope": lambda x: 300 + 200 * x,
    "parabola": lambda x: 300 - 150 * (x - 0.2) ** 2,
    "edge": lambda x: step(0.2, 0.1, 500, 20, x),
}


@pytest.mark.parametrize(
    ("background", "why"), [("slope", "slope|wide|end|clear"), ("parabola", "broad|wide"), ("edge", "use edge")]
)
def test_a_background_alone_is_no_peak_and_the_reason_is_said(background, why):
    random = np.random.default_rng(8)
    for _ in range(40):
        with pytest.raises(NoFit, match=why):
            peak(random.poisson(BACKGROUNDS[background](X)))


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_a_peak_on_a_background_is_where_it_is(background):
    random, x = np.random.default_rng(9), np.linspace(-1, 1, 81)
    centre = 0.2 if background == "edge" else -0.3
    for _ in range(20):
        result = peak(random.poisson(BACKGROUNDS[background](x) + bell(centre, 0.08, 400, 0, x)), x)
        assert abs(result.centre - centre) < max(5 * result.centre_error, 0.02)


def test_a_weak_peak_of_many_points_is_fitted():
    x = np.linspace(-1, 1, 401)
    _, found = many(fit_peak, lambda centre: bell(centre, 0.15, 8, 10, x), 10, counts, x)
    assert all(abs(one.centre - 0.1) < 0.05 for one in found)


@pytest.mark.parametrize("points", [5, 7, 10, 41])
def test_flat_noise_is_no_peak_at_any_number_of_points(points):
    random, x = np.random.default_rng(10), np.linspace(-1, 1, points)
    for _ in range(500):
        with pytest.raises(NoFit):
            peak(random.poisson(100, points), x)


def test_few_counts_a_point_are_not_saturated():
    random, x, reasons = np.random.default_rng(12), np.linspace(-2, 2, 41), []
    for _ in range(100):
        try:
            peak(random.poisson(bell(0.1, 0.4, 10, 1, x)), x)
        except NoFit as exc:
            reasons.append(str(exc))
    assert len(reasons) <= 4
    assert "saturated" not in " ".join(reasons)


# ---- several peaks, unequal steps, extreme numbers -----------------------------------------------


def test_a_low_second_peak_does_not_hide_the_first():
    random = np.random.default_rng(13)
    result = peak(random.poisson(bell(-0.5, 0.1, 1000) + bell(0.5, 0.1, 300, 0)))
    assert result.centre == pytest.approx(-0.5, abs=0.02)


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_one_peak_with_noise_is_not_taken_for_several(background):
    random, refusals = np.random.default_rng(14), set()
    for _ in range(50):
        try:
            peak(random.poisson(BACKGROUNDS[background](X) + bell(-0.3, 0.15, random.uniform(50, 5000), 0)))
        except NoFit as exc:
            refusals.add(exc.shape)
    assert Shape.SEVERAL not in refusals


def test_two_peaks_with_noise_are_named_and_none_of_them_is_gone_to():
    random = np.random.default_rng(15)
    for _ in range(50):
        with pytest.raises(NoFit, match="has 2 peaks") as caught:
            peak(random.poisson(bell(-0.5, 0.1, 1000) + bell(0.5, 0.1, 900, 0)))
        assert caught.value.places == pytest.approx((-0.5, 0.5), abs=0.11)


def test_a_peak_in_the_fine_part_of_a_scan_is_no_single_point():
    x = np.concatenate([np.linspace(-5, 0.15, 5), np.linspace(0.2, 0.4, 11), np.linspace(0.45, 5, 5)])
    assert peak(bell(sigma=0.04, x=x), x).centre == pytest.approx(0.3, abs=1e-3)


def test_absorption_over_an_edge_on_a_slope_is_named_an_edge():
    random = np.random.default_rng(16)
    x = np.concatenate([np.arange(8.949, 8.969, 0.01), np.arange(8.969, 8.999, 0.002), np.arange(9.0, 9.05, 0.005)])
    for _ in range(20):
        values = np.where(x > 8.979, 1.8, 0.6) * (x / 8.979) ** -3 + random.normal(0, 0.01, x.size)
        with pytest.raises(NoFit) as caught:
            peak(values, x)
        assert (caught.value.shape, caught.value.places[0]) == ("an edge", pytest.approx(8.979, abs=0.004))


@pytest.mark.parametrize("size", [1e155, 1e300, 1e-163, 1e-310])
@pytest.mark.parametrize(("fit", "curve"), [(peak, bell), (edge, step)])
def test_values_that_cannot_be_squared_are_fitted_as_others(fit, curve, size):
    result = fit(size * (curve() + np.random.default_rng(17).normal(0, 20, X.size)) / 5e3)
    assert result.centre == pytest.approx(0.3, abs=0.01)
    assert result.height / size == pytest.approx(1.0, rel=0.02)
    assert 0 < result.height_error / size < 0.02


def test_the_largest_float_of_a_driver_is_left_out_like_inf_and_nan():
    values = bell()
    values[[3, 20, 25]] = np.finfo(float).max, np.inf, -np.finfo(np.float32).max
    assert peak(values).centre == pytest.approx(0.3, abs=1e-6)


def test_points_without_noise_have_a_centre_without_an_error():
    result = peak(1.5 + np.exp(-((X - 0.0) ** 2) / 0.02))
    assert (result.centre, result.centre_error, result.height_error) == (0.0, 0.0, 0.0)


def test_a_ratio_of_two_currents_is_not_taken_for_counts():
    random = np.random.default_rng(18)
    current = np.full(X.size, 2e-9)
    ratio = bell(height=1.0, background=0.1) + random.normal(0, 0.01, X.size)
    assert peak(ratio, exposures=current).centre == pytest.approx(0.3, abs=0.01)


SHAPES = {
    "lorentzian": lambda z: 1 / (1 + 4 * z * z),
    "box": lambda z: 1.0 * (np.abs(z) < 0.5),
    "triangle": lambda z: np.clip(1 - np.abs(z), 0, 1),
    "trapezoid": lambda z: np.clip(2 - 3 * np.abs(z), 0, 1),
    "sawtooth": lambda z: np.where((z > -0.5) & (z < 1.5), 0.75 - z / 2, 0),
    "doublet": lambda z: np.exp(-((z - 0.35) ** 2) * 8) + 0.6 * np.exp(-((z + 0.35) ** 2) * 8),
    "sinc": lambda z: np.sinc(0.9 * z) ** 2,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("background", [0.0, 0.3])
def test_a_peak_of_another_shape_is_a_peak_however_many_counts_it_has(shape, background):
    random = np.random.default_rng(19)
    for _ in range(12):
        height, width, centre = 10 ** random.uniform(2, 6), random.uniform(0.15, 0.5), random.uniform(-0.3, 0.3)
        curve = height * (background + SHAPES[shape]((X - centre) / width)) + 0.5
        assert abs(peak(random.poisson(curve)).centre - centre) < width


NO_EDGES = {
    "parabola": lambda x: 1000 - 700 * x**2,
    "other parabola": lambda x: 200 + 700 * x**2,
    "slow sine": lambda x: 1000 + 100 * np.sin(2 * x + 1),
    "whole sine": lambda x: 1000 + 100 * np.sin(3 * x),
    "arch": lambda x: 1000 * np.exp(-((x - 0.3) ** 2) / 2),
    "flank of a peak": lambda x: bell(1.2, 0.3, 1000, 10, x),
}


@pytest.mark.parametrize("curve", NO_EDGES)
@pytest.mark.parametrize("noise", ["counts", "other"])
def test_an_edge_is_level_on_both_sides_and_no_smooth_curve_is_one(curve, noise):
    random, ends = np.random.default_rng(21), 0
    for _ in range(30):
        y = NO_EDGES[curve](X)
        y = random.poisson(y) if noise == "counts" else random.normal(y, 5)
        try:
            fit_edge("samx [mm]", "it", X, y)
        except NoFit:
            continue
        ends += 1
    assert ends <= 1


def test_why_a_smooth_curve_is_no_edge_is_said():
    with pytest.raises(NoFit, match=r"it bends slowly from -1.000 to 1.000 in samx \[mm\], not level on both sides"):
        fit_edge("samx [mm]", "it", X, 1000 - 900 * X**2 + 0.1 * X)


def test_a_weak_edge_between_two_levels_is_found_in_nearly_all_scans():
    random, refused = np.random.default_rng(22), 0
    for _ in range(40):
        try:
            edge(random.poisson(step(0.1, 0.1, 40, 20)))
        except NoFit:
            refused += 1
    assert refused <= 3


def test_a_peak_far_outside_is_said_to_be_there_without_digits_that_nobody_knows():
    x = np.linspace(0.697, 1.297, 11)
    with pytest.raises(NoFit, match=r"outside of what was scanned, .* in th \[deg\]: scan lower\Z"):
        peak(np.exp(-3 * x) * 1e5, x)


def test_a_peak_just_outside_is_about_where_the_fit_says_it_with_the_digits_of_its_error():
    x = np.linspace(-1, 0.2, 41)
    with pytest.raises(
        NoFit, match=r"outside of what was scanned, .* in th \[deg\]: scan higher, about 0\.\d+\(\d+\)\Z"
    ):
        peak(np.random.default_rng(3).poisson(bell(0.3, 0.2, 1e5, 20, x)), x)


def test_an_edge_in_one_step_that_might_be_a_slope_is_looked_for_in_finer_steps():
    x = np.linspace(-0.06, 0.06, 7)
    with pytest.raises(NoFit, match=r"is a slope .*, without a clear edge: scan a narrower range, in finer steps"):
        edge([0.765, 0.78, 0.73, 0.70, 0.30, 0.31, 0.27], x)


def test_an_edge_whose_whole_numbers_scatter_more_than_counts_do_is_an_edge():
    random = np.random.default_rng(23)
    for _ in range(20):
        values = np.rint(random.normal(step(0.1, 0.1, 1e8, 20), 1e6)).clip(0)
        assert edge(values).centre == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("points", [401, 2001, 20001])
def test_the_start_of_a_fit_compares_no_more_curves_where_there_are_more_points(points, monkeypatch):
    sizes = []
    rows = least_squares._rows
    monkeypatch.setattr(least_squares, "_rows", lambda *args: sizes.append(rows(*args).size) or rows(*args))
    x = np.linspace(-1, 1, points)
    edge(np.random.default_rng(24).poisson(step(x=x)), x)
    assert max(sizes) < 200 * 200 * 20


def test_an_edge_with_its_white_line_is_an_edge_and_no_peak():
    random = np.random.default_rng(25)
    x = np.concatenate([np.arange(-150, -20, 5.0), np.arange(-20, 40, 0.5), np.arange(40, 500, 3.0)])
    for _ in range(10):
        values = (
            0.25 + 1.35 / (1 + np.exp(-x / 1.5)) + 0.5 * np.exp(-((x - 6) ** 2) / 18) + random.normal(0, 0.004, x.size)
        )
        with pytest.raises(NoFit) as caught:
            peak(values, x)
        assert (caught.value.shape, caught.value.places[0]) == ("an edge", pytest.approx(0, abs=2))


def test_an_edge_on_a_slope_is_fitted_with_the_slope_and_without_a_bias():
    random, off, found = np.random.default_rng(26), [], []
    for _ in range(60):
        centre = random.uniform(-0.3, 0.3)
        found.append(edge(random.poisson(500 + 300 * X + step(centre, 0.08, 400, 0))))
        off.append(found[-1].centre - centre)
    assert {one.shape for one in found} == {"line"}
    assert abs(np.mean(off)) < 0.005
    assert np.mean(np.abs(off) < [one.centre_error for one in found]) == pytest.approx(0.68, abs=0.2)


def test_an_edge_on_a_flat_line_is_rarely_given_a_slope():
    random = np.random.default_rng(27)
    shapes = [edge(random.poisson(step(0.1, 0.08, 400, 500))).shape for _ in range(60)]
    assert shapes.count("line") <= 1


def test_a_peak_on_a_slope_is_no_edge():
    random = np.random.default_rng(28)
    for _ in range(30):
        with pytest.raises(NoFit):
            edge(random.poisson(300 + 200 * X + bell(0.2, 0.1, 400, 0)))


SMOOTH_SLOPES = {
    "cubic": lambda x: 800 + 300 * x - 250 * x**3,
    "exponential": lambda x: 50 * np.exp(3 * x),
    "flank of a Lorentzian": lambda x: 100 + 1000 / (1 + ((x - 0.9) / 0.2) ** 2),
    "root": lambda x: 500 * np.sqrt(x + 1.01),
}


@pytest.mark.parametrize("curve", SMOOTH_SLOPES)
def test_no_smooth_slope_is_an_edge_on_a_slope(curve):
    random = np.random.default_rng(29)
    for number in range(40):
        y = SMOOTH_SLOPES[curve](X)
        with pytest.raises(NoFit):
            edge(random.poisson(y) if number % 2 else random.normal(y, 5))


def test_a_peak_between_two_points_is_no_single_point():
    words = r"the peak of det is narrower than one step, near th .*: scan in steps smaller"
    with pytest.raises(NoFit, match=words) as caught:
        fit_peak("th", "det", [-1, -0.5, 0, 0.5, 1], [22, 26, 1597, 3001, 31])
    assert caught.value.shape == "narrower than one step"
