"""What is read-only stays as it is, whichever way somebody tries."""

from __future__ import annotations

import pytest

from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.epics.counter import EpicsCounter
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.epics.shutter import EpicsShutter
from beamshell.devices.epics_signal import EpicsSignal
from beamshell.devices.part import make_read_only
from beamshell.devices.signal import Signal
from beamshell.errors import ReadOnlyError
from beamshell.ioc.process import DemoIoc


class Inner(Device):
    value = Component(Signal, value=1.0)
    late = Component(Signal, value=2.0, lazy=True)


class Outer(Device):
    inner = Component(Inner)


def test_every_part_is_closed_and_those_that_are_built_later() -> None:
    outer = Outer(name="outer")
    outer.read_only = True
    for signal in (outer.inner.value, outer.inner.late):
        with pytest.raises(ReadOnlyError, match=rf"{signal.name}: it is read-only here .*so 5 was not written"):
            signal.set(5)
    assert (outer.inner.value.get(), outer.inner.late.get()) == (1.0, 2.0)
    with pytest.raises(ReadOnlyError):
        outer.inner.configure(value=3)
    outer.read_only = False
    outer.inner.late.set(5).wait()
    assert outer.inner.late.get() == 5


def test_a_motor_is_neither_sent_nor_stopped(demo_ioc: DemoIoc) -> None:
    guest, host = EpicsMotor("BL:samy", name="guest"), EpicsMotor("BL:samy", name="host")
    guest.wait_for_connection(10)
    host.wait_for_connection(10)
    guest.read_only = True
    host.set(0).wait(30)
    for write in (
        lambda: guest.set(1),
        lambda: guest.check_value(1),
        lambda: guest.velocity.set(1),
        lambda: guest.velocity.put(1, force=True),
    ):
        with pytest.raises(ReadOnlyError, match=r"guest.*read-only"):
            write()
    move = host.set(3)
    guest.stop()
    move.wait(30)
    assert guest.position == pytest.approx(3, abs=1e-2)
    host.set(0).wait(30)
    for motor in (guest, host):
        for _, signal in motor.walk_signals():
            signal.destroy()


def test_a_counter_is_not_started_and_a_shutter_not_closed(demo_ioc: DemoIoc) -> None:
    counter, shutter = EpicsCounter("BL:det", name="det"), EpicsShutter("BL:shutter", name="shutter")
    for device in (counter, shutter):
        device.wait_for_connection(10)
        device.read_only = True
    with pytest.raises(ReadOnlyError, match="det_start"):
        counter.trigger()
    counter.stop()
    with pytest.raises(ReadOnlyError, match="shutter: it is read-only"):
        shutter.close()
    assert shutter.state == "Open"
    for device in (counter, shutter):
        for _, signal in device.walk_signals():
            signal.destroy()


def test_a_device_of_another_library_is_closed_from_outside() -> None:
    class Stranger:
        name, stopped = "stranger", False

        def set(self, value: float) -> None:
            raise AssertionError("it was written")

        def stop(self) -> None:
            self.stopped = True

    stranger = Stranger()
    make_read_only(stranger)
    with pytest.raises(ReadOnlyError, match="stranger: it is read-only here"):
        stranger.set(1)
    stranger.stop()
    assert not stranger.stopped


def test_a_unit_that_was_given_goes_before_that_of_the_control_system(demo_ioc: DemoIoc) -> None:
    signal = EpicsSignal("BL:samy.VELO", name="v", units="turtles/h", precision=1)
    signal.wait_for_connection(10)
    assert (signal.units, signal.precision) == ("turtles/h", 1)
    assert (signal.describe()["v"]["units"], signal.describe()["v"]["precision"]) == ("turtles/h", 1)
    signal.destroy()
