"""Values that are not to be trusted: their control system says INVALID, or has never processed them.

The event model has no place for this in an event, so each such value is named by an event of a stream of its own,
`invalid_values`, which comes before the event that has the value. Pure: it asks no device.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from beamshell.documents import Document

INVALID_SEVERITY = 3
"""The alarm severity of EPICS and others that is called INVALID; a record that was never processed has it too."""

STREAM = "invalid_values"

_SOURCE = "RunEngine"
DATA_KEYS: Document = {
    "stream": {"source": _SOURCE, "dtype": "string", "shape": []},
    "point": {"source": _SOURCE, "dtype": "integer", "shape": []},
    "key": {"source": _SOURCE, "dtype": "string", "shape": []},
    "event": {"source": _SOURCE, "dtype": "string", "shape": []},
}
"""The data keys of the stream: the value and its event: by number and, as a number may come again, by uid."""


def invalid_keys(readings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The keys of the readings that are not to be trusted."""
    return [key for key, reading in readings.items() if reading.get("alarm_severity") == INVALID_SEVERITY]


class InvalidValues:
    """The values of a run that are not to be trusted; to be given the events of all its streams in their order.

    Example:
        >>> invalid = InvalidValues()
        >>> mark = {"data": {"stream": "primary", "point": 3, "key": "det", "event": "e3"}}
        >>> invalid.take({"name": "invalid_values"}, mark)
        >>> invalid.keys({"uid": "e3", "data": {"det": 0.0, "th": 1.0}})
        frozenset({'det'})
    """

    def __init__(self) -> None:
        self._keys: dict[str, set[str]] = {}  # by uid of an event

    def take(self, descriptor: Document, event: Document) -> None:
        """Note what an event says, if it is one of the stream `invalid_values`."""
        if descriptor.get("name") == STREAM:
            self._keys.setdefault(event["data"]["event"], set()).add(event["data"]["key"])

    def keys(self, event: Document) -> frozenset[str]:
        """The keys of an event whose values are not to be trusted."""
        return frozenset(self._keys.get(event["uid"], ())) if self._keys else frozenset()
