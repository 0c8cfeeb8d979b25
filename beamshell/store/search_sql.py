"""The SQL of a query: which rows of the index it chooses, the newest first.

Pure: it knows no database. Words and statuses are looked up in the table of words, whose numbers are those of the
runs, so a page of the newest runs is found without a look at the older ones.
"""

from __future__ import annotations

from math import inf
from typing import Any, NamedTuple

from beamshell.store.index_tables import COLUMNS
from beamshell.store.search_query import Numbers, Query
from beamshell.store.search_words import expression


class Selection(NamedTuple):
    """What a statement chooses from.

    Attributes:
        words: the condition on the table of words, which is looked at first; "" if it is not asked.
        runs: the condition on the table of runs; "" for none.
        values: for the question marks, those of `words` first.
    """

    words: str
    runs: str
    values: list[Any]

    def rows(self, most: int | None = None) -> tuple[str, list[Any]]:
        """The statement for the rows, the newest first, and its values."""
        tables = "words CROSS JOIN runs ON runs.id = words.rowid" if self.words else "runs"
        order = "words.rowid" if self.words else "runs.id"
        return (
            f"SELECT {COLUMNS} FROM {tables} WHERE {self._condition} ORDER BY {order} DESC LIMIT ?",
            [*self.values, -1 if most is None else most],
        )

    def number(self, most: int) -> tuple[str, list[Any]]:
        """The statement for their number, which stops to count at `most`."""
        tables = "words" if self.words else "runs"
        if self.words and self.runs:
            tables = "words CROSS JOIN runs ON runs.id = words.rowid"
        return f"SELECT count(*) FROM (SELECT 1 FROM {tables} WHERE {self._condition} LIMIT ?)", [*self.values, most]

    @property
    def _condition(self) -> str:
        return " AND ".join(filter(None, (self.words, self.runs))) or "1"


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
    number = "words.rowid" if words else "runs.id"
    on_words, on_runs = _Conditions(), _Conditions()
    on_numbers = on_words if words else on_runs
    if words:
        on_words.add("words MATCH ?", words)
    begin = max((span.begin for span in query.spans), default=-inf)
    end = min((span.end for span in query.spans), default=inf)
    if begin > -inf:
        on_numbers.add(f"{number} >= ?", _milliseconds(begin))
        on_runs.add("runs.time >= ?", begin)
    if end < inf:
        on_numbers.add(f"{number} <= ?", _milliseconds(end) + late_ms)
        on_runs.add("runs.time < ?", end)
    for phrases in filter(None, (term.phrases for term in terms)):
        either = " OR ".join("instr(words.text, ?) > 0" for _ in phrases)
        on_words.add(f"({either})", *phrases)
    if query.numbers:
        ranges = [_range(numbers, ids) for numbers in query.numbers]
        either = " OR ".join(condition for condition, _ in ranges)
        on_runs.add(f"({either})", *(value for _, values in ranges for value in values))
    return Selection(str(on_words), str(on_runs), [*on_words.values, *on_runs.values])


class _Conditions:
    """Conditions that hold together, and their values."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self.values: list[Any] = []

    def add(self, text: str, *values: Any) -> None:
        self._texts.append(text)
        self.values.extend(values)

    def __str__(self) -> str:
        return " AND ".join(self._texts)


def _milliseconds(seconds: float) -> int:
    return int(max(-(2.0**53), min(1000 * seconds, 2.0**53)))


def _range(numbers: Numbers, ids: dict[int, int]) -> tuple[str, list[int]]:
    """Scan numbers from 0 up; below, places counted from the newest run."""
    conditions, values = [], []
    for bound, sign in ((numbers.first, ">="), (numbers.last, "<=")):
        if bound is None:
            continue
        if bound >= 0:
            conditions.append(f"runs.scan_id {sign} ?")
            values.append(bound)
        elif bound in ids:
            conditions.append(f"runs.id {sign} ?")
            values.append(ids[bound])
        elif sign == "<=":  # there are not so many runs
            conditions.append("0")
    return " AND ".join(conditions) or "1", values
