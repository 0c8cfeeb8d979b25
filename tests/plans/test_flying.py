import document_rules
import pytest
from plans.plan_cases import VirtualFlyer
from virtual_world import VirtualDetector, VirtualMotor, VirtualSignal, VirtualWorld

from beamshell import plans as bp
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import PauseRequest
from beamshell.errors import CommandTimeout
from beamshell.plans import stubs as bps


@pytest.fixture
def world():
    return VirtualWorld()


def test_flyers_fly_at_the_same_time_and_hand_over_what_they_have(world):
    core = world.run(bp.fly([VirtualFlyer(world, "a", 2.0), VirtualFlyer(world, "b", 3.0)], md={"purpose": "test"}))
    assert core.exit_status == "success", core.error
    document_rules.check(world.docs)
    assert world.now == 3.0
    start, stop = world.docs[0][1], world.docs[-1][1]
    assert (start["plan_name"], start["flyers"], start["purpose"]) == ("fly", ["a", "b"], "test")
    assert stop["num_events"] == {"a_s": 2, "b_s": 2}


@pytest.fixture
def ramp(world):
    """An oven that goes 1 K a second, a detector that counts for half a second."""
    oven, det, signal = VirtualMotor(world, "oven"), VirtualDetector(world, "det", time=0.5), VirtualSignal(world, "T")

    def plan(**kwargs):
        return bp.ramp_plan(bps.abs_set(oven, 3.0), signal, lambda: bps.trigger_and_read([det, oven]), **kwargs)

    plan.oven, plan.signal = oven, signal
    return plan


def test_data_are_taken_before_during_and_after_a_ramp(world, ramp):
    core = world.run(ramp())
    assert core.exit_status == "success", core.error
    document_rules.check(world.docs)
    temperatures = [event["data"]["oven"] for event in world.events()]
    assert len(temperatures) == 8  # 1 before, 6 in 3 s, 1 after
    assert ramp.signal.callbacks == []


def test_the_reading_before_can_be_left_out(world, ramp):
    world.run(ramp(take_pre_data=False))
    assert len(world.events()) == 7


def test_a_ramp_that_takes_too_long_ends_the_run(world, ramp):
    core = world.run(ramp(timeout=0.0))
    assert isinstance(core.error, CommandTimeout)
    assert world.docs[-1][1]["exit_status"] == "fail"
    assert ramp.signal.callbacks == []


def test_a_ramp_that_was_paused_goes_on_to_its_end_and_repeats_no_event(world, ramp):
    core = world.interpreter()
    world.at(1.25, lambda: world.post(PauseRequest(False)))
    assert not core.start(as_generator(ramp()))
    assert core.resume()
    assert core.exit_status == "success", core.error
    assert ramp.oven.position == 3.0
    numbers = [event["seq_num"] for event in world.events()]
    assert numbers == list(range(1, 9))


def test_a_ramp_that_breaks_down_fails_the_run(world, ramp):
    ramp.oven.failing_statuses = 1
    core = world.run(ramp())
    assert core.exit_status == "fail"
    assert ramp.signal.callbacks == []
