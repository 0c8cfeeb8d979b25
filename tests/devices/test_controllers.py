"""A set point and a readback at any addresses."""

from __future__ import annotations

import pytest

from beamshell.channels.factory import SimulatedFactory, channel_factory
from beamshell.devices.controllers import Controller
from beamshell.devices.epics_signal import EpicsSignal
from beamshell.errors import StatusTimeoutError


def destroy(device: Controller) -> None:
    for _, signal in device.walk_signals():
        signal.destroy()


def test_it_is_there_when_the_readback_is_within_the_tolerance() -> None:
    oven = Controller("soft://oven_", name="oven", setpoint="sp", readback="rbv", tolerance=0.5)
    sensor = EpicsSignal("soft://oven_rbv", name="sensor")
    move = oven.set(10.0)
    sensor.put(9.0)
    assert not move.done
    sensor.put(9.6)
    move.wait(5)
    assert (oven.position, oven.locate()) == (9.6, {"setpoint": 10.0, "readback": 9.6})
    destroy(oven)
    sensor.destroy()


def test_a_readback_that_never_arrives_times_out_with_its_name() -> None:
    oven = Controller("soft://cold_", name="oven", setpoint="sp", readback="rbv", tolerance=0.5)
    with pytest.raises(StatusTimeoutError, match=r"oven: move to 10.*0\.05 s"):
        oven.set(10.0, timeout=0.05).wait(5)
    destroy(oven)


def test_on_a_twin_it_is_where_it_was_sent() -> None:
    with channel_factory(SimulatedFactory()):
        chiller = Controller(
            "http://nowhere/", name="chiller", setpoint="sp#/value", readback="t#/value", tolerance=0.1
        )
    chiller.set(25.0).wait(5)
    assert chiller.position == 25.0
    destroy(chiller)
