"""Pictures: what the cameras of the demo beamline see, with the noise of their chips.

Arrays from numbers: no record, no clock; the source of random numbers is an argument.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from beamshell.ioc.physics import Array, powder_lines

EXPOSURE_S = 0.1
"""Seconds of exposure that make a picture as bright as it is at light 1."""
FULL_SCALE = 4000.0
"""Counts of the brightest pixel at light 1."""
SATURATION = 65_000.0
DARK_COUNTS = (10.0, 50.0)
"""The dark counts of the pixels are between these; each pixel keeps its own."""
PIXELS_PER_MM = 4.0
"""Of the camera that looks at the spot of the beam."""
SAMPLE_X_MM, SAMPLE_Y_MM, SAMPLE_SIGMA_MM = 0.4, -0.2, 0.8
"""Where samx and samy have the powder in the beam, and how far it reaches."""
POWDER_DISTANCE_WIDTHS = 0.34
"""Distance of the powder from its detector, in widths of the detector."""
BEAM_STOP_WIDTHS = 0.05
"""Radius of the shadow of the beam stop, likewise."""
RING_SIGMA_WIDTHS = 0.0125


class Sensor:
    """The chip of a camera: its dark counts and its noise.

    Args:
        width: pixels along x.
        height: pixels along y.
        random: makes the dark counts of each pixel once, and the noise of each picture.
    """

    def __init__(self, width: int, height: int, random: np.random.Generator) -> None:
        self.x = np.arange(width, dtype=np.float64) - width / 2
        self.y = np.arange(height, dtype=np.float64) - height / 2
        self._dark = random.uniform(*DARK_COUNTS, (height, width)).astype(np.float32)
        self._random = random

    def picture(self, arriving: Array) -> npt.NDArray[np.uint16]:
        """Pixels (height, width), uint16, for the expected counts `arriving` in each of them.

        Mean and variance are those of Poisson. The noise is normal, which takes a fifth of the time, and with the dark
        counts enough are expected in each pixel for that.
        """
        expected = arriving.astype(np.float32) + self._dark
        counted = self._random.standard_normal(expected.shape, dtype=np.float32)
        counted *= np.sqrt(expected)
        counted += expected + np.float32(0.5)  # rounded by the conversion to whole numbers
        return np.clip(counted, 0, SATURATION, out=counted).astype(np.uint16)


class Camera:
    """A camera that looks at the beam's spot: round, and where the sample is.

    Args:
        width: pixels along x.
        height: pixels along y.
        random: as for Sensor.
    """

    def __init__(self, width: int, height: int, random: np.random.Generator) -> None:
        self._sensor = Sensor(width, height, random)
        self._sigma = width / 12

    def frame(self, samx_mm: float, samy_mm: float, light: float) -> npt.NDArray[np.uint16]:
        """Pixels (height, width), uint16: the spot follows samx and samy, and is as bright as the beam."""
        x = np.exp(-0.5 * ((self._sensor.x - samx_mm * PIXELS_PER_MM) / self._sigma) ** 2)
        y = np.exp(-0.5 * ((self._sensor.y - samy_mm * PIXELS_PER_MM) / self._sigma) ** 2)
        return self._sensor.picture(FULL_SCALE * light * np.outer(y, x))


class PowderDetector:
    """A flat detector behind the silicon powder: rings around a beam stop, where the powder is hit.

    A ring of the scattering angle 2θ has the radius L tan 2θ, for a detector at the distance L.

    Args:
        width: pixels along x.
        height: pixels along y.
        random: as for Sensor.
    """

    def __init__(self, width: int, height: int, random: np.random.Generator) -> None:
        self._sensor = Sensor(width, height, random)
        self._width = width
        self._radius = np.hypot(self._sensor.x, self._sensor.y[:, np.newaxis])
        self._energy_ev, self._pattern = 0.0, np.zeros((height, width))

    def frame(self, samx_mm: float, samy_mm: float, light: float, energy_ev: float) -> npt.NDArray[np.uint16]:
        """Pixels (height, width), uint16: the rings, brightest where the whole powder is in the beam."""
        if energy_ev != self._energy_ev:
            self._energy_ev, self._pattern = energy_ev, self._rings(energy_ev)
        off_centre = math.hypot(samx_mm - SAMPLE_X_MM, samy_mm - SAMPLE_Y_MM) / SAMPLE_SIGMA_MM
        return self._sensor.picture(FULL_SCALE * light * math.exp(-0.5 * off_centre**2) * self._pattern)

    def ring_radius(self, angle_deg: float) -> float:
        """The radius in pixels of a ring of this scattering angle."""
        return POWDER_DISTANCE_WIDTHS * self._width * math.tan(math.radians(angle_deg))

    def _rings(self, energy_ev: float) -> Array:
        """The picture of the powder without noise, 1 at the top of the strongest ring."""
        pattern: Array = 0.25 * np.exp(-self._radius / (0.1 * self._width))  # what air and the holder scatter
        sigma = RING_SIGMA_WIDTHS * self._width
        for angle_deg, intensity in powder_lines(energy_ev):
            if angle_deg < 90 and (radius := self.ring_radius(angle_deg)) < self._radius.max() + 4 * sigma:
                pattern += intensity / 100 * np.exp(-0.5 * ((self._radius - radius) / sigma) ** 2)
        return np.where(self._radius < BEAM_STOP_WIDTHS * self._width, 0.0, pattern)
