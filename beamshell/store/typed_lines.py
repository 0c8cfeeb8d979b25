"""The typed lines of the console log in the index: each with its words, and with the run that it has made.

It reads `console/*.jsonl` from where it stopped the last time, and never writes there.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from beamshell.store.console_log import FOLDER, LogEntry, entry_of
from beamshell.store.database import transaction
from beamshell.store.index_rows import sqlite_text
from beamshell.store.index_tables import bytes_read, free_id, note_bytes_read
from beamshell.store.search_query import Query
from beamshell.store.search_words import expression, words_of

_BLOCK = 1 << 22  # bytes read at once, and written in one transaction
_MARKS = (b'"kind":"typed"', b'"kind":"run"')
_QUESTIONS = ("find", "runs")
"""Commands that search: what they were asked is no answer."""


class TypedLine(NamedTuple):
    """A line that was typed at a console.

    Attributes:
        time: seconds since 1970-01-01 UTC.
        line: as it was typed.
        scan_id: the number of the first run that it has made; None if it has made none, or was one of several lines.
        uid: of this run.
    """

    time: float
    line: str
    scan_id: int | None
    uid: str | None


def read_typed_lines(db: sqlite3.Connection, folder: Path) -> None:
    """Read what the consoles of a data folder have written since the last time."""
    files = {path.name: path for path in (folder / FOLDER).glob("*.jsonl")}
    sizes = {}
    for name, path in files.items():
        with contextlib.suppress(OSError):
            sizes[name] = path.stat().st_size
    if any(size < bytes_read(db, f"{FOLDER}/{name}") for name, size in sizes.items()):  # another file is there now
        with transaction(db):
            db.execute("DELETE FROM typed")
            db.execute("DELETE FROM typed_words")
            db.execute("DELETE FROM read_to WHERE path LIKE ?", (f"{FOLDER}/%",))
    for name in sorted(sizes):
        key = f"{FOLDER}/{name}"
        if sizes[name] == bytes_read(db, key):
            continue
        for lines, end in _blocks(files[name], bytes_read(db, key)):
            with transaction(db):
                _put(db, lines)
                note_bytes_read(db, key, end)


def find_typed_lines(db: sqlite3.Connection, query: Query, most: int) -> list[TypedLine]:
    """The newest typed lines that have the words of a query, the oldest first.

    There are none if it asks for what a line has not: a status, a number of a run, a metadata key.
    """
    if query.statuses or query.numbers or not query.terms or any(term.key for term in query.terms):
        return []
    terms = [term.search_term for term in query.terms]
    conditions: list[str] = ["typed_words MATCH ?"]
    values: list[Any] = [expression(terms)]
    for span in query.spans:
        conditions.append("typed.time >= ? AND typed.time < ?")
        values += [span.begin, span.end]
    for phrase in (phrase for term in terms for phrase in term.phrases):
        conditions.append("instr(typed_words.text, ?) > 0")
        values.append(phrase)
    rows = db.execute(
        "SELECT typed.time, line, scan_id, uid FROM typed_words CROSS JOIN typed ON typed.id = typed_words.rowid "
        f"WHERE {' AND '.join(conditions)} ORDER BY typed_words.rowid DESC LIMIT ?",
        [*values, most],
    )
    return [TypedLine(*row) for row in rows][::-1]


def _put(db: sqlite3.Connection, lines: Iterable[bytes]) -> None:
    for line in lines:
        if not any(mark in line for mark in _MARKS) or (entry := entry_of(line)) is None:
            continue
        if entry.kind == "typed":
            _put_typed(db, entry)
        elif entry.kind == "run":
            _put_run(db, entry)


def _put_typed(db: sqlite3.Connection, entry: LogEntry) -> None:
    """Add the lines of a cell, each for itself."""
    cell = sqlite_text(entry.facts.get("line", ""))
    lines = [line.strip() for line in cell.splitlines() if line.strip()]
    for line in lines:
        if line.split(maxsplit=1)[0] in _QUESTIONS:
            continue
        number = free_id(db, "typed", entry.time)
        values = (number, sqlite_text(entry.console), entry.time, line, len(lines))
        db.execute("INSERT INTO typed (id, console, time, line, of_lines) VALUES (?, ?, ?, ?, ?)", values)
        db.execute("INSERT INTO typed_words (rowid, text) VALUES (?, ?)", (number, f" {' '.join(words_of(line))} "))


def _put_run(db: sqlite3.Connection, entry: LogEntry) -> None:
    """Note the first run of a cell of one line: the one that its console has typed last."""
    scan, uid = entry.facts.get("scan"), sqlite_text(entry.facts.get("uid"))
    db.execute(
        "UPDATE typed SET scan_id = ?, uid = ? WHERE uid IS NULL AND of_lines = 1 AND id = "
        "(SELECT max(id) FROM typed WHERE console = ?)",
        (scan if isinstance(scan, int) and abs(scan) < 2**63 else None, uid, sqlite_text(entry.console)),
    )


def _blocks(path: Path, begin: int) -> Iterator[tuple[list[bytes], int]]:
    """The whole lines behind a byte of a file, and where they end."""
    try:
        with path.open("rb") as file:
            file.seek(begin)
            while block := file.read(_BLOCK):
                block += file.readline()
                whole = block[: block.rfind(b"\n") + 1]
                begin += len(whole)
                yield whole.splitlines(), begin
                if len(whole) < len(block):  # the last line is being written
                    return
    except OSError:  # it was moved away: the next question looks again
        return
