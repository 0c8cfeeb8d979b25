"""Positioners made of PVs, on the records of the demo beamline."""

from __future__ import annotations

import pytest
from motor_bench import PV

from beamshell.devices.component import Component
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.pv_positioner import PVPositioner

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
