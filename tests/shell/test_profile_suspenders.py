"""The suspenders that a profile names; no shell, no IOC."""

from __future__ import annotations

import pytest

from beamshell.devices.registry import Registry
from beamshell.devices.signal import Signal
from beamshell.engine import RunEngine
from beamshell.shell.profile_suspenders import ProfileSuspenders, describe, describe_off, wait_until_good, why_suspended

FLOOR = {"class": "SuspendFloor", "signal": "ring", "suspend_thresh": 50, "sleep": 0}


@pytest.fixture
def registry():
    registry = Registry()
    registry.add(Signal(name="ring", value=400.0))
    return registry


@pytest.fixture
def problems():
    return []


@pytest.fixture
def engine():
    return RunEngine()


@pytest.fixture
def suspenders(engine, registry, problems):
    yield ProfileSuspenders(engine, registry, problems.append)
    engine.clear_suspenders()


def test_a_suspender_watches_the_signal_that_its_setting_names(suspenders, engine, registry, problems):
    suspenders.install(FLOOR)
    assert [suspender.signal for suspender in engine.suspenders] == [registry["ring"]]
    assert problems == []


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"class": "SuspendFlor"}, "no class 'SuspendFlor': did you mean SuspendFloor?"),
        ({"class": "SuspendFloor", "signal": "rung", "suspend_thresh": 50}, "did you mean ring?"),
        ({"class": "SuspendFloor", "signal": "ring", "threshold": 50}, "threshold"),
    ],
)
def test_a_setting_that_makes_no_suspender_is_reported_with_the_reason(suspenders, engine, problems, setting, reason):
    suspenders.install(setting)
    assert engine.suspenders == ()
    (problem,) = problems
    assert str(problem).startswith(f"suspender {setting}: ")
    assert reason in str(problem)


def test_after_a_reload_a_suspender_watches_the_new_object(suspenders, engine, registry):
    suspenders.install(FLOOR)
    (before,) = engine.suspenders
    suspenders.renew({"th"})
    assert engine.suspenders == (before,)
    new = registry.add(Signal(name="ring", value=300.0))
    suspenders.renew({"ring"})
    assert [suspender.signal for suspender in engine.suspenders] == [new]


def test_a_suspender_says_whether_it_suspends_plans_and_why(suspenders, engine, registry):
    suspenders.install(FLOOR)
    (suspender,) = engine.suspenders
    assert describe(suspender).startswith("good   ")
    registry["ring"].put(10.0)
    assert describe(suspender).startswith("HOLDS  ")
    assert "10" in describe(suspender)
    assert describe(suspender, is_off=True).startswith("bad    ")


def test_why_plans_wait_is_said_with_the_way_out(suspenders, engine, registry):
    suspenders.install(FLOOR)
    assert why_suspended(engine) == "no plan waits: all suspenders are good"
    registry["ring"].put(10.0)
    assert why_suspended(engine).startswith(
        "ring is 10; plans wait until it is at least 50.\nNot to wait: suspenders off"
    )
    engine.suspenders_off(600)
    assert why_suspended(engine) == describe_off(engine)[0]
    assert "no plan waits (suspenders on ends it)" in why_suspended(engine)
    engine.suspenders_on()
    assert describe_off(engine) == []


def test_a_setting_says_whether_moves_wait_too(suspenders, engine, registry):
    registry["ring"].put(10.0)
    suspenders.install(FLOOR)
    suspenders.install({**FLOOR, "suspend_moves": True})
    assert [describe(suspender).rpartition(" (")[2] for suspender in engine.suspenders] == ["not moves)", "also moves)"]


def test_waiting_ends_when_all_are_good_or_the_time_is_over(suspenders, engine, registry):
    suspenders.install(FLOOR)
    wait_until_good(engine.suspenders, lambda: 1000.0)
    registry["ring"].put(10.0)
    left = iter([0.1, 0.0])
    wait_until_good(engine.suspenders, lambda: next(left))
    assert next(left, "no more") == "no more"
