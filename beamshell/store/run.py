"""One run: its documents, its points as a table, its pictures.

It never writes, and never knows a device or the engine.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from typing import Any

from beamshell.documents.types import Document
from beamshell.errors import StoreError, UnknownName
from beamshell.store import run_file
from beamshell.store.frame_locations import Pieces, external_keys
from beamshell.store.images import AssetReaders, FileList, Images, files_of, find_key
from beamshell.store.readers import Array
from beamshell.store.table import Table, table_of


class Run:
    """One run, read from its file; also one that is being written now.

    Args:
        path: its file.
        library: how external files are found and read; None is the usual way.
    """

    def __init__(self, path: Path, library: AssetReaders | None = None) -> None:
        self.path = path
        self._library = library or AssetReaders()
        self._pieces: tuple[int, Pieces] = (-1, Pieces())  # and how long the run's file was then

    @cached_property
    def start(self) -> Document:
        """The start document: everything that was known beforehand."""
        start = run_file.first_document(self.path)
        if start is None:
            raise StoreError(f"{self.path}:1 is no start document: the run cannot be read as a whole")
        return start

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
        return run_file.documents(self.path)

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
            return dict(stop["num_events"])
        return run_file.count_points(self.documents())

    @property
    def config(self) -> dict[str, Any]:
        """By device, its settings when its stream began: `run.config["det"]["det_exposure"]`."""
        found: dict[str, Any] = {}
        for doc in self.descriptors:
            for device, configuration in doc.get("configuration", {}).items():
                found.setdefault(device, {}).update(configuration["data"])
        return found

    def table(self, stream: str = "primary") -> Table:
        """The points of one stream as columns.

        Raises:
            UnknownName: the run has no such stream; the message names those it has.
        """
        if stream not in self.streams:
            raise UnknownName(
                f"run {self.scan_id} has no stream {stream!r}: it has {', '.join(self.streams) or 'none yet'}"
            )
        return table_of(self.documents(), stream)

    @property
    def image_keys(self) -> list[str]:
        """The data keys whose values lie in files of their own, such as ["cam_image"]."""
        return list(dict.fromkeys(key for doc in self.descriptors for key in external_keys(doc)))

    def image(self, name: str, point: int = -1, *, stream: str | None = None) -> Array:
        """The picture of one point: (height, width), or (n, height, width) if a point has n > 1 frames.

        Whatever else lies in files comes the same way, in the shape that it has there.

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
        pieces, label = self._external(), self._label()
        stream, key = find_key(pieces, name, stream, label)
        return Images(key, pieces.places(stream, key), self._library, label)

    @property
    def files(self) -> FileList:
        """The files that detectors have written for this run, whether they are there, and their size."""
        return files_of(self._external(), self._library)

    def _external(self) -> Pieces:
        length = self.path.stat().st_size if self.path.exists() else 0
        if length != self._pieces[0]:
            self._pieces = length, Pieces(self.documents())
        return self._pieces[1]

    def _label(self) -> str:
        return f"run {self.uid[:8] if self.scan_id is None else self.scan_id}"

    def __repr__(self) -> str:
        images = f", images: {', '.join(keys)}" if (keys := self.image_keys) else ""
        points = sum(self.num_events.values()) if "primary" not in self.num_events else self.num_events["primary"]
        return (
            f"Run {self.scan_id}: {plan_line(self.start)}, {points} points, {self.exit_status or 'open'}, "
            f"{clock(self.start['time'])}, uid {self.uid[:8]}{images}"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)


def plan_line(start: Document) -> str:
    """What a person remembers of a run: the command as typed, or the plan with its motors and detectors."""
    if isinstance(command := start.get("command"), str) and command:
        return shorten(command, 60, placeholder=" ...")
    names = [str(name) for key in ("motors", "detectors") for name in start.get(key) or ()]
    return " ".join([str(start.get("plan_name") or "?"), *names])


def clock(time: float) -> str:
    """Local date and time of a moment in seconds since 1970-01-01 UTC."""
    return f"{datetime.datetime.fromtimestamp(time):%Y-%m-%d %H:%M:%S}"
