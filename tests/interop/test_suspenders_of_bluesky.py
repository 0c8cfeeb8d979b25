"""Suspenders of bluesky on our engine: they hold plans, are listed, removed and cleared; what cannot is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import bluesky.plan_stubs as bbps
import bluesky.preprocessors as bbpp
import pytest
from bluesky import suspenders as theirs
from ophyd import Signal

from beamshell import RunEngine
from beamshell.errors import PlanError


@pytest.fixture
def beam() -> Signal:
    return Signal(name="beam", value=10.0)


@pytest.fixture
def states() -> list[str]:
    return []


@pytest.fixture
def RE() -> RunEngine:
    return RunEngine({})


def let_it_recover(engine: RunEngine, beam: Signal, states: list[str], good: float = 60.0) -> None:
    """At a suspension the signal becomes good again."""

    def recover(new: Any, _: Any) -> None:
        states.append(str(new))
        if new == "suspending":
            beam.put(good)

    engine.state_hook = recover


def scan() -> Any:
    yield from bbps.open_run()
    yield from bbps.checkpoint()
    yield from bbps.close_run()


@pytest.mark.parametrize(
    ("make", "good"),
    [
        (lambda beam: theirs.SuspendFloor(beam, 50), 60.0),
        (lambda beam: theirs.SuspendFloor(beam, 20, resume_thresh=55), 60.0),
        (lambda beam: theirs.SuspendCeil(beam, 5, resume_thresh=4), 1.0),
        (lambda beam: theirs.SuspendWhenOutsideBand(beam, 50, 70), 60.0),
        (lambda beam: theirs.SuspendWhenChanged(beam, expected_value=60.0, allow_resume=True), 60.0),
        (theirs.SuspendBoolHigh, 0.0),
    ],
)
def test_it_holds_a_plan_until_its_signal_is_good(RE, beam, states, make, good):
    suspender = make(beam)
    let_it_recover(RE, beam, states, good)
    RE.install_suspender(suspender)
    assert suspender.tripped
    assert len(RE(scan())) == 1
    assert "suspending" in states
    assert not suspender.tripped


def test_it_is_released_only_above_its_second_threshold(RE, beam):
    RE.install_suspender(theirs.SuspendFloor(beam, 20, resume_thresh=55))
    (installed,) = RE.suspenders
    installed._on_value(value=30.0)
    assert installed.tripped
    installed._on_value(value=55.0)
    assert not installed.tripped
    installed._on_value(value=30.0)
    assert not installed.tripped


def test_its_reason_is_its_own_with_the_message_that_it_was_given(RE, beam):
    RE.install_suspender(theirs.SuspendFloor(beam, 50, tripped_message="ask the control room"))
    (installed,) = RE.suspenders
    assert installed.reason.startswith("Signal beam = 10.0 fell below 50")
    assert installed.reason.endswith(": ask the control room")
    assert repr(installed).startswith("<SuspendFloor beam: TRIPPED since")


@pytest.mark.parametrize("value", [float("nan"), "closed"])
def test_a_value_that_is_no_number_holds_plans(RE, beam, value):
    RE.install_suspender(theirs.SuspendFloor(beam, 50))
    (installed,) = RE.suspenders
    installed._on_value(value=60.0)
    assert not installed.tripped
    installed._on_value(value=value)
    assert installed.tripped
    assert installed.reason


def test_it_is_listed_once_found_by_itself_and_removed(RE, beam):
    suspender, other = theirs.SuspendFloor(beam, 50), theirs.SuspendCeil(beam, 50)
    for each in (suspender, suspender, other):
        RE.install_suspender(each)
    assert suspender in RE.suspenders
    assert len(RE.suspenders) == 2
    RE.remove_suspender(suspender)
    assert suspender not in RE.suspenders
    assert not suspender.tripped
    RE.clear_suspenders()
    assert RE.suspenders == ()
    assert len(RE(scan())) == 1  # nothing holds it


def test_its_plans_run_before_and_after_the_wait(RE, beam):
    done: list[str] = []

    def close():
        done.append("close")
        yield from bbps.null()
        beam.put(60.0)

    def open_again():
        done.append("open")
        yield from bbps.null()

    RE.install_suspender(theirs.SuspendFloor(beam, 50, pre_plan=close, post_plan=open_again))
    RE(scan())
    assert done == ["close", "open"]


def test_suspend_wrapper_of_bluesky_installs_it_for_one_plan(RE, beam, states):
    let_it_recover(RE, beam, states)
    RE(bbpp.suspend_wrapper(scan(), theirs.SuspendFloor(beam, 50)))
    assert "suspending" in states
    assert RE.suspenders == ()


class OfAFacility(theirs.SuspenderBase):
    """As facilities write them: what is good, and nothing of the engine."""

    def _should_suspend(self, value):
        return value < 50

    def _should_resume(self, value):
        return value > 55


def test_a_suspender_of_a_facility_holds_plans_too(RE, beam, states):
    let_it_recover(RE, beam, states)
    RE.install_suspender(OfAFacility(beam))
    RE(scan())
    assert "suspending" in states


class WithTheirEngine(OfAFacility):
    def __call__(self, value, **kwargs):
        self.RE.request_suspend(None)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (WithTheirEngine, "WithTheirEngine has a __call__ of its own, which needs bluesky's engine"),
        (lambda beam: theirs.SuspendFloor, "SuspendFloor is a class"),
        (lambda beam: beam, "Signal is no suspender"),
        (lambda beam: OfAFacility(beam, pre_plan=scan()), "pre_plan is a plan that runs only once"),
    ],
)
def test_what_can_hold_nothing_is_refused_when_it_is_installed(RE, beam, make, words):
    with pytest.raises(PlanError, match=words):
        RE.install_suspender(make(beam))
    assert RE.suspenders == ()


def test_one_that_installs_itself_holds_plans_while_its_signal_is_bad(RE, beam):
    beam.put(60.0)
    suspender = theirs.SuspendFloor(beam, 50)
    suspender.install(RE)  # as scripts did before there was RE.install_suspender
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        if text.startswith("Suspended"):
            beam.put(60.0)

    async def until_it_is_suspended() -> None:
        while not said:
            await asyncio.sleep(0.01)

    def plan() -> Any:
        yield from bbps.open_run()
        yield from bbps.checkpoint()
        beam.put(10.0)
        yield from bbps.wait_for([until_it_is_suspended])
        yield from bbps.close_run()

    RE.say = say
    assert len(RE(plan())) == 1
    assert any("fell below 50" in line for line in said)
    assert not any(".." in line for line in said)
    suspender.remove()
