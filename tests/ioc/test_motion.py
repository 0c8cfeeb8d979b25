"""The pure arithmetic of a move."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.analysis.move_times import MoveSettings
from beamshell.ioc.motion import Move, Travel


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


BACKLASH = MoveSettings(velocity=1.0, ramp_s=0.0, backlash=0.5, backlash_velocity=0.25, backlash_ramp_s=0.0)


def travel(start, target, *, fastest=math.inf, delay_s=0.0, settings=BACKLASH):
    return Travel.along(settings.legs(start, target), target, fastest, delay_s)


def test_a_travel_with_backlash_passes_its_target_and_comes_back_slowly():
    down = travel(4.0, 1.0)  # 3.5 to 0.5 at 1/s, then 0.5 at 0.25/s
    assert [down.position(t) for t in (0.0, 3.0, 3.5, 4.5, 5.5, 9.0)] == [4.0, 1.0, 0.5, 0.75, 1.0, 1.0]
    assert [down.direction(t) for t in (0.0, 3.4, 3.6, 9.0)] == [-1, -1, 1, 1]
    assert (down.moving_s, down.duration_s) == (5.5, 5.5)


def test_the_delay_is_a_time_at_rest():
    up = travel(0.0, 1.0, delay_s=2.0)
    assert (up.moving_s, up.duration_s) == (2.5, 4.5)
    assert up.position(2.6) == 1.0


def test_no_straight_move_is_faster_than_the_limit():
    assert travel(0.0, 2.5, fastest=0.5).moving_s == 2.0 / 0.5 + 0.5 / 0.25


def test_a_switch_counts_in_the_direction_of_the_moment():
    down = travel(4.0, 1.0)
    assert down.is_beyond(0.6, 3.4, low=0.6, high=9.0)
    assert not down.is_beyond(0.6, 3.9, low=0.6, high=9.0)
