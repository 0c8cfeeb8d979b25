"""A motor at 0 with nothing in its way, and an outsider who can interfere with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from motor_bench import PV, Outsider

from beamshell.devices.epics.motor import EpicsMotor
from beamshell.ioc.process import DemoIoc


@pytest.fixture(scope="module")
def shared(demo_ioc: DemoIoc) -> tuple[EpicsMotor, Outsider]:
    motor, outsider = EpicsMotor(PV, name="tth"), Outsider()
    motor.wait_for_connection(timeout=10)
    return motor, outsider


@pytest.fixture
def outsider(shared: tuple[EpicsMotor, Outsider]) -> Outsider:
    return shared[1]


@pytest.fixture
def motor(shared: tuple[EpicsMotor, Outsider]) -> Iterator[EpicsMotor]:
    """The motor at 0, with nothing in its way; afterwards too."""
    motor, outsider = shared
    outsider.put_right()
    motor.limits = None
    motor.set(0).wait(30)
    yield motor
    outsider.put(".STOP", 1)
    outsider.put_right()
    motor.limits = None


@pytest.fixture
def own_motor(own_ioc: DemoIoc) -> Iterator[EpicsMotor]:
    """The motor OWN:th at 0 mm, on an IOC that may be killed or frozen; it takes 9 s to 90 mm."""
    motor = EpicsMotor("OWN:th", name="th")
    motor.wait_for_connection(timeout=10)
    motor.velocity.set(1.0).wait(10)
    yield motor
    for _, signal in motor.walk_signals():
        signal.destroy()
