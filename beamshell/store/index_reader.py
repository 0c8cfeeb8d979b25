"""IndexReader: brings the tables of the index up to date with the run files, `.order` and the amendments.

It answers no question. What is read in a thread of its own leaves the lock free between some files and the next.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TypeVar

from beamshell.errors import StoreError
from beamshell.store import run_file
from beamshell.store.amendments import FILE as AMENDMENTS
from beamshell.store.amendments import Amendment, Amendments, in_force
from beamshell.store.database import transaction
from beamshell.store.index_rows import Row, Summary, summary_of
from beamshell.store.index_tables import (
    bytes_read,
    give_place,
    make_tables,
    note_bytes_read,
    put_run,
    remove_runs,
    rows_where,
)
from beamshell.store.order import ORDER

_log = logging.getLogger(__name__)

T = TypeVar("T")

_READ_AGAIN = -1  # in place of the time of a folder that may still change
_SETTLED_NS = 2_000_000_000  # a folder that changed this recently may change again within the clock's resolution
_AT_ONCE = 500  # run files a transaction: another console waits for no longer than these take
_MANY = 1000  # run files: what takes longer than a moment
NEWEST = 200
"""The number of the newest runs that are known while the others are read."""
_TAIL = 16384  # bytes of `.order` that name them
_YEAR, _DAY = re.compile("[0-9]{4}"), re.compile("[0-9]{2}-[0-9]{2}")
_IN_DAY = "path >= ? AND path < ?"
_ORDER = f"{run_file.RUNS}/{ORDER}"


class IndexReader:
    """Reads what has changed in a data folder into the tables.

    Args:
        db: the tables.
        folder: the data folder.
        amendments: those of the data folder.
        lock: held while the tables are used.
        reported: files without a start document that the log has named; they are named once.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        folder: Path,
        amendments: Amendments,
        lock: threading.RLock,
        reported: set[str],
    ) -> None:
        self._db = db
        self._folder = folder
        self._amendments = amendments
        self._lock = lock
        self._reported = reported
        self.is_stopped = False
        """Set to leave off reading after some more files."""

    def refresh(self) -> None:
        """Read the folders that have changed, and the runs that were open."""
        with self._lock:
            mtimes = dict(self._db.execute("SELECT path, mtime_ns FROM folders"))
            order_size = self._order_size()  # first: the files that it names by now are then found below
            days = self._days()
            for gone in mtimes.keys() - days.keys():  # archived, or moved away
                self._forget_day(gone)
            for name, mtime in days.items():
                if mtimes.get(name) != mtime:
                    self._read_day(name, mtime)
            grown = [row for row in rows_where(self._db, "exit_status IS NULL", (), "path") if self._has_grown(row)]
            amended = self.amended() if grown else {}
            for row in grown:
                self._read_again(row, amended)
            order_read = bytes_read(self._db, _ORDER)
            if order_size < order_read:  # another file has taken its place: runs stay where they were
                self._db.execute("UPDATE runs SET place = -1")
                order_read = 0
            if order_read < order_size:
                self._read_order(order_read, order_size)
            self._read_amendments()

    def are_many_unread(self) -> bool:
        """Whether more run files are not in the index than are read in a moment."""
        unread = 0
        for name, mtime in self._days().items():
            if mtime != self._read_at(name):
                (known,) = self._db.execute(f"SELECT count(*) FROM runs WHERE {_IN_DAY}", _day_bounds(name)).fetchone()
                unread += len(os.listdir(self._folder / name)) - known
                if unread > _MANY:
                    return True
        return False

    def read_days(self) -> None:
        """Read the days that are not in the index, the newest first; the lock is free in between."""
        for name, mtime in sorted(self._days().items(), reverse=True):
            if mtime != self._read_at(name) and not self.is_stopped:
                self._read_day(name, mtime)

    def read_newest(self) -> None:
        """Read the runs that began last; `refresh` gives them their places."""
        try:
            with (self._folder / _ORDER).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                names = file.read().decode("utf-8", "replace").splitlines()[-NEWEST:]
        except OSError:
            names = []
        paths = [path for name in names if (path := self._folder / name).is_file()]
        if not paths and (days := self._days()):
            paths = sorted((self._folder / max(days)).glob("*.jsonl"))[-NEWEST:]
        rows = rows_where(self._db, f"path IN ({', '.join('?' * len(paths))})", [*map(self._relative, paths)])
        known = {row.path: row for row in rows}
        changed = [path for path in paths if (row := known.get(self._relative(path))) is None or self._has_grown(row)]
        amended = self.amended() if changed else {}
        with transaction(self._db):
            self._put(filter(None, (self._summary(path, amended) for path in changed)))

    def amended(self) -> dict[str | None, list[Amendment]]:
        """The amendments that are in force, by the uid of their run."""
        by_run: dict[str | None, list[Amendment]] = {}
        with contextlib.suppress(StoreError):
            for each in self._amendments.all():
                by_run.setdefault(each.run, []).append(each)
        return {uid: in_force(amendments) for uid, amendments in by_run.items()}

    def _days(self) -> dict[str, int]:
        """The folders of the days, in the data folder, and when they have changed, in nanoseconds."""
        days: dict[str, int] = {}
        no_folder = FileNotFoundError, NotADirectoryError
        with contextlib.suppress(*no_folder), os.scandir(self._folder / run_file.RUNS) as years:
            for year in years:
                if not _YEAR.fullmatch(year.name):
                    continue
                with contextlib.suppress(*no_folder), os.scandir(year.path) as entries:
                    for day in entries:
                        if _DAY.fullmatch(day.name):
                            days[f"{run_file.RUNS}/{year.name}/{day.name}"] = day.stat().st_mtime_ns
        return days

    def _read_at(self, day: str) -> int | None:
        """The time of a day's folder when it was read; None if it was not."""
        with self._lock:
            found = self._db.execute("SELECT mtime_ns FROM folders WHERE path = ?", (day,)).fetchone()
        return found[0] if found else None

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _read_day(self, name: str, mtime_ns: int) -> None:
        """Add a row for each new file of a day, and remove those of deleted files."""
        files = {f"{name}/{path.name}": path for path in (self._folder / name).glob("*.jsonl")}
        with self._lock:
            rows = self._db.execute(f"SELECT path FROM runs WHERE {_IN_DAY}", _day_bounds(name))
            indexed = {path for (path,) in rows}
        new = sorted(files.keys() - indexed)
        amended = self.amended() if new else {}
        is_complete = True
        for some in _batches(new, _AT_ONCE):
            if self.is_stopped:
                return
            summaries = [self._summary(files[path], amended) for path in some]
            is_complete &= None not in summaries
            with self._lock, transaction(self._db):
                self._put(filter(None, summaries))
        with self._lock, transaction(self._db):
            for path in indexed - files.keys():
                remove_runs(self._db, "path = ?", (path,))
            is_settled = is_complete and time.time_ns() - mtime_ns > _SETTLED_NS
            read_at = mtime_ns if is_settled else _READ_AGAIN
            self._db.execute("INSERT OR REPLACE INTO folders VALUES (?, ?)", (name, read_at))

    def _forget_day(self, name: str) -> None:
        with transaction(self._db):
            remove_runs(self._db, _IN_DAY, _day_bounds(name))
            self._db.execute("DELETE FROM folders WHERE path = ?", (name,))

    def _read_again(self, row: Row, amended: Mapping[str | None, list[Amendment]]) -> None:
        path = self._folder / row.path
        if path.exists() and (summary := self._summary(path, amended)):
            with transaction(self._db):
                self._put([summary])

    def _has_grown(self, row: Row) -> bool:
        path = self._folder / row.path
        return path.exists() and path.stat().st_size != row.size

    def _read_amendments(self) -> None:
        """Read again the runs about which something was said since the last time."""
        begin = bytes_read(self._db, AMENDMENTS)
        path = self._folder / AMENDMENTS
        size = path.stat().st_size if path.exists() else 0
        if size == begin:
            return
        if size < begin:  # another file has taken its place: what was said before is said no more
            with transaction(self._db):
                make_tables(self._db)
            self.refresh()
            return
        try:
            new, end = self._amendments.read_from(begin)
        except StoreError as exc:
            _log.warning("%s: runs are not found by what was said about them", exc)
            return
        if end == begin:  # the last line is being written
            return
        amended = self.amended()
        for uid in {each.run for each in new}:
            for row in rows_where(self._db, "uid = ?", (uid,)):
                self._read_again(row, amended)
        with transaction(self._db):
            note_bytes_read(self._db, AMENDMENTS, end)

    def _put(self, summaries: Iterable[Summary]) -> None:
        for summary in summaries:
            put_run(self._db, summary)

    def _order_size(self) -> int:
        path = self._folder / run_file.RUNS / ORDER
        return path.stat().st_size if path.is_file() else 0

    def _read_order(self, begin: int, end: int) -> None:
        """Give the runs that `.order` names between two of its bytes their places."""
        with (self._folder / run_file.RUNS / ORDER).open("rb") as file:
            file.seek(begin)
            lines = file.read(end - begin)
        end = begin + lines.rfind(b"\n") + 1  # the last line may be in the middle of being written
        with transaction(self._db):
            place = begin
            for line in lines[: end - begin].splitlines(keepends=True):
                give_place(self._db, line.strip().decode("utf-8", "replace"), place)
                place += len(line)
            note_bytes_read(self._db, _ORDER, end)

    def _summary(self, path: Path, amended: Mapping[str | None, list[Amendment]]) -> Summary | None:
        """None for a file that holds no start document (yet), or cannot be read; the others are found."""
        problem, size = "it does not begin with a start document", 1
        try:
            size = path.stat().st_size  # before reading: what is written meanwhile is then seen the next time
            if start := run_file.first_document(path):
                notes = amended.get(start["uid"], ())
                return summary_of(self._relative(path), size, start, run_file.stop_document(path), notes)
        except FileNotFoundError:  # it has gone in this moment
            return None
        except (OSError, StoreError) as exc:
            problem = str(exc)
        if size and str(path) not in self._reported:
            self._reported.add(str(path))
            _log.warning("%s is left out of the catalogue: %s", path, problem)
        return None


def _day_bounds(name: str) -> tuple[str, str]:
    """The first path of a day's folder, and one behind the last: "0" follows "/"."""
    return f"{name}/", f"{name}0"


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
