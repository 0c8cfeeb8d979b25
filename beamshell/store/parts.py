"""A scan that was continued, as one: its table and its measured points, from the documents of its runs.

It gets documents, and knows no file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.store.table import PointsOfStream, Table

STREAM = "primary"
"""The stream whose points a scan counts."""


class Part(NamedTuple):
    """One run of the scan."""

    first: int
    """The number of its first point in the scan, from 1."""
    documents: Iterable[tuple[str, Document]]


def table_of_parts(parts: Iterable[Part]) -> Table:
    """The points of all runs as one table, numbered from 1; of a point that several have, the last run's counts."""
    points = PointsOfStream(STREAM)
    for part in parts:
        points.numbered_from = part.first
        points.take(part.documents)
    return points.table()


def readings_of_parts(parts: Iterable[Part]) -> list[dict[str, dict[str, Any]]]:
    """The points from the first one to the last before a gap: of each, by the name of the device, its readings."""
    points = _Readings()
    for part in parts:
        points.numbered_from = part.first
        points.take(part.documents)
    readings: list[dict[str, dict[str, Any]]] = []
    while (point := points.by_number.get(len(readings) + 1)) is not None:
        readings.append(point)
    return readings


class _Readings(RunReceiver):
    """Collects the readings of each point, by its number."""

    def __init__(self) -> None:
        super().__init__()
        self.numbered_from = 1
        self.by_number: dict[int, dict[str, dict[str, Any]]] = {}

    def event(self, descriptor: Document, event: Document) -> None:
        if descriptor.get("name", STREAM) != STREAM:
            return
        data, timestamps = event["data"], event.get("timestamps", {})
        self.by_number[event["seq_num"] + self.numbered_from - 1] = {
            device: {key: {"value": data[key], "timestamp": timestamps.get(key)} for key in keys if key in data}
            for device, keys in descriptor.get("object_keys", {}).items()
        }
