"""What the engine tells its log: calls and their ends, first moves, pauses, suspensions."""

from __future__ import annotations

import pytest
from virtual_world import VirtualMotor, VirtualSuspender, VirtualWorld

from beamshell.devices.sim import SynAxis
from beamshell.engine import RunEngine
from beamshell.engine.requests import PauseRequest
from beamshell.errors import RunEngineInterrupted
from beamshell.messages import Msg
from beamshell.plans import count, scan
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import run_wrapper


@pytest.fixture
def told():
    return []


@pytest.fixture
def engine(told):
    engine = RunEngine()
    engine.log_hook = lambda kind, facts: told.append((kind, facts))
    return engine


def test_a_call_is_told_with_its_command_and_its_end(engine, told):
    th = SynAxis(name="th")
    engine.describe_plan = lambda plan: {"plan_form": f"a plan of {plan.__name__}"}
    engine(bps.mv(th, 1), command="mov th 1")
    assert [kind for kind, _ in told] == ["plan", "moving", "ended"]
    assert told[0][1] == {"plan": "mv", "command": "mov th 1", "plan_form": "a plan of mv"}
    assert told[1][1] == {"device": th, "target": 1}
    end = told[2][1]
    assert (end["status"], end["by_person"], end["problems"], end["uids"]) == ("success", False, [], [])
    assert [(msg.obj, msg.args) for msg in end["moved"]] == [(th, (1,))]


def test_a_device_is_told_once_in_a_call_however_often_it_moves(engine, told):
    th = SynAxis(name="th")
    engine(scan([th], th, -1, 1, 11))
    assert [kind for kind, _ in told].count("moving") == 1
    assert told[-1][1]["moved"][0].args == (1.0,)


def test_a_failure_is_told_with_its_reason(engine, told):
    with pytest.raises(Exception, match="cannot set"):
        engine(bps.abs_set(1, 2))
    assert told[-1][0] == "ended"
    assert told[-1][1]["status"] == "fail"
    assert "cannot set" in told[-1][1]["reason"]
    assert told[-1][1]["error"] == "PlanError"


def test_a_pause_a_resume_and_an_end_by_a_person_are_told(engine, told):
    with pytest.raises(RunEngineInterrupted):
        engine(run_wrapper(bps.pause()))
    engine.abort("enough")
    with pytest.raises(RunEngineInterrupted):
        engine(run_wrapper(bps.pause()))
    engine.resume()
    kinds = [kind for kind, _ in told]
    assert kinds == ["plan", "paused", "ended", "plan", "paused", "resumed", "ended"]
    assert told[2][1]["by_person"]
    assert (told[2][1]["status"], told[2][1]["reason"]) == ("abort", "enough")
    assert not told[-1][1]["by_person"]


def test_a_log_that_fails_does_not_stop_the_engine(engine):
    engine.log_hook = lambda kind, facts: 1 / 0
    assert len(engine(count([SynAxis(name="th")]))) == 1


def test_a_suspension_is_told_with_its_reasons_and_its_seconds():
    world = VirtualWorld()
    beam, motor = VirtualSuspender(world), VirtualMotor(world)
    world.suspenders.append(beam)
    world.at(0.5, beam.trip)
    world.at(4.5, lambda: beam.trip(False))

    def plan():
        yield Msg("checkpoint")
        yield Msg("set", motor, 3.0, group="a")
        yield Msg("wait", None, group="a")

    assert world.run(run_wrapper(plan())).exit_status == "success"
    (suspended,) = (facts for kind, facts in world.recorded if kind == "suspended")
    (released,) = (facts for kind, facts in world.recorded if kind == "released")
    assert suspended["reasons"] == [beam.reason]
    assert released["seconds"] == pytest.approx(4.0)


@pytest.mark.parametrize("defer", [False, True])
def test_a_pause_by_ctrl_c_is_told_as_one_by_a_person(defer):
    world = VirtualWorld()

    def plan():
        for _ in range(3):
            yield Msg("checkpoint")
            yield Msg("sleep", None, 1.0)

    world.at(0.5, lambda: world.post(PauseRequest(defer, pressed=True)))
    world.run(run_wrapper(plan()))
    (paused,) = (facts for kind, facts in world.recorded if kind == "paused")
    assert (paused["reason"], paused["by_person"]) == ("", True)


def test_a_pause_is_told_with_its_reason_and_what_has_moved():
    world = VirtualWorld()
    motor = VirtualMotor(world)

    def plan():
        yield Msg("checkpoint")
        yield Msg("set", motor, 3.0, group="a")
        yield Msg("wait", None, group="a")

    world.at(0.5, lambda: world.post(PauseRequest(False, "the disk is full")))
    world.run(run_wrapper(plan()))
    (paused,) = (facts for kind, facts in world.recorded if kind == "paused")
    assert (paused["reason"], paused["by_person"]) == ("the disk is full", False)
    assert [msg.obj for msg in paused["moved"]] == [motor]
