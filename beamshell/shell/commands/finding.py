"""Commands that find and show stored runs, and what was typed: runs, find."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from typing_extensions import override

from beamshell.shell.command_set import COMMANDS, command
from beamshell.shell.commands.samples import notes_of
from beamshell.shell.messages_shown import print_answer, say
from beamshell.shell.parameter_types import Session
from beamshell.shell.slots import Slot, TextSlot
from beamshell.shell.tokens import Tokens
from beamshell.store.search_query import STATUSES
from beamshell.text.moments import TIME_WORDS
from beamshell.text.numbers import counted
from beamshell.text.times import duration

if TYPE_CHECKING:
    from beamshell.store import Runs

HEADING = "What was measured"
_OFFERED_KEYS = ("plan_name", "sample", "operator")
_MOST = 20
"""The most runs and lines that an answer shows; `runs.find(...)` in Python gives all runs."""


class RunWordsSlot(TextSlot):
    """Words that choose runs: times, statuses, numbers, a metadata key with its value, and any other words."""

    takes_the_rest = True

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        words = [str(tokens.take(name))]
        while tokens and (following is None or not following.fits(tokens.peek(), tokens.devices)):
            words.append(str(tokens.take(name)))
        return " ".join(map(_as_typed, words))

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        if COMMANDS.session is None:
            return []
        runs: Runs = COMMANDS.session.runs
        before = typed[-1] if typed else ""
        if values := runs.recent_values(before):
            return values
        following = [text.split()[1] for text in TIME_WORDS if text.startswith(f"{before} ")]
        names = runs.recent_values(*_OFFERED_KEYS)
        return following or [*(text.split()[0] for text in TIME_WORDS), *STATUSES, *names, *devices]


def _as_typed(word: str) -> str:
    """A word with blanks in it, whose quotes were taken off, with its quotes."""
    has_quotes = '"' in word
    return word if has_quotes or not any(map(str.isspace, word)) else f'"{word}"'


RunWords: TypeAlias = Annotated[str, RunWordsSlot()]


def found_runs(session: Session, words: RunWords = "") -> Any:
    """What `runs` shows, as a value: the catalogue, the runs that words choose, or one run."""
    runs = session.runs
    if not words:
        return runs
    number = runs.query(words).single_number
    return runs.find(words) if number is None else runs[number]


@command(HEADING, example="runs yesterday samx", value=found_runs)
def runs(session: Session, words: RunWords = "") -> None:
    """Show the last runs of the data folder, those that words choose, or one of them point by point.

    `runs 12` is one run, `runs -1` the newest of any console. Words are times (yesterday, last week, since 14:00), how
    a run ended (failed, aborted, success, open), numbers (-3..-1), a key of the metadata with its value (sample LaB6),
    and any others that stand in a run: plan, motors, detectors, operator, comments. All of them must be there. `fluor*`
    stands for all words that begin so. The last line says how the words were understood.
    """
    if not words:
        print_answer(session.runs)
        return
    _say_if_it_takes_a_while(session.runs)
    number = session.runs.query(words).single_number
    if number is None:
        print_answer(session.runs.find(words, _MOST))
        return
    run = session.runs[number]
    print_answer(run)
    print_answer(run.table())
    for note in notes_of(run):
        print_answer(note)


@runs.subcommand(example="runs rebuild")
def rebuild(session: Session) -> None:
    """Read all run files, amendments and typed lines again, after files were changed by hand."""
    begin = time.monotonic()
    number = session.runs.index.rebuild()
    print_answer(f"{counted(number, 'run')} read again in {duration(time.monotonic() - begin)}")


@command(HEADING, example="find fluorescence")
def find(session: Session, words: RunWords) -> None:
    """Find runs and typed lines by words: in comments, tags, samples, commands and all that `runs` looks at.

    Of a run it shows where the words stand. The words are those of `runs`: `find yesterday fluor*`.
    """
    from beamshell.store.findings import findings

    _say_if_it_takes_a_while(session.runs)
    print_answer(findings(session.runs, words, _MOST))


def _say_if_it_takes_a_while(runs: Runs) -> None:
    if runs.index.is_reading:
        say("the index is being made from the run files: the answer comes when all are read")
