"""PersistentDict: metadata, and the number of the last scan, kept in an sqlite file that two consoles may share.

It knows no key but `scan_id`, the counter.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from beamshell.errors import StoreError
from beamshell.store.database import is_damage, open_database, set_aside, transaction
from beamshell.store.encoding import UnwritableError, from_json, to_strict_json

_log = logging.getLogger(__name__)

_SCHEMA = """
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""

STORABLE = "use numbers, text, lists, dicts, arrays or dates"
"""What metadata may be, for messages."""

_FRESH_S = 0.001  # seconds until another console's changes are looked for again
_IMMUTABLE = (str, int, float, bool, type(None))
_SCAN_ID = "scan_id"


class PersistentDict(MutableMapping[str, Any]):
    """A dict with text keys whose values are on disk when an assignment returns; for any thread.

    A change inside a value (`md["sample"]["mass"] = 3`) is stored at the next iteration over the dict, such as
    `dict(md)` at the start of each run, at `flush`, and at exit. Another console's changes show within a
    millisecond; of two changes to one key the later wins. Tuples may come back as lists.

    Args:
        path: the file; a damaged one is renamed, the log says so, and a new one is begun.

    Raises:
        StoreError: the value cannot be stored, or the file cannot be opened, read or written; the message names the
            key and why.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._values: dict[str, Any] = {}
        self._texts: dict[str, str] = {}  # what the file holds, by key
        self._version = -1
        self._inode = 0
        self._looked = 0.0
        self._closed = False
        with self._explained("be opened"):
            self._db = self._open()
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
            self._db.execute("DELETE FROM metadata WHERE key = ?", (key,))
            del self._values[key], self._texts[key]

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
            return self._open_checked()

    def _open_again_if_moved(self) -> None:
        """Open the file again if it was moved away or removed, since sqlite writes to none such.

        What is known here and not in the file, which another console may have begun, is stored in it.
        """
        if (inode := _inode(self.path)) == self._inode:
            return
        _log.warning("%s was moved away or removed: it is %s again", self.path, "opened" if inode else "begun")
        self._db.close()
        self._db = self._open()
        with transaction(self._db):
            self._db.executemany("INSERT OR IGNORE INTO metadata VALUES (?, ?)", self._texts.items())
            self._count(max(int(self._values.get(_SCAN_ID, 0)), self._last_scan_id()))
        self._version = -1

    def _open_checked(self) -> sqlite3.Connection:
        db = open_database(self.path, _SCHEMA)
        self._inode = _inode(self.path)
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

    def _put(self, texts: dict[str, str]) -> None:
        with transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO metadata VALUES (?, ?)", texts.items())
        self._texts.update(texts)

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


def _damage(text: str) -> sqlite3.DatabaseError:
    damage = sqlite3.DatabaseError(text)
    damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return damage
