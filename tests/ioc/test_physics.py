"""What the detectors of the demo beamline would see.

The numbers of nature are those of xraylib 4.3 (CS_Total, CS_FluorLine_Kissel, Bragg_angle), written down here.
"""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import kv

from beamshell.devices import monochromator
from beamshell.ioc import physics

EDGE = physics.COPPER.edge_ev


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


# ---- the beam -------------------------------------------------------------------------------


def test_the_ring_decays_with_its_lifetime_and_is_topped_up():
    period = physics.TOP_UP_PERIOD_S
    current = np.array([physics.stored_current_ma(t) for t in np.linspace(0, 3 * period, 3001)])
    assert current[0] == physics.NOMINAL_CURRENT_MA
    assert current.min() == pytest.approx(400 * np.exp(-period / physics.LIFETIME_S), abs=0.01)
    assert np.count_nonzero(np.diff(current) > 0) == 3
    assert physics.stored_current_ma(60.0) == pytest.approx(400 * np.exp(-60 / 36_000))


@pytest.mark.parametrize("energy_ev", [4000, 8979, 12_000, 20_000])
def test_the_spectrum_is_that_of_a_bending_magnet(energy_ev):
    def synchrotron(y):
        return y * quad(lambda x: kv(5 / 3, x), y, 60)[0]

    nominal, here = (synchrotron(e / physics.CRITICAL_ENERGY_EV) for e in (physics.NOMINAL_ENERGY_EV, energy_ev))
    assert physics.spectral_flux(energy_ev) == pytest.approx(here / nominal, rel=1e-6)


def test_light_follows_the_energy():
    assert physics.beam(400.0, True) == 1.0
    assert physics.beam(400.0, True, 20_000) == physics.spectral_flux(20_000)
    assert physics.spectral_flux(20_000) < 0.5
    assert physics.beam(400.0, True, math.inf) == 0.0


@pytest.mark.parametrize("bragg_deg", [5.0, 12.715, 60.0])
def test_the_crystal_is_that_of_the_monochromator(bragg_deg):
    kev = monochromator.energy_kev(math.radians(bragg_deg), monochromator.SI111_SPACING_ANGSTROM)
    assert physics.bragg_energy_ev(bragg_deg) == pytest.approx(1e3 * kev, rel=1e-8)
    assert physics.bragg_energy_ev(0.0) == math.inf


# ---- the scaler -----------------------------------------------------------------------------


def test_the_scaler_counts_its_clock_exactly_and_its_last_monitors_least():
    clock, monitor, detector, foil, *others = physics.scaler_rates(0.0, light=1.0, clock_hz=1e7)
    assert clock == 1e7
    assert monitor == physics.MONITOR_RATE + physics.DARK_RATE
    assert detector == physics.detector_rate(0.0, light=1.0)
    assert foil < monitor
    assert others == sorted(others, reverse=True)
    assert others[0] < monitor


def test_the_monitor_depends_on_the_energy_as_beam_and_nitrogen_do():
    def monitor(energy_ev):
        light = physics.beam(400.0, True, energy_ev)
        return physics.scaler_rates(0.0, light, 1e7, energy_ev=energy_ev)[1] - physics.DARK_RATE

    absorbed = {6000: 17.593, 8979: 4.982, 12_000: 1.982}  # photo-absorption of nitrogen in cm2/g, CS_Photo
    currents = {e: e * -math.expm1(-mu * physics.NITROGEN_G_PER_CM2) for e, mu in absorbed.items()}
    for energy_ev in absorbed:
        expected = physics.spectral_flux(energy_ev) * currents[energy_ev] / currents[8979]
        assert monitor(energy_ev) / physics.MONITOR_RATE == pytest.approx(expected, rel=0.02)


# ---- the foil -------------------------------------------------------------------------------

COPPER_TOTAL = {5000: 189.93, 7000: 75.71, 8500: 44.49, 10_000: 215.99, 12_000: 135.68, 15_000: 74.05, 20_000: 33.80}
"""Energy in eV: attenuation of copper in cm2/g."""


@pytest.mark.parametrize("energy_ev", COPPER_TOTAL)
def test_copper_absorbs_as_it_does_in_nature(energy_ev):
    here = physics.COPPER.other_absorption(energy_ev) + physics.COPPER.k_absorption(energy_ev)
    assert here == pytest.approx(COPPER_TOTAL[energy_ev], rel=0.02)


def test_the_edge_of_the_foil_jumps_by_what_a_copper_foil_of_7_um_does():
    before, after = (-math.log(physics.foil_transmission(EDGE + way)) for way in (-100, 1500))
    thickness = 7e-4 * 8.96
    assert before == pytest.approx(39.48 * thickness, rel=0.03)  # CS_Total(29, 8.879)
    assert after == pytest.approx(192.53 * thickness, rel=0.03)  # CS_Total(29, 10.479), oscillations being gone
    assert physics.foil_transmission(math.inf) == 0.0


def test_the_edge_is_as_wide_as_the_level_and_has_oscillations_above():
    steps = np.arange(-20, 20, 0.1)
    slope = np.gradient([physics.COPPER.k_absorption(EDGE + way) for way in steps])
    assert steps[np.argmax(slope)] == pytest.approx(0, abs=0.11)
    half = steps[slope > slope.max() / 2]
    assert half[-1] - half[0] == pytest.approx(physics.COPPER.width_ev, abs=0.15)
    far = np.array([-np.log(physics.foil_transmission(EDGE + way)) for way in range(60, 400, 2)])
    smooth = np.polyval(np.polyfit(np.arange(far.size), far, 3), np.arange(far.size))
    assert 2 <= np.count_nonzero(np.diff(np.sign(far - smooth))) <= 12


