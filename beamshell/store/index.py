"""Index: a row about each run in an sqlite file, so that runs are found without opening their files.

It holds nothing that is not in the run files and in `runs/.order`, and can be rebuilt from them. Before each query it
reads the folders that have changed and the runs that were open, so that it is right also after a crash, beside a second
console, and in a copied folder.

The oldest run comes first, also if the computer's clock was set back: `.order` names the runs as they began. A run that
it does not name has the place of its time.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from beamshell.documents import Document
from beamshell.documents.points import number_of_points
from beamshell.errors import StoreError
from beamshell.store import run_file
from beamshell.store.database import is_damage, is_refused, open_database, transaction
from beamshell.store.encoding import to_json

_log = logging.getLogger(__name__)

T = TypeVar("T")

OLDEST_FIRST = "moment, place, path"
NEWEST_FIRST = "moment DESC, place DESC, path DESC"

_SCHEMA = """
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS runs (
    path TEXT PRIMARY KEY, uid TEXT NOT NULL, scan_id INTEGER, time REAL NOT NULL, plan_name TEXT,
    exit_status TEXT, points INTEGER, size INTEGER NOT NULL, start TEXT NOT NULL,
    moment REAL NOT NULL, place INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS runs_order ON runs (moment, place, path);
CREATE INDEX IF NOT EXISTS runs_place ON runs (place);
CREATE INDEX IF NOT EXISTS runs_scan_id ON runs (scan_id);
CREATE INDEX IF NOT EXISTS runs_uid ON runs (uid);
CREATE INDEX IF NOT EXISTS runs_open ON runs (path) WHERE exit_status IS NULL;
CREATE TABLE IF NOT EXISTS folders (path TEXT PRIMARY KEY, mtime_ns INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS order_read (bytes INTEGER NOT NULL);
"""
_FILE = "index.sqlite"
_READ_AGAIN = -1  # in place of the time of a folder that may still change
_SETTLED_NS = 2_000_000_000  # a folder that changed this recently may change again within the clock's resolution


class Row(NamedTuple):
    """One run as the index knows it; `exit_status` and `points` are None while it is open."""

    path: str
    """Relative to the data folder."""
    uid: str
    scan_id: int | None
    time: float
    plan_name: str | None
    exit_status: str | None
    points: int | None
    size: int
    start: str
    """The start document as JSON."""
    moment: float
    """Its time; never before that of a run that began earlier, whatever the clock said."""
    place: int
    """Its place in `.order`; -1 if it is not named there."""


class Index:
    """Rows about the runs of a data folder, always as new as the files.

    Args:
        folder: the data folder. If the index cannot be written there, it is held in memory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._depth = 0  # of questions within questions
        self._reported: set[str] = set()  # files without a start document that the log has named
        self._db = self._open()

    @contextlib.contextmanager
    def question(self) -> Iterator[None]:
        """A block whose queries are answered from one refresh of the index, made at its beginning."""
        with self._lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    self._answer(self.refresh)
                yield
            finally:
                self._depth -= 1

    def rows(self, condition: str = "1", values: Sequence[Any] = (), order: str = OLDEST_FIRST) -> list[Row]:
        """The rows for which an SQL condition holds, the oldest first."""
        with self.question():
            return self._answer(lambda: self._select(condition, values, order))

    def count(self) -> int:
        """The number of runs."""
        with self.question():
            return self._answer(lambda: int(self._db.execute("SELECT count(*) FROM runs").fetchone()[0]))

    def _answer(self, ask: Callable[[], T]) -> T:
        """The result of `ask`; if the index is damaged or cannot be written, it is made again first.

        Raises:
            StoreError: it is busy or cannot be read now.
        """
        try:
            return ask()
        except sqlite3.DatabaseError as exc:
            if is_damage(exc):
                self._make_again()
            elif is_refused(exc):
                self._db.close()
                self._db = self._open_in_memory(exc)
            else:
                raise StoreError(f"{self.folder / _FILE} cannot be read ({exc}): try again") from exc
            self.refresh()
            return ask()

    def rebuild(self) -> int:
        """Forget everything and read all run files again; the number of runs."""
        with self._lock:
            try:
                with transaction(self._db):
                    self._db.execute("DELETE FROM runs")
                    self._db.execute("DELETE FROM folders")
                    self._db.execute("DELETE FROM order_read")
            except sqlite3.DatabaseError as exc:
                if not is_damage(exc):
                    raise StoreError(f"{self.folder / _FILE} cannot be rebuilt ({exc}): try again") from exc
                self._make_again()
            return self.count()

    def refresh(self) -> None:
        """Read the folders that have changed, and the runs that were open."""
        with self._lock:
            mtimes = dict(self._db.execute("SELECT path, mtime_ns FROM folders"))
            order_size = self._order_size()  # first: the files that it names by now are then found below
            days = {self._relative(day): day for day in self._days()}
            for gone in mtimes.keys() - days.keys():  # archived, or moved away
                self._forget_day(gone)
            for name, day in days.items():
                with contextlib.suppress(FileNotFoundError):  # moved away in this moment
                    mtime = day.stat().st_mtime_ns
                    if mtimes.get(name) != mtime:
                        self._read_day(day, mtime)
            for row in self._select("exit_status IS NULL", (), "path"):
                self._read_again(row)
            (order_read,) = self._db.execute("SELECT coalesce(max(bytes), 0) FROM order_read").fetchone()
            if order_size < order_read:  # another file has taken its place: runs stay where they were
                self._db.execute("UPDATE runs SET place = -1")
                self._db.execute("DELETE FROM order_read")
                order_read = 0
            if order_read < order_size:
                self._read_order(order_read, order_size)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return self._open_writable(self.folder / _FILE)
        except sqlite3.OperationalError as exc:
            return self._open_in_memory(exc)
        except sqlite3.DatabaseError as exc:
            if not is_damage(exc):
                raise
            self._discard()
            return self._open_writable(self.folder / _FILE)

    def _open_in_memory(self, reason: Exception) -> sqlite3.Connection:
        _log.info("%s cannot be written (%s): the index is held in memory", self.folder / _FILE, reason)
        return self._open_writable(Path(":memory:"))

    def _open_writable(self, path: Path) -> sqlite3.Connection:
        try:
            db = open_database(path, _SCHEMA)
        except sqlite3.OperationalError as exc:
            if "no column" not in str(exc) and "no such column" not in str(exc):
                raise
            db = open_database(path, f"DROP TABLE runs; DROP TABLE folders; {_SCHEMA}")  # of a version without `.order`
        try:
            with transaction(db):  # a read-only file refuses only here
                return db
        except BaseException:
            db.close()
            raise

    def _make_again(self) -> None:
        self._db.close()
        self._discard()
        self._db = self._open()

    def _discard(self) -> None:
        """Remove the damaged file; another console that has it open notices the damage for itself."""
        _log.warning("%s is damaged: it is made again from the run files", self.folder / _FILE)
        for name in (_FILE, f"{_FILE}-journal"):
            (self.folder / name).unlink(missing_ok=True)

    def _select(self, condition: str, values: Sequence[Any], order: str) -> list[Row]:
        rows = self._db.execute(f"SELECT * FROM runs WHERE {condition} ORDER BY {order}", values)
        return [Row(*row) for row in rows]

    def _days(self) -> Iterator[Path]:
        return (self.folder / run_file.RUNS).glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]-[0-9][0-9]")

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _read_day(self, day: Path, mtime_ns: int) -> None:
        """Add a row for each new file of a day, and remove those of deleted files."""
        files = {self._relative(path): path for path in day.glob("*.jsonl")}
        prefix = f"{self._relative(day)}/"
        indexed = {row.path for row in self._select("substr(path, 1, ?) = ?", (len(prefix), prefix), "path")}
        new = [self._summary(files[name]) for name in sorted(files.keys() - indexed)]
        with transaction(self._db):
            self._db.executemany("DELETE FROM runs WHERE path = ?", [(name,) for name in indexed - files.keys()])
            self._insert([row for row in new if row is not None])
            is_settled = None not in new and time.time_ns() - mtime_ns > _SETTLED_NS
            read_at = mtime_ns if is_settled else _READ_AGAIN
            self._db.execute("INSERT OR REPLACE INTO folders VALUES (?, ?)", (self._relative(day), read_at))

    def _forget_day(self, name: str) -> None:
        with transaction(self._db):
            self._db.execute(
                "DELETE FROM runs WHERE path >= ? AND path < ?", (f"{name}/", f"{name}0")
            )  # "0" follows "/"
            self._db.execute("DELETE FROM folders WHERE path = ?", (name,))

    def _read_again(self, row: Row) -> None:
        path = self.folder / row.path
        if path.exists() and path.stat().st_size != row.size and (summary := self._summary(path)):
            self._insert([summary])

    def _insert(self, rows: list[Row]) -> None:
        """Add rows; one that is there already keeps its place."""
        self._db.executemany(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET "
            "exit_status = excluded.exit_status, points = excluded.points, size = excluded.size",
            rows,
        )

    def _order_size(self) -> int:
        path = self.folder / run_file.RUNS / run_file.ORDER
        return path.stat().st_size if path.is_file() else 0

    def _read_order(self, begin: int, end: int) -> None:
        """Give the runs that `.order` names between two of its bytes their places."""
        with (self.folder / run_file.RUNS / run_file.ORDER).open("rb") as file:
            file.seek(begin)
            lines = file.read(end - begin)
        end = begin + lines.rfind(b"\n") + 1  # the last line may be in the middle of being written
        with transaction(self._db):
            place = begin
            for line in lines[: end - begin].splitlines(keepends=True):
                path = line.strip().decode("utf-8", "replace")
                self._db.execute(
                    "UPDATE runs SET place = :place, moment = max(time, coalesce((SELECT moment FROM runs "
                    "WHERE place BETWEEN 0 AND :place - 1 ORDER BY place DESC LIMIT 1), time)) WHERE path = :path",
                    {"place": place, "path": path},
                )
                place += len(line)
            self._db.execute("DELETE FROM order_read")
            self._db.execute("INSERT INTO order_read VALUES (?)", (end,))

    def _summary(self, path: Path) -> Row | None:
        """None for a file that holds no start document (yet), or cannot be read."""
        problem = "it does not begin with a start document"
        try:
            size = path.stat().st_size  # before reading: what is written meanwhile is then seen the next time
            row = self._row(path, size)
        except FileNotFoundError:  # removed in this moment
            return None
        except (OSError, StoreError) as exc:
            size, row, problem = 1, None, str(exc)
        if row is None and size and str(path) not in self._reported:
            self._reported.add(str(path))
            _log.warning("%s is left out of the catalogue: %s", path, problem)
        return row

    def _row(self, path: Path, size: int) -> Row | None:
        start = run_file.first_document(path)
        if start is None or not {"uid", "time"} <= start.keys():
            return None
        stop = run_file.stop_document(path)
        scan_id = start.get("scan_id")
        return Row(
            path=self._relative(path),
            uid=_text(start["uid"]),
            scan_id=scan_id if isinstance(scan_id, int) and abs(scan_id) < 2**63 else None,
            time=float(start["time"]),
            plan_name=_text(start["plan_name"]) if "plan_name" in start else None,
            exit_status=_text(stop["exit_status"]) if stop else None,
            points=_points(stop),
            size=size,
            start=to_json(start),
            moment=float(start["time"]),
            place=-1,
        )


def _text(value: Any) -> str:
    """Text that sqlite takes: a lone surrogate becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _points(stop: Document | None) -> int | None:
    """The number of points of the stream primary, or else of the longest stream."""
    if stop is None:
        return None
    return int(number_of_points(stop.get("num_events") or {}))
