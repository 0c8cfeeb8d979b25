"""Which values of a run are not to be trusted, from its documents."""

from __future__ import annotations

from beamshell.documents.invalid_values import InvalidValues, invalid_keys


def mark(event: str, key: str) -> dict:
    return {"data": {"stream": "primary", "point": 1, "key": key, "event": event}}


def test_the_marks_of_an_event_count_for_that_event_alone():
    invalid = InvalidValues()
    for key in ("det", "th"):
        invalid.take({"name": "invalid_values"}, mark("e1", key))
    assert invalid.keys({"uid": "e1"}) == {"det", "th"}
    assert invalid.keys({"uid": "e2"}) == frozenset()


def test_events_of_other_streams_mark_nothing():
    invalid = InvalidValues()
    invalid.take({"name": "primary"}, mark("e1", "det"))
    assert invalid.keys({"uid": "e1"}) == frozenset()


def test_a_reading_is_not_to_be_trusted_if_its_alarm_is_invalid():
    severities = {"none": 0, "minor": 1, "major": 2, "invalid": 3}
    readings = {key: {"value": 1, "timestamp": 1.0, "alarm_severity": number} for key, number in severities.items()}
    assert invalid_keys({**readings, "soft": {"value": 1, "timestamp": 1.0}}) == ["invalid"]
