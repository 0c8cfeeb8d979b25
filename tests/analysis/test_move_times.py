"""How long moves take, by the rules of the motor record."""

from __future__ import annotations

import pytest

from beamshell.analysis.move_times import MoveSettings, trapezoid_s


@pytest.mark.parametrize(
    ("distance", "seconds"),
    [
        (0.0, 0.0),
        (10.0, 5.5),  # 10 / 2 at full velocity, and half a ramp at each end
        (-10.0, 5.5),
        (1.0, 1.0),  # just reaches full velocity
        (0.25, 0.5),  # a triangle
    ],
)
def test_a_move_takes_as_long_as_its_ramps_allow(distance: float, seconds: float) -> None:
    assert trapezoid_s(distance, velocity=2.0, ramp_s=0.5) == pytest.approx(seconds)


def test_without_a_velocity_a_move_takes_for_ever() -> None:
    assert trapezoid_s(1.0, velocity=0.0, ramp_s=0.5) == float("inf")


SLOW_BACKLASH = MoveSettings(2.0, 0.5, backlash=0.2, backlash_velocity=0.1, backlash_ramp_s=0.25)


@pytest.mark.parametrize(
    ("start", "stop", "legs"),
    [
        (0.0, 10.0, [(0.0, 9.8, 2.0, 0.5), (9.8, 10.0, 0.1, 0.25)]),  # upwards, the direction of BDST
        (10.0, 0.0, [(10.0, -0.2, 2.0, 0.5), (-0.2, 0.0, 0.1, 0.25)]),  # downwards past the target, and back
        (0.0, 0.15, [(0.0, 0.15, 0.1, 0.25)]),  # within the backlash
        (0.0, 0.2, [(0.0, 0.2, 0.1, 0.25)]),
        (3.0, 3.0, []),
    ],
)
def test_a_motor_comes_to_its_target_in_the_direction_of_its_backlash(start, stop, legs):
    found = [(leg.start, leg.stop, leg.velocity, leg.ramp_s) for leg in SLOW_BACKLASH.legs(start, stop)]
    assert found == [pytest.approx(leg) for leg in legs]


def test_a_negative_backlash_is_the_same_the_other_way():
    down = MoveSettings(2.0, 0.5, backlash=-0.2, backlash_velocity=0.1, backlash_ramp_s=0.25)
    assert down.duration_s(0.0, -10.0) == pytest.approx(SLOW_BACKLASH.duration_s(0.0, 10.0))
    assert down.duration_s(0.0, 10.0) == pytest.approx(SLOW_BACKLASH.duration_s(10.0, 0.0))


def test_a_backlash_as_fast_as_the_move_costs_nothing_in_its_own_direction():
    same = MoveSettings(2.0, 0.5, backlash=0.2, backlash_velocity=2.0, backlash_ramp_s=0.5)
    assert same.duration_s(0.0, 10.0) == pytest.approx(5.5)
    assert same.duration_s(10.0, 0.0) == pytest.approx(10.2 / 2 + 0.5 + 2 * (0.2 * 0.5 / 2) ** 0.5)


def test_the_time_of_a_move_counts_backlash_its_speed_and_the_delay():
    settings = MoveSettings(2.0, 0.5, backlash=0.2, backlash_velocity=0.1, backlash_ramp_s=0.25, delay_s=0.3)
    assert settings.duration_s(0.0, 10.0) == pytest.approx((9.8 / 2 + 0.5) + (0.2 / 0.1 + 0.25) + 0.3)
    assert settings.duration_s(3.0, 3.0) == 0.0
