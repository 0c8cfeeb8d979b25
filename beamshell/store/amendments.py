"""Amendments: comments on stored runs, their tags and corrected metadata, in a file that only grows: amendments.jsonl.

A run's own file is never changed. It knows runs by their uids alone, and writes no document of a run.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from beamshell.documents import Document
from beamshell.errors import StoreError
from beamshell.store.console_log import FOLDER as CONSOLE_LOG
from beamshell.store.console_log import ConsoleLog, LogEntry
from beamshell.store.encoding import from_json, to_json
from beamshell.store.folder import sync_folder
from beamshell.store.whole_files import append_all_or_nothing

_log = logging.getLogger(__name__)

FILE = "amendments.jsonl"

COMMENT, TAG, SET, UNDO = "comment", "tag", "set", "undo"
"""The kinds of amendments: a text, a word, a corrected value of the metadata, and one that takes another back."""

_MOST_NAMED = 3  # damaged lines

_COPIED = b'["copied",{"from":"console log"}]\n'
"""The line behind the notes that were copied from the console log."""


class Amendment(NamedTuple):
    """What a person has said about a run after it was measured.

    Attributes:
        uid: its own, unique in the world.
        time: seconds since 1970-01-01 UTC; amendments of one command have the same.
        run: the uid of the run; None for a comment that is about none.
        scan_id: the run's number.
        kind: one of "comment", "tag", "set" and "undo".
        key: of the metadata, if the kind is "set"; else "".
        value: the text, the word, the value of the metadata, or the uid of the amendment that is taken back.
        operator: who said it.
        console: the id of the console at which it was typed.
    """

    uid: str
    time: float
    run: str | None
    scan_id: int | None
    kind: str
    key: str
    value: Any
    operator: str
    console: str


class NewAmendment(NamedTuple):
    """An amendment that is to be written; see `Amendment`."""

    kind: str
    run: str | None
    scan_id: int | None
    value: Any
    key: str = ""


class Amendments:
    """The amendments of a data folder, always as new as the file; many consoles may add to it, from any thread.

    Comments and tags that older versions have written into the console log are copied into the file once, when it is
    first needed.

    Args:
        folder: the data folder.
        console: the id of this console, which no other one has.
        clock: seconds since 1970-01-01 UTC.

    Example:
        >>> amendments = Amendments(folder)
        >>> _ = amendments.add("set", "1a2b", 12, "LaB6", key="sample", operator="kate")
        >>> [each.value for each in amendments.of("1a2b")]
        ['LaB6']
    """

    def __init__(
        self, folder: str | os.PathLike[str], console: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self.path = Path(folder) / FILE
        self.console = console
        self._clock = clock
        self._lock = threading.RLock()
        self._known: list[Amendment] = []
        self._offset = 0  # how much of the file is in `_known`
        self._mark = 0  # of that file
        self._notes_copied = False  # whether the file says that the notes of the console log are in it
        self._copying_tried = False
        self._damaged: set[bytes] = set()  # the lines of which the log has spoken

    # ---- reading -----------------------------------------------------------------------------

    def of(self, run_uid: str | None) -> list[Amendment]:
        """The amendments of a run that are in force, the oldest first; None: those that are about no run.

        Raises:
            StoreError: the file cannot be read.
        """
        return in_force(each for each in self.all() if each.run == run_uid)

    def all(self) -> list[Amendment]:
        """All that were ever written, the oldest first; those that take others back among them.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._lock:
            self._read_on()
            self._copy_notes_once()
            return list(self._known)

    def read_from(self, offset: int) -> tuple[list[Amendment], int]:
        """What was appended since: an amendment of kind "undo" says that another one of its run is taken back.

        Args:
            offset: of a byte in the file, as the last call gave it; 0 for the first. One behind the end of the file,
                which another one has replaced then, reads from the beginning.

        Returns:
            The amendments, the oldest first, and the offset behind the last whole line.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._lock:
            self._copy_notes_once()
        lines, offset = self._lines_from(offset)
        return list(self._parsed(lines)), offset

    def mark(self) -> int:
        """What tells this file from another that takes its place: a checksum of its first amendment; 0 without one.

        Raises:
            StoreError: the file cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                first = next((line for line in file if line != _COPIED), b"")
        except FileNotFoundError:
            return 0
        except OSError as exc:
            raise StoreError(f"{self.path} cannot be read: {exc.strerror or exc}") from exc
        return zlib.crc32(first) if first.endswith(b"\n") else 0

    def _lines_from(self, offset: int) -> tuple[bytes, int]:
        """The whole lines behind an offset, or of another file that has taken the place of the one it is of."""
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                begin = offset if offset <= size else 0
                file.seek(begin)
                block = file.read(size - begin)
        except FileNotFoundError:
            return b"", 0
        except OSError as exc:
            raise StoreError(f"{self.path} cannot be read: {exc.strerror or exc}") from exc
        whole = block[: block.rfind(b"\n") + 1]
        return whole, begin + len(whole)

    def _parsed(self, lines: bytes) -> Iterator[Amendment]:
        """The amendments of whole lines; the log names the first damaged ones, and counts the others."""
        damaged = []
        for line in lines.splitlines(keepends=True):
            try:
                if line not in (_COPIED, b"\n"):
                    yield _amendment(*from_json(line.decode("ascii")))
            except (ValueError, LookupError, TypeError, RecursionError):
                damaged.append(line)
        damaged = [line for line in damaged if line not in self._damaged]
        self._damaged.update(damaged)
        for line in damaged[:_MOST_NAMED]:
            _log.warning("%s: a damaged line is left out: %.60r", FILE, line)
        if len(damaged) > _MOST_NAMED:
            _log.warning("%s: %d more lines are damaged and left out", FILE, len(damaged) - _MOST_NAMED)

    def _read_on(self) -> None:
        mark = self.mark()
        if mark != self._mark or (mark and self.path.stat().st_size < self._offset):  # another file is in its place
            self._known, self._notes_copied, self._offset, self._mark = [], False, 0, mark
        lines, self._offset = self._lines_from(self._offset)
        self._known += self._parsed(lines)
        self._notes_copied |= _COPIED in lines

    # ---- writing -----------------------------------------------------------------------------

    def add(
        self, kind: str, run_uid: str | None, scan_id: int | None, value: Any, key: str = "", operator: str = ""
    ) -> Amendment:
        """Append one; when this returns it is on the disk.

        Raises:
            StoreError: the disk refuses; nothing has changed.
        """
        return self.add_all([NewAmendment(kind, run_uid, scan_id, value, key)], operator)[0]

    def add_all(self, new: Iterable[NewAmendment], operator: str = "") -> list[Amendment]:
        """Append those of one command in one piece: all or none of them.

        Raises:
            StoreError: the disk refuses; nothing has changed.
        """
        now, here = self._clock(), self.console
        amendments = [
            Amendment(str(uuid.uuid4()), now, each.run, each.scan_id, each.kind, each.key, each.value, operator, here)
            for each in new
        ]
        with self._lock:
            try:
                self._append(b"".join(map(_line, amendments)))
            except OSError as exc:
                raise StoreError(
                    f"{self.path} cannot be written ({exc.strerror or exc}): make room, or make it writable, and type "
                    "it again"
                ) from exc
        return amendments

    def take_back(self, amendments: Iterable[Amendment], operator: str = "") -> list[Amendment]:
        """Append what takes amendments back; of one that takes back itself, what it took back is in force again.

        Raises:
            StoreError: the disk refuses; nothing has changed.
        """
        return self.add_all((NewAmendment(UNDO, each.run, each.scan_id, each.uid) for each in amendments), operator)

    def _append(self, lines: bytes) -> None:
        """Append lines in one piece, while no other console does; a process that dies releases the lock.

        Raises:
            OSError: the disk refuses; the file is as it was.
        """
        is_new = not self.path.exists()
        fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            self._read_on()
            if not self._notes_copied:
                lines = self._old_notes() + lines
            append_all_or_nothing(fd, lines)
        finally:
            os.close(fd)
        if is_new:
            sync_folder(self.path.parent)

    # ---- the notes of older versions ---------------------------------------------------------

    def _copy_notes_once(self) -> None:
        """Copy the notes in the console log, unless that was done; a folder that cannot be written stays as it is."""
        if self._notes_copied or self._copying_tried or not (self.path.parent / CONSOLE_LOG).is_dir():
            return
        self._copying_tried = True
        try:
            self._append(b"")
        except OSError as exc:
            _log.debug("%s cannot be made of the console log: %s", self.path, exc)
        self._read_on()

    def _old_notes(self) -> bytes:
        """The lines for the notes in the console log that are not copied yet, and the line that says that they are."""
        copied = {each.uid for each in self._known}
        notes = map(_old_note, ConsoleLog(self.path.parent).newest_first(COMMENT, TAG))
        lines = [_line(note) for note in notes if note.uid not in copied]
        return b"".join(lines[::-1]) + _COPIED


