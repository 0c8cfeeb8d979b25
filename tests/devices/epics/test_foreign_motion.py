"""Whose motion it is, from what a motor record sends: VAL and DMOV, with times on the record's clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beamshell.devices.epics.foreign_motion import GRACE_S, ForeignMotionWatch, Sign


def watched(setpoint: float = 0.0, *, done: bool = True) -> ForeignMotionWatch:
    """A watch of a record that has said where it is."""
    watch = ForeignMotionWatch()
    assert watch.note_setpoint(setpoint, 1.0, 0.0) is None
    assert watch.note_done(done, 1.0, 0.0) is None
    return watch


def arrived_at(target: float, at: float = 10.0) -> ForeignMotionWatch:
    """A watch whose last command of ours has ended."""
    watch = watched()
    watch.begin(target)
    assert watch.note_setpoint(target, at - 2, 0.0) is None
    assert watch.note_done(False, at - 2, 0.0) is None
    assert watch.note_done(True, at, 0.0) is None
    assert watch.end(at) is None
    return watch


# ---- our own motion gives no sign


def test_a_move_of_ours_gives_no_sign():
    arrived_at(5.0)


def test_what_comes_after_the_end_of_our_move_belongs_to_it_if_it_is_not_later():
    watch = watched()
    watch.begin(5.0)
    assert watch.end(10.0) is None
    assert watch.note_done(False, 8.0, 0.0) is None
    assert watch.note_setpoint(5.0, 8.0, 0.0) is None
    assert watch.note_done(True, 10.0, 0.0) is None


def test_a_move_of_ours_that_another_one_of_ours_supersedes_gives_no_sign():
    watch = watched()
    watch.begin(5.0)
    watch.begin(7.0)
    assert watch.note_setpoint(5.0, 2.0, 0.0) is None
    assert watch.note_done(False, 2.0, 0.0) is None
    assert watch.note_setpoint(7.0, 3.0, 0.0) is None
    assert watch.note_done(True, 9.0, 0.0) is None
    assert watch.end(9.0) is None


def test_a_stop_of_ours_gives_no_sign_also_if_our_set_point_comes_after_it():
    watch = watched()
    watch.begin(5.0)
    watch.begin(None)
    assert watch.note_setpoint(5.0, 2.0, 0.0) is None
    assert watch.note_setpoint(1.2, 3.0, 0.0) is None
    assert watch.end(3.0, is_by_others=True) is None


def test_a_stop_and_a_new_move_of_ours_give_no_sign():
    watch = watched()
    watch.begin(5.0)
    watch.begin(None)
    watch.begin(2.0)
    for setpoint in (5.0, 1.2, 2.0):
        assert watch.note_setpoint(setpoint, 3.0, 0.0) is None
    assert watch.end(9.0) is None


def test_a_limit_switch_that_changes_the_set_point_is_nobodys_command():
    watch = watched()
    watch.begin(5.0)
    assert watch.note_setpoint(5.0, 2.0, 0.0) is None
    assert watch.note_setpoint(3.0, 4.0, 0.0) is None
    assert watch.end(4.0, is_obstructed=True) is None


def test_a_write_of_ours_that_nobody_follows_is_ours_until_the_motor_rests():
    watch = watched()
    watch.begin(3.0)
    watch.leave(now=0.0)
    assert watch.note_setpoint(3.0, 2.0, 0.1) is None
    assert watch.note_done(False, 2.0, 0.1) is None
    assert watch.note_done(True, 9.0, 7.0) is None
    assert watch.note_done(False, 10.0, 8.0) == Sign(10.0)


def test_a_write_of_ours_that_sets_off_no_motion_hides_no_motion_of_others():
    watch = watched()
    watch.begin(None)  # such as another offset
    watch.leave(now=0.0)
    assert watch.note_setpoint(1.5, 2.0, 0.1) is None
    assert watch.note_done(False, 20.0, 0.1 + 2 * GRACE_S) == Sign(20.0)


def test_what_a_record_says_first_after_it_was_lost_says_nothing():
    watch = arrived_at(5.0)
    watch.lose()
    assert watch.note_setpoint(9.0, 30.0, 0.0) is None
    assert watch.note_done(False, 30.0, 0.0) is None


# ---- the motion of others gives one sign each


def test_a_set_point_of_others_gives_one_sign_with_it():
    watch = arrived_at(5.0)
    assert watch.note_setpoint(7.0, 11.0, 0.0) == Sign(11.0, 7.0)
    assert watch.note_done(False, 11.0, 0.0) is None
    assert watch.note_done(True, 13.0, 0.0) is None
    assert watch.note_setpoint(6.0, 14.0, 0.0) == Sign(14.0, 6.0)


def test_a_jog_of_others_gives_one_sign_whatever_comes_last_at_its_end():
    for ends in ("done first", "set point first"):
        watch = arrived_at(5.0)
        assert watch.note_done(False, 11.0, 0.0) == Sign(11.0)
        last = [lambda w=watch: w.note_done(True, 13.0, 0.0), lambda w=watch: w.note_setpoint(6.3, 13.0, 0.0)]
        for note in last if ends == "done first" else reversed(last):
            assert note() is None
        assert watch.note_done(False, 15.0, 0.0) == Sign(15.0)


def test_who_ends_our_move_gives_a_sign():
    watch = watched()
    watch.begin(5.0)
    watch.note_setpoint(5.0, 2.0, 0.0)
    watch.note_setpoint(1.2, 3.0, 0.0)
    assert watch.end(3.1, is_by_others=True) == Sign(3.0, 1.2)


def test_who_sends_our_motor_elsewhere_and_back_gives_a_sign_though_it_arrives():
    watch = watched()
    watch.begin(5.0)
    for setpoint, at in ((5.0, 2.0), (7.0, 3.0), (5.0, 4.0)):
        assert watch.note_setpoint(setpoint, at, 0.0) is None
    assert watch.end(9.0) == Sign(3.0, 7.0)


def test_who_moves_it_between_two_moves_of_ours_gives_a_sign_however_late_it_comes():
    watch = arrived_at(5.0)
    watch.begin(6.0)
    assert watch.note_setpoint(7.0, 11.0, 0.0) is None
    assert watch.note_setpoint(6.0, 12.0, 0.0) is None
    assert watch.end(14.0) == Sign(11.0, 7.0)


def test_a_motion_of_others_long_after_a_set_point_that_moved_nothing_gives_a_sign():
    watch = arrived_at(5.0)
    assert watch.note_setpoint(1e6, 11.0, 0.0) == Sign(11.0, 1e6)  # refused by the record, beyond its limits
    assert watch.note_setpoint(5.0, 11.0, 0.0) is None
    assert watch.note_done(False, 50.0, 0.0) == Sign(50.0)


# ---- any order of our moves and theirs


moves = st.lists(st.tuples(st.sampled_from(["ours", "theirs", "their jog"]), st.booleans()), max_size=8)


@given(moves)
def test_each_motion_of_others_gives_one_sign_and_each_of_ours_none(story):
    """Moves one after the other; the two subscriptions of a move come in either order, after its end or before."""
    watch, clock, setpoint = watched(), 1.0, 0.0
    for who, done_first in story:
        start, rest = clock + 1, clock + 3
        clock, setpoint = rest, setpoint + 1
        if who == "ours":
            watch.begin(setpoint)
        at_start = [(watch.note_setpoint, setpoint, start)] if who != "their jog" else []
        at_rest = [(watch.note_setpoint, setpoint, rest)] if who == "their jog" else []
        dones = [(watch.note_done, False, start), (watch.note_done, True, rest)]
        sent = [*dones, *at_start, *at_rest] if done_first else [*at_start, dones[0], *at_rest, dones[1]]
        if who == "ours" and done_first:
            assert watch.end(rest) is None
        signs = [sign for note, value, at in sent if (sign := note(value, at, 100 * clock)) is not None]
        if who == "ours" and not done_first:
            assert watch.end(rest) is None
        assert len(signs) == (who != "ours"), (who, done_first, signs)
