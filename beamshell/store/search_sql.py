"""The SQL of a query: which rows of the index it chooses, the newest first.

Pure: it knows no database. Words and statuses are looked up in the table of words, whose numbers are those of the
runs, so a page of the newest runs is found without a look at the older ones.
"""

from __future__ import annotations

from math import inf, isfinite
from typing import Any, NamedTuple

from beamshell.store.index_tables import COLUMNS
from beamshell.store.search_query import Numbers, Query
from beamshell.store.search_words import expression


class Selection(NamedTuple):
    """A part of a statement: from which tables, on which condition, with which values for its question marks."""

    tables: str
    condition: str
    values: list[Any]
    order: str

    def rows(self, most: int | None = None) -> tuple[str, list[Any]]:
        """The statement for the rows, the newest first, and its values."""
        return (
            f"SELECT {COLUMNS} FROM {self.tables} WHERE {self.condition} ORDER BY {self.order} DESC LIMIT ?",
            [*self.values, -1 if most is None else most],
        )

    def number(self, most: int) -> tuple[str, list[Any]]:
        """The statement for their number, which stops to count at `most`."""
        return (
            f"SELECT count(*) FROM (SELECT 1 FROM {self.tables} WHERE {self.condition} LIMIT ?)",
            [*self.values, most],
        )


def selection(query: Query, ids: dict[int, int], late_ms: float) -> Selection:
    """What a query chooses.

    Args:
        query: as it was typed.
        ids: the number in the index of each run that the query counts from the newest, by -1, -2 ...
        late_ms: by how much a number in the index is above its run's time at most, because the clock was set back or
            several runs began at once, in milliseconds.
    """
    terms = [term.search_term for term in query.terms]
    words = expression(terms, query.statuses)
    tables, order = ("words CROSS JOIN runs ON runs.id = words.rowid", "words.rowid") if words else ("runs", "runs.id")
    conditions: list[str] = []
    values: list[Any] = []

    def add(condition: str, *its_values: Any) -> None:
        conditions.append(condition)
        values.extend(its_values)

    if words:
        add("words MATCH ?", words)
    begin = max((span.begin for span in query.spans), default=-inf)
    end = min((span.end for span in query.spans), default=inf)
    if isfinite(begin) or begin > 0:
        add(f"{order} >= ? AND runs.time >= ?", _milliseconds(begin), begin)
    if isfinite(end) or end < 0:
        add(f"{order} <= ? AND runs.time < ?", _milliseconds(end) + late_ms, end)
    for phrase in filter(None, (term.phrase for term in terms)):
        add("instr(words.text, ?) > 0", phrase)
    if query.numbers:
        ranges = [_range(numbers, ids, order) for numbers in query.numbers]
        add(f"({' OR '.join(condition for condition, _ in ranges)})", *(value for _, its in ranges for value in its))
    return Selection(tables, " AND ".join(conditions) or "1", values, order)


def _milliseconds(seconds: float) -> int:
    return int(max(-(2.0**53), min(1000 * seconds, 2.0**53)))


def _range(numbers: Numbers, ids: dict[int, int], order: str) -> tuple[str, list[int]]:
    """Scan numbers from 0 up; below, places counted from the newest run."""
    conditions, values = [], []
    for bound, sign in ((numbers.first, ">="), (numbers.last, "<=")):
        if bound is None:
            continue
        if bound >= 0:
            conditions.append(f"runs.scan_id {sign} ?")
            values.append(bound)
        elif bound in ids:
            conditions.append(f"{order} {sign} ?")
            values.append(ids[bound])
        elif sign == "<=":  # there are not so many runs
            conditions.append("0")
    return " AND ".join(conditions) or "1", values
