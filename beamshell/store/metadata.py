"""PersistentDict: metadata with their history, and the number of the last scan, in an sqlite file for several consoles.

It knows no key but `scan_id`, the counter.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import reprlib
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

from beamshell.errors import StoreError
from beamshell.store.database import is_damage, open_database, set_aside, transaction
from beamshell.store.encoding import UnwritableError, from_json, to_strict_json

_log = logging.getLogger(__name__)

_SCHEMA = """
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
    number INTEGER PRIMARY KEY, time REAL NOT NULL, key TEXT NOT NULL, value TEXT, operator TEXT NOT NULL,
    console TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS history_key ON history (key, number);
"""
_MOST_CHANGES = 100_000  # that the history keeps; scripts may change a value all the time
_LONGEST_VALUE = 10_000  # characters of a value in the history; a longer one is cut, and text there
_LARGEST_NUMBER = 2**62  # of a scan: sqlite counts up to twice that

STORABLE = "use numbers, text, lists, dicts, arrays or dates"
"""What metadata may be, for messages."""

_FRESH_S = 0.001  # seconds until another console's changes are looked for again
_IMMUTABLE = (str, int, float, bool, type(None))
_SCAN_ID = "scan_id"


class MetadataChange(NamedTuple):
    """A value that metadata have had.

    Attributes:
        key: of the metadata.
        value: the value; a very long one as text that was cut.
        time: since when, in seconds since 1970-01-01 UTC.
        until: when it was replaced or deleted, likewise; None while it is there.
        operator: who has set it.
        console: the id of the console at which.
    """

    key: str
    value: Any
    time: float
    until: float | None
    operator: str
    console: str


class PersistentDict(MutableMapping[str, Any]):
    """A dict with text keys whose values are on disk when an assignment returns; for any thread.

    A change inside a value (`md["sample"]["mass"] = 3`) is stored at the next iteration over the dict, such as
    `dict(md)` at the start of each run, at `flush`, and at exit. Another console's changes show within a
    millisecond; of two changes to one key the later wins. Tuples may come back as lists.

    Args:
        path: the file; a damaged one is renamed, the log says so, and a new one is begun.
        clock: seconds since 1970-01-01 UTC.

    Attributes:
        author: gives who changes values now, and the id of the console, for the history.

    Raises:
        StoreError: the value cannot be stored, or the file cannot be opened, read or written; the message names the
            key and why.
    """

    def __init__(self, path: str | os.PathLike[str], clock: Callable[[], float] = time.time) -> None:
        self.path = Path(path)
        self.author: Callable[[], tuple[str, str]] = lambda: ("", "")
        self._clock = clock
        self._lock = threading.RLock()
        self._values: dict[str, Any] = {}
        self._texts: dict[str, str] = {}  # what the file holds, by key
        self._version = -1
        self._inode = 0
        self._looked = 0.0
        self._closed = False
        with self._explained("be opened"):
            self._db = self._open()
            self._inode = _inode(self.path)
            self._look(now=True)
        atexit.register(self.close)

    def __getitem__(self, key: str) -> Any:
        with self._lock:
            self._look()
            return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        text = self._text(key, value)
        with self._lock, self._explained(f"take {key!r}"):
            self._look(now=True)
            if self._texts.get(key) != text:
                self._put({key: text})
            self._values[key] = value

    def __delitem__(self, key: str) -> None:
        with self._lock, self._explained(f"lose {key!r}"):
            self._look(now=True)
            if key not in self._values:
                raise KeyError(key)
            self._put({}, [key])
            del self._values[key]

    def change(self, entries: Mapping[str, Any], without: Iterable[str] = ()) -> None:
        """Set some values and delete others, all or none of it, whatever happens to the computer meanwhile.

        Raises:
            StoreError: a value cannot be stored, or the file cannot be written; nothing has changed.
        """
        texts = {key: self._text(key, value) for key, value in entries.items()}
        with self._lock, self._explained("take values"):
            self._look(now=True)
            gone = [key for key in without if key in self._values and key not in entries]
            self._put({key: text for key, text in texts.items() if self._texts.get(key) != text}, gone)
            self._values.update(entries)
            for key in gone:
                del self._values[key]

    def history(self, key: str | None = None, most: int = 1000) -> list[MetadataChange]:
        """The values that were set, by whom and when, the oldest first; those that are there still among them.

        Args:
            key: only its values; None for all keys.
            most: the newest so many.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._lock, self._explained("be read"):
            self.flush()
            rows = self._db.execute(
                "SELECT * FROM (SELECT key, value, time, lead(time) OVER (PARTITION BY key ORDER BY number), operator, "
                "console, number FROM history WHERE key = :key OR :key IS NULL) WHERE value NOT NULL "
                "ORDER BY number DESC LIMIT :most",
                {"key": key, "most": most},
            ).fetchall()
        return [MetadataChange(row[0], _checked(row[0], row[1]), *row[2:6]) for row in reversed(rows)]

    def __ior__(self, more: Any) -> PersistentDict:
        """Take over values, as `update` does: ``RE.md |= {"sample": "LaB6"}``."""
        self.update(more)
        return self

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            self.flush()
            return iter(list(self._values))

    def __len__(self) -> int:
        with self._lock:
            self._look()
            return len(self._values)

    def __repr__(self) -> str:
        return f"PersistentDict({dict(self)!r}, path={str(self.path)!r})"

    def flush(self) -> None:
        """Store changes inside values, and read the other console's changes.

        Raises:
            StoreError: a value now holds something that cannot be stored; the others are stored.
        """
        with self._lock, self._explained("be written"):
            self._look()
            self._store_inner_changes()

    def next_scan_id(self) -> int:
        """A number larger than any handed out before, to this or any other console; also in `self["scan_id"]`.

        A larger `self["scan_id"]` that was set by hand is counted on from. A smaller one is ignored, so that no number
        is used twice.
        """
        with self._lock, self._explained("count scans"):
            self._open_again_if_moved()
            with transaction(self._db):
                number = self._last_scan_id() + 1
                self._count(number)
            self._values[_SCAN_ID], self._texts[_SCAN_ID] = number, str(number)
            return number

    @property
    def last_scan_id(self) -> int:
        """The number of the last scan, on whichever console; 0 before the first."""
        with self._lock, self._explained("count scans"):
            return self._last_scan_id()

    def close(self) -> None:
        """Store changes inside values, and close the file."""
        atexit.unregister(self.close)
        with self._lock, contextlib.closing(self._db):
            if not self._closed:
                self._closed = True
                self.flush()

    # ---- the file --------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._open_checked()
        except sqlite3.DatabaseError as exc:
            if not is_damage(exc):
                raise
            set_aside(self.path)
            _log.warning("the metadata begin anew: md sample and md proposal are no more in the next runs")
            return self._open_checked()

    def _open_again_if_moved(self) -> None:
        """Open the file again if it was moved away or removed, since sqlite writes to none such.

        What is known here and not in the file, which another console may have begun, is stored in it.
        """
        if (inode := _inode(self.path)) == self._inode:
            return
        fresh = self._open()  # if the folder refuses, it is tried again the next time
        _log.warning("%s was moved away or removed: it is %s again", self.path, "opened" if inode else "begun")
        self._db.close()
        self._db, self._inode = fresh, _inode(self.path)
        with transaction(self._db):
            self._db.executemany("INSERT OR IGNORE INTO metadata VALUES (?, ?)", self._texts.items())
            self._count(max(int(self._values.get(_SCAN_ID, 0)), self._last_scan_id()))
        self._version = -1

    def _open_checked(self) -> sqlite3.Connection:
        db = open_database(self.path, _SCHEMA)
        try:
            verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise _damage(verdict)
            for key, text in db.execute("SELECT key, value FROM metadata"):
                _checked(key, text)
        except sqlite3.DatabaseError:
            db.close()
            raise
        return db

    def _look(self, now: bool = False) -> None:
        """Read the other console's changes, if there are any, after storing those made inside values here."""
        if not now and time.monotonic() - self._looked < _FRESH_S:
            return
        with self._explained("be read"):
            if now:
                self._open_again_if_moved()
            version = self._db.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self._store_inner_changes()
                self._load()
                self._version = version
        self._looked = time.monotonic()

    def _load(self) -> None:
        texts = dict(self._db.execute("SELECT key, value FROM metadata"))
        # An unchanged value stays the same object: a caller may hold it and change it inside.
        same = {key: value for key, value in self._values.items() if self._texts.get(key) == texts.get(key)}
        self._values = {key: same[key] if key in same else _checked(key, text) for key, text in texts.items()}
        self._texts = texts

    def _store_inner_changes(self) -> None:
        changed: dict[str, str] = {}
        refused: StoreError | None = None
        for key, value in self._values.items():
            if isinstance(value, _IMMUTABLE):
                continue
            try:
                text = self._text(key, value)
            except StoreError as exc:
                refused = exc
                continue
            if text != self._texts[key]:
                changed[key] = text
        if changed:
            self._put(changed)
        if refused is not None:
            raise refused

    def _put(self, texts: dict[str, str], gone: Collection[str] = ()) -> None:
        """Write values and delete others, and both into the history."""
        with transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO metadata VALUES (?, ?)", texts.items())
            self._db.executemany("DELETE FROM metadata WHERE key = ?", [(key,) for key in gone])
            self._remember({**texts, **dict.fromkeys(gone)})
        self._texts.update(texts)
        for key in gone:
            del self._texts[key]

    def _remember(self, texts: Mapping[str, str | None]) -> None:
        now, (operator, console) = self._clock(), self.author()
        rows = [
            (now, key, text if text is None or len(text) <= _LONGEST_VALUE else _cut(text), operator, console)
            for key, text in texts.items()
            if key != _SCAN_ID  # each run counts it up
        ]
        self._db.executemany("INSERT INTO history (time, key, value, operator, console) VALUES (?, ?, ?, ?, ?)", rows)
        self._db.execute("DELETE FROM history WHERE number <= (SELECT max(number) FROM history) - ?", (_MOST_CHANGES,))

    def _last_scan_id(self) -> int:
        counter = self._db.execute("SELECT value FROM counters WHERE name = ?", (_SCAN_ID,)).fetchone()
        metadata = self._db.execute("SELECT value FROM metadata WHERE key = ?", (_SCAN_ID,)).fetchone()
        by_hand = from_json(metadata[0]) if metadata else 0
        return max(counter[0] if counter else 0, by_hand if isinstance(by_hand, int) else 0)

    def _count(self, number: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (_SCAN_ID, number))
        self._db.execute("INSERT OR REPLACE INTO metadata VALUES (?, ?)", (_SCAN_ID, str(number)))

    # ---- errors ----------------------------------------------------------------------------------

    def _text(self, key: str, value: Any) -> str:
        if not isinstance(key, str):
            raise StoreError(f"the key {key!r} cannot be stored: keys are text, such as {str(key)!r}")
        if not key.isascii() and any("\ud800" <= char <= "\udfff" for char in key):
            raise StoreError(f"the key {key!r} cannot be stored: it is half of a character; write it anew")
        if key == _SCAN_ID and not (isinstance(value, Integral) and 0 <= int(value) < _LARGEST_NUMBER):
            raise StoreError(f"md['scan_id'] counts the runs, and is a whole number: {reprlib.repr(value)} is none")
        try:
            return to_strict_json(value)
        except UnwritableError as exc:
            raise StoreError(f"md[{key!r}]{exc.path}: {exc.reason} cannot be stored: {STORABLE}") from exc

    @contextlib.contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError as exc:
            raise StoreError(f"{self.path} cannot {action}: the metadata are closed") from exc
        except (sqlite3.Error, OSError) as exc:
            remedy = (
                "leave and start again: the damaged file is then renamed, and a new one begun"
                if isinstance(exc, sqlite3.Error) and is_damage(exc)
                else "free space, or make the folder writable, and try again"
            )
            raise StoreError(f"{self.path} cannot {action} ({exc}): {remedy}") from exc


def _inode(path: Path) -> int:
    """The number of a file in its file system; 0 if there is no such file."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _checked(key: str, text: str) -> Any:
    try:
        return from_json(text)
    except ValueError as exc:
        raise _damage(f"the value of {key!r} is no JSON") from exc


def _cut(text: str) -> str:
    """JSON of the beginning of a long value."""
    return json.dumps(f"{text[:_LONGEST_VALUE]} ...")


def _damage(text: str) -> sqlite3.DatabaseError:
    damage = sqlite3.DatabaseError(text)
    damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return damage
