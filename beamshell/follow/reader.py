"""Reader: the lines that were appended to the data folder since a cursor: of runs, amendments and the console log.

It writes nothing, and knows no sink. The lines of one file come in their order; those of runs that are open at the same
time, of the amendments and of the console log are mixed as they are found.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from beamshell.follow.cursor import Cursor, RunPlace
from beamshell.follow.lines import Line, amendment_line, console_line, document_line
from beamshell.store.amendments import FILE as AMENDMENTS
from beamshell.store.console_log import FOLDER as CONSOLE_FOLDER
from beamshell.store.order import LATE, ORDER
from beamshell.store.run_file import RUNS, stop_document

_log = logging.getLogger(__name__)

MOST_LINES = 1000
"""Lines that are read at once."""

_BLOCK = 256 * 1024  # bytes read at once


class Reader:
    """Reads a data folder from a cursor on, and moves the cursor with what it reads.

    Args:
        folder: the data folder.
        cursor: where to begin; it is changed. Save it when what was read has arrived.
    """

    def __init__(self, folder: Path, cursor: Cursor) -> None:
        self.folder = folder
        self.cursor = cursor

    @classmethod
    def from_beginning(cls, folder: Path) -> Reader:
        """A reader of everything that `.order` and the console log have."""
        return cls(folder, Cursor())

    def skip_to_now(self, recent_console: int = 0) -> None:
        """Leave out what there is; the runs that are open now are read from their beginning.

        Args:
            recent_console: bytes at the end of the console log that are read all the same.
        """
        self._find_new_runs()
        for place in list(self.cursor.runs.values()):
            path = self.folder / place.path
            if not path.exists() or stop_document(path) is not None:
                del self.cursor.runs[place.path]
        months = self._months()
        self.cursor.console_month = months[-1] if months else ""
        self.cursor.console = max(0, self._console_size(self.cursor.console_month) - recent_console)
        self.cursor.amendments = self._size(AMENDMENTS)

    def read(self, most: int = MOST_LINES) -> list[Line]:
        """What has been appended, at most so many lines; [] if there is nothing new. A half-written line waits."""
        lines: list[Line] = []
        self._find_new_runs()
        for place in list(self.cursor.runs.values()):
            lines += self._read_run(place, most - len(lines))
        lines += self._read_amendments(most - len(lines))
        lines += self.read_console(most - len(lines))
        return lines

    def unread(self) -> int:
        """The number of bytes that were not read yet."""
        size = max(0, self._size(f"{RUNS}/{ORDER}") - self.cursor.order)
        runs = list(self.cursor.runs.values())  # another thread may be reading
        size += sum(max(0, self._size(place.path) - place.bytes) for place in runs)
        size += max(0, self._size(AMENDMENTS) - self.cursor.amendments)
        return size + max(0, self._console_size(self.cursor.console_month) - self.cursor.console)

    # ---- runs ------------------------------------------------------------------------------------

    def _find_new_runs(self) -> None:
        size = self._size(f"{RUNS}/{ORDER}")
        if size < self.cursor.order:  # another file has taken its place: the runs that were read are known by their uid
            self.cursor.order = 0
        if size == self.cursor.order:
            return
        for _begin, line in self._whole_lines(f"{RUNS}/{ORDER}", self.cursor.order, size):
            path = line.decode("utf-8", "surrogateescape").strip().removeprefix(LATE)
            self.cursor.order += len(line)
            if path:
                self.cursor.runs.setdefault(path, RunPlace(path))

    def _read_run(self, place: RunPlace, most: int) -> Iterator[Line]:
        try:
            status = (self.folder / place.path).stat()
        except OSError:  # it was moved away: it may come back, or be written again
            return
        if place.inode not in (0, status.st_ino):
            self._go_to_line(place)
        place.inode = status.st_ino
        if most <= 0 or status.st_size <= place.bytes:
            return
        for _begin, raw in self._whole_lines(place.path, place.bytes, status.st_size):
            line = document_line(raw, place.uid, place.lines + 1)
            place.bytes += len(raw)
            place.lines += 1
            if line is None or not line.run:
                _log.warning("%s:%d: this line is damaged and left out", place.path, place.lines)
                continue
            if not place.uid:
                place.uid = line.run
                if place.uid in self.cursor.closed:
                    del self.cursor.runs[place.path]
                    return
                if self._take_over(place):
                    yield from self._read_run(place, most)
                    return
            yield line
            if line.name == "stop":
                self.cursor.close(place)
                return
            most -= 1
            if most == 0:
                return

    def _go_to_line(self, place: RunPlace) -> None:
        """Go to the same line in a file that was written again, so that nothing is handed on twice."""
        lines = place.lines
        place.bytes = place.lines = 0
        for _begin, raw in self._whole_lines(place.path, 0, self._size(place.path)):
            if place.lines == lines:
                break
            place.bytes += len(raw)
            place.lines += 1

    def _take_over(self, place: RunPlace) -> bool:
        """Whether an earlier file of the run was read, which is written again here: this one goes on at its line."""
        others = [other for other in self.cursor.runs.values() if other is not place and other.uid == place.uid]
        for other in others:
            del self.cursor.runs[other.path]
            place.lines = other.lines
            self._go_to_line(place)
        return bool(others)

    # ---- amendments ------------------------------------------------------------------------------

    def _read_amendments(self, most: int) -> Iterator[Line]:
        for begin, raw in self._whole_lines(AMENDMENTS, self.cursor.amendments, self._size(AMENDMENTS)):
            if most <= 0:
                return
            self.cursor.amendments = begin + len(raw)
            if line := amendment_line(raw, begin):
                yield line
                most -= 1

    # ---- the console log -------------------------------------------------------------------------

    def read_console(self, most: int) -> Iterator[Line]:
        """What has been appended to the console log alone, at most so many lines."""
        for month in self._months():
            if month < self.cursor.console_month:
                continue
            if most <= 0:
                return
            if month > self.cursor.console_month:
                self.cursor.console_month, self.cursor.console = month, 0
            name = f"{CONSOLE_FOLDER}/{month}.jsonl"
            for begin, raw in self._whole_lines(name, self.cursor.console, self._size(name)):
                self.cursor.console = begin + len(raw)
                if line := console_line(raw, month, begin):
                    yield line
                    most -= 1
                    if most <= 0:
                        return

    def _months(self) -> list[str]:
        return sorted(path.stem for path in (self.folder / CONSOLE_FOLDER).glob("[0-9]*-[0-9]*.jsonl"))

    def _console_size(self, month: str) -> int:
        return self._size(f"{CONSOLE_FOLDER}/{month}.jsonl") if month else 0

    # ---- files -----------------------------------------------------------------------------------

    def _size(self, name: str) -> int:
        try:
            return (self.folder / name).stat().st_size
        except OSError:  # there is none, or none yet
            return 0

    def _whole_lines(self, name: str, begin: int, end: int) -> Iterator[tuple[int, bytes]]:
        """The lines between two bytes of a file that have an end, each with the byte at which it begins."""
        with contextlib.suppress(OSError), (self.folder / name).open("rb") as file:
            at, rest = begin, b""
            while at + len(rest) < end:
                block = os.pread(file.fileno(), min(_BLOCK, end - at - len(rest)), at + len(rest))
                if not block:
                    return
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    yield at, line + b"\n"
                    at += len(line) + 1
