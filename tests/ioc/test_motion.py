"""The pure arithmetic of a move."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.ioc.motion import Move


def test_a_move_without_ramp_lasts_distance_over_speed():
    assert Move(0.0, 3.0, speed=2.0).duration_s == 1.5


def test_a_ramp_adds_its_own_time_once():
    assert Move(0.0, 3.0, speed=2.0, ramp_s=0.2).duration_s == pytest.approx(1.7)


def test_a_short_move_never_reaches_full_speed():
    move = Move(0.0, 0.1, speed=1.0, ramp_s=0.4)
    assert move.duration_s == pytest.approx(2 * math.sqrt(0.1 * 0.4))
    assert move.position(move.duration_s / 2) == pytest.approx(0.05)


def test_a_move_downwards_mirrors_one_upwards():
    up, down = Move(0.0, 2.0, 1.0, 0.1), Move(0.0, -2.0, 1.0, 0.1)
    assert [down.position(t / 10) for t in range(25)] == [-up.position(t / 10) for t in range(25)]


def test_a_jog_goes_on_for_ever():
    jog = Move(1.0, -math.inf, speed=0.5)
    assert jog.duration_s == math.inf
    assert jog.position(10.0) == -4.0


@given(
    start=st.floats(-100, 100),
    target=st.floats(-100, 100),
    speed=st.floats(0.01, 100),
    ramp_s=st.floats(0, 5),
    fractions=st.lists(st.floats(0, 1), min_size=2, max_size=10),
)
def test_the_axis_never_turns_back_and_ends_exactly_at_its_target(start, target, speed, ramp_s, fractions):
    move = Move(start, target, speed, ramp_s)
    gone = [abs(move.position(f * move.duration_s) - start) for f in sorted(fractions)]
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(gone))
    assert gone[-1] <= abs(target - start) + 1e-9
    assert move.position(move.duration_s) == target
