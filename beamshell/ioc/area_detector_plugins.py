"""The plugins of a simulated areaDetector for arrays and statistics.

They know no camera and no file. Each gets every frame, and ignores it while its callbacks are disabled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from beamshell.ioc.area_detector_records import CENTROID, STATISTICS
from beamshell.ioc.base import Base, DatabaseField

Pixels = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Frame:
    """One exposure: pixels (height, width), its number, and when it was taken in seconds since 1970-01-01 UTC."""

    pixels: Pixels
    unique_id: int
    timestamp: float


class Plugin:
    """The base of all plugins: they can be switched off, and show the data of the last frame."""

    def __init__(self, base: Base, prefix: str) -> None:
        self._base = base
        self._prefix = prefix
        self._enabled = self._field("EnableCallbacks")
        self._counter = self._field("ArrayCounter")
        self._sizes = [self._field(f"ArraySize{axis}_RBV") for axis in (0, 1)]
        self._id, self._time = self._field("UniqueId_RBV"), self._field("TimeStamp_RBV")

    def _field(self, name: str) -> DatabaseField:
        return self._base.field(self._prefix + name)

    @property
    def enabled(self) -> bool:
        """Whether its callbacks are enabled."""
        return bool(self._enabled.get())

    def show_frame(self, frame: Frame) -> None:
        """Show number, time and size of the frame in the records."""
        for field, pixels in zip(self._sizes, reversed(frame.pixels.shape), strict=True):
            if field.get() != pixels:
                field.put(pixels)
        self._id.put(frame.unique_id)
        self._time.put(frame.timestamp)
        self._counter.put(self._counter.get() + 1)


class ImagePlugin(Plugin):
    """The picture as one array record."""

    def __init__(self, base: Base, prefix: str) -> None:
        super().__init__(base, prefix)
        self._data = self._field("ArrayData")

    def take(self, frame: Frame) -> None:
        """Show a frame."""
        if self.enabled:
            self._data.put_image(frame.pixels)
            self.show_frame(frame)


class StatisticsPlugin(Plugin):
    """Sum, extremes, and the centre of what is brighter than a threshold."""

    def __init__(self, base: Base, prefix: str) -> None:
        super().__init__(base, prefix)
        self._results = {name: self._field(f"{name}_RBV") for name in (*STATISTICS, *CENTROID)}
        self._computations = [
            (self._field("ComputeStatistics"), statistics),
            (self._field("ComputeCentroid"), self._spot),
        ]
        self._threshold = self._field("CentroidThreshold")

    def take(self, frame: Frame) -> None:
        """Show what a frame is like."""
        if not self.enabled:
            return
        for switch, compute in self._computations:
            if switch.get():
                for name, value in compute(frame.pixels).items():
                    self._results[name].put(value)
        self.show_frame(frame)

    def _spot(self, pixels: Pixels) -> dict[str, float]:
        return centroid(pixels, self._threshold.get())


def statistics(pixels: npt.NDArray[Any]) -> dict[str, float]:
    """Sum, mean, extremes and standard deviation of all pixels, in counts."""
    return {
        "Total": float(pixels.sum(dtype=np.float64)),
        "MeanValue": float(pixels.mean(dtype=np.float64)),
        "MinValue": float(pixels.min()),
        "MaxValue": float(pixels.max()),
        "Sigma": float(pixels.std(dtype=np.float64)),
    }


def centroid(pixels: npt.NDArray[Any], threshold: float) -> dict[str, float]:
    """Centre (x, y) and width (rms) of the pixels above `threshold`, in pixels.

    All are 0 if there are none, as NDPluginStats has it.
    """
    bright = np.where(pixels > threshold, pixels, 0).astype(np.float64)
    total = bright.sum()
    if total <= 0:
        return dict.fromkeys(CENTROID, 0.0)
    results = {}
    for axis, name in ((1, "X"), (0, "Y")):
        profile, places = bright.sum(axis=1 - axis), np.arange(pixels.shape[axis], dtype=np.float64)
        centre = float(profile @ places / total)
        results[f"Centroid{name}"] = centre
        results[f"Sigma{name}"] = math.sqrt(max(0.0, float(profile @ (places - centre) ** 2 / total)))
    return results
