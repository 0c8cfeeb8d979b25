"""The file of one run: its path, and its lines read back as documents.

It never writes. A line is `["event", {...}]`; an unfinished last line is one that is being written. What comes out has
the fields that its readers rely on: a line that a disk or a hand has damaged is named in the log and left out.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.errors import StoreError
from beamshell.store.run_lines import LineReader

RUNS = "runs"
"""The folder of the run files inside the data folder."""

_BLOCK = 64 * 1024  # bytes of lines read at once: few enough to stay in the processor's cache
_TAIL = 64 * 1024  # bytes; a stop document is far smaller


def run_path(folder: Path, start: Document) -> Path:
    """`runs/2026/11-22/000012_1a2b3c4d.jsonl` inside the data folder, from the local date of the start."""
    moment = datetime.datetime.fromtimestamp(start["time"])
    scan_id = start.get("scan_id")
    number = f"{scan_id:06d}" if isinstance(scan_id, int) else "unnumbered"
    uid = re.sub(r"[^A-Za-z0-9-]", "-", str(start["uid"]))[:8]
    return folder / RUNS / f"{moment:%Y}" / f"{moment:%m-%d}" / f"{number}_{uid}.jsonl"


def free_name(path: Path) -> Path:
    """The path itself, or with a number behind it: the documents of an old run may be sent here again."""
    names = (path.with_stem(f"{path.stem}-{number}") if number else path for number in itertools.count())
    return next(name for name in names if not name.exists())


def documents(path: Path, only: str = "") -> Iterator[tuple[str, Document]]:
    """`(name, document)` in the order written; damaged lines are named in the log and left out.

    Args:
        path: the run's file.
        only: the documents of this name alone, which saves reading the others.

    Raises:
        StoreError: the file cannot be read.
    """
    beginning = f'["{only}"'.encode() if only else b""
    reader = LineReader(path)
    try:
        for first, lines in blocks_of(path):
            for number, line in enumerate(lines, first):
                if line.startswith(beginning) and (pair := reader.document(number, line, is_alone=bool(only))):
                    yield pair
    finally:
        reader.finish()


def blocks_of(path: Path) -> Iterator[tuple[int, list[bytes]]]:
    """The whole lines of a run's file, many at a time: the number of the first, counted from 1, and the lines.

    Raises:
        StoreError: the file cannot be read.
    """
    number = 1
    try:
        with path.open("rb") as file:
            is_whole = True
            while is_whole and (lines := file.readlines(_BLOCK)):
                if not (is_whole := lines[-1].endswith(b"\n")):  # it is being written: its rest would be no line
                    lines.pop()
                if lines:
                    yield number, lines
                number += len(lines)
    except OSError as exc:
        raise _unreadable(path, exc) from exc


def first_document(path: Path) -> Document | None:
    """The start document; None if the file holds none, or not yet."""
    try:
        with path.open("rb") as file:
            line = file.readline()
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    pair = LineReader(path).document(1, line) if line.endswith(b"\n") else None
    return pair[1] if pair and pair[0] == "start" else None


def stop_document(path: Path) -> Document | None:
    """The stop document, from the file's end without reading the rest; None while the run is open."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            tail = file.read()
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    whole = tail[: tail.rfind(b"\n") + 1]
    last = whole[whole.rfind(b"\n", 0, -1) + 1 :]
    pair = LineReader(path).document("last line", last) if last.startswith(b'["stop"') else None
    return pair[1] if pair else None


def count_points(run: Iterable[tuple[str, Document]]) -> dict[str, int]:
    """By stream, the highest sequence number: what a stop document calls `num_events`."""
    counter = _PointCounter()
    counter.take(run)
    return counter.points


class _PointCounter(RunReceiver):
    def __init__(self) -> None:
        super().__init__()
        self.points: dict[str, int] = {}

    def descriptor(self, descriptor: Document) -> None:
        self.points.setdefault(descriptor.get("name", "primary"), 0)

    def event(self, descriptor: Document, event: Document) -> None:
        self._count(descriptor, int(event["seq_num"]))

    def event_page(self, descriptor: Document, page: Document) -> None:
        self._count(descriptor, max(page["seq_num"], default=0))

    def stream_datum(self, descriptor: Document, datum: Document) -> None:
        self._count(descriptor, int(datum["seq_nums"]["stop"]) - 1)

    def _count(self, descriptor: Document, number: int) -> None:
        stream = descriptor.get("name", "primary")
        self.points[stream] = max(self.points[stream], number)


def _unreadable(path: Path, exc: OSError) -> StoreError:
    return StoreError(f"{path} cannot be read ({exc.strerror}): the run's file was moved, or the disk fails")
