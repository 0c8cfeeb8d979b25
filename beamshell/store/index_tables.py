"""The tables of the index: rows about runs, and the words by which runs are found, in an sqlite file.

It knows no run file. The number of a row (`id`) is its place among all runs, the oldest first: about the milliseconds
of its time. The words of a run stand under the same number, so that the newest runs with a word are found without
looking at the others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from beamshell.store.amendments import COMMENT, TAG
from beamshell.store.database import open_database, transaction
from beamshell.store.index_rows import Row, Summary
from beamshell.store.search_words import TOKENIZER

OLDEST_FIRST = "id"
NEWEST_FIRST = "id DESC"

_VERSION = 3
_WORDS = f"tokenize = \"{TOKENIZER}\", detail = none, columnsize = 0, prefix = '2 3 4 5 6'"
_SCHEMA = f"""
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, uid TEXT NOT NULL, scan_id INTEGER, time REAL NOT NULL,
    plan_name TEXT, exit_status TEXT, points INTEGER, size INTEGER NOT NULL, start TEXT NOT NULL,
    moment REAL NOT NULL, place INTEGER NOT NULL);
CREATE INDEX runs_place ON runs (place);
CREATE INDEX runs_scan_id ON runs (scan_id);
CREATE INDEX runs_uid ON runs (uid);
CREATE INDEX runs_open ON runs (exit_status) WHERE exit_status IS NULL;
CREATE INDEX runs_late ON runs (id - 1000 * time) WHERE id > 1000 * time + 1;
CREATE VIRTUAL TABLE words USING fts5 (text, {_WORDS});
CREATE TABLE typed (
    id INTEGER PRIMARY KEY, console TEXT NOT NULL, time REAL NOT NULL, line TEXT NOT NULL,
    of_lines INTEGER NOT NULL, scan_id INTEGER, uid TEXT);
