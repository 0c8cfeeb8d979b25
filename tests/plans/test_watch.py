"""A wait for a value: how long it must hold, what ends it, and that a broken condition is said in the plan."""

import math

import pytest
from virtual_world import VirtualWorld

from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import PauseRequest
from beamshell.plans.environment import use_clock
from beamshell.plans.watch import ConditionWatch, wait_until
from beamshell.simulate.simulator import rehearse


class Value:
    """A signal whose value the test sets."""

    name = "ring"

    def __init__(self, value):
        self.value = value
        self.connected = True
        self.callbacks = {}

    def subscribe(self, callback):
        self.callbacks[1] = callback
        callback(value=self.value, severity=0)
        return 1

    def unsubscribe(self, token):
        del self.callbacks[token]

    def change(self, value, severity=0):
        self.value = value
        for callback in self.callbacks.values():
            callback(value=value, severity=severity)


@pytest.fixture
def world():
    made = VirtualWorld()
    with use_clock(made.clock):
        yield made


def above_50(value):
    return value > 50


def test_a_condition_holds_from_its_first_value_on():
    watch = ConditionWatch(above_50, for_s=10)
    watch.take(60, 1.0)
    watch.take(70, 5.0)
    assert watch.left_s(6.0) == 5.0
    assert watch.left_s(11.0) == 0.0


@pytest.mark.parametrize("interrupt", [lambda w: w.take(40, 5.0), lambda w: w.take(60, 5.0, severity=3)])
def test_a_value_that_does_not_hold_or_is_invalid_begins_it_anew(interrupt):
    watch = ConditionWatch(above_50, for_s=10)
    watch.take(60, 1.0)
    interrupt(watch)
    assert watch.left_s(20.0) == math.inf
    watch.take(60, 20.0)
    assert watch.left_s(21.0) == 9.0


def test_a_lost_connection_fulfils_nothing():
    watch = ConditionWatch(above_50)
    watch.take(60, 1.0)
    watch.lose()
    assert watch.left_s(2.0) == math.inf


def test_the_plan_ends_when_the_value_holds_for_long_enough(world):
    ring = Value(10)
    world.at(3.0, lambda: ring.change(60))
    world.at(8.0, lambda: ring.change(20))
    world.at(9.0, lambda: ring.change(70))
    core = world.run(wait_until(ring, above_50, for_s=10))
    assert core.result == 70
    assert world.clock() == pytest.approx(19.0, abs=0.2)
    assert ring.callbacks == {}


def test_a_value_that_holds_already_takes_no_time(world):
    assert world.run(wait_until(Value(60), above_50)).result == 60
    assert world.clock() == 0.0


def test_a_time_that_runs_out_names_the_last_value(world):
    ring = Value(10)
    core = world.run(wait_until(ring, above_50, timeout_s=30))
    assert core.exit_status == "fail"
    assert core.reason == "ring: not after 30 s: the last value is 10"
    assert ring.callbacks == {}


def test_a_condition_that_fails_is_an_error_of_the_plan(world):
    core = world.run(wait_until(Value("Open"), above_50))
    assert "ring: 'Open' cannot be judged" in core.reason


def test_a_pause_does_not_begin_the_wait_anew(world):
    ring = Value(60)
    core = world.interpreter()
    world.at(8.0, lambda: world.post(PauseRequest(False)))
    assert not core.start(as_generator(wait_until(ring, above_50, for_s=10)))
    core.resume()
    assert core.result == 60
    assert world.clock() == pytest.approx(10.0, abs=0.2)


def test_a_simulation_does_not_wait(world):
    ring = Value(10)
    result = rehearse(wait_until(ring, above_50))
    assert (result.endless, result.duration_s, ring.callbacks) == (False, 0.0, {})
