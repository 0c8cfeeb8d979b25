"""Noise is rarely taken for a peak, and a real peak is not missed; with fixed seeds."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell.analysis.significance import significance

SCANS = 2000
POINTS = (5, 15, 41)

NOISE = {
    "counts of 0.2": lambda random, n: random.poisson(0.2, n),
    "counts of 2": lambda random, n: random.poisson(2, n),
    "counts of 20": lambda random, n: random.poisson(20, n),
    "counts of 100 000": lambda random, n: random.poisson(1e5, n),
    "rates of few counts": lambda random, n: random.poisson(1, n) / 0.37,
    "counts per 0.1 s": lambda random, n: random.poisson(30, n) / 0.1,
    "a current": lambda random, n: random.normal(1e-9, 1e-11, n),
    "a last digit that flickers": lambda random, n: 300.1 + 0.001 * (random.random(n) < 0.2),
}


def clear(values) -> bool:
    return significance(np.asarray(values, dtype=float)).is_clear


def bell(n: int, sigma: float):
    return np.exp(-((np.linspace(-1, 1, n) - 0.1) ** 2) / (2 * sigma**2))


@pytest.mark.parametrize("points", POINTS)
@pytest.mark.parametrize("noise", NOISE)
def test_noise_is_taken_for_a_peak_in_no_more_than_4_of_1000_scans(noise, points):
    random = np.random.default_rng(11)
    false_alarms = sum(clear(NOISE[noise](random, points)) for _ in range(SCANS))
    assert false_alarms <= 0.004 * SCANS


@pytest.mark.parametrize("points", [5, 8, 25, 100, 400])
def test_the_share_of_false_alarms_is_1_in_1000_at_every_number_of_points(points):
    random = np.random.default_rng(15 + points)
    scans = 3000 if points < 100 else 1500
    for noise in (random.normal(size=(scans, points)), random.poisson(1000, (scans, points))):
        assert sum(map(clear, noise)) <= 0.003 * scans


def test_a_weak_peak_of_many_points_is_seen():
    random = np.random.default_rng(16)
    curve = 10 + 8 * bell(401, 0.15)  # 28 sigma in all, 2.5 at its highest point
    assert all(clear(random.poisson(curve)) for _ in range(100))


def test_count_times_of_their_own_make_no_peak_of_a_rate():
    random = np.random.default_rng(17)
    seconds = np.where(np.abs(np.arange(21) - 10) < 4, 5.0, 0.5)
    counts = random.poisson(40 * seconds, (1000, 21))
    assert all(map(clear, counts))
    assert sum(significance(row / seconds, seconds).is_clear for row in counts) <= 4


@pytest.mark.parametrize(
    ("points", "height", "background", "sigma"), [(5, 50, 5, 0.2), (11, 100, 20, 0.2), (41, 30, 2, 0.1)]
)
def test_a_peak_of_counts_is_seen(points, height, background, sigma):
    random = np.random.default_rng(12)
    curve = background + height * bell(points, sigma)
    assert sum(clear(random.poisson(curve)) for _ in range(500)) >= 490


@pytest.mark.parametrize("sigma", [0.1, 0.2, 0.5, 1.0])
def test_a_peak_of_a_current_is_seen(sigma):
    random = np.random.default_rng(13)
    curve = bell(21, sigma)
    assert sum(clear(1e-9 * (curve + random.normal(0, 0.03, 21))) for _ in range(500)) >= 490


def test_a_beam_that_varies_more_than_counting_noise_is_no_peak():
    random = np.random.default_rng(14)
    beams = [np.rint(random.normal(1e6, 1e4, 21)) for _ in range(1000)]
    assert sum(map(clear, beams)) <= 30


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [1.0, 2.0], [5.0] * 20, [0.0] * 20, [np.nan] * 20, [0.1, 0.5, 0.2, 0.3], [0, 0, 1, 0, 0, 0, 1, 0]],
)
def test_too_few_points_equal_ones_and_single_counts_are_no_peak(values):
    assert not clear(values)


def test_a_dip_and_an_edge_are_more_than_noise():
    assert clear(1000 - 800 * bell(21, 0.2))
    assert clear(np.where(np.arange(21) < 9, 5.0, 105.0))
    assert clear(np.where(np.arange(21) < 9, 5.25, 105.5) + np.random.default_rng(1).normal(0, 1, 21))


def test_it_says_what_the_noise_is():
    assert str(significance([9.0, 12, 8, 11])) == "0.5 sigma over counting noise, clear is 3.7"
    assert str(significance([0.5, 1.25, 0.5])) == "too few points, 5 are needed"
    assert "the scatter of its points" in str(significance(np.random.default_rng(1).normal(size=11)))
