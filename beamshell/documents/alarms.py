"""Alarms of recorded values: MINOR, MAJOR, and INVALID, which says that a value is not to be trusted.

The event model has no place for an alarm in an event, so each value with one is named by an event of a stream of its
own, `alarms`, which comes before the event that has the value. Pure: it asks no device.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from beamshell.documents import Document

MINOR, MAJOR, INVALID = "MINOR", "MAJOR", "INVALID"
SEVERITIES = {1: MINOR, 2: MAJOR, 3: INVALID}
"""The alarm severities by the numbers that readings have (menuAlarmSevr of EPICS base); 0 is no alarm. A record that
was never processed is INVALID."""
MARKS = {MINOR: "~", MAJOR: "^", INVALID: "!"}
"""What stands behind a value with an alarm, in a table or a line."""

STREAM = "alarms"
STREAMS = (STREAM, "invalid_values")
"""The streams that say so: runs recorded before `alarms` came have the other one, which names INVALID values alone."""

_SOURCE = "RunEngine"
DATA_KEYS: Document = {
    "stream": {"source": _SOURCE, "dtype": "string", "shape": []},
    "point": {"source": _SOURCE, "dtype": "integer", "shape": []},
    "key": {"source": _SOURCE, "dtype": "string", "shape": []},
    "severity": {"source": _SOURCE, "dtype": "string", "shape": []},
    "event": {"source": _SOURCE, "dtype": "string", "shape": []},
}
"""The data keys of the stream: the value and its event: by number and, as a number may come again, by uid."""

_NONE: Mapping[str, str] = {}


def alarms_of(readings: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The severities of the readings that have an alarm, by key.

    Example:
        >>> alarms_of({"det": {"value": 5, "alarm_severity": 0}, "ring": {"value": 99.2, "alarm_severity": 1}})
        {'ring': 'MINOR'}
    """
    severities = {key: SEVERITIES.get(reading.get("alarm_severity", 0)) for key, reading in readings.items()}
    return {key: severity for key, severity in severities.items() if severity is not None}


def alarm_of(signal: str, severities: Mapping[str, str]) -> str:
    """The severity of a recorded value, or the worse one of a quotient such as "it/i0"; "" for no alarm.

    Args:
        signal: a key or a quotient.
        severities: of the values of an event that have an alarm, by key.
    """
    of_parts = [severities.get(key, "") for key in (signal, *signal.split("/"))]
    return max(of_parts, key=("", *MARKS).index)


def in_words(severity: str) -> str:
    """What a person is told of a value with an alarm; "" if it has none."""
    return "INVALID, not to be trusted" if severity == INVALID else severity and f"{severity} alarm"


class Alarms:
    """The alarms of a run's values; to be given the events of all its streams in their order.

    Example:
        >>> alarms = Alarms()
        >>> mark = {"data": {"stream": "primary", "point": 3, "key": "det", "severity": "MAJOR", "event": "e3"}}
        >>> alarms.take({"name": "alarms"}, mark)
        >>> alarms.of({"uid": "e3", "data": {"det": 0.0, "th": 1.0}})
        {'det': 'MAJOR'}
    """

    def __init__(self) -> None:
        self._of_events: dict[str, dict[str, str]] = {}  # by uid

    def take(self, descriptor: Document, event: Document) -> None:
        """Note what an event says, if it is one of the stream `alarms`."""
        if descriptor.get("name") in STREAMS:
            data = event["data"]
            self._of_events.setdefault(data["event"], {})[data["key"]] = data.get("severity", INVALID)

    def of(self, event: Document) -> Mapping[str, str]:
        """The severities of the values of an event that have an alarm, by key."""
        return self._of_events.get(event["uid"], _NONE)
