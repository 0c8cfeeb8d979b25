"""The physics of the demo beamline: beam, count rates and spectra, and every number that they rest on.

Pure functions: no record, no clock; the source of random numbers is an argument. Cross-sections are in cm²/g: fits to
the tables of xraylib 4.3 (T. Schoonjans et al., Spectrochim. Acta B 66, 776, 2011), true to 1.5 % up to 20 keV.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

HC_EV_ANGSTROM = 12398.419843
"""Wavelength in Å times photon energy in eV: h, c and e of the SI, 2019."""
SI_LATTICE_ANGSTROM = 5.431020511
"""The lattice parameter of silicon, CODATA 2018: of the monochromator's crystal and of the powder."""
ELECTRON_REST_EV = 510_998.95
"""CODATA 2018."""
ELECTRON_K2_PER_EV = 0.2624682843
"""2m/ħ² in 1/(Å² eV), CODATA 2018: k² of a photoelectron by its energy."""

# ---- the storage ring and its beam

NOMINAL_CURRENT_MA = 400.0
"""The current after each injection."""
LIFETIME_S = 36_000.0
TOP_UP_PERIOD_S = 120.0
CRITICAL_ENERGY_EV = 8_380.0
"""Of a bending magnet of 1.4 T at 3 GeV: 665 eV times B/T times (E/GeV)²."""
NOMINAL_ENERGY_EV = 8979.0
"""The photon energy at which the rates below hold: the K edge of copper."""


def stored_current_ma(since_injection_s: float) -> float:
    """The ring current with top-up: it decays with the lifetime, and each injection fills it up again."""
    return NOMINAL_CURRENT_MA * math.exp(-(max(0.0, since_injection_s) % TOP_UP_PERIOD_S) / LIFETIME_S)


def beam(current_ma: float, shutter_is_open: bool, energy_ev: float = NOMINAL_ENERGY_EV) -> float:
    """The photons/s at the sample: 1 at the nominal ring current and photon energy."""
    return max(0.0, current_ma) / NOMINAL_CURRENT_MA * spectral_flux(energy_ev) if shutter_is_open else 0.0


@lru_cache(maxsize=1024)
def spectral_flux(energy_ev: float) -> float:
    """Photons/s behind the monochromator: 1 at the nominal energy.

    A bending magnet emits y ∫K₅⸝₃ into a constant relative bandwidth, with y = E / E_critical, and Si(111) passes one.
    """
    return _synchrotron(energy_ev / CRITICAL_ENERGY_EV) / _synchrotron(NOMINAL_ENERGY_EV / CRITICAL_ENERGY_EV)


def _synchrotron(y: float) -> float:
    """The integral of the Bessel function K₅⸝₃ from y on, times y, as a sum (V. O. Kostroun, NIM 172, 371, 1980)."""
    if not 0 < y < math.inf:
        return 0.0
    step = 0.4
    cosines = [math.cosh(n * step) for n in range(1, 20)]
    terms = (math.exp(-y * cosine) * math.cosh(5 * n * step / 3) / cosine for n, cosine in enumerate(cosines, start=1))
    return y * step * (math.exp(-y) / 2 + sum(terms))


def bragg_energy_ev(bragg_deg: float) -> float:
    """The photon energy that Si(111) reflects in first order; infinite at 0."""
    sine = math.sin(math.radians(bragg_deg))
    return HC_EV_ANGSTROM * math.sqrt(3) / (2 * SI_LATTICE_ANGSTROM * sine) if sine > 0 else math.inf


# ---- elements


@dataclass(frozen=True)
class Element:
    """An element around its K edge: u = ln(E / edge), cross-sections in cm²/g.

    Attributes:
        edge_ev: its K edge.
        width_ev: the natural width of its K level, full width at half maximum.
        below: its attenuation by all other shells at the edge, ...
        below_slope: ... which goes as exp(below_slope u).
        k_shell: the jump of its attenuation at the edge, ...
        k_slopes: ... which goes as exp(first u + second u²).
        fluorescence_yield: the share of K holes that are filled by radiation.
        lines: energy in keV and share of the K radiation, of K alpha and K beta.
    """

    edge_ev: float
    width_ev: float
    below: float
    below_slope: float
    k_shell: float
    k_slopes: tuple[float, float]
    fluorescence_yield: float
    lines: tuple[tuple[float, float], ...]

    def k_absorption(self, energy_ev: float) -> float:
        """The attenuation by the K shell; the edge is as wide as the level."""
        if not 0 < energy_ev < math.inf:
            return 0.0
        u = max(0.0, math.log(energy_ev / self.edge_ev))
        step = 0.5 + math.atan(2 * (energy_ev - self.edge_ev) / self.width_ev) / math.pi
        return step * self.k_shell * math.exp(self.k_slopes[0] * u + self.k_slopes[1] * u * u)

    def other_absorption(self, energy_ev: float) -> float:
        """The attenuation by all other shells."""
        return self.below * math.exp(self.below_slope * math.log(energy_ev / self.edge_ev))


