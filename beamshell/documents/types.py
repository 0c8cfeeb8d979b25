"""The shape of every document of a run, as typed dictionaries.

It knows no code that makes or reads them. Field names and meanings are those of the event-model
project's JSON schemas, so that whoever reads that project's documents reads these.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from beamshell.protocols import DataKey, Hints

Document: TypeAlias = dict[str, Any]
"""Any of the documents below, as the engine hands it over."""

DocumentName: TypeAlias = Literal[
    "start",
    "descriptor",
    "event",
    "event_page",
    "stop",
    "resource",
    "datum",
    "datum_page",
    "stream_resource",
    "stream_datum",
]
"""What a document is, as the first argument of a callback says it."""


class RunStart(TypedDict, total=False):
    """Opens a run: everything that was known beforehand. Any other key is the user's own metadata."""

    uid: str
    time: float
    """Seconds since 1970-01-01 UTC, here and in every other document."""
    scan_id: int
    plan_name: str
    plan_type: str
    plan_args: dict[str, Any]
    detectors: list[str]
    motors: list[str]
    num_points: int
    num_intervals: int
    hints: Hints
    group: str
    owner: str
    project: str
    sample: str | dict[str, Any]


class Configuration(TypedDict):
    """The slow settings of one device when its stream began."""

    data: dict[str, Any]
    timestamps: dict[str, float]
    data_keys: dict[str, DataKey]


class EventDescriptor(TypedDict):
    """Says what the events of one stream hold; a new one follows when a configuration changes."""

    uid: str
    time: float
    run_start: str
    name: NotRequired[str]
    """The stream, such as "primary" or "baseline"."""
    data_keys: dict[str, DataKey]
    object_keys: NotRequired[dict[str, list[str]]]
    configuration: NotRequired[dict[str, Configuration]]
    hints: NotRequired[dict[str, Hints]]


class Event(TypedDict):
    """One point."""

    uid: str
    time: float
    descriptor: str
    seq_num: int
    """Counts from 1 in each stream; a point that is measured again after a pause keeps its number."""
    data: dict[str, Any]
    timestamps: dict[str, float]
    filled: NotRequired[dict[str, bool | str]]


class EventPage(TypedDict):
    """Many points of one descriptor, a list in place of each value."""

    uid: list[str]
    time: list[float]
    descriptor: str
    seq_num: list[int]
    data: dict[str, list[Any]]
    timestamps: dict[str, list[float]]
    filled: NotRequired[dict[str, list[bool | str]]]


class RunStop(TypedDict):
    """Closes a run."""

    uid: str
    time: float
    run_start: str
    exit_status: Literal["success", "abort", "fail"]
    reason: NotRequired[str]
    num_events: NotRequired[dict[str, int]]
    """By stream, the highest sequence number."""


class Resource(TypedDict):
    """A file outside the documents, whose parts are told by Datum documents."""

    uid: str
    spec: str
    root: str
    resource_path: str
    resource_kwargs: dict[str, Any]
    run_start: NotRequired[str]
    path_semantics: NotRequired[Literal["posix", "windows"]]


class Datum(TypedDict):
    """One part of a resource; the event carries its `datum_id` as value."""

    datum_id: str
    resource: str
    datum_kwargs: dict[str, Any]


class DatumPage(TypedDict):
    """Many parts of one resource, a list in place of each value."""

    datum_id: list[str]
    resource: str
    datum_kwargs: dict[str, list[Any]]


class StreamResource(TypedDict):
    """A file outside the documents that grows by whole ranges of points."""

    uid: str
    data_key: str
    mimetype: str
    uri: str
    parameters: dict[str, Any]
    run_start: NotRequired[str]


class StreamRange(TypedDict):
    """From `start` (included) to `stop` (not included)."""

    start: int
    stop: int


class StreamDatum(TypedDict):
    """A range of points that now lie in a stream resource."""

    uid: str
    descriptor: str
    stream_resource: str
    indices: StreamRange
    seq_nums: StreamRange
