"""What the cameras of the demo beamline see."""

import math

import numpy as np
import pytest

from beamshell.ioc import physics, pictures


def powder(energy_ev=physics.NOMINAL_ENERGY_EV, samx_mm=0.4, samy_mm=-0.2, light=1.0):
    detector = pictures.PowderDetector(256, 256, np.random.default_rng(1))
    return detector.frame(samx_mm, samy_mm, light, energy_ev)


def test_the_spot_follows_the_sample_and_dims_with_the_shutter():
    camera = pictures.Camera(64, 48, np.random.default_rng(1))
    y, x = np.unravel_index(np.argmax(camera.frame(samx_mm=2.0, samy_mm=-1.0, light=1.0)), (48, 64))
    assert abs(x - (32 + 2 * pictures.PIXELS_PER_MM)) <= 2
    assert abs(y - (24 - 1 * pictures.PIXELS_PER_MM)) <= 2
    assert camera.frame(0.0, 0.0, light=0.0).max() < 100


def test_the_noise_of_two_pictures_has_nothing_in_common_and_is_that_of_counts():
    camera = pictures.Camera(64, 48, np.random.default_rng(1))
    frames = np.array([camera.frame(0.0, 0.0, 1.0) for _ in range(400)], dtype=float)
    mean, variance = frames.mean(axis=0), frames.var(axis=0, ddof=1)
    assert (variance / mean).mean() == pytest.approx(1.0, abs=0.01)
    noise = ((frames - mean) / np.sqrt(mean)).reshape(400, -1)
    pixels = noise.shape[1]
    for way in range(pixels):  # a picture that is another one, shifted, would show at one of the shifts
        correlation = (noise[0] * np.roll(noise[1], way)).mean()
        assert abs(correlation) < 6 / math.sqrt(pixels)


def test_a_sum_of_pixels_has_the_noise_of_its_counts():
    camera = pictures.Camera(64, 48, np.random.default_rng(2))
    sums = np.array([camera.frame(0.0, 0.0, 1.0).sum(dtype=float) for _ in range(400)])
    assert sums.var(ddof=1) / sums.mean() == pytest.approx(1.0, abs=5 * math.sqrt(2 / 399))


def test_each_pixel_keeps_its_dark_counts():
    camera = pictures.Camera(64, 48, np.random.default_rng(3))
    first, second = (np.mean([camera.frame(0, 0, 0.0) for _ in range(200)], axis=0) for _ in range(2))
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.99
    low, high = pictures.DARK_COUNTS
    assert low - 2 < first.min() < first.max() < high + 3


def test_the_rings_of_the_powder_are_seen_where_samx_and_samy_bring_it_into_the_beam():
    def total(samx_mm, samy_mm, light=1.0):
        return int(powder(samx_mm=samx_mm, samy_mm=samy_mm, light=light).sum())

    dark = total(0.0, 0.0, light=0.0)
    in_the_beam = total(pictures.SAMPLE_X_MM, pictures.SAMPLE_Y_MM)
    assert in_the_beam > 10 * dark
    at_one_sigma = total(pictures.SAMPLE_X_MM + pictures.SAMPLE_SIGMA_MM, pictures.SAMPLE_Y_MM)
    assert at_one_sigma - dark == pytest.approx((in_the_beam - dark) * np.exp(-0.5), rel=0.01)
    assert total(5.0, 5.0) < 1.01 * dark


@pytest.mark.parametrize(("energy_ev", "angle_deg"), [(8979, 25.441), (12_000, 18.967)])  # xraylib: Bragg_angle
def test_the_first_ring_is_where_braggs_law_puts_it_on_a_flat_detector(energy_ev, angle_deg):
    outwards = powder(energy_ev)[128, 128:].astype(float)
    radius = pictures.POWDER_DISTANCE_WIDTHS * 256 * math.tan(math.radians(angle_deg))
    near = slice(int(radius) - 8, int(radius) + 9)
    assert near.start + np.argmax(outwards[near]) == pytest.approx(radius, abs=2)
    assert outwards[:10].max() < 100 < outwards[near].max()
