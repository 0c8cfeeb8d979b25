"""The arithmetic of a fly scan."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from beamshell.devices.epics.fly_profile import SETTLE_S, FlightLog, FlyProfile, profile_from
from beamshell.errors import BadValue, UnknownName

PATH = {"start": -1.0, "stop": 1.0, "num": 21, "time": 0.1}

places = st.floats(-1e4, 1e4).map(lambda x: round(x, 6))
profiles = st.builds(
    lambda start, way, num, time_s, part: FlyProfile(start, start + way, num, time_s, int(part * num)),
    places,
    places.filter(lambda way: abs(way) > 1e-3),
    st.integers(2, 2000),
    st.floats(1e-3, 100),
    st.floats(0, 0.999),
)


def test_points_lie_in_the_middle_of_their_bins():
    profile = profile_from("fly", PATH)
    assert (profile.step, profile.speed, profile.bins) == (pytest.approx(0.1), pytest.approx(1.0), 21)
    assert (profile.begin, profile.end) == (pytest.approx(-1.05), pytest.approx(1.05))


def test_the_rest_of_a_flight_begins_with_the_first_point_that_is_missing():
    profile = profile_from("fly", {**PATH, "first": 20})
    assert (profile.bins, profile.begin, profile.end) == (1, pytest.approx(0.95), pytest.approx(1.05))


def test_the_run_up_is_the_way_that_a_ramp_takes_and_a_moment_at_full_speed():
    assert profile_from("fly", PATH).run_up(0.4) == pytest.approx(1.0 * (0.2 + SETTLE_S))
    assert profile_from("fly", {**PATH, "start": 1.0, "stop": -1.0}).run_up(0.4) == pytest.approx(-(0.2 + SETTLE_S))


@given(profile=profiles, ramp_s=st.floats(0, 10))
def test_it_takes_off_before_its_first_bin_and_stops_behind_its_last_whichever_way_it_goes(profile, ramp_s):
    sign, room = np.sign(profile.step), profile.run_up(ramp_s)
    places = [profile.begin - room, profile.begin, profile.end, profile.end + room]
    assert all(np.diff(places) * sign > 0)
    assert (profile.end - profile.begin) / profile.step == pytest.approx(profile.bins)
    assert abs(room) == pytest.approx(profile.speed * (ramp_s / 2 + SETTLE_S))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"num": 1}, BadValue, "goes nowhere"),
        ({"num": 2.5}, BadValue, "num is 2.5, and must be a whole number"),
        ({"stop": -1.0}, BadValue, "a flight from -1 to -1 in 21 points goes nowhere"),
        ({"time": 0}, BadValue, "0 s a point is no time"),
        ({"start": float("nan")}, BadValue, "nan is not a position"),
        ({"start": "here"}, BadValue, "'here' is not a number"),
        ({"first": 21}, BadValue, "point 21 is none of the 21"),
        ({"speed": 3}, UnknownName, "fly has no setting 'speed'"),
    ],
)
def test_a_path_that_makes_no_sense_is_refused(change, error, words):
    with pytest.raises(error, match=words):
        profile_from("fly", {**PATH, **change})


def test_a_path_needs_all_its_parts():
    with pytest.raises(BadValue, match="fly: a flight needs num, time too"):
        profile_from("fly", {"start": 0, "stop": 1})


# ---- where the motor was in each bin -------------------------------------------------------------


def log_of(speed, begun, dwell_s, told_s, full, readbacks_s=0.04, start=0.0, told_late=0.0):
    """What a flight at `speed` tells: it passes `start` at time 0, and is `told_s` old."""
    log = FlightLog(dwell_s)
    for stamp in np.arange(-1.0, told_s, readbacks_s):
        log.add_position(start + speed * stamp, stamp)
    log.note_start(begun)
    log.add_full_bins(full, told_s + told_late)
    return log


@given(
    speed=st.floats(-10, 10),
    dwell_s=st.floats(0.002, 1.0),
    full=st.integers(1, 200),
    late=st.floats(0, 0.999),
    begun=st.floats(0, 0.5),
)
def test_a_motor_at_even_speed_is_found_to_a_bin_however_late_the_counter_sends(speed, dwell_s, full, late, begun):
    told_s = begun + (full + late) * dwell_s
    log = log_of(speed, begun, dwell_s, told_s, full)
    times, places = log.points(full)
    exact = begun + (np.arange(full) + 0.5) * dwell_s
    assert times == pytest.approx(exact, abs=1e-9)
    inside = exact < told_s - 0.04  # behind the last read-back nothing is known
    assert places[inside] == pytest.approx(speed * exact[inside], abs=1e-6)


def test_a_clock_that_runs_otherwise_than_the_counter_says_is_used():
    log = log_of(speed=1.0, begun=0.0, dwell_s=0.1, told_s=1.0, full=100)  # ten times as fast
    assert log.edges(100) == pytest.approx(np.linspace(0, 1, 101))


def test_the_time_stamp_of_the_last_bin_may_be_late_since_no_other_follows():
    log = FlightLog(0.1)
    log.note_start(0.0)
    log.add_full_bins(5, 0.55)
    log.add_full_bins(10, 1.5)  # half a second late: a busy machine
    assert log.edges(10) == pytest.approx(np.linspace(0, 1, 11))


def test_a_counter_that_is_slower_than_it_says_is_seen_by_bins_before_the_last():
    log = FlightLog(0.1)
    log.note_start(0.0)
    log.add_full_bins(5, 1.05)  # twice as slow
    log.add_full_bins(10, 2.05)
    assert log.edges(10)[-1] == pytest.approx(1.75)


def test_bins_behind_the_last_readback_are_not_covered():
    log = log_of(speed=1.0, begun=0.0, dwell_s=0.1, told_s=1.0, full=10, readbacks_s=0.25)
    assert log.covered(10) == 7  # the last read-back is of 0.75 s
    assert log.covered(3) == 3


def test_an_empty_log_has_no_points():
    log = FlightLog(0.1)
    log.add_full_bins(3, 5.0)
    assert (len(log.edges(3)), log.covered(3), log.speed()) == (0, 0, 0.0)
    assert [len(column) for column in log.points(3)] == [0, 0]


@given(st.lists(st.tuples(st.floats(0, 10), places), min_size=2, max_size=20))
def test_positions_lie_between_those_that_were_read(seen):
    seen.sort()
    assume(seen[-1][0] > seen[0][0])
    log = FlightLog(0.5)
    for stamp, place in seen:
        log.add_position(place, stamp)
    log.note_start(seen[0][0])
    _, places_at = log.points(5)
    low, high = min(place for _, place in seen), max(place for _, place in seen)
    assert np.all((places_at >= low - 1e-6) & (places_at <= high + 1e-6))


def test_the_speed_is_that_between_the_last_two_readbacks():
    log = FlightLog(0.1)
    log.add_position(0.0, 10.0)
    assert log.speed() == 0.0
    log.add_position(0.2, 10.1)
    log.add_position(0.1, 10.2)
    assert log.speed() == pytest.approx(-1.0)
    log.add_position(0.5, 10.2)
    assert log.speed() == 0.0