# ---- the powder -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("energy_ev", "angles"),
    [(8979, (25.441, 42.149, 49.877, 61.131)), (12_000, (18.967, 31.216, 36.782, 44.730))],
)
def test_the_point_detector_finds_the_lines_of_silicon_at_the_angles_of_bragg(energy_ev, angles):
    tth = np.arange(10, 65, 0.01)
    rates = np.array([physics.detector_rate(0.3, 1.0, place, energy_ev) for place in tth])
    is_peak = (rates[1:-1] > rates[:-2]) & (rates[1:-1] >= rates[2:]) & (rates[1:-1] > 300)
    assert tth[1:-1][is_peak][: len(angles)] == pytest.approx(angles, abs=0.02)


def test_a_scan_of_th_and_twice_th_from_the_aligned_sample_finds_the_lines_too():
    (first, _), *_ = physics.powder_lines(EDGE)
    assert physics.detector_rate(physics.PEAK_CENTRE_DEG + first / 2, 1.0, first) > 1e4
    assert physics.detector_rate(physics.PEAK_CENTRE_DEG + first / 2 + 1, 1.0, first) < 210


def test_the_lines_have_the_intensities_of_silicon_on_both_sides_and_need_the_sample():
    (first, _), (second, _) = physics.powder_lines(EDGE)[:2]
    rates = [physics.detector_rate(0.3, 1.0, tth) - 205 for tth in (first, -first, second)]
    assert rates == pytest.approx([1e4, 1e4, 5.5e3], rel=0.001)
    assert physics.detector_rate(5.0, 1.0, first) == pytest.approx(205, abs=1)


# ---- what changes with time -------------------------------------------------------------------


def test_an_approach_covers_all_but_one_part_in_e_in_a_time_constant():
    assert physics.approach(0.0, 100.0, seconds=0.5, time_constant_s=0.5) == pytest.approx(100 * (1 - np.exp(-1)))


def test_a_ramp_does_not_overshoot():
    assert physics.ramp(295.0, 300.0, seconds=0.5, rate=5.0) == 297.5
    assert physics.ramp(295.0, 300.0, seconds=9.0, rate=5.0) == 300.0
    assert physics.ramp(300.0, 295.0, seconds=0.5, rate=5.0) == 297.5


# ---- the fluorescence detector ----------------------------------------------------------------

ENERGIES_KEV = np.arange(2048) * 0.01


def spectrum(energy_ev, th_deg=0.3):
    return physics.fluorescence_rates(ENERGIES_KEV, th_deg, 1.0, energy_ev)


def near(rates, kev, way=0.05):
    return rates[np.abs(ENERGIES_KEV - kev) < way].sum()


def test_below_an_edge_there_are_no_lines_of_the_element():
    assert near(spectrum(8950), 8.04) < 0.05 * near(spectrum(9500), 8.04)
    assert near(spectrum(7050), 6.40) < 0.05 * near(spectrum(7500), 6.40)


def test_elastic_and_compton_line_are_where_the_photon_energy_puts_them():
    for energy_ev in (9500, 12_000, 18_000):
        missed = spectrum(energy_ev, th_deg=5.0)
        assert ENERGIES_KEV[np.argmax(missed)] == pytest.approx(energy_ev / 1e3, abs=0.011)
    missed = spectrum(18_000, th_deg=5.0)
    compton = (ENERGIES_KEV > 17) & (ENERGIES_KEV < 17.7)
    shifted = 18 / (1 + 18 / 510.999)  # at 90 degrees
    assert ENERGIES_KEV[compton][np.argmax(missed[compton])] == pytest.approx(shifted, abs=0.02)


IRON_KA = {7200: 107.96, 8000: 83.31, 10_000: 46.65, 12_000: 28.76, 15_000: 15.67}
COPPER_KA = {9000: 95.33, 10_000: 74.93, 12_000: 46.75, 15_000: 25.86}
"""Energy in eV: production of K alpha in cm2/g, CS_FluorLine_Kissel."""


@pytest.mark.parametrize(("element", "table"), [(physics.IRON, IRON_KA), (physics.COPPER, COPPER_KA)])
def test_the_lines_follow_the_energy_as_in_nature(element, table):
    share = element.fluorescence_yield * element.lines[0][1]
    for energy_ev, production in table.items():
        if energy_ev > element.edge_ev + 100:  # the arc tangent of the edge is not in the table
            assert element.k_absorption(energy_ev) * share == pytest.approx(production, rel=0.03)


def test_the_lines_of_the_sample_have_the_ratios_of_its_elements():
    rates = dict(physics._line_rates(12_000))
    assert rates[8.0411] / rates[6.3995] == pytest.approx(physics.COPPER_BY_IRON * 46.75 / 28.76, rel=0.03)
    assert rates[7.0580] / rates[6.3995] == pytest.approx(3.863 / 28.756, rel=0.01)
    assert sum(rate for kev, rate in physics._line_rates(8979) if kev < 7.1) == pytest.approx(physics.IRON_RATE)


def test_the_blade_cuts_the_beam_below_its_edge_and_is_out_of_the_way_elsewhere():
    assert physics.past_blade(physics.BLADE_MM) == pytest.approx(0.5)
    assert physics.past_blade(physics.BLADE_MM - 1) < 1e-9
    assert physics.past_blade(0.0) == 1.0
    cut = physics.scaler_rates(0.3, 1.0, 1e7, share=0.0)
    whole = physics.scaler_rates(0.3, 1.0, 1e7)
    assert (cut[1], cut[3]) == (whole[1], whole[3])
    assert cut[2] == physics.DARK_RATE
