"""Loops over samples and temperatures: each run knows which it is, and a failure is reported."""

from types import SimpleNamespace

import document_rules
import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell import plans as bp
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.state import State
from beamshell.errors import LimitError, MoveFailed, PlanError


@pytest.fixture
def here():
    world = VirtualWorld()
    x, th, temp = (VirtualMotor(world, name, speed=100.0) for name in ("x", "th", "temp"))
    det = VirtualDetector(world, "det", motor=x, time=0.1)
    return SimpleNamespace(world=world, x=x, th=th, temp=temp, det=det)


def starts(world):
    return [doc for name, doc in world.docs if name == "start"]


def samples(here, **more):
    places = {"LaB6": {here.x: 1.0}, "Si": {here.x: 5.0}, "empty": {}}
    return bp.for_each_sample(places, lambda name: bp.count([here.det], 2), **more)


def test_each_sample_is_gone_to_and_its_run_bears_its_name(here):
    core = here.world.run(samples(here, md={"proposal": 7}))
    document_rules.check(here.world.docs)
    assert [start["sample"] for start in starts(here.world)] == ["LaB6", "Si", "empty"]
    assert {start["proposal"] for start in starts(here.world)} == {7}
    assert [event["data"]["det"] for event in here.world.events()] == [10, 10, 50, 50, 50, 50]
    assert [(turn.label, turn.uids, turn.failure) for turn in core.result] == [
        (start["sample"], [start["uid"]], None) for start in starts(here.world)
    ]


def test_all_samples_are_checked_before_anything_moves(here):
    def check(value):
        if value > 4:
            raise LimitError("x: 5 mm is above the limit 4 mm")

    here.x.check_value = check
    core = here.world.run(samples(here))
    assert str(core.error) == "sample Si: x: 5 mm is above the limit 4 mm"
    assert here.x.log == []


def test_temperatures_are_gone_to_waited_at_and_recorded_even_twice_the_same(here):
    plan = bp.at_temperatures(here.temp, [100, 200, 100], 30, lambda kelvin: bp.count([here.det]))
    core = here.world.run(plan)
    assert [start["temp_wanted"] for start in starts(here.world)] == [100, 200, 100]
    assert [start["temp_reached"] for start in starts(here.world)] == [100, 200, 100]
    begun = [start["time"] - 1.7e9 for start in starts(here.world)]
    assert begun == pytest.approx([31, 31 + 0.1 + 31, 31 + 2 * (0.1 + 31)])
    assert [turn.label for turn in core.result] == ["temp = 100", "temp = 200", "temp = 100"]


def test_loops_can_be_put_into_one_another(here):
    inner = {"a": {here.x: 1}, "b": {here.x: 2}}
    here.world.run(
        bp.at_temperatures(
            here.temp, [10, 20], 0, lambda t: bp.for_each_sample(inner, lambda name: bp.count([here.det]))
        )
    )
    assert [(start["temp_wanted"], start["sample"]) for start in starts(here.world)] == [
        (10, "a"), (10, "b"), (20, "a"), (20, "b")
    ]  # fmt: skip


def test_a_failure_ends_the_loop(here):
    here.det.failing_statuses = 1
    core = here.world.run(samples(here))
    assert core.exit_status == "fail"
    assert len(starts(here.world)) == 1


def test_with_go_on_the_others_are_measured_and_the_failure_is_reported_at_the_end(here):
    here.x.faults["set"] = [MoveFailed("x: stalled")]
    here.det.failing_statuses = 1
    core = here.world.run(samples(here, go_on=True))
    assert isinstance(core.error, PlanError)
    assert str(core.error).startswith("2 of 3 failed: LaB6: ")
    assert "x: stalled; Si: " in str(core.error)
    assert [start["sample"] for start in starts(here.world)] == ["Si", "empty"]
    stops = [doc["exit_status"] for name, doc in here.world.docs if name == "stop"]
    assert stops == ["fail", "success"]


@pytest.mark.parametrize("how", [State.STOPPING, State.ABORTING])
def test_who_ends_it_ends_all_of_it_also_with_go_on(here, how):
    core = here.world.interpreter()
    here.world.at(0.15, lambda: here.world.post(EndRequest(how, "enough")))
    core.start(as_generator(samples(here, go_on=True)))
    assert core.interrupted
    assert len(starts(here.world)) == 1


def test_a_pause_goes_on_with_the_sample_where_it_was(here):
    core = here.world.interpreter()
    here.world.at(0.35, lambda: here.world.post(PauseRequest(False)))
    assert not core.start(as_generator(samples(here)))
    core.resume()
    assert [start["sample"] for start in starts(here.world)] == ["LaB6", "Si", "empty"]
    assert [event["data"]["det"] for event in here.world.events()] == [10, 10, 50, 50, 50, 50]


def test_nothing_to_go_through_and_a_negative_wait_are_refused(here):
    core = here.world.run(bp.for_each_sample({}, lambda name: bp.count([here.det])))
    assert "the list is empty" in str(core.error)
    core = here.world.run(bp.at_temperatures(here.temp, [1], -1, lambda t: bp.count([here.det])))
    assert "settle_s is -1" in str(core.error)
