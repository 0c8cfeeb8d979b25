"""ophyd-async's motor and camera on the demo beamline's records, over Channel Access, in our engine."""

from __future__ import annotations

import threading

import bluesky.plans
import pytest
from bluesky.simulators import check_limits
from ophyd_async.core import init_devices
from ophyd_async.epics.adsimdetector import SimDetector
from ophyd_async.epics.core import epics_signal_rw
from ophyd_async.epics.motor import Motor, MotorLimitsError

from beamshell import RunEngine
from beamshell.engine.asyncio_view import plain_view
from beamshell.engine.suspenders import SuspendFloor
from beamshell.errors import LimitError, NotConnected
from beamshell.plans import rel_scan, scan
from beamshell.plans import stubs as bps
from beamshell.shell.positions import positions_table
from beamshell.simulate.simulator import rehearse


@pytest.fixture(scope="module")
def RE():
    engine = RunEngine({}, call_returns_result=True)
    engine.say = lambda text: None
    return engine


@pytest.fixture(scope="module")
def motor(demo_ioc, RE):
    with init_devices():
        motor = Motor("ca://BL:samx")
    return motor  # noqa: RET504  init_devices takes its name


@pytest.fixture(autouse=True)
def at_zero(RE, motor):
    RE(bps.mv(motor, 0))


def test_it_moves_and_says_where_it_is(RE, motor):
    RE(bps.mv(motor, 1.5))
    RE(bps.mvr(motor, 0.5))
    assert plain_view(motor).position == pytest.approx(2.0)
    assert positions_table({"motor": motor}).splitlines()[1].split() == [
        *("motor", "2.000", "-", "-25.000", "25.000", "mm")
    ]


def test_a_relative_scan_records_positions_and_goes_back(RE, motor):
    events = []
    RE(rel_scan([], motor, -1, 1, 3), {"event": lambda _, doc: events.append(doc["data"]["motor"])})
    assert events == pytest.approx([-1, 0, 1])
    assert plain_view(motor).position == pytest.approx(0)


@pytest.mark.parametrize("plan", [lambda motor: scan([], motor, 20, 30, 3), lambda motor: bps.mv(motor, 26)])
def test_the_limits_of_its_record_count_before_anything_moves(RE, motor, plan):
    with pytest.raises(LimitError, match=r"-25\.0mm <= x <= 25\.0mm"):
        RE(plan(motor))
    assert plain_view(motor).position == pytest.approx(0)


def test_bluesky_checks_its_limits_on_our_loop(motor):
    with pytest.raises(MotorLimitsError):
        check_limits(bluesky.plans.scan([], motor, 20, 30, 3))


def test_a_suspender_follows_a_signal_of_a_pv(RE, demo_ioc):
    with init_devices():
        setting = epics_signal_rw(float, "ca://BL:samy.VELO")
    speed = RE(bps.rd(setting)).plan_result
    tripped = threading.Event()
    suspender = SuspendFloor(setting, speed / 2)
    suspender.install(lambda: tripped.set() if suspender.tripped else None)
    assert not suspender.tripped
    try:
        RE(bps.mv(setting, speed / 4))
        assert tripped.wait(30)
    finally:
        suspender.remove()
        RE(bps.mv(setting, speed))


def test_its_camera_is_staged_prepared_and_triggered_at_each_point(RE, motor):
    with init_devices():
        camera = SimDetector("ca://BL:cam:")
    names = []
    RE(scan([camera], motor, 0, 1, 3), lambda name, _: names.append(name))
    assert names == ["start", "descriptor", "event", "event", "event", "stop"]
    assert rehearse(scan([camera], motor, 0, 1, 3)).problems == []


def test_a_motor_that_never_connected_is_refused_with_words(RE):
    lost = Motor("ca://NOBODY:m1", name="lost")
    with pytest.raises(NotConnected, match="lost: it has not connected"):
        RE(scan([], lost, 0, 1, 3))
    assert "OFFLINE" in positions_table({"lost": lost})
