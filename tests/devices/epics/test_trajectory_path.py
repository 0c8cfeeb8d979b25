"""The arithmetic of a trajectory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.devices.epics.trajectory_path import middles, path_from
from beamshell.errors import BadValue, UnknownName

MOTORS = ["th", "tth"]
PATH = {"positions": {"th": [0.0, 1.0, 3.0], "tth": [5.0, 5.0, 5.0]}, "time": 0.5}


def test_bins_end_half_way_between_points_and_the_outer_ones_reach_as_far_beyond():
    path = path_from("traj", PATH, MOTORS)
    assert path.edges("th").tolist() == [-0.5, 0.5, 2.0, 4.0]
    assert path.edges("tth").tolist() == [5.0] * 4
    assert path.speeds("th").tolist() == [2.0, 3.0, 4.0]
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
        ({"positions": {"th": [0, float("inf")]}}, BadValue, "traj: th: inf is not a position"),
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


def test_the_middle_of_each_bin_follows_from_the_time_stamps_of_full_bins():
    assert middles([(4, 14.0), (10, 20.0)], 10, 99.0) == pytest.approx(np.arange(10.5, 20.5))
    assert middles([(2, 12.0)], 2, 1.0) == pytest.approx([10.5, 11.5])
