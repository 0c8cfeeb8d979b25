"""Devices of ophyd-async at the prompt: what is typed for any other device."""

from __future__ import annotations

import asyncio

import bluesky.plans
import pytest
from bluesky.simulators import check_limits
from ophyd_async.core import StandardDetector, init_devices, soft_signal_rw
from ophyd_async.sim import PatternGenerator, SimMotor, SimPointDetector, SimStage

from beamshell.engine.suspenders import SuspendFloor
from beamshell.shell.commands import commands
from beamshell.shell.completion import candidates


class LimitedMotor(SimMotor):
    """With limits, as those of control systems have."""

    async def check_value(self, value):
        if not -2 <= value <= 2:
            raise MotorLimitsError(f"{value} is not within -2 and 2")


class MotorLimitsError(Exception):
    """As ophyd-async calls its own, which is no error of ours."""


class Silent(SimMotor):
    """A motor whose server does not answer."""

    async def locate(self):
        await asyncio.sleep(60)


class Files(StandardDetector):
    """A detector that has no value before it is staged and prepared, and puts its pictures into files."""


@pytest.fixture
def there(prompt):
    """The prompt, with devices of ophyd-async as a person makes them."""
    prompt.names.update(
        init_devices=init_devices,
        soft_signal_rw=soft_signal_rw,
        LimitedMotor=LimitedMotor,
        PatternGenerator=PatternGenerator,
        SimPointDetector=SimPointDetector,
        Files=Files,
        SimStage=SimStage,
    )
    prompt(
        "with init_devices():\n"
        "    am = LimitedMotor()\n"
        "    stage = SimStage(PatternGenerator())\n"
        "    pd = SimPointDetector(PatternGenerator(), num_channels=1)\n"
        "    beam = soft_signal_rw(float, 5.0, units='mA')\n"
        "    pictures = Files()\n"
    )
    prompt("pd.acquire_time._connector.backend.set_value(0.01); stage.x.velocity._connector.backend.set_value(0.0)")
    return prompt


def row(typed, line, name):
    """The cells of a line of a table."""
    return next(cells for text in typed(line).splitlines() if (cells := text.split())[:1] == [name])


def test_devices_are_made_connected_and_named(there):
    assert there.names["am"].name == "am"
    assert there.names["stage"].x.name == "stage-x"


def test_motors_stand_in_the_table_with_their_units(there, typed):
    assert row(typed, "wa", "am") == ["am", "0.0000", "-", "none", "none", "mm"]
    assert row(typed, "wa", "stage.x") == ["stage.x", "0.0000", "-", "none", "none", "mm"]
    assert row(typed, "wm beam", "beam") == ["beam", "5.0000", "-", "-", "-", "mA"]


def test_a_silent_motor_is_one_cell_and_is_offline(there, typed, monkeypatch):
    monkeypatch.setattr("beamshell.engine.asyncio_view.LOOK_S", 0.05)
    there.names["lost"] = Silent(name="lost")
    assert row(typed, "wa", "lost")[1] in ("OFFLINE", "connecting")
    assert "lost  Silent" in typed("offline")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("mov am 1", "am: 0.0000 -> 1.0000 mm"),
        ("mov am 1; movr am -0.5 stage.x 2", "am: 1.0000 -> 0.5000 mm\nstage-x: 0.0000 -> 2.0000 mm"),
        ("umv am 1", "am: 0.0000 -> 1.0000 mm"),
        ("umvr am 0.2", "am: 0.0000 -> 0.2000 mm"),
        ("mov am 1; mov am am.position-0.5", "am: 1.0000 -> 0.5000 mm"),
        ("mov beam 7", "beam: 5.0000 -> 7.0000 mA"),
        ("mov am 1; back", "am: 1.0000 -> 0.0000 mm"),
        ("am", "am: 0.0000 mm, limits none, at rest"),
        ("beam", "5 mA"),
        ("ct beam", "beam  5 mA"),
        ("ct pd", "pd-channel-1-value"),
        ("ct pd 0.3", "pd has no count time"),
        ("ct pictures", "pictures: counted, and without a value to show"),
        ("devices am", "am.user_setpoint"),
        ("watchpv beam > 3", "beam is 5 mA (> 3)"),
        ("scan pd am 0 1 3", "scan 1: success, 3 points"),
        ("scan pd stage.x 0 1 2", "success, 2 points"),
        ("rehearse scan pd am 0 1 3", "am: 3 moves"),
    ],
)
def test_what_is_typed_for_any_device(there, typed, line, shown):
    assert shown in typed(line)


def test_a_relative_scan_goes_back(there, typed):
    typed("mov am 1")
    assert "success, 3 points" in typed("rscan pd am -0.5 0.5 3")
    assert row(typed, "wm am", "am")[1] == "1.0000"


def test_a_run_says_how_a_part_is_named_at_the_prompt(there, typed):
    typed("scan pd stage.x 0 1 2")
    assert there.session.runs[-1].start["plan_form"] == "bp.scan([pd], stage.x, 0, 1, num=2)"
    assert there.session.devices.typed_name("stage-x") == "stage.x"


@pytest.mark.parametrize("line", ["scan pd am 1 5 3", "rscan pd am -1 5 3", "mov am 5", "rehearse scan pd am 1 5 3"])
def test_positions_outside_the_limits_are_refused_before_anything_moves(there, typed, line):
    assert "is not within -2 and 2" in typed(line)
    assert row(typed, "wm am", "am")[1] == "0.0000"


def test_parts_are_completed(there):
    devices = there.session.devices
    assert candidates("mov stage.", commands(), devices) == ["stage.x", "stage.y"]
    assert candidates("wm stage.x.vel", commands(), devices) == ["stage.x.velocity"]
    assert candidates("ct pd.channel.", commands(), devices) == ["pd.channel.1"]
    assert "stage.x" in candidates("mov s", commands(), devices)


def test_our_suspender_on_a_signal_trips_and_is_released(there, typed):
    suspender = SuspendFloor(there.names["beam"], 2, resume_thresh=3)
    there.session.RE.install_suspender(suspender)
    try:
        assert not suspender.tripped
        typed("mov beam 1")
        assert "HOLDS" in typed("suspenders")
        assert "beam is 1 mA" in suspender.reason
        typed("mov beam 4")
        assert not suspender.tripped
    finally:
        there.session.RE.remove_suspender(suspender)


def test_bluesky_checks_limits_on_our_loop(there):
    check_limits(bluesky.plans.scan([there.names["pd"]], there.names["am"], -1, 1, 3))
    with pytest.raises(MotorLimitsError):
        check_limits(bluesky.plans.scan([there.names["pd"]], there.names["am"], -1, 5, 3))


def test_back_after_a_scan_that_ended_where_it_began_knows_where_the_motor_stood(there, typed):
    typed("mov am 1")
    typed("scan pd am 0 1 3")
    assert "am stands where it stood before scan pd am 0 1 3" in typed("back")
    assert "? -> ?" not in typed("moves am")
    typed("scan pd am 2 0 3")
    assert "am: 0.0000 -> 1.0000 mm" in typed("back")
