"""Builds the documents of a run: start, descriptor, event page, stop.

Pure: identifiers and times come in as arguments, and a document is never changed once it is built.
Shapes: the JSON schemas of the event-model project; the tests check every document against them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from beamshell.documents import Document


def start(uid: str, time: float, metadata: Mapping[str, Any]) -> Document:
    """The document that opens a run.

    Args:
        uid: identifier of the run.
        time: seconds since 1970-01-01 UTC.
        metadata: everything known beforehand; "uid" and "time" in it do not count.
    """
    return {**metadata, "uid": uid, "time": time}


def descriptor(
    uid: str,
    time: float,
    run_start: str,
    name: str,
    data_keys: Mapping[str, Any],
    object_keys: Mapping[str, Sequence[str]],
    configuration: Mapping[str, Any],
    hints: Mapping[str, Any],
) -> Document:
    """The document that describes the data keys of the events of stream `name`.

    Args:
        data_keys: by key of the events, what each value is (protocols.DataKey).
        object_keys: by device, the keys that come from it.
        configuration: by device, ``{"data", "timestamps", "data_keys"}`` of its settings.
        hints: by device, which keys to show first.
    """
    return {
        "uid": uid,
        "time": time,
        "run_start": run_start,
        "name": name,
        "data_keys": data_keys,
        "object_keys": object_keys,
        "configuration": configuration,
        "hints": hints,
    }


def event_page(descriptor_uid: str, events: Iterable[Document]) -> Document:
    """One document for many events of one descriptor: a list in place of each value."""
    rows = list(events)
    keys = rows[0]["data"] if rows else ()
    filled = rows[0]["filled"] if rows else ()
    return {
        "descriptor": descriptor_uid,
        "uid": [row["uid"] for row in rows],
        "time": [row["time"] for row in rows],
        "seq_num": [row["seq_num"] for row in rows],
        "data": {key: [row["data"][key] for row in rows] for key in keys},
        "timestamps": {key: [row["timestamps"][key] for row in rows] for key in keys},
        "filled": {key: [row["filled"][key] for row in rows] for key in filled},
    }


def stop(
    uid: str, time: float, run_start: str, exit_status: str, reason: str, num_events: Mapping[str, int]
) -> Document:
    """The document that closes a run.

    Args:
        exit_status: "success", "abort" or "fail".
        reason: why, in words; empty after a success.
        num_events: by stream, the highest sequence number.
    """
    return {
        "uid": uid,
        "time": time,
        "run_start": run_start,
        "exit_status": exit_status,
        "reason": reason,
        "num_events": dict(num_events),
    }


def configuration_of(readings: Mapping[str, Any], data_keys: Mapping[str, Any]) -> Document:
    """One device's entry in a descriptor's configuration, from its readings and their description."""
    return {
        "data": {key: reading["value"] for key, reading in readings.items()},
        "timestamps": {key: reading["timestamp"] for key, reading in readings.items()},
        "data_keys": dict(data_keys),
    }
