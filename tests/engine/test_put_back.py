"""What is put back before a paused plan goes on, what is said of it, and what happens if that fails."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualSuspender, VirtualWorld

from beamshell.devices import Signal
from beamshell.engine.requests import PauseRequest
from beamshell.engine.state import State
from beamshell.errors import FailedStatus, LimitError, RequestStop
from beamshell.messages import Msg
from beamshell.plans import grid_scan
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import run_wrapper


class Beamline:
    """A grid of a slow and a fast motor that is paused in its second row."""

    def __init__(self, **pause: bool) -> None:
        world = self.world = VirtualWorld()
        self.slow, self.fast, self.other = (VirtualMotor(world, name) for name in ("slow", "fast", "other"))
        self.det = VirtualDetector(world, motor=self.slow)
        world.at(6.0, lambda: world.post(PauseRequest(**{"defer": False, **pause})))
        self.core = world.run(grid_scan([self.det], self.slow, 0, 2, 3, self.fast, 0, 2, 3))
        assert self.core.state is State.PAUSED
        assert self.slow.position == 1

    def by_hand(self, motor: VirtualMotor, position: float) -> None:
        motor.set(position)
        self.world.pass_time(100)

    @property
    def points(self) -> list[tuple[float, float]]:
        data = self.world.final_data()
        return [(data[number]["slow"], data[number]["fast"]) for number in sorted(data)]

    def assert_whole(self) -> None:
        assert self.core.exit_status == "success"
        assert self.points == [(slow, fast) for slow in range(3) for fast in range(3)]


@pytest.mark.parametrize("defer", [False, True])
def test_after_a_resume_no_point_of_a_grid_is_off_its_row(defer):
    line = Beamline(defer=defer)
    line.by_hand(line.slow, 5)
    line.by_hand(line.fast, 9)
    line.core.resume()
    line.assert_whole()
    assert "Moved since the pause: slow is at 5.0000; it goes back to 1.0000." in line.world.said


def test_what_has_not_moved_and_what_the_plan_never_set_are_left_alone():
    line = Beamline()
    line.by_hand(line.other, 5)
    sets = line.slow.log.count("set")
    line.core.resume()
    line.assert_whole()
    assert line.other.position == 5
    assert line.slow.log.count("set") == sets + 1  # for the third row
    assert not any("Moved" in text for text in line.world.said)


def test_abort_puts_nothing_back():
    line = Beamline()
    line.by_hand(line.slow, 5)
    line.core.leave(State.ABORTING, "")
    assert line.slow.position == 5


@pytest.mark.parametrize("seconds", [0.5, 1.5, 3.9])
def test_a_pause_in_the_middle_of_putting_back_is_safe(seconds):
    line = Beamline()
    line.by_hand(line.slow, 5)
    line.world.at(seconds, lambda: line.world.post(PauseRequest(False)))
    line.core.resume()
    assert line.core.state is State.PAUSED
    assert 1 < line.slow.position < 5
    line.by_hand(line.slow, 20)
    line.core.resume()
    line.assert_whole()


def test_if_it_cannot_be_put_back_the_plan_stays_paused_with_the_reason_and_resume_tries_again():
    line = Beamline()
    line.by_hand(line.slow, 5)
    line.slow.faults["set"] = [LimitError("slow: 1 mm is below the low limit 2 mm") for _ in range(2)]
    for _ in range(2):
        line.core.resume()
        assert line.core.state is State.PAUSED
        assert "slow: 1 mm is below the low limit 2 mm. The plan stays paused" in line.world.said[-1]
    line.core.resume()
    line.assert_whole()


def narrow(motor: VirtualMotor, high: list[float]) -> None:
    """Let `motor` refuse what is above `high`, which the test may change."""
    move = motor.set

    def set_within_limits(position: float, **kwargs: Any) -> Any:
        if position > high[0]:
            raise LimitError(f"{motor.name}: {position:g} mm is above the limit {high[0]:g} mm")
        return move(position, **kwargs)

    motor.set = set_within_limits


@pytest.mark.parametrize("defer", [False, True])
def test_if_the_limits_have_changed_the_plan_stays_paused_with_the_reason_until_they_are_put_right(defer):
    line, high = Beamline(defer=defer), [-1.0]
    narrow(line.fast, high)
    for _ in range(2):
        line.core.resume()
        assert line.core.state is State.PAUSED
        assert line.world.said[-1].startswith("It cannot go on: fast: ")
        assert line.world.said[-1].endswith(" mm is above the limit -1 mm. The plan stays paused; resume tries again.")
    high[0] = 2
    line.core.resume()
    line.assert_whole()


def test_limits_that_only_a_later_point_breaks_pause_the_plan_there():
    line, high = Beamline(), [1.0]
    narrow(line.slow, high)
    line.core.resume()
    assert line.core.state is State.PAUSED
    assert "slow: 2 mm is above the limit 1 mm" in line.world.said[-1]
    high[0] = 2
    line.core.resume()
    line.assert_whole()


def test_with_limits_that_have_changed_the_plan_can_still_be_aborted():
    line = Beamline()
    narrow(line.fast, [-1.0])
    line.core.resume()
    line.core.leave(State.ABORTING, "")
    assert line.core.exit_status == "abort"


def test_a_plan_that_was_never_paused_fails_at_a_limit_as_before():
    world = VirtualWorld()
    motor = VirtualMotor(world, "x")
    narrow(motor, [1.0])
    core = world.run(run_wrapper(bps.abs_set(motor, 2)))
    assert isinstance(core.error, LimitError)


def test_a_stop_while_it_is_put_back_reaches_the_plan():
    line = Beamline()
    line.by_hand(line.slow, 5)
    line.slow.faults["set"] = [LimitError("no")]
    line.core.resume()
    line.core.leave(State.STOPPING)
    assert isinstance(line.core.error, RequestStop | None)
    assert line.core.exit_status == "success"
    assert line.slow.position == 5


def test_a_device_that_does_not_answer_is_sent_again():
    line = Beamline()
    locate, line.slow.locate = line.slow.locate, _raise
    line.slow.position = 5.0
    line.core.resume()
    line.slow.locate = locate
    assert "slow is at an unknown place; it goes back to 1.0000" in " ".join(line.world.said)
    line.assert_whole()


def _raise() -> Any:
    raise OSError("no answer")


def test_what_moved_while_a_suspended_plan_was_paused_is_put_back_when_the_beam_is_back():
    world = VirtualWorld()
    slow, det = VirtualMotor(world, "slow"), VirtualDetector(world)
    beam = VirtualSuspender(world)
    world.suspenders.append(beam)

    def plan():
        yield from bps.mv(slow, 1)
        for _ in range(4):
            yield Msg("checkpoint")
            yield from bps.trigger_and_read([det, slow])

    world.at(1.15, beam.trip)
    world.at(2.0, lambda: world.post(PauseRequest(False)))
    core = world.run(run_wrapper(plan()))
    assert core.state is State.PAUSED
    slow.set(5)
    world.pass_time(10)
    world.at(1.0, lambda: beam.trip(False))
    core.resume()
    assert [data["slow"] for data in world.final_data().values()] == [1, 1, 1, 1]
    assert any("slow is at 5.0000; it goes back to 1.0000" in text for text in world.said)


def test_a_setting_of_a_device_of_the_plan_that_changed_is_said_and_left():
    world = VirtualWorld()
    det = VirtualDetector(world)
    setting = {"gain": {"value": 1, "timestamp": 0.0}}
    det.read_configuration = lambda: setting
    core = world.run([Msg("trigger", det), Msg("checkpoint"), Msg("pause"), Msg("null")])
    setting["gain"]["value"] = 8
    core.resume()
    assert world.said[-1] == "Changed since the pause: gain was 1 and is 8; it stays so."
    assert setting["gain"]["value"] == 8


def test_a_device_that_the_plan_had_stopped_on_its_way_goes_back_to_where_it_stood():
    world = VirtualWorld()
    motor, det = VirtualMotor(world, "th"), VirtualDetector(world)

    def plan():
        yield Msg("set", motor, 20.0, group="move")
        yield Msg("sleep", None, 1.0)
        yield Msg("stop", motor)
        with contextlib.suppress(FailedStatus):
            yield Msg("wait", None, group="move")
        yield Msg("checkpoint")
        yield Msg("pause")
        yield from bps.trigger_and_read([det, motor])

    core = world.run(run_wrapper(plan()))
    assert core.state is State.PAUSED
    motor.set(0.5)
    world.pass_time(10)
    core.resume()
    assert "Moved since the pause: th is at 0.5000; it goes back to 1.0000." in world.said
    assert [data["th"] for data in world.final_data().values()] == [1.0]


class Energy:
    """A computed axis, ten times its motor."""

    name, parent = "energy", None

    def __init__(self, motor: VirtualMotor) -> None:
        self.motor = motor

    def set(self, value: float) -> Any:
        return self.motor.set(value / 10)

    def locate(self) -> dict[str, float]:
        return {"setpoint": self.motor.target * 10, "readback": self.motor.position * 10}


def test_a_computed_axis_and_its_motor_go_back_together_to_where_the_later_move_had_left_them():
    world = VirtualWorld()
    bragg = VirtualMotor(world, "bragg")
    energy = Energy(bragg)
    core = world.run([*bps.mv(energy, 80), *bps.mv(bragg, 12), Msg("checkpoint"), Msg("pause"), Msg("null")])
    bragg.set(14)
    world.pass_time(10)
    sets = bragg.log.count("set")
    core.resume()
    assert core.error is None
    assert bragg.position == 12
    assert bragg.log.count("set") == sets + 1
    assert "Moved since the pause: energy is at 140.0000; it goes back to 120.0000." in world.said


def test_what_stands_beside_the_plan_and_has_changed_is_said_and_left():
    world = VirtualWorld()
    shutter, samx = VirtualMotor(world, "shutter"), VirtualMotor(world, "samx")
    places = {"shutter": "Open", "samx": 0.0}
    world.look_around = lambda: {"shutter": (shutter, places["shutter"]), "samx": (samx, places["samx"])}
    core = world.run([Msg("checkpoint"), Msg("pause"), Msg("null")])
    places["shutter"] = "Close"
    core.resume()
    assert world.said == ["Changed since the pause: shutter was Open and is Close."]
    assert (shutter.log, samx.log) == ([], [])


def test_a_signal_that_was_changed_is_put_back_as_a_motor_is():
    world = VirtualWorld()
    thickness = Signal(name="thickness", value=0.0)
    core = world.run([*bps.mv(thickness, 2.0), Msg("checkpoint"), Msg("pause"), Msg("null")])
    thickness.put(5.0)
    core.resume()
    assert thickness.get() == 2.0
    assert "Moved since the pause: thickness is at 5.0000; it goes back to 2.0000." in world.said


def test_a_motor_whose_offset_was_changed_stays_where_it_is_and_the_plan_stays_paused():
    world = VirtualWorld()
    motor = VirtualMotor(world, "th")
    offset = {"th_user_offset": {"value": 0.0, "timestamp": 0.0}}
    motor.read_configuration = lambda: offset
    core = world.run([*bps.mv(motor, 1), Msg("checkpoint"), Msg("pause"), Msg("null")])
    motor.position = motor.target = 5.0
    offset["th_user_offset"]["value"] = 4.0
    sets = motor.log.count("set")
    for _ in range(3):  # however often somebody tries
        core.resume()
        assert core.state is State.PAUSED
        assert "It does not go on: th_user_offset was 0.0 and is 4.0. The plan stays paused; put it" in world.said[-1]
        assert motor.log.count("set") == sets
    motor.position = motor.target = 1.0
    offset["th_user_offset"]["value"] = 0.0
    core.resume()
    assert core.error is None


def test_a_motor_that_would_be_sent_again_does_not_go_to_a_number_that_is_another_place_now():
    world = VirtualWorld()
    motor = VirtualMotor(world, "th")
    offset = {"th_user_offset": {"value": 0.0, "timestamp": 0.0}}
    motor.read_configuration = lambda: offset
    world.at(0.5, lambda: world.post(PauseRequest(False)))
    core = world.run([Msg("checkpoint"), *bps.mv(motor, 3), Msg("null")])
    assert core.state is State.PAUSED
    sets = motor.log.count("set")
    offset["th_user_offset"]["value"] = 4.0
    for _ in range(2):
        core.resume()
        assert core.state is State.PAUSED
        assert motor.log.count("set") == sets
    offset["th_user_offset"]["value"] = 0.0
    core.resume()
    assert (core.error, motor.position) == (None, 3.0)
