"""A device that does not answer holds the plan, which does again what has failed, up to a limit."""

import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualStatus, VirtualWorld

from beamshell.channels.base import Silence
from beamshell.errors import LimitError, MoveFailed, NoAnswer, NotConnected, ReadTimeout, StatusTimeoutError
from beamshell.messages import Msg
from beamshell.plans import count, scan
from beamshell.plans import stubs as bps


@pytest.fixture
def world():
    return VirtualWorld()


@pytest.fixture
def motor(world):
    return answering(VirtualMotor(world))


@pytest.fixture
def det(world, motor):
    return answering(VirtualDetector(world, motor=motor))


def answering(device):
    """A device that tells of its silences."""
    device.silence_list, device.asked = [], []

    def silences(ask_s=0.0):
        device.asked.append(ask_s)
        return list(device.silence_list)

    device.silences = silences
    return device


def fall_silent(world, device, *, for_s=None, failing=None, error=None):
    """Let a device be silent from now on; its next call of a method fails, or the action under way."""
    silence = Silence("ioc:5064", world.now)
    device.silence_list.append(silence)
    if for_s is not None:
        world.at(for_s, lambda: setattr(silence, "until", world.now))
    if failing is not None:
        device.faults[failing] = [error or ReadTimeout(f"{device.name}: it did not answer within 5 s")]
    return silence


@pytest.mark.parametrize("method", ["read", "trigger"])
def test_what_a_silent_detector_has_failed_to_do_is_done_again_when_it_answers(world, det, method):
    world.at(0.15, lambda: fall_silent(world, det, for_s=20, failing=method))
    core = world.run(count([det], num=3))
    assert core.exit_status == "success"
    assert [event["seq_num"] for event in world.events()] == [1, 2, 3]
    assert world.now > 20
    assert world.said[0].startswith("Suspended: det has not answered since ")
    assert world.said[0].endswith(" (ioc:5064).")
    assert world.said[1] == "It goes on when it answers; after 1 min 0 s it fails. Ctrl+C: pause."
    assert world.said[2] == "All devices answer again: going on."


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_move_whose_end_a_silence_hides_is_made_again(world, motor, det, wrapped):
    timeout = StatusTimeoutError("motor: not done within 2 s")
    failure = MoveFailed("motor: where it ended is unknown")
    failure.__cause__ = timeout

    def time_out():
        motor.status.finish(failure if wrapped else timeout)

    world.at(1.5, lambda: fall_silent(world, motor, for_s=20))
    world.at(3.2, time_out)
    core = world.run(scan([det], motor, 0, 8, 5))
    assert core.exit_status == "success"
    assert {number: data["det"] for number, data in world.final_data().items()} == {1: 0, 2: 20, 3: 40, 4: 60, 5: 80}


def test_a_move_that_fails_before_it_is_waited_for_is_made_again(world, motor, det):
    """Its group is forgotten as its failure is raised."""
    original, calls = motor.set, []

    def fails_at_once(value):
        calls.append(value)
        if len(calls) != 2:
            return original(value)
        fall_silent(world, motor, for_s=20)
        status = VirtualStatus()
        status.finish(NotConnected("motor lost its connection"))
        return status

    motor.set = fails_at_once
    core = world.run(scan([det], motor, 0, 8, 5))
    assert core.exit_status == "success"
    assert sorted(world.final_data()) == [1, 2, 3, 4, 5]


def test_a_silence_that_has_ended_before_the_failure_is_known_is_said_and_the_action_is_repeated(world, motor, det):
    world.at(1.5, lambda: fall_silent(world, motor, for_s=0.2))
    world.at(1.8, lambda: motor.status.finish(StatusTimeoutError("motor: not done within 2 s")))
    core = world.run(scan([det], motor, 0, 8, 5))
    assert core.exit_status == "success"
    assert sorted(world.final_data()) == [1, 2, 3, 4, 5]
    assert world.said[0].startswith("motor did not answer from ")
    assert world.said[0].endswith(": what has failed meanwhile is done again.")


