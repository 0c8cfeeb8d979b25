"""ConsoleLog: what happened at the consoles of a data folder, one line a happening: commands, moves, pauses, errors.

The files are `console/YYYY-MM.jsonl` in the data folder. All consoles append to them; nothing in them is ever changed.
An entry goes into the file of its month, or into a later one that is there since a clock was ahead: whoever reads the
files in their order, from the end or from the beginning, reads the entries in the order in which they were written.
It knows entries by their kind, and not what they mean.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from beamshell.store.encoding import to_json
from beamshell.store.whole_files import append_lines

_log = logging.getLogger(__name__)

FOLDER = "console"
_BLOCK = 65536  # bytes read at once from the end of a file
_TIME = b'{"time":'
_MONTH = re.compile(r"\d{4}-\d\d\.jsonl")
_LAST_S = 253_402_214_400.0  # the year 9999, behind which no date can be written
_MOST_WAITING = 10_000  # entries that wait for a full disk; the oldest are forgotten first


class LogEntry(NamedTuple):
    """One happening.

    Attributes:
        time: seconds since 1970-01-01 UTC.
        console: the id of the console that wrote it.
        kind: one word, such as "moved".
        facts: what is known of it; plain JSON.
    """

    time: float
    console: str
    kind: str
    facts: Mapping[str, Any]


class ConsoleLog:
    """The log of a data folder: `add` appends for one console, `newest_first` reads what all consoles have written.

    An entry that was added survives the death of the process, but the last seconds may be lost if the computer loses
    its power. What the disk refuses waits in memory: a console is never stopped by its log.

    Args:
        folder: the data folder.
        console: the id of this console, which no other one has.
        clock: seconds since 1970-01-01 UTC.
    """

    def __init__(
        self, folder: str | os.PathLike[str], console: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self.console = console
        self._folder = Path(folder) / FOLDER
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=_MOST_WAITING)  # each with the file of its month
        self._open: tuple[str, int] | None = None

    def add(self, kind: str, /, **facts: Any) -> None:
        """Append an entry; any thread may. It never raises because of the disk.

        Args:
            kind: one word, such as "moved".
            facts: anything that JSON can hold.
        """
        now = self._clock()
        line = to_json({"time": now, "console": self.console, "kind": kind, **facts}) + "\n"
        with self._lock:
            self._waiting.append((_file_of(now), line.encode("ascii")))
            try:
                while self._waiting:
                    self._write(*self._waiting[0])
                    self._waiting.popleft()
            except OSError as exc:
                _log.debug("the console log cannot be written: %s", exc)

    def newest_first(self, *kinds: str, since: float | None = None, until: float | None = None) -> Iterator[LogEntry]:
        """The entries of all consoles, the newest first; the files are read from their ends, as far as is asked for.

        Args:
            kinds: only these; none takes all.
            since: only entries after this time, in seconds since 1970-01-01 UTC; the files of earlier months are not
                read. In the others all are looked at, since a clock may have been set back.
            until: only entries up to this time, likewise.
        """
        earliest = "" if since is None else _file_of(since)
        marks = [f'"kind":"{kind}"'.encode("ascii") for kind in kinds]
        for path in sorted(self._folder.glob("*.jsonl"), reverse=True):
            if path.name < earliest:
                continue
            with contextlib.suppress(OSError):  # removed in this moment, or not to be read
                for line in _lines_backwards(path):
                    if marks and not any(mark in line for mark in marks):  # it need not be parsed
                        continue
                    if since is not None and _time_of(line) < since:
                        continue
                    if until is not None and _time_of(line) > until:
                        continue
                    entry = entry_of(line)
                    if entry is None or (kinds and entry.kind not in kinds):
                        continue
                    yield entry

    def close(self) -> None:
        """Close the file; `add` opens it again."""
        with self._lock:
            self._close()

    def _write(self, name: str, line: bytes) -> None:
        """Append one line in one piece, so that lines of several consoles never mix.

        Args:
            name: of the file of its month.
            line: with its end.

        Raises:
            OSError: the disk refuses.
        """
        append_lines(self._opened(max(self._present() | {name})), line)

    def _present(self) -> set[str]:
        """The names of the files that are there."""
        try:
            return {name for name in os.listdir(self._folder) if _MONTH.fullmatch(name)}
        except FileNotFoundError:
            return set()

    def _opened(self, name: str) -> int:
        """The file of this name, open; again if it was moved away, or another one has taken its place."""
        if self._open is not None and self._open[0] == name:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._open[1]), os.stat(self._folder / name)):
                    return self._open[1]
        self._close()
        self._folder.mkdir(exist_ok=True)  # the data folder itself is never made anew: it may have been moved
        fd = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._open = (name, fd)
        return fd

    def _close(self) -> None:
        if self._open is not None:
            os.close(self._open[1])
            self._open = None


def _file_of(moment: float) -> str:
    """The name of the file of a month."""
    return f"{time.strftime('%Y-%m', time.gmtime(moment))}.jsonl"


def _time_of(line: bytes) -> float:
    """The time of an entry, whose first fact it is; 0 if the line was cut off."""
    try:
        return float(line[len(_TIME) : line.index(b",")])
    except ValueError:
        return 0.0


def entry_of(line: bytes) -> LogEntry | None:
    """The entry of a line; None if the line was cut off or is damaged."""
    try:
        facts = json.loads(line)
        entry = LogEntry(float(facts.pop("time")), str(facts.pop("console")), str(facts.pop("kind")), facts)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
    return entry if 0 <= entry.time < _LAST_S else None


def _lines_backwards(path: Path) -> Iterator[bytes]:
    """The lines of a file, the last first."""
    with path.open("rb") as file:
        at = file.seek(0, 2)
        rest = b""
        while at > 0:
            begin = max(0, at - _BLOCK)
            block = os.pread(file.fileno(), at - begin, begin) + rest
            rest, *lines = block.split(b"\n")
            yield from (line for line in reversed(lines) if line)
            at = begin
        if rest:
            yield rest
