"""The physics of the demo beamline: count rates, spectra and pictures of its detectors.

Pure functions: no record, no clock; the source of random numbers is an argument.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

NOMINAL_CURRENT_MA = 400.0
PEAK_CENTRE_DEG, PEAK_SIGMA_DEG = 0.3, 0.2
PEAK_RATE, BACKGROUND_RATE, DARK_RATE = 50_000.0, 200.0, 5.0
"""Counts/s of the point detector: at the top of the peak, beside it, and without any beam."""
MONITOR_RATE = 1.0e6
"""Counts/s of the I0 monitor at nominal current."""
COPPER_EDGE_EV = 8979.0
HC_EV_ANGSTROM = 12398.42
EXPOSURE_S = 0.1
"""Seconds of exposure that make a picture as bright as it is at light 1."""


def beam(current_ma: float, shutter_is_open: bool) -> float:
    """The intensity of the beam: 1 at the nominal ring current."""
    return max(0.0, current_ma) / NOMINAL_CURRENT_MA if shutter_is_open else 0.0


def detector_rate(th_deg: float, light: float) -> float:
    """Counts/s of the point detector: a Gaussian in th on a flat background, and its own dark counts."""
    peak = math.exp(-0.5 * ((th_deg - PEAK_CENTRE_DEG) / PEAK_SIGMA_DEG) ** 2)
    return DARK_RATE + light * (BACKGROUND_RATE + PEAK_RATE * peak)


def scaler_rates(th_deg: float, light: float, clock_hz: float) -> tuple[float, ...]:
    """Counts/s of the eight scaler channels: clock, I0, detector, and five lesser monitors."""
    monitor = DARK_RATE + MONITOR_RATE * light
    return (clock_hz, monitor, detector_rate(th_deg, light), *(DARK_RATE + monitor * 10.0**-n for n in range(2, 7)))


def bragg_energy_ev(bragg_deg: float) -> float:
    """The photon energy that Si(111) reflects (d = 3.1356 Å) in first order; infinite at 0."""
    sine = math.sin(math.radians(bragg_deg))
    return HC_EV_ANGSTROM / (2 * 3.1356 * sine) if sine > 0 else math.inf


def foil_transmission(bragg_deg: float) -> float:
    """The share of the beam that a copper foil lets through: an edge at 8979 eV, and oscillations above it.

    One shell of neighbours at 2.55 Å, as in the textbooks.
    """
    above_ev = bragg_energy_ev(bragg_deg) - COPPER_EDGE_EV
    if not math.isfinite(above_ev):
        return 0.0
    falling = (COPPER_EDGE_EV / (COPPER_EDGE_EV + above_ev)) ** 3
    jump = 0.5 + math.atan(above_ev / 1.5) / math.pi
    k = math.sqrt(max(0.0, above_ev) / 3.81)
    oscillation = 0.6 * (1 - math.exp(-k)) * math.sin(2 * 2.55 * k + 1) * math.exp(-0.017 * k * k) / max(k, 1.0)
    return math.exp(-falling * (0.4 + 1.5 * jump * (1 + oscillation)))


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


# ---- pictures


class Sensor:
    """The chip of a camera: its dark counts and its noise.

    Args:
        width: pixels along x.
        height: pixels along y.
        random: makes the noise, once: pictures shift it about, which is quicker than new noise.
    """

    SATURATED = 65_000.0

    def __init__(self, width: int, height: int, random: np.random.Generator) -> None:
        self.x = np.arange(width, dtype=np.float64) - width / 2
        self.y = np.arange(height, dtype=np.float64) - height / 2
        self._dark = random.integers(0, 60, (height, width), dtype=np.uint16)
        self._noise = random.standard_normal((height, width), dtype=np.float32)

    def picture(self, arriving: Array, number: int) -> npt.NDArray[np.uint16]:
        """Pixels (height, width), uint16, for what arrives in each of them; close to the statistics of Poisson.

        Args:
            arriving: expected counts, shape (height, width).
            number: of the picture; no two have the same noise.
        """
        counted = arriving + np.sqrt(arriving) * np.roll(self._noise, number * 37)
        return np.clip(counted + np.roll(self._dark, number * 53), 0, self.SATURATED).astype(np.uint16)


class Camera:
    """A camera that looks at the beam's spot: round, and where the sample is.

    Args:
        width: pixels along x.
        height: pixels along y.
        random: makes the noise.
    """

    FULL_SCALE = 4000.0
    """Counts of the brightest pixel, at light 1."""
    PIXELS_PER_MM = 4.0

    def __init__(self, width: int, height: int, random: np.random.Generator) -> None:
        self._sensor = Sensor(width, height, random)
        self._sigma = width / 12

    def frame(self, samx_mm: float, samy_mm: float, light: float, number: int) -> npt.NDArray[np.uint16]:
        """Pixels (height, width), uint16: the spot follows samx and samy, and is as bright as the beam."""
        x = np.exp(-0.5 * ((self._sensor.x - samx_mm * self.PIXELS_PER_MM) / self._sigma) ** 2)
        y = np.exp(-0.5 * ((self._sensor.y - samy_mm * self.PIXELS_PER_MM) / self._sigma) ** 2)
        return self._sensor.picture(self.FULL_SCALE * light * np.outer(y, x), number)


SAMPLE_X_MM, SAMPLE_Y_MM, SAMPLE_SIGMA_MM = 0.4, -0.2, 0.8
"""Where samx and samy have the powder in the beam, and how far it reaches."""


class PowderDetector:
    """A detector behind a silicon powder: rings around a beam stop, where the powder is hit.

    The radii are as sqrt(h² + k² + l²), the scattering angles being small; the intensities are those of silicon.

    Args:
        width: pixels along x.
        height: pixels along y.
        random: makes the noise.
    """

    FULL_SCALE = 4000.0
    """Counts of the brightest ring, at light 1."""
    RINGS = ((3, 1.0), (8, 0.55), (11, 0.3), (16, 0.08))
    """h² + k² + l² and the relative intensity of (111), (220), (311) and (400)."""

    def __init__(self, width: int, height: int, random: np.random.Generator) -> None:
        self._sensor = Sensor(width, height, random)
        radius = np.hypot(self._sensor.x, self._sensor.y[:, np.newaxis])
        unit = width / 10.5
        pattern = 0.25 * np.exp(-radius / unit)  # what air and the sample's holder scatter
        for square, intensity in self.RINGS:
            pattern += intensity * np.exp(-0.5 * ((radius - unit * math.sqrt(square)) / (width / 80)) ** 2)
        self._pattern: Array = self.FULL_SCALE * np.where(radius < unit / 2, 0.0, pattern)

    def frame(self, samx_mm: float, samy_mm: float, light: float, number: int) -> npt.NDArray[np.uint16]:
        """Pixels (height, width), uint16: the rings, brightest where the whole powder is in the beam."""
        off_centre = math.hypot(samx_mm - SAMPLE_X_MM, samy_mm - SAMPLE_Y_MM) / SAMPLE_SIGMA_MM
        return self._sensor.picture(light * math.exp(-0.5 * off_centre**2) * self._pattern, number)


# ---- an energy-dispersive detector: lines of the sample on a background, and dead time

LINES_KEV = {"Fe Ka": (6.40, 8000.0), "Fe Kb": (7.06, 1100.0), "Cu Ka": (8.05, 3000.0), "Cu Kb": (8.91, 450.0)}
"""Energy, and counts/s at the top of the peak in th with full light."""
COMPTON_KEV, COMPTON_RATE = 11.5, 1500.0
ELASTIC_KEV, ELASTIC_RATE = 12.0, 2500.0
SPECTRUM_BACKGROUND_RATE, SPECTRUM_DARK_RATE = 600.0, 2.0
"""Counts/s in the whole spectrum, with full light and without any."""
DEAD_TIME_S = 5e-6
"""Seconds that the detector is blind after each photon."""
_NOISE_KEV, _FANO_KEV = 0.04, 0.0004


def fluorescence_rates(energies_kev: Array, th_deg: float, light: float) -> Array:
    """Counts/s that arrive in each channel.

    Args:
        energies_kev: of the channels, rising, shape (n,).
        th_deg: the lines are strong where the sample is hit, as seen by the point detector.
        light: 1 at the nominal ring current.
    """
    hit = np.exp(-0.5 * ((th_deg - PEAK_CENTRE_DEG) / PEAK_SIGMA_DEG) ** 2)
    lines = sum(
        (rate * hit * _line(energies_kev, line) for line, rate in LINES_KEV.values()), np.zeros(len(energies_kev))
    )
    scattered = ELASTIC_RATE * _line(energies_kev, ELASTIC_KEV) + COMPTON_RATE * _line(energies_kev, COMPTON_KEV, 5.0)
    background = np.where((energies_kev > 1.0) & (energies_kev < ELASTIC_KEV), SPECTRUM_BACKGROUND_RATE, 0.0)
    share = np.gradient(energies_kev) / ELASTIC_KEV
    dark = SPECTRUM_DARK_RATE / len(energies_kev)
    arriving: Array = light * (lines + scattered + background * share) + dark
    return arriving


def live_fraction(arriving: float) -> float:
    """The fraction of the time in which the detector is live, for a rate in counts/s (it is not paralysable)."""
    return 1.0 / (1.0 + arriving * DEAD_TIME_S)


def _line(energies_kev: Array, centre: float, widening: float = 1.0) -> Array:
    """The share of a line in each channel; its width grows with the energy as that of a silicon detector."""
    sigma = widening * np.sqrt(_NOISE_KEV**2 + _FANO_KEV * centre)
    density = np.exp(-0.5 * ((energies_kev - centre) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    share: Array = density * np.gradient(energies_kev)
    return share
