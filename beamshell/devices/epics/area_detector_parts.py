"""The parts of an areaDetector: its camera, and the plugins for arrays and statistics; each can be used alone.

They know the records of ADCore 3, and no files.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from beamshell.channels.base import Channel
from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.epics.counter import CountSwitch
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.part import Kind
from beamshell.devices.staging import Staging
from beamshell.devices.values import begin_current_values, begin_values
from beamshell.errors import DeviceError, NotConnected

if TYPE_CHECKING:
    from beamshell.devices.status import Status

OBEYS_WITHIN_S = 10.0
"""Seconds that a detector may take to carry out a command."""
_LOOK_S = 0.005
_REACH_S = 2.0

Picture = np.ndarray[Any, np.dtype[Any]]


class Setting(EpicsSignal):
    """A setting of an areaDetector: written at `X`, and read at `X_RBV`, where the driver shows the value in use.

    Args:
        read_pv: the address of the setting: "BL:cam:cam1:AcquireTime".
        kwargs: those of EpicsSignal.
    """

    def __init__(self, read_pv: str, **kwargs: Any) -> None:
        super().__init__(f"{read_pv}_RBV", write_pv=read_pv, **kwargs)

    def _channels(self) -> list[tuple[str, Channel]]:
        return [(self.name, self._channel)]  # the read-back is enough: it has what the driver made of the setting


def _reading(suffix: str, kind: Kind = Kind.omitted, **kwargs: Any) -> Component[EpicsSignalRO]:
    return Component(EpicsSignalRO, suffix, kind=kind, **kwargs)


def _setting(suffix: str, kind: Kind = Kind.omitted, **kwargs: Any) -> Component[Setting]:
    return Component(Setting, suffix, kind=kind, **kwargs)


class OfflineSafeDevice(Device):
    """A device that unstages at once when its IOC is gone, without waiting for each record.

    A subclass names in `SWITCH` the part whose connection stands for all.
    """

    SWITCH: ClassVar[str]

    def unstage(self) -> list[Any]:
        """Undo the changes of `stage`.

        Raises:
            NotConnected: the IOC is gone; nothing is put back, now or later.
        """
        if self._staging.active and not self._is_reachable():
            self._drop_staging()
            raise NotConnected(f"{self.name}: it is offline, and keeps the settings of the run")
        return super().unstage()

    def _is_reachable(self) -> bool:
        with contextlib.suppress(NotConnected):
            self.part(self.SWITCH).wait_for_connection(_REACH_S)
            return True
        return False

    def _drop_staging(self) -> None:
        """Count as unstaged, although no setting was put back."""
        self._staging = Staging()
        for part in self._devices():
            part._staging = Staging()


class AreaDetectorCamera(OfflineSafeDevice):
    """The camera of an areaDetector: when and how it exposes.

    Args:
        prefix: the beginning of its addresses: "BL:cam:cam1:".
        name: its name.
        kwargs: those of Device.
    """

    SWITCH = "acquire"
    _stages_in_flight = True

    acquire = Component(CountSwitch, "Acquire", kind=Kind.omitted, write_timeout=None)
    acquiring = _reading("Acquire_RBV")
    busy = _reading("AcquireBusy", lazy=True)
    count_time = _setting("AcquireTime", Kind.config, limits=True)
    acquire_period = _setting("AcquirePeriod", Kind.config, limits=True)
    gain = _setting("Gain", Kind.config)
    image_mode = _setting("ImageMode")
    num_images = _setting("NumImages")
    trigger_mode = _setting("TriggerMode")
    wait_for_plugins = Component(EpicsSignal, "WaitForPlugins", kind=Kind.omitted)
    min_x, min_y = _setting("MinX", Kind.config), _setting("MinY", Kind.config)
    size_x, size_y = _setting("SizeX", Kind.config), _setting("SizeY", Kind.config)
    width, height = _reading("ArraySizeX_RBV"), _reading("ArraySizeY_RBV")
    data_type = _reading("DataType_RBV", string=True)
    color_mode = _reading("ColorMode_RBV", string=True)
    frame_number = _setting("ArrayCounter")
    state = _reading("DetectorState_RBV", string=True)
    message = _reading("StatusMessage_RBV", string=True)
    manufacturer, model = _reading("Manufacturer_RBV", Kind.config), _reading("Model_RBV", Kind.config)

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        super().__init__(prefix, **kwargs)
        self.stage_sigs = {"image_mode": "Multiple", "trigger_mode": "Internal", "wait_for_plugins": "Yes"}
        self._exposing: Status | None = None

    def stage(self) -> list[Any]:
        """Make ready for single acquisitions; an endless one is ended, and begun again by `unstage`."""
        if self._staging.flight.value_of(self.acquiring):
            self._staging.note(self.acquire.name, lambda: self.acquire.put(1))
            self.halt()
        self._staging.note_value(self.num_images)
        return super().stage()

    def signals_to_stage(self) -> Iterator[Any]:
        """The signals whose values `stage` needs."""
        yield from (self.acquiring, self.num_images)
        yield from super().signals_to_stage()

    def start(self, images: int | None) -> Status:
        """Take a number of pictures, or until `acquire` is put to 0 (None); done when the camera says so.

        What is under way must have been ended before; see `end_own_acquisition`.
        """
        mode, number = begin_current_values(self.image_mode, self.num_images)()
        mode_needed = _CONTINUOUS if images is None else _MULTIPLE
        if mode != mode_needed:
            self.image_mode.set(mode_needed).wait()
        if images is not None and number != images:
            self.num_images.set(images).wait()
        exposing = self._exposing = self.acquire.begin_count()
        return exposing

    def end_own_acquisition(self) -> bool:
        """End an acquisition that was started here, as when a point is measured again; False if there was none.

        Raises:
            DeviceError: it was started by somebody else.
        """
        if not self.acquiring.get():
            return False
        if self._exposing is None:
            raise DeviceError(
                f"{self.name}: it is acquiring already, and nobody here has started it: end that first, with "
                f"{self.name}.stop()"
            )
        self.halt()
        return True

    def halt(self) -> None:
        """Stop the camera, and return when it is at rest.

        Raises:
            DeviceError: it did not come to rest.
        """
        self.acquire.put(0)
        if not until(lambda: not self.acquiring.get() and not self.busy.get()):
            raise DeviceError(
                f"{self.name}: it did not end its acquisition within {OBEYS_WITHIN_S:g} s; look at its IOC"
            )

    def seconds(self, images: int) -> float:
        """Seconds that a number of exposures takes."""
        exposure_s, period_s = begin_current_values(self.count_time, self.acquire_period)()
        return images * max(float(exposure_s), float(period_s))

    def picture_shape(self) -> tuple[int, int]:
        """(height, width) of the pictures, in pixels."""
        return self.begin_picture_shape()()

    def begin_picture_shape(self) -> Callable[[], tuple[int, int]]:
        """Request the shape of the pictures; the function returned collects it."""
        collect = begin_values(self.height, self.width)

        def shape() -> tuple[int, int]:
            height, width = collect()
            return int(height), int(width)

        return shape

    def dtype(self) -> np.dtype[Any]:
        """The numpy type of a pixel.

        Raises:
            DeviceError: the pictures are in colour.
        """
        name, color = begin_values(self.data_type, self.color_mode)()
        if color != "Mono":
            raise DeviceError(f"{self.name}: its pictures are {color}; only grey ones are recorded: set it to Mono")
        return np.dtype(str(name).lower())


_MULTIPLE, _CONTINUOUS = 1, 2  # of ImageMode


class ImagePlugin(Device):
    """The plugin that shows the picture as an array.

    Args:
        prefix: the beginning of its addresses: "BL:cam:image1:".
        name: its name.
        kwargs: those of Device.
    """

    enabled = _setting("EnableCallbacks")
    array_data = _reading("ArrayData", array_dtype="uint16")
    width, height = _reading("ArraySize0_RBV"), _reading("ArraySize1_RBV")
    unique_id = _reading("UniqueId_RBV")

    def picture(self) -> Picture:
        """The picture that came last: shape (height, width), in counts a pixel.

        Raises:
            DeviceError: there was none yet.
        """
        pixels, width, height = begin_values(self.array_data, self.width, self.height)()
        if not width or len(pixels) < width * height:
            raise DeviceError(f"{self.name}: there is no picture yet; take one: ct {self.root.name}")
        return np.asarray(pixels)[: int(width) * int(height)].reshape(int(height), int(width))


class StatisticsPlugin(OfflineSafeDevice):
    """The plugin with the statistics of a picture: its sum, and the centre and width of its bright spot.

    Args:
        prefix: the beginning of its addresses: "BL:cam:Stats1:".
        name: its name.
        kwargs: those of Device.
    """

    SWITCH = "enabled"

    total = _reading("Total_RBV", Kind.hinted)
    mean, minimum, maximum = _reading("MeanValue_RBV"), _reading("MinValue_RBV"), _reading("MaxValue_RBV", Kind.normal)
    sigma = _reading("Sigma_RBV")
    centroid_x, centroid_y = _reading("CentroidX_RBV", Kind.normal), _reading("CentroidY_RBV", Kind.normal)
    sigma_x, sigma_y = _reading("SigmaX_RBV", Kind.normal), _reading("SigmaY_RBV", Kind.normal)
    threshold = _setting("CentroidThreshold", Kind.config)
    enabled = _setting("EnableCallbacks")
    compute_statistics, compute_centroid = _setting("ComputeStatistics"), _setting("ComputeCentroid")

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        super().__init__(prefix, **kwargs)
        self.stage_sigs = {"enabled": 1, "compute_statistics": 1, "compute_centroid": 1}


def until(condition: Callable[[], Any], seconds: float = OBEYS_WITHIN_S) -> bool:
    """True as soon as `condition()` is; False if it is not within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_S)
    return True