def in_force(amendments: Iterable[Amendment]) -> list[Amendment]:
    """The amendments that no later one takes back, the oldest first; without those that take back.

    Args:
        amendments: the oldest first.
    """
    taken_back: set[Any] = set()
    left = []
    for each in reversed(list(amendments)):
        if each.uid in taken_back:
            continue
        if each.kind == UNDO:
            taken_back.add(each.value)
        else:
            left.append(each)
    return left[::-1]


def corrected(start: Document, amendments: Sequence[Amendment]) -> Document:
    """The start document with the corrections among amendments that are in force."""
    return {**start, **{each.key: each.value for each in amendments if each.kind == SET}}


def _line(amendment: Amendment) -> bytes:
    return f"{to_json(('amendment', amendment._asdict()))}\n".encode("ascii")


def _amendment(name: str, facts: dict[str, Any]) -> Amendment:
    """The amendment that a line says.

    Raises:
        LookupError, TypeError: it says none.
    """
    amendment = Amendment(**{field: facts[field] for field in Amendment._fields})
    uid, moment, run, _, kind, key, value, operator, console = amendment
    texts = [name, uid, run or "", kind, key, operator, console, *([value] if kind == UNDO else [])]
    if not all(isinstance(text, str) for text in texts) or not isinstance(moment, int | float):
        raise TypeError("a fact has a wrong type")
    return amendment


def _old_note(entry: LogEntry) -> Amendment:
    """A comment or a tag of the console log; its uid is always the same one."""
    facts = entry.facts
    uid = uuid.uuid5(uuid.NAMESPACE_OID, to_json([entry.time, entry.console, entry.kind, facts]))
    about, scan_id = facts.get("uid"), facts.get("scan")
    operator = str(facts.get("operator") or "")
    return Amendment(
        str(uid), entry.time, about, scan_id, entry.kind, "", facts.get("text", ""), operator, entry.console
    )
