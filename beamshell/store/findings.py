"""Findings: runs and typed lines in which words stand, with the text where they stand, as one table.

It asks the catalogue and the index, and prints nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import shorten

from beamshell.store.run import Run, plan_line
from beamshell.store.run_list import RunList, number_text
from beamshell.store.runs import Runs
from beamshell.store.search_query import Query
from beamshell.store.search_words import number_word, words_of
from beamshell.store.typed_lines import TypedLine
from beamshell.text.lists import listed
from beamshell.text.numbers import counted
from beamshell.text.times import date_and_time
from beamshell.text.window import table_in_window

_LONGEST = 200  # characters of a text that is shown


class Findings:
    """Runs and typed lines, the oldest first.

    Attributes:
        runs: in which the words stand.
        lines: likewise, without those that have made one of these runs.
    """

    def __init__(self, query: Query, runs: RunList, lines: list[TypedLine], most: int, understood: str) -> None:
        uids, commands = {run.uid for run in runs}, {run.start.get("command") for run in runs}
        self.runs = runs
        self.lines = [line for line in lines if line.uid not in uids and line.line not in commands]
        self._query = query
        self._most = most
        self._understood = understood

    def __repr__(self) -> str:
        if not self.lines:
            return self._table([self._row_of_run(run) for run in self.runs], self.runs.foot)
        timed = [(run.start["time"], self._row_of_run(run)) for run in self.runs]
        timed += [(line.time, _row_of_line(line)) for line in self.lines]
        rows = [row for _, row in sorted(timed, key=lambda pair: pair[0])][-self._most :]
        numbers = [counted(len(self.runs), "run"), counted(len(self.lines), "typed line")]
        more = self.runs.foot if len(self.runs) == self._most else f"{' and '.join(numbers)} {self._understood}"
        return self._table(rows, more)

    def _table(self, rows: list[list[str]], foot: str) -> str:
        if not rows:
            return foot
        table = table_in_window([["scan_id", "time", "", "found in"], *rows], left_aligned=[2, 3], hide_first=[[1]])
        return f"{table}\n{foot}"

    def _row_of_run(self, run: Run) -> list[str]:
        return [number_text(run), date_and_time(run.start["time"]), run.exit_status or "open", self._place(run)]

    def _place(self, run: Run) -> str:
        """The text of a run in which the first word stands, with its key; the command if that is where."""
        for term in self._query.terms:
            words, is_prefix, number = words_of(term.text), term.is_prefix, term.search_term.number
            for label, text in _texts(run):
                if term.key and label != term.key:
                    continue
                if _stands_in(words, is_prefix, text) or (number and number == number_word(text)):
                    return shorten(f"{label}: {text}" if label else text, _LONGEST, placeholder=" ...")
        return plan_line(run.start)


def findings(runs: Runs, words: str, most: int) -> Findings:
    """What the words choose, of the newest.

    Raises:
        UsageError: a word has neither a letter nor a digit, or a range is the wrong way round.
    """
    with runs.index.question():
        query = runs.query(words)
        return Findings(query, runs.find(words, most), runs.index.find_typed(query, most), most, runs.understood(query))


def _texts(run: Run) -> Iterator[tuple[str, str]]:
    yield "", plan_line(run.start)
    for each in run.amendments:
        yield each.key or each.kind, str(each.value)
    if (stop := run.stop) and stop.get("reason"):
        yield "reason", str(stop["reason"])
    for key, value in run.metadata.items():
        yield key, listed(value) if isinstance(value, list) else str(value)


def _stands_in(words: list[str], is_prefix: bool, text: str) -> bool:
    has = f" {' '.join(words_of(text[: _LONGEST * 20]))} "
    return f" {' '.join(words)}{'' if is_prefix else ' '}" in has


def _row_of_line(line: TypedLine) -> list[str]:
    text = shorten(line.line, _LONGEST, placeholder=" ...")
    return ["" if line.scan_id is None else str(line.scan_id), date_and_time(line.time), "typed", text]
