"""CSV: a file for each stream, a line of column names with units, then a line for each point.

Numbers are written so that they are read back exactly. It knows no file but those that it is given.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any, TextIO

from typing_extensions import override

from beamshell.documents import Document
from beamshell.documents.alarms import Alarms
from beamshell.documents.router import RunReceiver
from beamshell.store.amendments import Amendment
from beamshell.store.encoding import to_json
from beamshell.store.exports.files import NewFiles
from beamshell.store.exports.writer import Outline, is_point, stream_of
from beamshell.store.frame_locations import external_keys
from beamshell.text.numbers import label
from beamshell.text.times import date_and_time

NUMBER, TIME, ALARMS = "seq_num", "time", "alarms"
"""The columns beside those of the data keys; the last one only in a stream that has an alarm."""


class CsvWriter(RunReceiver):
    """Writes a run into CSV files.

    A value that is missing is an empty cell, an array is written as JSON. Data in files of their own (pictures) are no
    columns.

    Args:
        files: where they are made.
        outline: of the run.
        header: True for lines that begin with `#` above the column names: the metadata and what was said later.
    """

    def __init__(self, files: NewFiles, outline: Outline, *, header: bool = False) -> None:
        super().__init__()
        self._files = files
        self._outline = outline
        self._header = header
        self._tables: dict[str, _Table] = {}  # by stream
        self._alarms = Alarms()

    @override
    def descriptor(self, descriptor: Document) -> None:
        stream = stream_of(descriptor)
        if stream in self._tables:
            return
        file = self._files.text(stream)
        if self._header:
            file.writelines(f"# {line}\n" for line in _facts(self._outline))
        external = set(external_keys(descriptor))
        about = self._outline.data_keys.get(stream) or descriptor["data_keys"]
        units = {key: str((one or {}).get("units") or "") for key, one in about.items() if key not in external}
        self._tables[stream] = _Table(file, units, has_alarms=stream in self._outline.with_alarms)

    @override
    def event(self, descriptor: Document, event: Document) -> None:
        self._alarms.take(descriptor, event)
        if is_point(event, self._outline):
            self._tables[stream_of(descriptor)].write(event, self._alarms.of(event).items())

    def close(self) -> None:
        """Nothing is left to be written."""


class _Table:
    """One file: its columns, and its lines."""

    def __init__(self, file: TextIO, units: dict[str, str], *, has_alarms: bool) -> None:
        self._keys = list(units)
        self._has_alarms = has_alarms
        self._writer = csv.writer(file)
        own = {NUMBER, TIME, *([ALARMS] if has_alarms else [])}
        names = [label(f"{key}_" if key in own else key, unit) for key, unit in units.items()]
        self._writer.writerow([NUMBER, label(TIME, "s"), *names, *([ALARMS] if has_alarms else [])])

    def write(self, event: Document, alarms: Iterable[tuple[str, str]]) -> None:
        data = event["data"]
        cells = [event["seq_num"], event["time"], *(_cell(data.get(key)) for key in self._keys)]
        if self._has_alarms:
            cells.append("; ".join(f"{key} {severity}" for key, severity in alarms))
        self._writer.writerow(cells)


def _cell(value: Any) -> Any:
    return to_json(value) if isinstance(value, list | dict) else value


def _facts(outline: Outline) -> list[str]:
    """The metadata, a line a key, and what was said about the run later."""
    metadata = {key: value for key, value in outline.metadata.items() if key != "time"}
    lines = [f"time: {date_and_time(outline.metadata['time'])}"]
    lines += [f"{key}: {value if isinstance(value, str) else to_json(value)}" for key, value in metadata.items()]
    lines += [f"{_said(one)} ({one.operator}, {date_and_time(one.time)})" for one in outline.amendments]
    return [" ".join(line.split()) for line in lines]


def _said(amendment: Amendment) -> str:
    """A comment, a tag or a correction: "comment: nice", "set sample: LaB6"."""
    about = f" {amendment.key}" if amendment.key else ""
    return f"{amendment.kind}{about}: {amendment.value}"
