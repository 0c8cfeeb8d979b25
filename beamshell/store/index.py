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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from beamshell.errors import StoreError
from beamshell.store import run_file
from beamshell.store.amendments import FILE as AMENDMENTS
from beamshell.store.amendments import Amendment, Amendments, in_force
from beamshell.store.database import is_damage, is_refused, transaction
from beamshell.store.index_rows import Row, Summary, summary_of
from beamshell.store.index_tables import (
    COLUMNS,
    OLDEST_FIRST,
    bytes_read,
    give_place,
    id_of_newest,
    late_ms,
    make_tables,
    note_bytes_read,
    open_tables,
    put_run,
    remove_runs,
)
from beamshell.store.order import ORDER
from beamshell.store.search_query import Query
from beamshell.store.search_sql import Selection, selection
from beamshell.store.typed_lines import TypedLine, find_typed_lines, read_typed_lines

_log = logging.getLogger(__name__)

T = TypeVar("T")

_FILE = "index.sqlite"
_READ_AGAIN = -1  # in place of the time of a folder that may still change
_SETTLED_NS = 2_000_000_000  # a folder that changed this recently may change again within the clock's resolution
_AT_ONCE = 500  # run files a transaction: another console waits for no longer than these take
_IN_DAY = "path >= ? AND path < ?"
_ORDER = f"{run_file.RUNS}/{ORDER}"


class Index:
    """Rows about the runs of a data folder, always as new as the files.

    Args:
        folder: the data folder. If the index cannot be written there, it is held in memory.
        amendments: those of the data folder.
    """

    def __init__(self, folder: Path, amendments: Amendments) -> None:
        self.folder = folder
        self._amendments = amendments
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

    def find(self, query: Query, most: int | None = None) -> list[Row]:
        """The rows that a query chooses, the oldest first.

        Args:
            query: as it was typed.
            most: how many at most, of the newest; None for all.
        """
        with self.question():
            return self._answer(lambda: [Row(*row) for row in self._ask(self._selection(query).rows(most))][::-1])

    def find_typed(self, query: Query, most: int) -> list[TypedLine]:
        """The newest typed lines of all consoles that have the words of a query, the oldest first."""
        with self.question():

            def ask() -> list[TypedLine]:
                read_typed_lines(self._db, self.folder)
                return find_typed_lines(self._db, query, most)

            return self._answer(ask)

    def count_found(self, query: Query, most: int) -> int:
        """The number of runs that a query chooses; it is not counted beyond `most`."""
        with self.question():
            return self._answer(lambda: int(self._ask(self._selection(query).number(most)).fetchone()[0]))

    def keys(self) -> list[str]:
        """The metadata keys that runs have, as they are searched for."""
        with self.question():
            return self._answer(lambda: [name for (name,) in self._db.execute("SELECT name FROM keys")])

    def _selection(self, query: Query) -> Selection:
        counted = {number for numbers in query.numbers for number in numbers if number is not None and number < 0}
        ids = {number: found for number in counted if (found := id_of_newest(self._db, -number)) is not None}
        return selection(query, ids, late_ms(self._db))

    def _ask(self, statement: tuple[str, list[Any]]) -> sqlite3.Cursor:
        return self._db.execute(*statement)

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
                    make_tables(self._db)
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
            grown = [row for row in self._select("exit_status IS NULL", (), "path") if self._has_grown(row)]
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

    def amended(self) -> dict[str | None, list[Amendment]]:
        """The amendments that are in force, by the uid of their run."""
        by_run: dict[str | None, list[Amendment]] = {}
        with contextlib.suppress(StoreError):
            for each in self._amendments.all():
                by_run.setdefault(each.run, []).append(each)
        return {uid: in_force(amendments) for uid, amendments in by_run.items()}

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return open_tables(self.folder / _FILE)
        except sqlite3.OperationalError as exc:
            return self._open_in_memory(exc)
        except sqlite3.DatabaseError as exc:
            if not is_damage(exc):
                raise
            self._discard()
            return open_tables(self.folder / _FILE)

    def _open_in_memory(self, reason: Exception) -> sqlite3.Connection:
        _log.info("%s cannot be written (%s): the index is held in memory", self.folder / _FILE, reason)
        return open_tables(Path(":memory:"))

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
        rows = self._db.execute(f"SELECT {COLUMNS} FROM runs WHERE {condition} ORDER BY {order}", values)
        return [Row(*row) for row in rows]

    def _days(self) -> Iterator[Path]:
        return (self.folder / run_file.RUNS).glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]-[0-9][0-9]")

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _read_day(self, day: Path, mtime_ns: int) -> None:
        """Add a row for each new file of a day, and remove those of deleted files."""
        name = self._relative(day)
        files = {f"{name}/{path.name}": path for path in day.glob("*.jsonl")}
        indexed = {path for (path,) in self._db.execute(f"SELECT path FROM runs WHERE {_IN_DAY}", _day_bounds(name))}
        is_complete = True
        new = sorted(files.keys() - indexed)
        amended = self.amended() if new else {}
        for some in _batches(new, _AT_ONCE):
            summaries = [self._summary(files[path], amended) for path in some]
            is_complete &= None not in summaries
            with transaction(self._db):
                self._put(filter(None, summaries))
        with transaction(self._db):
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
        path = self.folder / row.path
        if path.exists() and (summary := self._summary(path, amended)):
            with transaction(self._db):
                self._put([summary])

    def _has_grown(self, row: Row) -> bool:
        path = self.folder / row.path
        return path.exists() and path.stat().st_size != row.size

    def _read_amendments(self) -> None:
        """Read again the runs about which something was said since the last time."""
        begin = bytes_read(self._db, AMENDMENTS)
        path = self.folder / AMENDMENTS
        if (path.stat().st_size if path.exists() else 0) == begin:
            return
        try:
            new, end = self._amendments.read_from(begin)
        except StoreError as exc:
            _log.warning("%s: runs are not found by what was said about them", exc)
            return
        amended = self.amended()
        for uid in {each.run for each in new}:
            for row in self._select("uid = ?", (uid,), OLDEST_FIRST):
                self._read_again(row, amended)
        with transaction(self._db):
            note_bytes_read(self._db, AMENDMENTS, end)

    def _put(self, summaries: Iterable[Summary]) -> None:
        for summary in summaries:
            put_run(self._db, summary)

    def _order_size(self) -> int:
        path = self.folder / run_file.RUNS / ORDER
        return path.stat().st_size if path.is_file() else 0

    def _read_order(self, begin: int, end: int) -> None:
        """Give the runs that `.order` names between two of its bytes their places."""
        with (self.folder / run_file.RUNS / ORDER).open("rb") as file:
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
        """None for a file that holds no start document (yet), or cannot be read."""
        problem, size = "it does not begin with a start document", 1
        try:
            size = path.stat().st_size  # before reading: what is written meanwhile is then seen the next time
            if start := run_file.first_document(path):
                notes = amended.get(start["uid"], ())
                return summary_of(self._relative(path), size, start, run_file.stop_document(path), notes)
        except FileNotFoundError:  # removed in this moment
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
