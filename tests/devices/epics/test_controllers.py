"""Positioners made of PVs, on the records of the demo beamline."""

from __future__ import annotations

import pytest
from motor_bench import PV, until

from beamshell.devices.component import Component
from beamshell.devices.controllers import EpicsPositioner
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.pv_positioner import PVPositioner
from beamshell.errors import MoveFailed
from beamshell.ioc.process import DemoIoc

DEMO_SPEED = 10.0


class Axis(PVPositioner):
    """A set point whose write ends with the motion, and whose own time-out is shorter than that."""

    setpoint = Component(EpicsSignal, ".VAL", write_timeout=0.1)
    readback = Component(EpicsSignalRO, ".RBV")
    done = Component(EpicsSignalRO, ".DMOV", kind="omitted")


def test_a_move_may_last_longer_than_the_write_time_out_of_its_set_point(motor: EpicsMotor) -> None:
    axis = Axis(PV, name="axis", timeout=30)
    axis.wait_for_connection(10)
    assert motor.estimate_time_s(0, 20) / DEMO_SPEED > 0.1
    axis.set(20).wait(30)
    assert axis.position == pytest.approx(20, abs=0.01)


def test_a_temperature_stays_where_it_is_after_a_stop(demo_ioc: DemoIoc) -> None:
    temperature = EpicsPositioner("BL:temp", name="temp")
    temperature.wait_for_connection(10)
    begin = temperature.position
    status = temperature.set(begin + 150)
    until(lambda: temperature.position > begin + 5)
    assert temperature.state()["words"] == ["moving"]
    temperature.stop()
    assert isinstance(status.exception(), MoveFailed)
    until(lambda: not temperature.moving)
    assert temperature.position == pytest.approx(temperature.setpoint.get(), abs=0.01)
    assert temperature.position < begin + 140
