"""What an energy-dispersive detector sees of the sample of the demo beamline: lines on a background, and dead time.

Pure functions: no record, no clock, no chance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from beamshell.ioc.physics import PEAK_CENTRE_DEG, PEAK_SIGMA_DEG

Array = npt.NDArray[np.float64]

LINES_KEV = {"Fe Ka": (6.40, 8000.0), "Fe Kb": (7.06, 1100.0), "Cu Ka": (8.05, 3000.0), "Cu Kb": (8.91, 450.0)}
"""Energy, and counts/s at the top of the peak in th with full light."""
COMPTON_KEV, COMPTON_RATE = 11.5, 1500.0
ELASTIC_KEV, ELASTIC_RATE = 12.0, 2500.0
BACKGROUND_RATE, DARK_RATE = 600.0, 2.0
"""Counts/s in the whole spectrum, with full light and without any."""
DEAD_TIME_S = 5e-6
"""How long the detector is blind after each photon."""
_NOISE_KEV, _FANO_KEV = 0.04, 0.0004


def rates(energies_kev: Array, th_deg: float, light: float) -> Array:
    """Counts/s that arrive in each channel.

    Args:
        energies_kev: of the channels, rising, shape (n,).
        th_deg: the lines are strong where the sample is hit, as seen by the point detector.
        light: 1 at the nominal ring current.
    """
    hit = np.exp(-0.5 * ((th_deg - PEAK_CENTRE_DEG) / PEAK_SIGMA_DEG) ** 2)
    seen = sum(
        (rate * hit * _line(energies_kev, line) for line, rate in LINES_KEV.values()), np.zeros(len(energies_kev))
    )
    scattered = ELASTIC_RATE * _line(energies_kev, ELASTIC_KEV) + COMPTON_RATE * _line(energies_kev, COMPTON_KEV, 5.0)
    background = np.where((energies_kev > 1.0) & (energies_kev < ELASTIC_KEV), BACKGROUND_RATE, 0.0)
    share = np.gradient(energies_kev) / ELASTIC_KEV
    dark = DARK_RATE / len(energies_kev)
    arriving: Array = light * (seen + scattered + background * share) + dark
    return arriving


def live_fraction(arriving: float) -> float:
    """Which part of the time the detector sees at all when so many counts/s arrive (it is not paralysable)."""
    return 1.0 / (1.0 + arriving * DEAD_TIME_S)


def _line(energies_kev: Array, centre: float, widening: float = 1.0) -> Array:
    """The share of a line in each channel; its width grows with the energy as that of a silicon detector."""
    sigma = widening * np.sqrt(_NOISE_KEV**2 + _FANO_KEV * centre)
    density = np.exp(-0.5 * ((energies_kev - centre) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    share: Array = density * np.gradient(energies_kev)
    return share
