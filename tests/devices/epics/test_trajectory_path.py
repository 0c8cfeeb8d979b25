"""The arithmetic of a trajectory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.devices.epics.trajectory_path import path_from
from beamshell.errors import BadValue, UnknownName

MOTORS = ["th", "tth"]
PATH = {"positions": {"th": [0.0, 1.0, 3.0], "tth": [5.0, 5.0, 5.0]}, "time": 0.5}


def test_bins_end_half_way_between_points_and_the_outer_ones_reach_as_far_beyond():
    path = path_from("traj", PATH, MOTORS)
    assert path.edges("th").tolist() == [-0.5, 0.5, 2.0, 4.0]
    assert path.edges("tth").tolist() == [5.0] * 4
    assert (path.num, path.bins) == (3, 3)


def test_the_rest_of_a_path_begins_with_the_bin_of_the_first_point_that_is_missing():
    path = path_from("traj", {**PATH, "first": 2}, MOTORS)
    assert path.edges("th").tolist() == [2.0, 4.0]
    assert path.bins == 1


@given(points=st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=50), data=st.data())
def test_flown_in_two_parts_the_bins_are_the_same(points, data):
    first = data.draw(st.integers(0, len(points) - 1))
    whole = path_from("traj", {"positions": {"th": points}, "time": 1}, MOTORS)
    rest = path_from("traj", {"positions": {"th": points}, "time": 1, "first": first}, MOTORS)
    assert rest.edges("th").tolist() == whole.edges("th")[first:].tolist()
    assert len(whole.edges("th")) == len(points) + 1


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"positions": {"th": [0, 1], "tth": [0, 1, 2]}}, BadValue, "there are: th 2, tth 3"),
        ({"positions": {"th": [0]}}, BadValue, "two or more; there are: th 1"),
        ({"positions": {}}, BadValue, "there are: none"),
        ({"positions": {"samx": [0, 1]}}, UnknownName, "traj has no motor 'samx'"),
        ({"positions": {"th": [0, float("inf")]}}, BadValue, "traj: point 2 of 2: th: inf is not a position"),
        ({"time": float("nan")}, BadValue, "traj: time: nan is not a finite number"),
        ({"time": "fast"}, BadValue, "traj: time: 'fast' is not a number"),
        ({"time": -1}, BadValue, "-1 s a point is no time"),
        ({"first": 3}, BadValue, "point 3 is none of the 3"),
        ({"times": [1]}, UnknownName, "traj has no setting 'times': did you mean time"),
    ],
)
def test_a_path_that_makes_no_sense_is_refused(change, error, words):
    with pytest.raises(error, match=words):
        path_from("traj", {**PATH, **change}, MOTORS)


def test_a_path_needs_its_parts():
    with pytest.raises(BadValue, match="traj: a flight needs positions and time too"):
        path_from("traj", {}, MOTORS)


def driven(path, motor, moments):
    """Where a controller that drives straight from point to point of the profile is at these moments."""
    return np.interp(moments, np.concatenate([[0.0], np.cumsum(path.durations)]), path.profile(motor))


@pytest.mark.parametrize(
    "points",
    [
        [0.0, 1.0, 0.0, 1.0, 0.0],
        np.cos(np.linspace(0, 6, 40)).tolist(),
        (np.linspace(-1, 1, 21) ** 2).tolist(),
        [3.0, 3.0],
    ],
)
@pytest.mark.parametrize("first", [0, 1])
def test_the_profile_passes_all_points_in_the_middle_of_their_bins_and_the_edges_between(points, first):
    path = path_from("traj", {"positions": {"th": points}, "time": 0.5, "first": first}, MOTORS)
    assert path.profile("th").size == path.durations.size + 1 == path.bins + 2
    middles, edges = 0.5 * (np.arange(path.bins) + 0.5), 0.5 * np.arange(path.bins + 1)
    assert driven(path, "th", middles) == pytest.approx(points[first:], abs=1e-12)
    assert driven(path, "th", edges) == pytest.approx(path.edges("th"), abs=1e-12)


def test_the_velocities_are_those_from_point_to_point():
    path = path_from("traj", PATH, MOTORS)
    assert path.velocities("th").tolist() == [2.0, 2.0, 4.0, 4.0]
    assert path.velocities("tth").tolist() == [0.0] * 4


def test_a_corner_is_missed_by_the_square_of_the_change_of_velocity():
    path = path_from("traj", {"positions": {"th": [0.0, 1.0, 0.0]}, "time": 0.5}, MOTORS)  # 2/s there, 2/s back
    assert path.misses("th", 20.0) == pytest.approx([0.0, 4.0**2 / (8 * 20.0), 0.0])
    assert path.misses("th", float("inf")).tolist() == [0.0] * 3


def test_the_miss_of_a_corner_is_that_of_a_motor_which_turns_at_its_acceleration():
    path = path_from("traj", {"positions": {"th": [0.0, 1.0, 2.5]}, "time": 1.0}, MOTORS)
    before, after, acceleration = 1.0, 1.5, 2.0
    turn_s = (after - before) / acceleration
    moments = np.linspace(-turn_s / 2, turn_s / 2, 2001)
    velocity = np.clip(before + acceleration * (moments + turn_s / 2), before, after)
    way = np.concatenate([[0.0], np.cumsum((velocity[1:] + velocity[:-1]) / 2 * np.diff(moments))])
    at_corner = way[1000] - before * turn_s / 2  # from the corner of the two straight lines
    assert path.misses("th", acceleration)[1] == pytest.approx(at_corner, rel=1e-3)
