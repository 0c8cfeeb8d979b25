"""What moves from where motors are brings them back, whatever happens on the way; a halt alone leaves them."""

from __future__ import annotations

import document_rules
import pytest
from plans.plan_cases import RELATIVE, Case, beamline

from beamshell.engine.interpreter import Interpreter
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.state import State
from beamshell.errors import FailedStatus, LimitError

WAYS_OUT = {"stop": State.STOPPING, "abort": State.ABORTING, "halt": State.HALTING}
INSTANTS = ("in a move", "after a point")


@pytest.fixture
def here():
    return beamline()


@pytest.fixture(params=RELATIVE)
def case(request):
    return RELATIVE[request.param]


@pytest.fixture(params=INSTANTS)
def instant(request):
    return request.param


def begin(case: Case, here, instant: str, happens) -> Interpreter:
    """Run a plan; once, at this instant of its first point, something happens."""
    awaited = ["open_run", *{"in a move": ["set", "wait"], "after a point": ["save"]}[instant]]

    def on_msg(msg) -> None:
        if awaited and msg.command == awaited[0]:
            awaited.pop(0)
            if not awaited:
                here.world.at(0.01, happens) if instant == "in a move" else happens()

    core = here.world.interpreter(on_msg=on_msg)
    core.start(as_generator(case.make(here)))
    return core


def ask(here, request):
    return lambda: here.world.post(request)


def assert_back(here) -> None:
    assert (here.x.position, here.y.position) == (10, 20)
    assert (here.x.target, here.y.target) == (10, 20)
    assert here.timed.count_time.position == 1.0


def assert_put_away(here, core, exit_status: str) -> None:
    document_rules.check(here.world.docs)
    assert core.state is State.IDLE
    assert here.world.docs[-1][1]["exit_status"] == exit_status
    for device in (here.x, here.y, here.det, here.timed):
        assert device.staged == 0
        assert not getattr(device, "moving", False)


def test_at_its_end(here):
    for name, case in RELATIVE.items():
        if name != "lineup":  # goes to the peak at its end
            here.world.run(case.make(here))
            assert_back(here)


def test_a_lineup_stays_on_the_peak(here):
    here.world.run(RELATIVE["lineup"].make(here))
    assert here.x.position == 11


@pytest.mark.parametrize("how", ["stop", "abort"])
def test_if_it_is_ended_while_it_runs(case, here, instant, how):
    core = begin(case, here, instant, ask(here, EndRequest(WAYS_OUT[how], "enough")))
    assert core.interrupted
    assert_back(here)
    assert_put_away(here, core, {"stop": "success", "abort": "abort"}[how])


@pytest.mark.parametrize("how", ["stop", "abort"])
def test_if_it_is_ended_from_a_pause(case, here, instant, how):
    core = begin(case, here, instant, ask(here, PauseRequest(False)))
    assert core.state is State.PAUSED
    here.world.pass_time(5.0)
    assert core.leave(WAYS_OUT[how], "enough")
    assert_back(here)
    assert_put_away(here, core, {"stop": "success", "abort": "abort"}[how])


def test_after_a_pause_that_was_resumed_having_been_everywhere(case, here, instant):
    quiet = beamline()
    quiet.world.run(case.make(quiet))
    core = begin(case, here, instant, ask(here, PauseRequest(False)))
    assert core.state is State.PAUSED
    here.world.pass_time(5.0)
    assert core.resume()
    assert here.world.final_data() == quiet.world.final_data()
    assert (here.x.position, here.y.position) == (quiet.x.position, quiet.y.position)
    assert_put_away(here, core, "success")


def test_if_a_detector_fails(case, here, instant):
    def breaks():
        here.det.failing_statuses = here.timed.failing_statuses = 1

    core = begin(case, here, instant, breaks)
    assert isinstance(core.error, FailedStatus)
    assert_back(here)
    assert_put_away(here, core, "fail")


def test_if_a_detector_cannot_be_read(case, here, instant):
    def breaks():
        here.det.faults["read"] = [OSError("no answer")]
        here.timed.faults["read"] = [OSError("no answer")]

    core = begin(case, here, instant, breaks)
    assert isinstance(core.error, OSError)
    assert_back(here)
    assert_put_away(here, core, "fail")


def test_if_a_motor_fails_on_its_way(case, here):
    here.x.failing_statuses = 1
    core = here.world.run(case.make(here))
    assert isinstance(core.error, FailedStatus)
    assert_back(here)
    assert_put_away(here, core, "fail")


def test_not_if_it_is_halted_which_stops_motors_where_they_are(case, here, instant):
    def sets():
        return here.x.log.count("set") + here.y.log.count("set")

    def halt():
        before.append(sets())
        here.world.post(EndRequest(State.HALTING, "danger"))

    before: list[int] = []
    core = begin(case, here, instant, halt)
    assert core.interrupted
    assert before == [sets()]
    assert_put_away(here, core, "abort")


def test_its_points_are_checked_where_they_will_be(case, here):
    here.x.limits = (-100, 9.5)
    core = here.world.run(case.make(here))
    assert isinstance(core.error, LimitError)
    assert str(core.error).startswith("point ")
    assert here.world.docs == []
    assert here.x.log == here.y.log == []
