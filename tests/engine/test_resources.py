"""What a call must put back, and what is wanted of it: plain records."""

from __future__ import annotations

import pytest
from virtual_world import VirtualStatus

from beamshell.engine.requests import EndRequest, PauseRequest, Requests
from beamshell.engine.resources import GROUP_PRUNE_SIZE, Resources, Task, method_of
from beamshell.engine.state import State
from beamshell.errors import FailedStatus, MoveFailed, PlanError
from beamshell.messages import Msg


class Motor:
    name = "th"

    def pause(self): ...


@pytest.fixture
def resources():
    return Resources()


def failed_task():
    status = VirtualStatus()
    status.finish(MoveFailed("stalled"))
    return Task(Msg("set", Motor(), 5), status, "group")


def test_an_action_that_has_ended_well_leaves_its_group_and_no_task(resources):
    done = VirtualStatus()
    done.finish()
    assert resources.add_task(Msg("set"), done, "group") is None
    assert resources.groups == {"group": []}


def test_a_group_that_nobody_waits_for_forgets_what_ended_well(resources):
    for _ in range(GROUP_PRUNE_SIZE):
        resources.add_task(Msg("set"), VirtualStatus(), "group").status.finish()
    still_moving = resources.add_task(Msg("set"), VirtualStatus(), "group")
    assert resources.groups["group"] == [still_moving]


def test_only_a_device_that_knows_pauses_is_informed_of_them(resources):
    motor, plain = Motor(), object()
    resources.add_device(motor)
    resources.add_device(plain)
    assert len(resources.devices) == 2
    assert list(resources.pausable.values()) == [motor]


def test_a_device_is_staged_no_more_by_identity_and_not_by_equality(resources):
    one, equal = [], []
    resources.staged += [one, equal]
    resources.unstaged(one)
    assert [staged is equal for staged in resources.staged] == [True]


def test_a_failure_names_device_action_and_cause_and_keeps_the_status():
    task = failed_task()
    with pytest.raises(FailedStatus, match=r"^th: set to 5 failed: stalled$") as failure:
        task.raise_failure()
    assert failure.value.status is task.status
    assert task.raised


def test_a_device_that_lacks_a_method_is_named():
    with pytest.raises(PlanError, match="th cannot kickoff: a Motor has no such method"):
        method_of(Motor(), "kickoff")


# ---- requests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_requests_to_end_the_most_severe_counts(order):
    requests = Requests()
    for how in [State.STOPPING, State.HALTING, State.ABORTING][::order]:
        requests.ask_end(EndRequest(how))
    assert requests.take_end() == EndRequest(State.HALTING)
    assert requests.take_end() is None


def test_of_several_deferred_pauses_the_first_counts():
    requests = Requests()
    requests.ask_pause_later(PauseRequest(True, "first"))
    requests.ask_pause_later(PauseRequest(True, "second"))
    assert requests.pause_later.reason == "first"
    requests.forget_pauses()
    assert not requests.pause