def test_a_silence_that_has_ended_excuses_a_device_once(world, det):
    fall_silent(world, det, for_s=0.0)
    det.faults["read"] = [ReadTimeout("det: first"), ReadTimeout("det: second")]
    core = world.run(count([det], num=3))
    assert str(core.error) == "det: second"


@pytest.mark.parametrize("error", [MoveFailed("motor: it was stopped at 0.5"), LimitError("motor: above its limit")])
def test_a_failure_that_the_device_has_answered_is_its_own(world, motor, det, error):
    world.at(1.5, lambda: fall_silent(world, motor, for_s=20))
    world.at(1.6, lambda: motor.status.finish(error))
    core = world.run(scan([det], motor, 0, 8, 5))
    assert core.error.__cause__ is error


def test_a_device_that_answers_is_to_blame_for_its_time_out(world, det):
    det.faults["read"] = [ReadTimeout("det: it did not answer within 5 s")]
    core = world.run(count([det]))
    assert str(core.error) == "det: it did not answer within 5 s"
    assert det.asked[-1] > 0  # it was asked whether it answers


def test_a_device_that_was_silent_before_the_plan_began_fails_at_once(world, det):
    fall_silent(world, det, failing="read")
    world.pass_time(5)
    core = world.run(count([det]))
    assert isinstance(core.error, ReadTimeout)
    assert world.now == pytest.approx(5.1)


def test_a_plan_that_cannot_go_back_fails_as_ever(world, det):
    def plan():
        yield Msg("clear_checkpoint")
        yield Msg("sleep", None, 1.0)
        fall_silent(world, det, for_s=20, failing="read")
        yield Msg("read", det)

    core = world.run(plan())
    assert isinstance(core.error, ReadTimeout)
    assert world.now == 1.0


def test_after_the_limit_the_plan_fails_with_the_device_and_since_when_and_its_cleanup_is_done(world, motor, det):
    world.answer_wait_s = 30.0
    world.at(1.5, lambda: fall_silent(world, motor))
    world.at(3.0, lambda: motor.status.finish(NotConnected("motor lost its connection")))
    core = world.run(scan([det], motor, 0, 8, 5))
    assert isinstance(core.error, NoAnswer)
    assert str(core.error).startswith("motor has not answered since ")
    assert str(core.error).endswith(" (ioc:5064): given up after 30 s; is its IOC running?")
    assert world.now == pytest.approx(33, abs=0.6)
    assert (core.exit_status, world.docs[-1][1]["exit_status"]) == ("fail", "fail")
    assert (motor.staged, det.staged) == (0, 0)
    assert core.state == "idle"


def test_with_a_limit_of_zero_it_fails_at_once(world, det):
    world.answer_wait_s = 0.0
    world.at(0.05, lambda: fall_silent(world, det, for_s=20, failing="read"))
    core = world.run(count([det]))
    assert isinstance(core.error, ReadTimeout)
    assert world.now < 1


def test_a_plan_may_go_on_after_the_limit(world, det):
    """The failure reaches the plan as any other does."""
    world.answer_wait_s = 5.0
    heard = []

    def plan():
        try:
            yield from bps.sleep(1)
            fall_silent(world, det, failing="read")
            yield Msg("read", det)
        except NoAnswer as exc:
            heard.append(exc)
        yield from bps.sleep(1)
        return "done"

    core = world.run(plan())
    assert (core.result, core.exit_status, len(heard)) == ("done", "success", 1)


def test_two_devices_that_do_not_answer_one_after_the_other_are_both_waited_for(world, motor, det):
    world.at(0.05, lambda: fall_silent(world, det, for_s=20, failing="read"))
    world.at(30, lambda: fall_silent(world, motor, for_s=20, failing="set"))
    core = world.run(scan([det], motor, 0, 80, 5))
    assert core.exit_status == "success"
    assert sorted(world.final_data()) == [1, 2, 3, 4, 5]
    assert [line.split()[1] for line in world.said if line.startswith("Suspended")] == ["det", "motor"]
