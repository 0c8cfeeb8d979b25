"""How many points a run has: what the engine records beside them does not count."""

from __future__ import annotations

import pytest

from beamshell.documents.points import number_of_points, points_of_streams


@pytest.mark.parametrize(
    ("num_events", "points"),
    [
        ({}, 0),
        ({"primary": 21, "ring": 300, "baseline": 2}, 21),
        ({"cam": 101, "ring": 5}, 101),
        ({"baseline": 2, "interruptions": 4, "alarms": 7, "invalid_values": 9}, 0),
        ({"ring": 3, "alarms": 300}, 3),
    ],
)
def test_the_points_of_a_run_are_those_that_it_measured(num_events, points):
    assert number_of_points(num_events) == points


def test_streams_without_measured_points_are_left_out():
    assert points_of_streams({"primary": 21, "baseline": 2, "alarms": 1}) == {"primary": 21}
