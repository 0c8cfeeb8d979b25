"""Which values of a run have an alarm, from its documents."""

from __future__ import annotations

import pytest

from beamshell.documents.alarms import Alarms, alarms_of, in_words


def mark(event: str, key: str, **severity: str) -> dict:
    return {"data": {"stream": "primary", "point": 1, "key": key, "event": event, **severity}}


def test_the_alarms_of_an_event_count_for_that_event_alone():
    alarms = Alarms()
    alarms.take({"name": "alarms"}, mark("e1", "det", severity="INVALID"))
    alarms.take({"name": "alarms"}, mark("e1", "th", severity="MINOR"))
    assert alarms.of({"uid": "e1"}) == {"det": "INVALID", "th": "MINOR"}
    assert alarms.of({"uid": "e2"}) == {}


def test_events_of_other_streams_are_no_alarms():
    alarms = Alarms()
    alarms.take({"name": "primary"}, mark("e1", "det", severity="MAJOR"))
    assert alarms.of({"uid": "e1"}) == {}


def test_a_run_that_was_recorded_before_names_its_invalid_values():
    alarms = Alarms()
    alarms.take({"name": "invalid_values"}, mark("e1", "det"))
    assert alarms.of({"uid": "e1"}) == {"det": "INVALID"}


def test_a_reading_has_the_alarm_that_its_control_system_says():
    severities = {"none": 0, "minor": 1, "major": 2, "invalid": 3, "unknown": -1}
    readings = {key: {"value": 1, "timestamp": 1.0, "alarm_severity": number} for key, number in severities.items()}
    alarms = alarms_of({**readings, "soft": {"value": 1, "timestamp": 1.0}})
    assert alarms == {"minor": "MINOR", "major": "MAJOR", "invalid": "INVALID"}


@pytest.mark.parametrize(
    ("severity", "words"),
    [("", ""), ("MINOR", "MINOR alarm"), ("MAJOR", "MAJOR alarm"), ("INVALID", "INVALID, not to be trusted")],
)
def test_an_alarm_in_words(severity, words):
    assert in_words(severity) == words
