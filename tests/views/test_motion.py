"""Motors on their way: how far, how long, in which state, and their rows in windows of any width."""

from __future__ import annotations

import pytest

from beamshell.views.motion import PLAIN_BARS, Motion, bar, motion_rows


def motion(name="th", target=1.0, **options):
    return Motion(name, target, started=0.0, units="deg", **options)


def test_the_time_left_is_that_of_the_rest_of_the_way_at_the_speed_so_far():
    th = motion(start=0.0)
    th.note(3.0, 0.25)
    assert th.left_s == pytest.approx(9.0)
    assert th.left == "9 s left"


def test_before_it_has_moved_no_time_is_named():
    th = motion(start=0.0)
    th.note(1.0, 0.0)
    assert (th.left, th.state) == ("", "moving")


def test_the_first_position_that_is_seen_is_its_start_if_nobody_says_another():
    th = motion()
    th.note(1.0, 0.5)
    th.note(2.0, 0.75)
    assert (th.origin, th.fraction) == ("0.5000", 0.5)


def test_one_that_does_not_move_and_is_not_there_is_stalled():
    th = motion(start=0.0)
    th.note(1.0, 0.5)
    th.note(2.9, 0.5)
    assert th.state == "moving"
    th.note(4.5, 0.5)
    assert (th.state, th.left) == ("stalled for 3 s", "")
    th.note(5.0, 0.6)
    assert th.state == "moving"


def test_one_that_settles_at_its_target_is_not_stalled():
    th = motion(start=0.0)
    th.note(1.0, 1.0001)
    th.note(60.0, 1.0001)
    assert th.state == "moving"


@pytest.mark.parametrize("limit", ["high", "low"])
def test_one_at_a_limit_switch_says_so(limit):
    th = motion(start=0.0)
    th.note(1.0, 0.5, limit=limit)
    assert (th.state, th.left) == (f"at the {limit} limit", "")


def test_one_that_somebody_else_sends_elsewhere_says_where_to():
    th = motion(start=0.0)
    th.note(0.1, 0.0, setpoint=1.0)
    th.note(1.0, 0.5, setpoint=-3.0)
    assert th.state == "moved by someone else to -3.0000 deg"


def test_the_set_point_of_the_move_before_is_nobody_elses():
    th = motion(start=0.0)
    th.note(0.1, 0.0, setpoint=0.0)  # that of this move comes a little later
    assert th.state == "moving"


@pytest.mark.parametrize(("succeeded", "state"), [(True, "arrived"), (False, "stopped")])
def test_one_that_has_ended_says_how_and_changes_no_more(succeeded, state):
    th = motion(start=0.0)
    th.note(1.0, 0.5, limit="high")
    th.end(succeeded=succeeded)
    th.note(9.0, 0.7)
    assert (th.state, th.left, th.now) == (state, "", "0.5000 deg")


def test_a_position_that_is_not_known_is_a_question_mark():
    th = motion()
    th.note(1.0, None)
    assert motion_rows([th], 79, PLAIN_BARS) == ["th ? deg  ? ------------------------ 1.0000  moving"]


def test_the_way_of_no_length_is_done():
    th = motion(target=0.0, start=0.0)
    th.note(1.0, 0.0)
    assert th.fraction == 1.0


def test_past_its_target_the_bar_is_full_and_before_its_start_empty():
    th = motion(start=0.0)
    th.note(1.0, 1.2)
    assert bar(th.fraction, 4, PLAIN_BARS) == "####"
    th.note(1.0, -0.2)
    assert bar(th.fraction, 4, PLAIN_BARS) == "----"


ROWS = {
    120: [
        "th     0.2500 deg   0.0000 ######------------------   1.0000  9 s left  moving",
        "samx -10.5000 deg  -8.0000 #####------------------- -20.0000            stalled for 4 s",
    ],
    80: [
        "th     0.2500 deg   0.0000 ####------------   1.0000  9 s left  moving",
        "samx -10.5000 deg  -8.0000 ###------------- -20.0000            stalled for 4 s",
    ],
    60: [
        "th     0.2500 deg  to   1.0000  9 s left  moving",
        "samx -10.5000 deg  to -20.0000            stalled for 4 s",
    ],
    40: [
        "th     0.2500 deg  moving",
        "samx -10.5000 deg  stalled for 4 s",
    ],
}


@pytest.mark.parametrize("columns", ROWS)
def test_rows_stand_below_one_another_and_fit_the_window(columns):
    th, samx = motion(start=0.0), motion("samx", -20.0, start=-8.0)
    th.note(3.0, 0.25)
    samx.note(3.0, -10.5)
    samx.note(7.2, -10.5)
    assert motion_rows([th, samx], columns - 1, PLAIN_BARS) == ROWS[columns]


def test_without_motors_there_is_no_row():
    assert motion_rows([], 80) == []
