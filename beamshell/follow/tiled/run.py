"""TiledRun: what a Tiled catalogue is to have of one run: metadata, a table for each stream, and arrays in files.

The layout is that of bluesky's TiledWriter, "BlueskyRun" 3.0, which the clients of a facility read. It knows no server.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.errors import StoreError
from beamshell.follow.tiled.columns import (
    NO_FIT,
    ColumnTooNarrowError,
    as_text,
    column_names,
    column_of,
    declared_type,
    plain,
    wider,
)
from beamshell.follow.tiled.files import ArrayInFiles, array_in_files
from beamshell.store.asset_readers import AssetReaders
from beamshell.store.frame_locations import FrameLocations
from beamshell.text.lists import listed

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class StreamRows:
    """The events of a stream as the rows of a table.

    Attributes:
        name: of the stream.
        metadata: of its node, from its first descriptor.
        updates: what later descriptors say of the configuration.
        updates_written: how many of them Tiled has.
        keys: what is said of each data key, by its name.
        columns: the column of each data key.
        types: of columns that are wider than the descriptor says.
        lists_as_text: whether values that are lists are written as JSON, for a database without lists.
        seq_nums: those of all events, in their order.
        rows: events that were not written yet.
        written: rows that Tiled has.
    """

    name: str
    metadata: dict[str, Any]
    keys: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    types: dict[str, pa.DataType] = field(default_factory=dict)
    lists_as_text: bool = False
    seq_nums: array[int] = field(default_factory=lambda: array("q"))
    rows: list[Document] = field(default_factory=list)
    written: int = 0
    updates: list[dict[str, Any]] = field(default_factory=list)
    updates_written: int = 0

    def add_keys(self, data_keys: Mapping[str, Any]) -> None:
        """Take the data keys of a descriptor; those whose values are streamed into files are no columns."""
        for key, about in data_keys.items():
            if not str((about or {}).get("external", "")).startswith("STREAM:"):
                self.keys.setdefault(key, about or {})
        self.columns = column_names(self.keys)

    def add(self, event: Document) -> None:
        """Take an event.

        Raises:
            ValueError: something of it is missing.
        """
        if missing := {"seq_num", "time", "data", "timestamps"} - event.keys():
            raise ValueError(f"it has no {listed(sorted(missing))}")
        self.seq_nums.append(event["seq_num"])
        if len(self.seq_nums) > self.written:
            self.rows.append(event)

    def has_written(self, rows: int) -> None:
        """Note how many rows Tiled has."""
        self.written = rows
        first = len(self.seq_nums) - len(self.rows)
        del self.rows[: max(0, rows - first)]

    def schema(self) -> pa.Schema:
        """The columns of the table, with types that hold the rows that are to be written."""
        import pyarrow as pa

        fields = [("seq_num", pa.int64()), ("time", pa.float64())]
        for key, column in self.columns.items():
            values = [row["data"].get(key) for row in self.rows]
            fields.append((column, self.types.get(column) or self._type_of(self.keys[key], values)))
        return pa.schema(fields + [(f"ts_{column}", pa.float64()) for column in self.columns.values()])

    def table(self, schema: pa.Schema) -> pa.Table:
        """The rows that are to be written.

        Args:
            schema: the columns of the table as Tiled has it.

        Raises:
            ColumnTooNarrowError: a column cannot hold a value.
        """
        import pyarrow as pa

        values: dict[str, list[Any]] = {
            "seq_num": [row["seq_num"] for row in self.rows],
            "time": [row["time"] for row in self.rows],
        }
        for key, column in self.columns.items():
            values[column] = [row["data"].get(key) for row in self.rows]
            values[f"ts_{column}"] = [row["timestamps"].get(key) for row in self.rows]
        arrays = []
        for name, kind in zip(schema.names, schema.types, strict=True):
            column_values = values.get(name) or [None] * len(self.rows)
            if pa.types.is_string(kind):
                column_values = [as_text(value) for value in column_values]
            try:
                arrays.append(column_of(column_values, kind))
            except NO_FIT as exc:
                raise ColumnTooNarrowError(name, wider(kind, column_values)) from exc
        return pa.Table.from_arrays(arrays, schema=schema)

    def table_metadata(self) -> dict[str, Any]:
        """What is said of each column; of one that has another name than its data key also that."""
        return {
            column: plain(about if column == key else {**about, "data_key": key})
            for (key, about), column in zip(self.keys.items(), self.columns.values(), strict=True)
        }

    def _type_of(self, about: Mapping[str, Any], values: list[Any]) -> pa.DataType:
        import pyarrow as pa

        kind = declared_type(about)
        if pa.types.is_list(kind) and self.lists_as_text:
            return pa.string()
        while not pa.types.is_string(kind):
            try:
                column_of(values, kind)
            except NO_FIT:
                kind = wider(kind, values)
            else:
                break
        return kind


class TiledRun(RunReceiver):
    """Takes the lines of one run in their order.

    Args:
        uid: of the run.
        types: of columns that are wider than the descriptors say, by stream and column.

    Attributes:
        uid: of the run.
        start_doc: its start document; None if that line is damaged.
        stop_doc: its stop document.
        streams: the rows of its streams, by name.
        line: the number of the last line that was taken.
        files_have_changed: whether there are points in files that Tiled may not have.
    """

    def __init__(self, uid: str, types: dict[str, dict[str, pa.DataType]]) -> None:
        super().__init__()
        self.uid = uid
        self._types = types
        self.start_doc: Document | None = None
        self.stop_doc: Document | None = None
        self.streams: dict[str, StreamRows] = {}
        self.line = 0
        self.files_have_changed = False
        self._external: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._locations = FrameLocations()

    @property
    def unwritten(self) -> int:
        """Rows that are to be written."""
        return sum(len(stream.rows) for stream in self.streams.values())

    @override
    def __call__(self, name: str, doc: Document) -> None:
        """Take a document."""
        super().__call__(name, doc)
        if self._external or name != "event":
            self._locations(name, doc)
            self.files_have_changed |= bool(self._external)

    @override
    def start(self, start: Document) -> None:
        """The run begins."""
        self.start_doc = start

    @override
    def descriptor(self, descriptor: Document) -> None:
        """A stream begins, or its configuration has changed."""
        name = str(descriptor.get("name", "primary"))
        if name not in self.streams:
            metadata = {key: descriptor[key] for key in descriptor if key not in ("name", "object_keys", "run_start")}
            self.streams[name] = StreamRows(name, plain(metadata), types=self._types.setdefault(name, {}))
        else:
            update = {key: plain(descriptor[key]) for key in ("uid", "time", "configuration") if descriptor.get(key)}
            self.streams[name].updates.append(update)
        self.streams[name].add_keys(descriptor["data_keys"])
        for key, about in descriptor["data_keys"].items():
            if about and about.get("external"):
                self._external[name, key] = about

    @override
    def event(self, descriptor: Document, event: Document) -> None:
        """A point was measured."""
        self.streams[str(descriptor.get("name", "primary"))].add(event)

    @override
    def stop(self, stop: Document) -> None:
        """The run has ended."""
        self.stop_doc = stop

    def arrays_in_files(self, assets: AssetReaders) -> dict[tuple[str, str], ArrayInFiles]:
        """The arrays in files, by stream and data key, those that Tiled can read and whose type is recorded."""
        arrays = {}
        for (stream, key), about in self._external.items():
            try:
                locations = list(self._locations.locations(stream, key).values())
                made = array_in_files(about, locations, assets)
            except (StoreError, ValueError, LookupError, TypeError):  # a document of another program may say anything
                continue
            if made is not None:
                arrays[stream, key] = made
        return arrays
