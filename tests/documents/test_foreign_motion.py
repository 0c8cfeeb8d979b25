"""Which points of a run somebody else has disturbed, from its documents."""

from __future__ import annotations

from beamshell.documents.foreign_motion import ForeignMotions


def taken(*marks: tuple[str, int]) -> ForeignMotions:
    motions = ForeignMotions()
    for device, point in marks:
        motions.take({"name": "foreign_motion"}, {"data": {"device": device, "point": point}})
    return motions


def test_each_device_has_a_line_with_its_points():
    motions = taken(("th", 7), ("th", 3), ("th", 3), ("samx", 2), ("samy", 0))
    assert motions.lines() == [
        "th was moved by somebody else, points 3, 7 are not to be trusted",
        "samx was moved by somebody else, point 2 is not to be trusted",
        "samy was moved by somebody else meanwhile",
    ]
    assert motions.points() == {2, 3, 7}


def test_events_of_other_streams_say_nothing():
    motions = ForeignMotions()
    motions.take({"name": "primary"}, {"data": {"device": "th", "point": 1}})
    assert motions.lines() == []
