"""A simulated area detector: a round spot that follows motors, with the noise of counted photons.

It knows no control system and no file: its pictures stay in memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from beamshell.devices.component import Component
from beamshell.devices.part import Kind
from beamshell.devices.signal import SignalRO
from beamshell.devices.sim.detectors import SynSignal
from beamshell.errors import BadValue

Picture = np.ndarray[Any, np.dtype[np.uint16]]


class SynAreaDetector(SynSignal):
    """A detector with pixels; recorded are the sum of its pixels, under its name, and the number of the picture.

    The picture itself, uint16 of shape (height, width), is recorded only with
    ``area_det.image.kind = "normal"``.

    Args:
        prefix: unused; there for device files.
        name: its name.
        motor_x: anything with a `position`: the spot follows it along the columns.
        motor_y: the same, along the rows.
        shape: (height, width) in pixels.
        pixels_per_unit: how far the spot goes when a motor moves by 1.
        peak: counts in the middle of the spot.
        background: counts in every pixel.
        sigma: standard deviation of the spot, in pixels.
        kwargs: those of SynSignal: exp, seed, ...

    Example:
        >>> area_det = SynAreaDetector(name="area_det", shape=(48, 64))
        >>> area_det.trigger().wait()
        >>> area_det.picture().shape
        (48, 64)
    """

    image = Component(SignalRO, value=np.zeros((1, 1), np.uint16), kind=Kind.omitted)
    frame = Component(SignalRO, value=0, kind=Kind.normal)

    def __init__(
        self,
        prefix: str = "",
        *,
        name: str = "",
        motor_x: Any = None,
        motor_y: Any = None,
        shape: tuple[int, int] = (64, 64),
        pixels_per_unit: float = 4.0,
        peak: float = 1000.0,
        background: float = 2.0,
        sigma: float = 5.0,
        **kwargs: Any,
    ) -> None:
        if len(shape) != 2 or min(shape) < 1:
            raise BadValue(f"{name}: a picture of {shape} pixels makes no sense; write shape=(height, width)")
        self._motors = (motor_y, motor_x)
        self._shape = (int(shape[0]), int(shape[1]))
        self._pixels_per_unit = pixels_per_unit
        self._peak, self._background, self._sigma = peak, background, sigma
        super().__init__(prefix, name=name, **kwargs)

    def picture(self) -> Picture:
        """The picture taken last: uint16, shape (height, width), in counts a pixel."""
        picture: Picture = self.image.get()
        return picture

    def _expose(self) -> None:
        exact = self._background + self._peak * np.outer(*(self._profile(axis) for axis in (0, 1)))
        picture = np.minimum(self._random.poisson(exact), np.iinfo(np.uint16).max).astype(np.uint16)
        self.image.put(picture, force=True)
        self.frame.put(self.frame.get() + 1, force=True)
        self.value.put(float(picture.sum()), force=True)

    def _profile(self, axis: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The spot along the rows (0) or the columns (1), 1 in its middle."""
        motor, pixels = self._motors[axis], self._shape[axis]
        offset = 0.0 if motor is None else self._pixels_per_unit * float(motor.position)
        middle = (pixels - 1) / 2 + offset
        return np.asarray(np.exp(-((np.arange(pixels) - middle) ** 2) / (2 * self._sigma**2)), dtype=np.float64)
