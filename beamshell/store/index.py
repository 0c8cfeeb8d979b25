"""Index: a row about each run and its words in an sqlite file, so that runs are found without opening their files.

It holds nothing that is not in the run files, `runs/.order`, the amendments and the console log, and can be rebuilt
from them. Before each query it reads what has changed there (IndexReader), so that it is right also after a crash,
beside a second console, and in a copied folder.

The oldest run comes first, also if the computer's clock was set back: `.order` names the runs as they began. A run that
it does not name has the place of its time.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from beamshell.errors import StoreError
from beamshell.store.amendments import Amendment, Amendments
from beamshell.store.database import is_damage, is_refused, transaction
from beamshell.store.index_reader import IndexReader
from beamshell.store.index_rows import Row, sqlite_text
from beamshell.store.index_tables import (
    OLDEST_FIRST,
    id_of_newest,
    late_ms,
    make_tables,
    open_tables,
    rows_where,
)

if TYPE_CHECKING:
    from beamshell.store.search_query import Query
    from beamshell.store.search_sql import Selection
    from beamshell.store.typed_lines import TypedLine

_log = logging.getLogger(__name__)

T = TypeVar("T")

_FILE = "index.sqlite"


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
        self._asker = 0  # the thread that asks now
        self._background: threading.Thread | None = None  # reads what is not in the index yet
        self._reported: set[str] = set()  # files without a start document that the log has named
        self._use(self._open())

    def _use(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._files = IndexReader(db, self.folder, self._amendments, self._lock, self._reported)

    @contextlib.contextmanager
    def question(self, *, of_newest: bool = False) -> Iterator[None]:
        """A block whose queries are answered from one refresh of the index, made at its beginning.

        Args:
            of_newest: whether it is about the newest runs alone: it does not wait for `read_in_background`.
        """
        background = self._background
        is_within = self._depth and self._asker == threading.get_ident()
        if background is not None and not of_newest and not is_within:
            background.join()
        with self._lock:
            self._depth += 1
            self._asker = threading.get_ident()
            try:
                if self._depth == 1:
                    self._answer(self.refresh if self._background is None else lambda: self._files.read_newest())
                yield
            finally:
                self._depth -= 1

    @property
    def is_reading(self) -> bool:
        """Whether older runs are being read in the background; a question about them waits for the end."""
        return self._background is not None

    def read_in_background(self) -> None:
        """Begin to read the run files in a thread, if many are not in the index: it was removed, or is of old.

        Until it has ended, questions about the newest runs are answered from those, and others wait.
        """
        with self._lock:
            if self._background is None and self._answer(lambda: self._files.are_many_unread()):
                self._background = threading.Thread(target=self._read_all, name="beamshell-index", daemon=True)
                self._background.start()

    def _read_all(self) -> None:
        try:
            self._answer(lambda: self._files.read_days())
            with self._lock:
                if not self._files.is_stopped:
                    self._answer(self.refresh)
        except (StoreError, sqlite3.Error, OSError) as exc:  # the next question reads on
            _log.warning("the index could not be brought up to date: %s", exc)
        finally:
            self._background = None

    def refresh(self) -> None:
        """Read what has changed in the files."""
        with self._lock:
            self._files.refresh()

    def amended(self) -> dict[str | None, list[Amendment]]:
        """The amendments that are in force, by the uid of their run."""
        return self._files.amended()

    def rows(
        self,
        condition: str = "1",
        values: Sequence[Any] = (),
        order: str = OLDEST_FIRST,
        *,
        of_newest: bool = False,
    ) -> list[Row]:
        """The rows for which an SQL condition holds, the oldest first; `of_newest`: see `question`."""
        with self.question(of_newest=of_newest):
            plain = [sqlite_text(value) if isinstance(value, str) else value for value in values]
            return self._answer(lambda: rows_where(self._db, condition, plain, order))

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
        from beamshell.store.typed_lines import find_typed_lines, read_typed_lines

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
        from beamshell.store.search_sql import selection

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
        except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:
            with self._lock:
                if is_damage(exc):
                    self._make_again()
                elif not isinstance(exc, UnicodeDecodeError) and is_refused(exc):
                    self._db.close()
                    self._use(self._open_in_memory(exc))
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

    def close(self) -> None:
        """Close the file; what is being read in the background is read on the next time."""
        self._files.is_stopped = True
        if (background := self._background) is not None:
            background.join()
        with self._lock:
            self._db.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return open_tables(self.folder / _FILE)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:
            if not is_damage(exc):
                if isinstance(exc, sqlite3.OperationalError):
                    return self._open_in_memory(exc)
                raise
            self._discard()
            return open_tables(self.folder / _FILE)

    def _open_in_memory(self, reason: Exception) -> sqlite3.Connection:
        _log.info("%s cannot be written (%s): the index is held in memory", self.folder / _FILE, reason)
        return open_tables(Path(":memory:"))

    def _make_again(self) -> None:
        self._db.close()
        self._discard()
        self._use(self._open())

    def _discard(self) -> None:
        """Remove the damaged file; another console that has it open notices the damage for itself."""
        _log.warning("%s is damaged: it is made again from the run files", self.folder / _FILE)
        for name in (_FILE, f"{_FILE}-journal"):
            (self.folder / name).unlink(missing_ok=True)
