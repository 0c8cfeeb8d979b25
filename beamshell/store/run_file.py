"""The file of one run: its path, and its lines read back as documents.

It never writes. A line is `["event", {...}]`; an unfinished last line is one that is being written. What comes out has
the fields that its readers rely on: a line that a disk or a hand has damaged is named in the log and left out.
"""

from __future__ import annotations

import datetime
import itertools
import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from beamshell.documents import Document
from beamshell.documents.router import KINDS, OF_A_STREAM, RunReceiver
from beamshell.errors import StoreError
from beamshell.store.document_check import checked
from beamshell.store.encoding import from_json
from beamshell.text.lists import listed

_log = logging.getLogger(__name__)

RUNS = "runs"
"""The folder of the run files inside the data folder."""

_MOST_NAMED = 3  # damaged lines of one file
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
    damage = _Damage(path)
    membership = _Membership()
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.startswith(beginning) or not line.endswith(b"\n"):
                    continue
                if (pair := _parse(line, number, damage)) is None:
                    continue
                if problem := "" if only else membership.problem(*pair):
                    damage.note(number, problem)
                else:
                    yield pair
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    finally:
        damage.note_the_rest()


def first_document(path: Path) -> Document | None:
    """The start document; None if the file holds none, or not yet."""
    try:
        with path.open("rb") as file:
            line = file.readline()
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    pair = _parse(line, 1, _Damage(path)) if line.endswith(b"\n") else None
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
    pair = _parse(last, "last line", _Damage(path)) if last.startswith(b'["stop"') else None
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


def _parse(line: bytes, number: int | str, damage: _Damage) -> tuple[str, Document] | None:
    """The document of a line; None if it is damaged."""
    try:
        pair = from_json(line.decode("utf-8"))
    except (ValueError, RecursionError):
        pair = None
    if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], dict)):
        damage.note(number, "")
        return None
    name, doc = pair
    try:
        doc, left_out = checked(name, doc)
    except ValueError as exc:
        damage.note(number, str(exc))
        return None
    if left_out:
        damage.note_fields(number, left_out)
    return name, doc


class _Membership:
    """Tells the documents of the run that a file begins with from what else is in the file."""

    def __init__(self) -> None:
        self._run: str | None = None  # its uid; None while no start document was read
        self._streams: set[str] = set()  # the uids of its descriptors

    def problem(self, name: str, doc: Document) -> str:
        """Why a document does not belong to the run; "" if it does."""
        if name in OF_A_STREAM:
            return "" if doc["descriptor"] in self._streams else f"{name} of a stream that is not described"
        if name not in KINDS:
            return f"{name!r} is no kind of document that is known here"
        if name == "start":
            if self._run is not None:
                return "another start"
            self._run = doc["uid"]
        elif self._run is not None and doc.get("run_start", self._run) != self._run:
            return f"{name} of another run"
        elif name == "descriptor":
            self._streams.add(doc["uid"])
        return ""


_reported: set[tuple[Path, int | str]] = set()  # lines with fields of a wrong type that the log has named


class _Damage:
    """Names the damaged lines of one file in the log: the first ones, then how many more there are."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0

    def note(self, number: int | str, problem: str) -> None:
        """Name a line that is left out."""
        self._count += 1
        if self._count <= _MOST_NAMED:
            what = f" ({problem})" if problem else ""
            _log.warning(
                "%s:%s: this line is damaged%s and left out; the rest of the run is read", self._path, number, what
            )

    def note_fields(self, number: int | str, fields: list[str]) -> None:
        """Name fields that are left out, once: they may be as somebody has written them."""
        if (self._path, number) not in _reported:
            _reported.add((self._path, number))
            _log.warning("%s:%s: %s cannot be used and left out", self._path, number, listed(fields))

    def note_the_rest(self) -> None:
        """Say how many lines were not named."""
        if self._count > _MOST_NAMED:
            _log.warning("%s: %d more lines are damaged and left out", self._path, self._count - _MOST_NAMED)
