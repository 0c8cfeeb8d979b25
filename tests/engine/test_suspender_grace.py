"""A device that fails as a suspender trips is not blamed: the plan waits and does it again."""

import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualSuspender, VirtualWorld

from beamshell.errors import FailedStatus, LimitError, NotConnected
from beamshell.messages import Msg
from beamshell.plans import count, scan


@pytest.fixture
def world():
    return VirtualWorld()


@pytest.fixture
def motor(world):
    return VirtualMotor(world)


@pytest.fixture
def det(world, motor):
    return VirtualDetector(world, motor=motor)


@pytest.fixture
def beam(world):
    world.suspenders.append(made := VirtualSuspender(world))
    return made


def break_off(motor):
    """What its user sees of a motor whose IOC has died."""
    motor.status.finish(NotConnected("motor lost its connection"))


@pytest.mark.parametrize("later", [-0.01, 0.0, 0.2])
def test_a_move_that_fails_as_a_suspender_trips_is_made_again(world, motor, det, beam, later):
    world.at(1.5, lambda: break_off(motor))
    world.at(1.5 + later, beam.trip)
    world.at(20, lambda: beam.trip(False))
    core = world.run(scan([det], motor, 0, 4, 5))
    assert core.exit_status == "success"
    assert [event["seq_num"] for event in world.events()] == [1, 2, 3, 4, 5]
    assert [event["data"]["det"] for event in world.events()] == [0, 10, 20, 30, 40]


@pytest.mark.parametrize("method", ["read", "trigger"])
def test_a_detector_that_fails_as_a_suspender_trips_is_asked_again(world, det, beam, method):
    det.faults[method] = [NotConnected("det: it does not answer")]
    world.at(0.2, beam.trip)
    world.at(20, lambda: beam.trip(False))
    core = world.run(count([det], num=3))
    assert core.exit_status == "success"
    assert [event["seq_num"] for event in world.events()] == [1, 2, 3]


@pytest.mark.parametrize("method", ["read", "trigger"])
def test_a_detector_that_tells_of_its_failure_only_when_the_beam_is_back_is_asked_again(world, det, beam, method):
    original, calls = getattr(det, method), []

    def fails_late():
        calls.append(method)
        if len(calls) == 2:
            beam.trip()
            beam.trip(False)  # the engine, which waits for the detector, sees neither
            raise NotConnected("det: it does not answer")
        return original()

    setattr(det, method, fails_late)
    core = world.run(count([det], num=3))
    assert core.exit_status == "success"
    assert [event["seq_num"] for event in world.events()] == [1, 2, 3]
    assert len(calls) == 4


def test_one_trip_excuses_a_device_once(world, det, beam):
    def fails():
        calls.append("read")
        if len(calls) == 1:
            beam.trip()
            beam.trip(False)
        raise NotConnected("det: it does not answer")

    calls, det.read = [], fails
    core = world.run(count([det], num=3))
    assert isinstance(core.error, NotConnected)
    assert len(calls) == 2


def test_a_trip_from_before_the_checkpoint_excuses_nothing(world, det, beam):
    def plan():
        yield Msg("checkpoint")
        yield Msg("sleep", None, 5)
        yield Msg("checkpoint")
        yield Msg("trigger", det)

    world.at(1, beam.trip)
    world.at(2, lambda: beam.trip(False))
    det.faults["trigger"] = [NotConnected("det: it does not answer")]
    assert isinstance(world.run(plan()).error, NotConnected)


def test_a_failed_move_from_before_the_checkpoint_is_made_again_too(world, motor, beam):
    def plan():
        yield Msg("checkpoint")
        yield Msg("set", motor, 3.0, group="later")
        yield Msg("checkpoint")
        yield Msg("sleep", None, 10)
        yield Msg("wait", None, group="later")

    world.at(1.0, lambda: break_off(motor))
    world.at(1.1, beam.trip)
    world.at(5, lambda: beam.trip(False))
    core = world.run(plan())
    assert core.error is None
    assert motor.position == 3.0


def test_a_failure_in_good_conditions_is_raised_in_the_plan(world, motor, det, beam):
    world.at(1.5, lambda: break_off(motor))
    core = world.run(scan([det], motor, 0, 4, 5))
    assert isinstance(core.error, FailedStatus)
    assert "lost its connection" in str(core.error)
    assert world.now < 3


def test_two_failures_in_good_conditions_are_both_raised(world, motor, det, beam):
    other = VirtualMotor(world, "other")
    failures = []

    def plan():
        yield Msg("set", motor, 3.0, group="a")
        yield Msg("set", other, 3.0, group="a")
        for _ in range(2):
            try:
                yield Msg("sleep", None, 3)
            except FailedStatus as failure:
                failures.append(str(failure))

    for one in (motor, other):
        world.at(1.0, lambda one=one: break_off(one))
    core = world.run(plan())
    assert core.error is None
    assert failures[0].startswith("motor: set to 3.0 failed")


def test_a_mistake_of_the_plan_is_reported_at_once(world, motor, beam):
    motor.faults["set"] = [LimitError("motor: 9 is above the limit 5")]
    world.at(0.1, beam.trip)

    def plan():
        yield Msg("set", motor, 9)

    assert isinstance(world.run(plan()).error, LimitError)
    assert world.now == 0


def test_a_failure_is_raised_where_the_plan_cannot_be_repeated(world, motor, beam):
    def plan():
        yield Msg("clear_checkpoint")
        yield Msg("set", motor, 3.0, group="a")
        yield Msg("wait", None, group="a")

    world.at(1.0, lambda: break_off(motor))
    world.at(1.1, beam.trip)
    assert isinstance(world.run(plan()).error, FailedStatus)
