"""A queue is one plan: each task knows how it has ended, and an operator ends all of it."""

from types import SimpleNamespace

import document_rules
import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell import plans as bp
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.state import State
from beamshell.plans.queue import Task, work_through


@pytest.fixture
def here():
    world = VirtualWorld()
    motor = VirtualMotor(world, "th")
    det = VirtualDetector(world, "det", motor=motor, time=0.1)
    return SimpleNamespace(world=world, motor=motor, det=det, ends=[])


def queue_of(here, *makes, go_on=False):
    def task(number, make):
        metadata = {"sample": f"s{number}"}
        return Task(make, lambda failure, uids: here.ends.append((number, failure, uids)), metadata, go_on)

    left = iter([task(number, make) for number, make in enumerate(makes, 1)])
    return work_through(lambda: next(left, None))


def starts(world):
    return [doc for name, doc in world.docs if name == "start"]


def counting(here):
    return lambda: bp.count([here.det], 2)


def test_tasks_run_in_order_with_their_metadata_and_their_runs(here):
    core = here.world.run(queue_of(here, counting(here), lambda: None, counting(here)))
    document_rules.check(here.world.docs)
    assert core.result == 3
    assert [start["sample"] for start in starts(here.world)] == ["s1", "s3"]
    first, second = (start["uid"] for start in starts(here.world))
    assert here.ends == [(1, None, [first]), (2, None, []), (3, None, [second])]


def test_a_task_is_made_when_its_turn_has_come(here):
    here.world.run(queue_of(here, lambda: bp.scan([here.det], here.motor, 0, 3, 2), lambda: bp.count([here.motor])))
    assert here.world.events()[-1]["data"]["th"] == 3


def test_a_failure_ends_the_queue_or_not(here):
    here.det.failing_statuses = 1
    core = here.world.run(queue_of(here, counting(here), counting(here)))
    assert core.exit_status == "fail"
    assert [number for number, failure, _ in here.ends if failure is not None] == [1]
    assert len(starts(here.world)) == 1
    here.det.failing_statuses = 1
    core = here.world.run(queue_of(here, counting(here), counting(here), go_on=True))
    assert core.exit_status == "success"
    assert core.result == 1


def test_a_task_that_cannot_be_made_has_failed(here):
    def broken():
        raise RuntimeError("no such command")

    here.world.run(queue_of(here, broken, counting(here), go_on=True))
    assert str(here.ends[0][1]) == "no such command"
    assert here.ends[1][1] is None


@pytest.mark.parametrize("how", [State.STOPPING, State.ABORTING, State.HALTING])
def test_whoever_ends_it_ends_all_of_it(here, how):
    core = here.world.interpreter()
    here.world.at(0.15, lambda: here.world.post(EndRequest(how, "enough")))
    core.start(as_generator(queue_of(here, counting(here), counting(here), go_on=True)))
    assert len(starts(here.world)) == 1
    ((number, failure, uids),) = here.ends
    assert (number, len(uids)) == (1, 1)
    assert isinstance(failure, GeneratorExit) == (how is State.HALTING)


def test_after_a_pause_it_goes_on_where_it_was(here):
    core = here.world.interpreter()
    here.world.at(0.15, lambda: here.world.post(PauseRequest(False)))
    assert not core.start(as_generator(queue_of(here, counting(here), counting(here))))
    assert here.ends == []
    core.resume()
    assert [number for number, failure, _ in here.ends if failure is None] == [1, 2]
    assert len(here.world.final_data()) == 2
