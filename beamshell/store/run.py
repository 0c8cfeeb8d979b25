"""Run: one stored run, with its documents, its points as a table, its pictures and its files.

It never writes, and knows no device and no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from typing import Any

from beamshell.documents import Document
from beamshell.documents.continuation import CONTINUES, CONTINUES_SCAN, first_point
from beamshell.documents.points import number_of_points
from beamshell.documents.start_keys import without_wrong_types
from beamshell.errors import StoreError, UnknownName
from beamshell.store import run_file
from beamshell.store.amendments import COMMENT, TAG, Amendment, Amendments, corrected
from beamshell.store.asset_readers import Array, AssetReaders
from beamshell.store.event_pages import Parser, documents_of_stream, exactly_read
from beamshell.store.frame_locations import FrameLocations, external_keys
from beamshell.store.images import FileList, Images, files_of, find_key
from beamshell.store.parts import STREAM, Part, readings_of_parts, table_of_parts
from beamshell.store.table import PointsOfStream, Table, TableKind
from beamshell.store.tables_beside import BASELINE, Baseline, Monitors
from beamshell.text.lists import in_one_line, listed
from beamshell.text.nearest import did_you_mean, unknown_key
from beamshell.text.numbers import counted
from beamshell.text.times import date_and_time


class NamedValues(dict[str, Any]):
    """A dict that answers a missing key with the keys there are, the nearest first.

    Args:
        values: by key.
        kind: the kind of the values, for the message, such as "setting".
        owner: what has them, such as "run 12".
    """

    def __init__(self, values: Mapping[str, Any], kind: str, owner: str) -> None:
        super().__init__(values)
        self._kind, self._owner = kind, owner

    def __missing__(self, key: object) -> Any:
        raise unknown_key(self._kind, key, self, of=self._owner)


class Run:
    """One run, read from its file; also one that is being written now.

    Args:
        path: its file.
        readers: how external files are found and read; None is the usual way.
        find: the run of a uid, in the catalogue that this one is from; None if it is from none.
        amendments: those of its data folder; None: it has none.
    """

    def __init__(
        self,
        path: Path,
        readers: AssetReaders | None = None,
        find: Callable[[str], Run] | None = None,
        amendments: Amendments | None = None,
    ) -> None:
        self.path = path
        self._readers = readers or AssetReaders()
        self._find = find
        self._amendments = amendments
        self._frames = FrameLocations()
        self._frames_at = -1  # how long the run's file was when they were read

    @cached_property
    def start(self) -> Document:
        """The start document: the metadata known before the run.

        What has not the type that programs expect of its key, such as a number for the motors, is in `path` alone.
        """
        start = run_file.first_document(self.path)
        if start is None:
            raise StoreError(f"{self.path}:1 is no start document: the run cannot be read as a whole")
        return NamedValues(without_wrong_types(start), "metadata", f"run {start.get('scan_id')}")

    @property
    def amendments(self) -> list[Amendment]:
        """What was said about it after it was measured, the oldest first: comments, tags, corrected metadata.

        The commands `comment`, `tag` and `amend` write them, also in Python: ``amend(12, "sample", "LaB6")``.
        """
        return [] if self._amendments is None else self._amendments.of(self.uid)

    @property
    def metadata(self) -> Document:
        """The start document with its corrections: what is true of the run, and not only what was known before it."""
        return NamedValues(corrected(self.start, self.amendments), "metadata", self.label)

    @property
    def comments(self) -> list[str]:
        """The comments on it, the oldest first."""
        return [str(each.value) for each in self.amendments if each.kind == COMMENT]

    @property
    def tags(self) -> list[str]:
        """Its tags, each once, in the order in which they were given."""
        return list(dict.fromkeys(str(each.value) for each in self.amendments if each.kind == TAG))

    @property
    def stop(self) -> Document | None:
        """The stop document; None while the run is open."""
        return run_file.stop_document(self.path)

    @property
    def uid(self) -> str:
        """The run's identifier, unique in the world."""
        return str(self.start["uid"])

    @property
    def scan_id(self) -> int | None:
        """The run's number on this beamline."""
        return self.start.get("scan_id")

    @property
    def exit_status(self) -> str | None:
        """Either "success", "abort" or "fail"; None while the run is open."""
        stop = self.stop
        return stop["exit_status"] if stop else None

    def documents(self) -> Iterator[tuple[str, Document]]:
        """`(name, document)` in the order in which they were emitted."""
        for name, doc in run_file.documents(self.path):
            yield name, (without_wrong_types(doc) if name == "start" else doc)

    @property
    def descriptors(self) -> list[Document]:
        """The descriptors of all streams, in the order emitted."""
        return [doc for _, doc in run_file.documents(self.path, only="descriptor")]

    @property
    def streams(self) -> list[str]:
        """The names of the streams."""
        return list(dict.fromkeys(doc.get("name", "primary") for doc in self.descriptors))

    @property
    def num_events(self) -> dict[str, int]:
        """By stream, the number of points; of an open run, so far."""
        stop = self.stop
        if stop is not None and "num_events" in stop:
            num_events = stop["num_events"]
        else:
            num_events = run_file.count_points(self.documents())
        return NamedValues(num_events, "stream", self.label)

    @property
    def config(self) -> dict[str, Any]:
        """By device, its settings when its stream began: `run.config["det"]["det_exposure"]`."""
        settings: dict[str, Any] = {}
        for doc in self.descriptors:
            for device, configuration in doc.get("configuration", {}).items():
                own = settings.setdefault(device, NamedValues({}, "setting", device))
                own.update(configuration["data"])
        return NamedValues(settings, "settings of", self.label)

    def table(self, stream: str = "primary") -> Table:
        """The points of one stream as columns.

        Raises:
            UnknownName: the run has no such stream; the message names those it has.
        """
        return self._table(stream, Table)

    @property
    def baseline(self) -> Baseline:
        """What was read before and after the run: `run.baseline["samx"]` is an array of the two readings.

        Raises:
            UnknownName: the run has no baseline.
        """
        return self._table(BASELINE, Baseline)

    @property
    def monitors(self) -> Monitors:
        """The tables of the signals that were monitored beside the run, by name: `run.monitors["ring"]`."""
        return Monitors(self.streams, self.table, self.label)

    def _table(self, stream: str, kind: type[TableKind]) -> TableKind:
        def table_by(parse: Parser) -> TableKind:
            points = PointsOfStream(stream)
            points.take(documents_of_stream(self.path, stream, parse))
            if not points.is_described:
                streams = self.streams
                remedy = did_you_mean(stream, streams, most=0) or f": it has {listed(streams) or 'no points'}"
                raise UnknownName(f"{self.label} has no stream '{stream}'{remedy}")
            return points.table_as(kind)

        return exactly_read(table_by)

    @property
    def parent(self) -> Run | None:
        """The run that this one continues, which had ended early; None if it is a scan of its own.

        Raises:
            UnknownName: it is not in this data folder.
        """
        uid = self.start.get(CONTINUES)
        if uid is None:
            return None
        if self._find is None:
            raise UnknownName(f"{self.label} continues the run {uid}: open it from its catalogue, runs[...]")
        return self._find(uid)

    @property
    def parts(self) -> list[Run]:
        """The runs of the scan that this one ends, the first one first: those that it continues, and itself."""
        parts = [self]
        while (parent := parts[0].parent) is not None:
            parts.insert(0, parent)
        return parts

    def whole(self) -> Table:
        """The points of the whole scan as columns: those of the runs that this one continues, then its own.

        They are numbered from 1. It is the `table` of a run that continues none.
        """
        parts = self.parts
        return exactly_read(
            lambda parse: table_of_parts(
                Part(first_point(run.start), documents_of_stream(run.path, STREAM, parse)) for run in parts
            )
        )

    def readings(self) -> list[dict[str, dict[str, Any]]]:
        """The points of the whole scan, until the first that is missing: of each, by device, its readings."""
        return readings_of_parts(Part(first_point(run.start), run.documents()) for run in self.parts)

    @property
    def readers(self) -> AssetReaders:
        """How its external files are found and read."""
        return self._readers

    @property
    def image_keys(self) -> list[str]:
        """The data keys whose values are in files of their own, such as ["cam_image"]."""
        return list(dict.fromkeys(key for doc in self.descriptors for key in external_keys(doc)))

    def image(self, name: str, point: int = -1, *, stream: str | None = None) -> Array:
        """The picture of one point: (height, width), or (n, height, width) if a point has n > 1 frames.

        Any other external data come the same way, in the shape that they have in their file.

        Args:
            name: the detector, such as "cam", or one of `image_keys`.
            point: its number as the table shows it, from 1; -1 is the last.
            stream: where there are several of this name; None looks at "primary" first.

        Raises:
            UnknownName: there is no such picture; the message names those there are.
            StoreError: its file cannot be read; the message says what to do.
        """
        return self.images(name, stream=stream).at(point)

    def images(self, name: str, *, stream: str | None = None) -> Images:
        """The pictures of all points, each read when it is asked for; see `image`."""
        frames = self._frame_locations()
        stream, key = find_key(frames, name, stream, self.label)
        return Images(key, frames.locations(stream, key), self._readers, self.label)

    @property
    def files(self) -> FileList:
        """The files that detectors have written for this run, whether they are there, and their size."""
        return files_of(self._frame_locations(), self._readers)

    def _frame_locations(self) -> FrameLocations:
        length = self.path.stat().st_size if self.path.exists() else 0
        if length != self._frames_at:
            self._frames_at, self._frames = length, FrameLocations(self.documents())
        return self._frames

    @property
    def label(self) -> str:
        """Its name in messages: "run 12", or the beginning of its uid if it has no number."""
        return f"run {self.uid[:8] if self.scan_id is None else self.scan_id}"

    def __repr__(self) -> str:
        images = f", images: {listed(keys)}" if (keys := self.image_keys) else ""
        points = counted(number_of_points(self.num_events), "point")
        return (
            f"Run {self.scan_id}: {plan_line(self.start)}, {points}, {self.exit_status or 'open'}, "
            f"{date_and_time(self.start['time'])}, uid {self.uid[:8]}{images}"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)


def plan_line(start: Document) -> str:
    """A run in a few words: the command as typed, or the plan with its motors and detectors; which run it continues."""
    if isinstance(command := start.get("command"), str) and command:
        words = [shorten(command, 60, placeholder=" ...")]
    else:
        lists = [names for key in ("motors", "detectors") if isinstance(names := start.get(key), list | tuple)]
        words = [str(start.get("plan_name") or "?"), *(str(name) for names in lists for name in names)]
    if CONTINUES in start:
        words.append(f"(continues {start.get(CONTINUES_SCAN) or str(start[CONTINUES])[:8]})")
    return in_one_line(" ".join(words))