IRON = Element(
    edge_ev=7112.0, width_ev=1.19, below=53.26, below_slope=-2.736, k_shell=354.4, k_slopes=(-2.467, -0.198),
    fluorescence_yield=0.3546, lines=((6.3995, 0.8816), (7.0580, 0.1184)),
)  # fmt: skip
COPPER = Element(
    edge_ev=8979.0, width_ev=1.49, below=38.38, below_slope=-2.729, k_shell=239.9, k_slopes=(-2.359, -0.347),
    fluorescence_yield=0.4538, lines=((8.0411, 0.8820), (8.9053, 0.1180)),
)  # fmt: skip
COPPER_DENSITY = 8.96
"""g/cm³."""

# ---- what the counters see

PEAK_CENTRE_DEG, PEAK_SIGMA_DEG = 0.3, 0.2
"""The sample is in the beam at this angle th, within so much."""
PEAK_RATE, BACKGROUND_RATE, DARK_RATE = 50_000.0, 200.0, 5.0
"""Counts/s of the point detector: straight behind the sample, beside it, and without any beam."""
FORWARD_SIGMA_DEG = 2.5
"""What goes straight on is spread so far in tth, by scattering at small angles."""
BLADE_MM, BEAM_SIGMA_MM = -2.5, 0.15
"""A blade on the stage of the sample covers the detector for samx below this; the beam is so wide across."""
POWDER_RATE, POWDER_SIGMA_DEG = 10_000.0, 0.08
"""Counts/s at the top of the strongest powder line, and the width of the lines in tth."""
MONITOR_RATE = 1.0e6
"""Counts/s of the I0 monitor at nominal current and energy."""
NITROGEN_G_PER_CM2 = 1.165e-3 * 10
"""The gas in the ionisation chamber of I0: 10 cm at 1 bar and 20 °C."""
NITROGEN_PHOTO, NITROGEN_SLOPES = 4.984, (-3.152, -0.0714)
"""Its photo-absorption at the nominal energy E₀, which goes as exp(first u + second u²) with u = ln(E / E₀)."""
FOIL_CM = 7e-4
"""The thickness of the copper foil."""
NEIGHBOUR_ANGSTROM, DISORDER_ANGSTROM2 = 2.556, 0.0085
"""Distance of the nearest neighbours in copper, a / √2 with a = 3.615 Å, and its mean square variation."""
OSCILLATION, OSCILLATION_PHASE_RAD = 0.6, 1.0
"""Amplitude and phase of the oscillations above the edge: as in a textbook, not of a calculation."""
SILICON_LINES = (
    (3, 100), (8, 55), (11, 30), (16, 6), (19, 11), (24, 12), (27, 6), (32, 3), (35, 7), (40, 8), (43, 3),
)  # fmt: skip
"""h² + k² + l² and relative intensity of the silicon powder, from (111) to (533): ICDD PDF 27-1402."""


def hit(th_deg: float) -> float:
    """The share of the sample that is in the beam."""
    return math.exp(-0.5 * ((th_deg - PEAK_CENTRE_DEG) / PEAK_SIGMA_DEG) ** 2)


