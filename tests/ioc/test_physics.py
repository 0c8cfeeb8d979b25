"""What the detectors of the demo beamline would see."""

import numpy as np
import pytest

from beamshell.ioc import physics


def test_the_detector_peaks_at_its_centre():
    at = [physics.detector_rate(th, light=1.0) for th in np.linspace(-1, 1, 21)]
    assert np.linspace(-1, 1, 21)[int(np.argmax(at))] == pytest.approx(physics.PEAK_CENTRE_DEG)
    assert max(at) == pytest.approx(physics.PEAK_RATE + physics.BACKGROUND_RATE + physics.DARK_RATE)


def test_one_sigma_beside_the_peak_the_signal_is_down_by_the_root_of_e():
    signal = physics.detector_rate(physics.PEAK_CENTRE_DEG + physics.PEAK_SIGMA_DEG, 1.0)
    signal -= physics.BACKGROUND_RATE + physics.DARK_RATE
    assert signal == pytest.approx(physics.PEAK_RATE * np.exp(-0.5))


def test_a_closed_shutter_leaves_dark_counts_only():
    assert physics.beam(400.0, shutter_is_open=False) == 0.0
    assert physics.detector_rate(physics.PEAK_CENTRE_DEG, light=0.0) == physics.DARK_RATE


def test_light_is_proportional_to_the_ring_current():
    assert physics.beam(200.0, shutter_is_open=True) == pytest.approx(0.5 * physics.beam(400.0, shutter_is_open=True))


def test_counts_have_the_statistics_of_poisson():
    chance = np.random.default_rng(1)
    drawn = np.array([physics.counts(1000.0, 0.1, chance) for _ in range(2000)])
    assert drawn.mean() == pytest.approx(100, abs=1)
    assert drawn.var() == pytest.approx(100, abs=10)


def test_the_same_seed_counts_the_same():
    first, second = (physics.counts(1e4, 1.0, np.random.default_rng(7)) for _ in range(2))
    assert first == second


def test_the_scaler_counts_its_clock_exactly_and_its_last_monitors_least():
    clock, *others = physics.scaler_rates(0.0, light=1.0, clock_hz=1e7)
    assert clock == 1e7
    assert others[0] == max(others)
    assert others[2:] == sorted(others[2:], reverse=True)


def test_a_copper_foil_has_its_edge_at_8979_ev_and_oscillations_above_it():
    def bragg(energy_ev):
        return np.degrees(np.arcsin(physics.HC_EV_ANGSTROM / (2 * 3.1356 * energy_ev)))

    below, above = (physics.foil_transmission(bragg(8979 + way)) for way in (-30, 30))
    assert below > 2.5 * above
    far = np.array([-np.log(physics.foil_transmission(bragg(8979 + way))) for way in range(60, 400, 2)])
    smooth = np.polyval(np.polyfit(np.arange(far.size), far, 3), np.arange(far.size))
    assert 2 <= np.count_nonzero(np.diff(np.sign(far - smooth))) <= 12
    assert physics.foil_transmission(0.0) == 0.0


def test_an_approach_covers_all_but_one_part_in_e_in_a_time_constant():
    assert physics.approach(0.0, 100.0, seconds=0.5, time_constant_s=0.5) == pytest.approx(100 * (1 - np.exp(-1)))


def test_a_ramp_does_not_overshoot():
    assert physics.ramp(295.0, 300.0, seconds=0.5, rate=5.0) == 297.5
    assert physics.ramp(295.0, 300.0, seconds=9.0, rate=5.0) == 300.0
    assert physics.ramp(300.0, 295.0, seconds=0.5, rate=5.0) == 297.5


def test_the_spot_follows_the_sample_and_dims_with_the_shutter():
    camera = physics.Camera(64, 48, np.random.default_rng(1))
    y, x = np.unravel_index(np.argmax(camera.frame(samx_mm=2.0, samy_mm=-1.0, light=1.0, number=0)), (48, 64))
    assert abs(x - (32 + 2 * camera.PIXELS_PER_MM)) <= 2
    assert abs(y - (24 - 1 * camera.PIXELS_PER_MM)) <= 2
    assert camera.frame(0.0, 0.0, light=0.0, number=1).max() < 100


def test_the_rings_of_the_powder_are_seen_where_samx_and_samy_bring_it_into_the_beam():
    detector = physics.PowderDetector(256, 256, np.random.default_rng(1))

    def total(samx_mm, samy_mm):
        return int(detector.frame(samx_mm, samy_mm, light=1.0, number=0).sum())

    dark = int(detector.frame(0.0, 0.0, light=0.0, number=0).sum())
    in_the_beam = total(physics.SAMPLE_X_MM, physics.SAMPLE_Y_MM)
    assert in_the_beam > 10 * dark
    at_one_sigma = total(physics.SAMPLE_X_MM + physics.SAMPLE_SIGMA_MM, physics.SAMPLE_Y_MM)
    assert at_one_sigma - dark == pytest.approx((in_the_beam - dark) * np.exp(-0.5), rel=0.01)
    assert total(5.0, 5.0) < 1.01 * dark


def test_the_rings_have_the_radii_of_silicon_around_a_beam_stop():
    picture = physics.PowderDetector(256, 256, np.random.default_rng(1)).frame(0.4, -0.2, light=1.0, number=0)
    outwards = picture[128, 128:].astype(float)
    first = 20 + int(np.argmax(outwards[20:50]))
    second = 55 + int(np.argmax(outwards[55:75]))
    assert second / first == pytest.approx(np.sqrt(8 / 3), rel=0.05)
    assert outwards[:10].max() < 100 < outwards[first]


def test_no_two_pictures_have_the_same_sum():
    camera = physics.Camera(64, 48, np.random.default_rng(1))
    assert len({int(camera.frame(0.0, 0.0, 1.0, number).sum()) for number in range(20)}) == 20
