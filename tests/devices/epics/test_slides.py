"""The device examples of the slides, as they stand there, on the demo IOC."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.pv_positioner import PVPositioner
from beamshell.devices.signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.status import DeviceStatus, Status

pytestmark = pytest.mark.usefixtures("demo_ioc")


class XYStage(Device):
    x = Component(EpicsSignal, "Mtr-X")
    y = Component(EpicsSignal, "Mtr-Y")


class RandomWalk(Device):
    x = Component(EpicsSignalRO, "x")
    dt = Component(EpicsSignal, "dt")


class Decay(Device):
    """A device with a setpoint and readback that decays exponentially toward the setpoint."""

    readback = Component(EpicsSignalRO, ":I")
    setpoint = Component(EpicsSignal, ":SP")
    done = Component(EpicsSignalRO, ":done")

    def set(self, setpoint: float) -> DeviceStatus:
        status = DeviceStatus(self.done)

        def callback(old_value: Any, value: Any, **kwargs: Any) -> None:
            if old_value == 0 and value == 1:
                status.set_finished()
                self.done.clear_sub(callback)

        self.done.subscribe(callback)
        self.setpoint.put(setpoint)
        return status


class PositionedDecay(PVPositioner):
    readback = Component(EpicsSignalRO, ":I")
    setpoint = Component(EpicsSignal, ":SP")
    done = Component(EpicsSignalRO, ":done")
    actuate = Component(EpicsSignal, ...)  # the "Go" button


def test_a_stage_can_be_made_twice() -> None:
    left_stage = XYStage("TEST:Left-", name="left_stage")
    right_stage = XYStage("TEST:Right-", name="right_stage")
    left_stage.x.set(3).wait(5)
    right_stage.x.set(4).wait(5)
    assert left_stage.x.name == "left_stage_x"
    assert left_stage.read()["left_stage_x"]["value"] == 3.0
    assert right_stage.read()["right_stage_x"]["value"] == 4.0


def test_a_random_walk_is_read_described_and_set() -> None:
    random_walk = RandomWalk("random_walk:", name="random_walk")
    random_walk.wait_for_connection()
    assert list(random_walk.x.read()) == ["random_walk_x"]
    assert random_walk.describe()["random_walk_dt"]["units"] == "s"
    status = random_walk.dt.set(2)
    status.wait(5)
    assert random_walk.dt.get() == 2.0


def test_a_device_may_have_a_set_of_its_own() -> None:
    decay = Decay("decay", name="decay")
    decay.wait_for_connection()
    start = decay.readback.get()
    decay.set(start + 35).wait(20)
    assert decay.readback.get() == pytest.approx(start + 35, abs=0.05)


def test_a_positioner_writes_that_set_for_you() -> None:
    told = threading.Event()
    heard: list[Status] = []

    def callback(status: Status) -> None:
        heard.append(status)
        told.set()

    decay = PositionedDecay("decay", name="decay")
    target = decay.position + 40
    status = decay.set(target)
    status.add_callback(callback)
    assert told.wait(20)
    assert heard == [status]
    assert status.success
    assert decay.position == pytest.approx(target, abs=0.05)


def test_to_the_same_place_again_does_not_wait_for_ever() -> None:
    decay = PositionedDecay("decay", name="decay")
    began = time.monotonic()
    decay.set(decay.setpoint.get()).wait(20)
    assert time.monotonic() - began < 5