def detector_rate(th_deg: float, light: float, tth_deg: float = 0.0, energy_ev: float = NOMINAL_ENERGY_EV) -> float:
    """Counts/s of the point detector on the arm tth: straight on, or in a line of the powder.

    The powder is a flat plate: its lines are seen through it, where the beam hits it, and in reflection, where th has
    gone half the way of tth.

    Args:
        th_deg: the angle of the sample.
        light: 1 at the nominal ring current and photon energy.
        tth_deg: the angle of the detector.
        energy_ev: the photon energy.
    """
    forward = PEAK_RATE * math.exp(-0.5 * (tth_deg / FORWARD_SIGMA_DEG) ** 2)
    lines = POWDER_RATE * powder_pattern(tth_deg, energy_ev)
    plate = max(hit(th_deg), hit(th_deg - tth_deg / 2))
    return DARK_RATE + light * (BACKGROUND_RATE + hit(th_deg) * forward + plate * lines)


def past_blade(samx_mm: float) -> float:
    """The share of the beam that passes the blade: an error function of the position of the sample."""
    return 0.5 * math.erfc((BLADE_MM - samx_mm) / (math.sqrt(2) * BEAM_SIGMA_MM))


def powder_pattern(tth_deg: float, energy_ev: float) -> float:
    """The lines of the silicon powder at an angle, 1 at the top of the strongest."""
    return sum(
        intensity / 100 * math.exp(-0.5 * ((abs(tth_deg) - angle) / POWDER_SIGMA_DEG) ** 2)
        for angle, intensity in powder_lines(energy_ev)
        if abs(abs(tth_deg) - angle) < 8 * POWDER_SIGMA_DEG
    )


@lru_cache(maxsize=1024)
def powder_lines(energy_ev: float) -> tuple[tuple[float, float], ...]:
    """The scattering angle 2θ in deg and the relative intensity of each line, by Bragg's law λ = 2 d sin θ."""
    wavelength = HC_EV_ANGSTROM / energy_ev
    sines = ((wavelength * math.sqrt(square) / (2 * SI_LATTICE_ANGSTROM), i) for square, i in SILICON_LINES)
    return tuple((2 * math.degrees(math.asin(sine)), intensity) for sine, intensity in sines if sine <= 1)


def scaler_rates(
    th_deg: float,
    light: float,
    clock_hz: float,
    tth_deg: float = 0.0,
    energy_ev: float = NOMINAL_ENERGY_EV,
    share: float = 1.0,
) -> tuple[float, ...]:
    """Counts/s of the eight scaler channels: clock, I0, detector, copper foil, and four lesser monitors.

    Args:
        th_deg: the angle of the sample.
        light: 1 at the nominal ring current and photon energy.
        clock_hz: of the first channel.
        tth_deg: the angle of the detector.
        energy_ev: the photon energy.
        share: of the beam that comes to the detector, past the blade.
    """
    monitor = MONITOR_RATE * light * _monitor_efficiency(energy_ev)
    return (
        clock_hz,
        DARK_RATE + monitor,
        detector_rate(th_deg, light * share, tth_deg, energy_ev),
        DARK_RATE + monitor * foil_transmission(energy_ev),
        *(DARK_RATE + monitor * 10.0**-n for n in range(3, 7)),
    )


@lru_cache(maxsize=1024)
def _monitor_efficiency(energy_ev: float) -> float:
    """The current of the I0 chamber by a photon: 1 at the nominal energy."""
    return _ionisation_ev(energy_ev) / _ionisation_ev(NOMINAL_ENERGY_EV)


def _ionisation_ev(energy_ev: float) -> float:
    """The energy that a photon leaves in the nitrogen of the chamber, on the average."""
    if not 0 < energy_ev < math.inf:
        return 0.0
    u = math.log(energy_ev / NOMINAL_ENERGY_EV)
    absorption = NITROGEN_PHOTO * math.exp(NITROGEN_SLOPES[0] * u + NITROGEN_SLOPES[1] * u * u)
    return energy_ev * -math.expm1(-absorption * NITROGEN_G_PER_CM2)


@lru_cache(maxsize=1024)
def foil_transmission(energy_ev: float) -> float:
    """The share of the beam that the copper foil lets through: the K edge, and above it oscillations by neighbours."""
    if not 0 < energy_ev < math.inf:
        return 0.0
    k = math.sqrt(ELECTRON_K2_PER_EV * max(0.0, energy_ev - COPPER.edge_ev))
    amplitude = OSCILLATION * (1 - math.exp(-k)) * math.exp(-2 * DISORDER_ANGSTROM2 * k * k) / max(k, 1.0)
    oscillation = amplitude * math.sin(2 * NEIGHBOUR_ANGSTROM * k + OSCILLATION_PHASE_RAD)
    absorption = COPPER.other_absorption(energy_ev) + COPPER.k_absorption(energy_ev) * (1 + oscillation)
    return math.exp(-absorption * COPPER_DENSITY * FOIL_CM)


