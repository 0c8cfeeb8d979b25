"""The arithmetic of a fly scan."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.devices.epics.fly_profile import SETTLE_S, FlyProfile, profile_from
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
        ({"start": float("nan")}, BadValue, "start: nan is not a position"),
        ({"time": float("inf")}, BadValue, "time: inf is not a finite number"),
        ({"num": "many"}, BadValue, "num: 'many' is not a number"),
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
