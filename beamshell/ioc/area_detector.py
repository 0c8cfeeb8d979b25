"""AreaDetector: simulates an areaDetector camera, which exposes as its records say and feeds its plugins.

The function `take_picture` makes the picture.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from beamshell.ioc.area_detector_plugins import Frame, ImagePlugin, StatisticsPlugin
from beamshell.ioc.area_detector_records import CONTINUOUS, SINGLE, Places
from beamshell.ioc.base import Base, DatabaseField, TextField
from beamshell.ioc.hdf5_plugin import Hdf5Plugin
from beamshell.ioc.record import Record
from beamshell.ioc.record_support import RecordSupport
from beamshell.ioc.simulation_clock import SimulationClock
from beamshell.ioc.small_records import BusyRecord, CallbackRecord

R = TypeVar("R", bound=Record)

TakePicture: TypeAlias = Callable[[float, float], npt.NDArray[np.uint16]]
"""``f(exposure_s, gain)``, at the end of an exposure, returns a picture: uint16 (height, width)."""

_SHORTEST_S = 0.005
"""The least time between two frames, in real seconds: this is one process for a whole beamline."""
_IDLE, _EXPOSES = 0, 1


class AreaDetector:
    """The simulation of one detector. Load its `records` before base starts, and make it after.

    Args:
        base: EPICS base, running.
        clock: the clock of the simulation.
        places: the prefixes of its records.
        supports: the record types `busy` and `callback`.
        take_picture: takes a picture of the whole chip.
    """

    def __init__(
        self,
        base: Base,
        clock: SimulationClock,
        places: Places,
        supports: tuple[RecordSupport, RecordSupport],
        take_picture: TakePicture,
    ) -> None:
        self._clock = clock
        self._take_picture = take_picture
        busy, callbacks = supports
        self._button = _record(busy, f"{places.camera}Acquire", BusyRecord)
        capture = _record(busy, f"{places.hdf}Capture", BusyRecord)
        folder_changed = _record(callbacks, f"{places.hdf}FilePathChanged", CallbackRecord)
        settings = ("AcquireTime", "AcquirePeriod", "NumImages", "ImageMode", "TriggerMode", "Gain", "ArrayCallbacks")
        frames = ("ArrayCounter", "MinX", "MinY", "SizeX", "SizeY", "WaitForPlugins")
        readings = ("Acquire_RBV", "AcquireBusy", "DetectorState_RBV", "NumImagesCounter_RBV")
        sizes = ("ArraySizeX_RBV", "ArraySizeY_RBV", "ArraySize_RBV", "MaxSizeX_RBV", "MaxSizeY_RBV")
        self._at: dict[str, DatabaseField] = {
            name: base.field(f"{places.camera}{name}") for name in (*settings, *frames, *readings, *sizes)
        }
        self._status = TextField(base, f"{places.camera}StatusMessage_RBV")
        self._status.put_text("")
        self._writer = Hdf5Plugin(base, places.hdf, capture, folder_changed, self._frame_shape)
        self._plugins = (
            ImagePlugin(base, places.image),
            StatisticsPlugin(base, places.stats),
            self._writer,
        )
        self._round = 0
        self._frames_taken = 0
        self._button.begin = self._begin
        self._button.cancel = self._cancel

    # ---- the switch: the client's thread --------------------------------------------------------

    def _begin(self) -> None:
        self._round += 1
        self._show("Acquire_RBV", 1)
        self._show("AcquireBusy", 1)
        round_number = self._round
        self._clock.after(0.0, lambda: self._start(round_number))

    def _cancel(self) -> None:
        self._round += 1
        round_number = self._round
        self._rest("Acquisition aborted")
        # In the simulation's thread, after the frame that it may be handing over at this moment.
        self._clock.after(0.0, lambda: self._writer.when_idle(lambda: self._settle(round_number)))

    # ---- one acquisition: the simulation's thread --------------------------------------------------

    def _start(self, round_number: int) -> None:
        if round_number != self._round:
            return
        self._frames_taken = 0
        self._show("NumImagesCounter_RBV", 0)
        self._show("DetectorState_RBV", _EXPOSES)
        self._status.put_text("Acquiring data")
        if not self._at["TriggerMode"].get():  # otherwise it waits for external triggers, and there are none
            self._clock.after(self._exposure_s(), lambda: self._end_exposure(round_number))

    def _exposure_s(self) -> float:
        return max(self._at["AcquireTime"].get(), _SHORTEST_S * self._clock.speed)

    def _end_exposure(self, round_number: int) -> None:
        if round_number != self._round:
            return
        self._hand_over(self._expose())
        self._frames_taken += 1
        self._show("NumImagesCounter_RBV", self._frames_taken)
        mode = int(self._at["ImageMode"].get())
        if mode == SINGLE or (mode != CONTINUOUS and self._frames_taken >= self._at["NumImages"].get()):
            self._finish(round_number)
            return
        exposure_s = self._exposure_s()
        dead_s = max(0.0, self._at["AcquirePeriod"].get() - exposure_s)
        self._clock.after(exposure_s + dead_s, lambda: self._end_exposure(round_number))

    def _expose(self) -> Frame:
        number = int(self._at["ArrayCounter"].get()) + 1
        self._show("ArrayCounter", number)
        y, x = (int(self._at[f"Min{axis}"].get()) for axis in "YX")
        height, width = self._frame_shape()
        whole = self._take_picture(self._at["AcquireTime"].get(), self._at["Gain"].get())
        pixels = np.ascontiguousarray(whole[y : y + height, x : x + width])
        if self._at["ArraySizeX_RBV"].get() != width or self._at["ArraySizeY_RBV"].get() != height:
            for name, value in (("ArraySizeX", width), ("ArraySizeY", height), ("ArraySize", pixels.nbytes)):
                self._show(f"{name}_RBV", value)
        return Frame(pixels, number, time.time())

    def _frame_shape(self) -> tuple[int, int]:
        """(height, width) of the next frame: the region of interest, as far as it lies on the chip."""
        height, width = (
            int(min(self._at[f"Size{axis}"].get(), self._at[f"MaxSize{axis}_RBV"].get() - self._at[f"Min{axis}"].get()))
            for axis in "YX"
        )
        return height, width

    def _hand_over(self, frame: Frame) -> None:
        if self._at["ArrayCallbacks"].get():
            for plugin in self._plugins:
                plugin.take(frame)

    def _finish(self, round_number: int) -> None:
        """End the acquisition after the last frame; with WaitForPlugins, after the plugins have processed it."""
        if self._at["WaitForPlugins"].get():
            self._writer.when_idle(lambda: self._complete(round_number))
        else:
            self._complete(round_number)

    def _rest(self, message: str) -> None:
        self._show("Acquire_RBV", 0)
        self._show("DetectorState_RBV", _IDLE)
        self._status.put_text(message)

    def _complete(self, round_number: int) -> None:
        with self._button.locked():  # so that it is not stopped or started at this moment
            if round_number == self._round:
                self._rest("Acquisition complete")  # ophyd may start the next one as soon as it sees this
                self._show("AcquireBusy", 0)
                self._button.done()

    def _settle(self, round_number: int) -> None:
        if round_number == self._round:
            self._show("AcquireBusy", 0)

    def _show(self, name: str, value: float) -> None:
        self._at[name].put(value)


def _record(support: RecordSupport, name: str, kind: type[R]) -> R:
    record = support.records[name]
    assert isinstance(record, kind)
    return record