def counts(rate: float, seconds: float, random: np.random.Generator) -> int:
    """The counts after `seconds`, with the statistics of Poisson."""
    return int(random.poisson(rate * seconds))


def approach(value: float, target: float, seconds: float, time_constant_s: float) -> float:
    """The value of an exponential approach after `seconds`."""
    return target + (value - target) * math.exp(-seconds / time_constant_s)


def ramp(value: float, target: float, seconds: float, rate: float) -> float:
    """The value of a linear ramp of `rate` units/s after `seconds`."""
    step = abs(rate) * seconds
    return target if abs(target - value) <= step else value + math.copysign(step, target - value)


# ---- an energy-dispersive detector at 90°: lines of the sample on a background, and dead time

IRON_RATE = 9_000.0
"""Counts/s of all iron K radiation with full light at the nominal energy, the sample in the beam."""
COPPER_BY_IRON = 0.3
"""Mass of copper in the sample for each of iron."""
COMPTON_RATE, ELASTIC_RATE = 1500.0, 2500.0
SPECTRUM_BACKGROUND_RATE, SPECTRUM_DARK_RATE = 600.0, 2.0
"""Counts/s in the whole spectrum, with full light and without any."""
DEAD_TIME_S = 5e-6
"""Seconds that the detector is blind after each photon."""
_NOISE_KEV, _FANO_KEV = 0.04, 0.0004
_COMPTON_WIDENING = 2.0


def fluorescence_rates(energies_kev: Array, th_deg: float, light: float, energy_ev: float) -> Array:
    """Counts/s that arrive in each channel: K lines of what the photons can excite, Compton and elastic scattering.

    Args:
        energies_kev: of the channels, rising, shape (n,).
        th_deg: the lines are strong where the sample is hit, as seen by the point detector.
        light: 1 at the nominal ring current and photon energy.
        energy_ev: the photon energy.
    """
    arriving: Array = np.full(len(energies_kev), SPECTRUM_DARK_RATE / len(energies_kev))
    if not 0 < energy_ev < math.inf:
        return arriving
    for line_kev, rate in _line_rates(energy_ev):
        arriving += light * hit(th_deg) * rate * _line(energies_kev, line_kev)
    elastic_kev = energy_ev / 1e3
    compton_kev = elastic_kev / (1 + energy_ev / ELECTRON_REST_EV)  # at 90°
    arriving += light * ELASTIC_RATE * _line(energies_kev, elastic_kev)
    arriving += light * COMPTON_RATE * _line(energies_kev, compton_kev, _COMPTON_WIDENING)
    is_background = (energies_kev > 1.0) & (energies_kev < elastic_kev)
    background = SPECTRUM_BACKGROUND_RATE * np.gradient(energies_kev) / elastic_kev
    arriving += light * np.where(is_background, background, 0.0)
    return arriving


@lru_cache(maxsize=1024)
def _line_rates(energy_ev: float) -> tuple[tuple[float, float], ...]:
    """Energy in keV and counts/s of each line of the sample, in the beam, with full light."""
    scale = IRON_RATE / (IRON.k_absorption(NOMINAL_ENERGY_EV) * IRON.fluorescence_yield)
    masses = ((IRON, 1.0), (COPPER, COPPER_BY_IRON))
    return tuple(
        (line_kev, scale * mass * element.k_absorption(energy_ev) * element.fluorescence_yield * share)
        for element, mass in masses
        for line_kev, share in element.lines
    )


def live_fraction(arriving: float) -> float:
    """The fraction of the time in which the detector is live, for a rate in counts/s (it is not paralysable)."""
    return 1.0 / (1.0 + arriving * DEAD_TIME_S)


def _line(energies_kev: Array, centre: float, widening: float = 1.0) -> Array:
    """The share of a line in each channel; its width grows with the energy as that of a silicon detector."""
    sigma = widening * np.sqrt(_NOISE_KEV**2 + _FANO_KEV * centre)
    density = np.exp(-0.5 * ((energies_kev - centre) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    share: Array = density * np.gradient(energies_kev)
    return share
