"""Opens an sqlite file that two consoles may share, and sets a damaged one aside.

It knows no table.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

_log = logging.getLogger(__name__)

_BUSY_S = 10.0  # how long to wait while the other console writes


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """A connection in autocommit mode, for use under the caller's own lock.

    It uses sqlite's rollback journal: the write-ahead log breaks when two computers share the file.
    """
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.executescript(schema)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block or none of it, with no other console writing meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def is_damage(exc: sqlite3.Error | UnicodeDecodeError) -> bool:
    """True if the file itself is broken, rather than busy, full or read-only; text in it may be no text any more."""
    if isinstance(exc, UnicodeDecodeError) or "Could not decode to UTF-8" in str(exc):
        return True
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_refused(exc: sqlite3.Error) -> bool:
    """True if the file cannot be written although it is whole: the disk is full, read-only or failing."""
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


def set_aside(path: Path) -> Path:
    """Rename a damaged file, and the journal that belongs to it, to `<name>.damaged-<time>`; the new path."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
    with contextlib.suppress(FileNotFoundError):  # another console has just set it aside
        path.rename(aside)
        _log.warning("%s is damaged: it was set aside as %s", path, aside.name)
    with contextlib.suppress(FileNotFoundError):
        path.with_name(f"{path.name}-journal").rename(f"{aside}-journal")
    return aside
