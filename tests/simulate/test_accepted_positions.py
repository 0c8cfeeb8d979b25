"""Positions are checked once before anything moves: by the simulation, or by the plan; then by the device itself."""

import pytest

from beamshell import plans as bp
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.errors import LimitError
from beamshell.plans.environment import check
from beamshell.simulate import rehearse
from beamshell.simulate.accepted_positions import VALID_S, AcceptedPositions


class CheckedAxis(SynAxis):
    """An axis between -10 and 10 that counts how often it is asked."""

    def __init__(self):
        super().__init__(name="x", units="mm", limits=(-10, 10))
        self.asked = []

    def check_value(self, position):
        self.asked.append(position)
        super().check_value(position)


@pytest.fixture
def x():
    return CheckedAxis()


@pytest.fixture
def make(x):
    det = SynGauss(name="det", motor=x, exp=0.1)
    return lambda stop=2: bp.scan([det], x, 0, stop, 3)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_simulation_asks_once_for_each_position(x, make):
    rehearse(make())
    assert x.asked == [0, 1, 2]


def test_a_plan_that_runs_after_its_simulation_does_not_ask_again(x, make):
    accepted = rehearse(make()).accepted
    x.asked.clear()
    with accepted.in_use():
        list(make())
    assert x.asked == []


def test_positions_that_were_not_simulated_are_checked_before_anything_moves(make):
    accepted = rehearse(make()).accepted
    with accepted.in_use(), pytest.raises(LimitError, match="point 3 of 3: x: 20 mm is above the limit 10 mm"):
        next(make(20))


def test_outside_of_the_context_the_device_is_asked(x, make):
    rehearse(make())
    x.asked.clear()
    list(make())
    assert x.asked == [0, 1, 2]


def test_what_was_accepted_a_while_ago_is_asked_again_since_limits_change(x):
    clock = Clock()
    accepted = AcceptedPositions(clock)
    accepted.check_and_keep(x, 5)
    x.limits = (-1, 1)
    clock.now += 0.9 * VALID_S
    accepted.check(x, 5)
    clock.now += 0.2 * VALID_S
    with pytest.raises(LimitError), accepted.in_use():
        check(x, 5)


def test_a_refusal_is_not_kept_and_values_without_a_hash_are_checked_each_time(x):
    accepted = AcceptedPositions()
    for _ in range(2):
        with pytest.raises(LimitError):
            accepted.check_and_keep(x, 11)
    with pytest.raises(Exception, match="x"):
        accepted.check_and_keep(x, [1])