CREATE INDEX typed_console ON typed (console);
CREATE VIRTUAL TABLE typed_words USING fts5 (text, {_WORDS});
CREATE TABLE keys (name TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO keys VALUES ('{COMMENT}'), ('{TAG}'), ('reason');
CREATE TABLE folders (path TEXT PRIMARY KEY, mtime_ns INTEGER NOT NULL);
CREATE TABLE read_to (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""
_LARGEST_ID = 2**53


COLUMNS = ", ".join(f"runs.{name}" for name in Row._fields)


def open_tables(path: Path) -> sqlite3.Connection:
    """A connection to the file; the tables of another version are made again, without rows.

    Raises:
        sqlite3.DatabaseError: it is damaged, or cannot be written.
    """
    db = open_database(path, "PRAGMA synchronous = OFF;")
    try:
        with transaction(db):  # a read-only file refuses only here
            if db.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                make_tables(db)
    except BaseException:
        db.close()
        raise
    return db


def make_tables(db: sqlite3.Connection) -> None:
    """Make the tables anew, without rows, within a transaction."""
    is_virtual = "sql LIKE 'CREATE VIRTUAL%'"  # the tables that belong to one go with it
    for condition in (is_virtual, f"type = 'table' AND name NOT LIKE 'sqlite_%' AND NOT {is_virtual}"):
        for (name,) in db.execute(f"SELECT name FROM sqlite_master WHERE {condition}").fetchall():
            db.execute(f'DROP TABLE "{name}"')
    for statement in filter(None, map(str.strip, _SCHEMA.split(";"))):
        db.execute(statement)


def rows_where(db: sqlite3.Connection, condition: str, values: Sequence[Any], order: str = OLDEST_FIRST) -> list[Row]:
    """The rows for which an SQL condition holds."""
    rows = db.execute(f"SELECT {COLUMNS} FROM runs WHERE {condition} ORDER BY {order}", values)
    return [Row(*row) for row in rows]


def put_run(db: sqlite3.Connection, summary: Summary) -> None:
    """Add a run, or change what is there already, which keeps its place; within a transaction."""
    row = summary.row
    known = db.execute("SELECT id FROM runs WHERE path = ?", (row.path,)).fetchone()
    if known is None:
        number = free_id(db, "runs", row.moment)
        marks = ", ".join("?" * (1 + len(row)))
        db.execute(f"INSERT INTO runs (id, {', '.join(Row._fields)}) VALUES ({marks})", (number, *row))
        db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (number, summary.text))
    else:
        (number,) = known
        changes = (row.exit_status, row.points, row.size, number)
        db.execute("UPDATE runs SET exit_status = ?, points = ?, size = ? WHERE id = ?", changes)
        if db.execute("SELECT text FROM words WHERE rowid = ?", (number,)).fetchone() != (summary.text,):
            db.execute("UPDATE words SET text = ? WHERE rowid = ?", (summary.text, number))
    db.executemany("INSERT OR IGNORE INTO keys VALUES (?)", ((key,) for key in summary.keys))


def remove_runs(db: sqlite3.Connection, condition: str, values: Sequence[Any]) -> None:
    """Remove the runs for which an SQL condition holds, and their words."""
    db.execute(f"DELETE FROM words WHERE rowid IN (SELECT id FROM runs WHERE {condition})", values)
    db.execute(f"DELETE FROM runs WHERE {condition}", values)


def give_place(db: sqlite3.Connection, path: str, place: int) -> None:
    """Put a run behind those that began before it.

    Args:
        db: within a transaction.
        path: of its file.
        place: the byte of `.order` where it is named; those before it have their places already.
    """
    known = db.execute("SELECT id, time FROM runs WHERE path = ?", (path,)).fetchone()
    if known is None:
        return
    number, moment = known
    before = db.execute(
        "SELECT id, moment FROM runs WHERE place BETWEEN 0 AND ? ORDER BY place DESC LIMIT 1", (place - 1,)
    ).fetchone()
    if before is not None:
        moment = max(moment, before[1])
        if number <= before[0]:  # the clock was set back
            new = _first_free(db, "runs", before[0] + 1)
            db.execute("UPDATE words SET rowid = ? WHERE rowid = ?", (new, number))
            db.execute("UPDATE runs SET id = ? WHERE id = ?", (new, number))
            number = new
    db.execute("UPDATE runs SET place = ?, moment = ? WHERE id = ?", (place, moment, number))


def late_ms(db: sqlite3.Connection) -> float:
    """By how much the number of a run is above its time at most, in milliseconds."""
    late = db.execute("SELECT max(id - 1000 * time) FROM runs WHERE id > 1000 * time + 1").fetchone()[0]
    return float(late or 1)


def id_of_newest(db: sqlite3.Connection, number: int) -> int | None:
    """The number of the newest run (1), of the one before it (2) ...; None if there are not so many."""
    found = db.execute("SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?", (number - 1,)).fetchone()
    return found[0] if found else None


def bytes_read(db: sqlite3.Connection, path: str) -> int:
    """How far a file that only grows has been read."""
    found = db.execute("SELECT bytes FROM read_to WHERE path = ?", (path,)).fetchone()
    return found[0] if found else 0


def note_bytes_read(db: sqlite3.Connection, path: str, number: int) -> None:
    """Note how far such a file has been read."""
    db.execute("INSERT OR REPLACE INTO read_to VALUES (?, ?)", (path, number))


def free_id(db: sqlite3.Connection, table: str, moment: float) -> int:
    """The number of a new row: the milliseconds of its time, or the first behind them that no other row has.

    Args:
        db: within a transaction.
        table: "runs" or "typed".
        moment: seconds since 1970-01-01 UTC.
    """
    wanted = int(max(-_LARGEST_ID, min(1000 * moment, _LARGEST_ID))) if isfinite(moment) else 0
    return _first_free(db, table, wanted)


def _first_free(db: sqlite3.Connection, table: str, wanted: int) -> int:
    for (taken,) in db.execute(f"SELECT id FROM {table} WHERE id >= ? ORDER BY id", (wanted,)):
        if taken != wanted:
            break
        wanted += 1
    return wanted
