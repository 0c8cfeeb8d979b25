"""EpicsCamera: a small camera whose pictures are one array record.

It knows the records of such a camera. It writes no files; EpicsAreaDetector does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO, pv_of
from beamshell.devices.part import Fact, Kind
from beamshell.devices.signal import SignalRO
from beamshell.devices.status import Status
from beamshell.devices.values import begin_values


class EpicsCamera(Device):
    """A camera: its picture, and the sum of its pixels as the hinted number.

    A trigger takes the picture that is there and sums it; the picture itself is recorded only with
    ``cam.image.kind = "normal"``.

    Args:
        prefix: the beginning of its addresses: "BL:webcam" for BL:webcam:image, :width, :height, :count.
        name: its name.
        kwargs: those of Device.
    """

    image = Component(EpicsSignalRO, ":image", kind=Kind.omitted, array_dtype="uint16")
    width = Component(EpicsSignalRO, ":width", kind=Kind.config)
    height = Component(EpicsSignalRO, ":height", kind=Kind.config)
    frame = Component(EpicsSignalRO, ":count", kind=Kind.normal)
    frames_per_second = Component(EpicsSignal, ":fps", kind=Kind.config)
    total = Component(SignalRO, value=0.0, kind=Kind.hinted)

    def trigger(self) -> Status:
        """Take the picture that is there, and sum its pixels."""
        self.total.put(float(np.sum(self.image.get(), dtype=float)), force=True)
        return super().trigger()

    def picture(self) -> np.ndarray[Any, np.dtype[np.uint16]]:
        """The picture that is there now: uint16, shape (height, width), in counts a pixel."""
        pixels, width, height = begin_values(self.image, self.width, self.height)()
        picture: np.ndarray[Any, np.dtype[np.uint16]] = np.asarray(pixels).reshape(int(height), int(width))
        return picture

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """A camera that takes pictures at its frame rate."""
        parts = ("image", "width", "height", "frame", "frames_per_second")
        yield {"is": "camera", **{part: pv_of(self.part(part)) for part in parts}}
        yield from super().simulation(settings)
