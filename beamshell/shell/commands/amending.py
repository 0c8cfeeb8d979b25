"""Commands that correct what was recorded of a run, and take that back: amend, undo."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from typing_extensions import override

from beamshell.errors import Declined, UnknownName, UsageError
from beamshell.shell.command_set import command
from beamshell.shell.commands.metadata import RECORDED
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session
from beamshell.shell.questions import agrees, is_attended
from beamshell.shell.slots import Slot
from beamshell.shell.tokens import Tokens
from beamshell.store.search_query import number_of_choosing_words
from beamshell.text.lists import in_one_line
from beamshell.text.nearest import nearest
from beamshell.text.numbers import counted
from beamshell.text.times import clock_time

if TYPE_CHECKING:
    from beamshell.store import Run
    from beamshell.store.amendments import Amendment

HEADING = "What was measured"
_HOW = "write amend 12 sample LaB6"
_KEYS = ("sample", "proposal", "user", "operator")
"""Keys that any run may have."""
_LONGEST_VALUE = 40  # characters, in a message


class Correction(NamedTuple):
    """A value for the metadata of some runs.

    Attributes:
        runs: as typed: "12", "failed today"; the runs themselves in Python; None for the last of this console.
        key: of the metadata.
        value: the true one, as it was typed.
    """

    runs: str | list[Run] | None
    key: str
    value: Any

    @property
    def command(self) -> str:
        """What one types before the value."""
        runs = f"{self.runs} " if isinstance(self.runs, str) else ""
        return f"amend {runs}{self.key}"

    @property
    def line_without_question(self) -> str:
        """What one types to have it done whatever it is."""
        return f"{self.command} {in_one_line(self.value)} anyway"


class CorrectionSlot(Slot):
    """Which runs, and what is true of them: [12 | -3..-1 | failed today] key value."""

    word = "[run] key value"
    repeats = True

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Correction:
        runs = self._runs(tokens)
        key = str(tokens.take("key"))
        words = [tokens.take("value")]
        while tokens:
            words.append(tokens.take("value"))
        if not key.isidentifier():
            raise UsageError(f"'{key}' is no name for metadata: {_HOW}")
        return Correction(runs, key, words[0] if len(words) == 1 else " ".join(map(str, words)))

    def _runs(self, tokens: Tokens) -> str | list[Run] | None:
        runs = []
        while hasattr(tokens.peek(), "amendments"):
            runs.append(tokens.take("run"))
        if runs:
            return runs
        is_named = tokens.peek() in ("run", "runs")
        if is_named:
            tokens.take("run")
        words = [str(tokens.peek(ahead)) for ahead in range(len(tokens))]
        number = number_of_choosing_words(words, time.time())
        if is_named and not number:
            raise UsageError(f"'{tokens.peek()}' is no run: {_HOW}, or amend -3..-1 sample LaB6")
        return " ".join(str(tokens.take("run")) for _ in range(number)) or None

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return () if typed else ("sample", "proposal", "user", "today", "yesterday", "failed")


@command(HEADING, example="amend 12 sample LaB6")
def amend(session: Session, correction: Annotated[Correction, CorrectionSlot()], *, anyway: bool = False) -> None:
    """Correct a value in the metadata of a run, of the last of this console if none is named, or of several.

    `amend sample LaB6`, `amend 12 sample LaB6`, `amend -3..-1 sample LaB6`, `amend failed today sample LaB6`. It shows
    what was there, and asks before it amends more than one run; `anyway` does not ask, and takes a key that is new. The
    file of the run stays as it is: `runs 12` shows both values, and who has amended it; `undo` takes it back. In Python
    it takes runs that were found too: `amend(runs.find("last week samx"), "sample", "LaB6")`.
    """
    from beamshell.store.amendments import SET, NewAmendment

    key = correction.key
    if key in RECORDED:
        raise UsageError(f"{key} is recorded by the console and stays: a comment can say what is wrong with it")
    value = session.metadata_rules.value(key, correction.value, correction.command)
    runs = _chosen(session, correction.runs)
    if not anyway:
        _refuse_new_key(session, runs, correction)
    changed = [run for run in runs if key not in run.metadata or run.metadata[key] != value]
    for run in runs:
        print_answer(f"{run.label}: {_change(key, run.metadata, value)}")
    if not changed:
        return
    if len(runs) > 1 and not anyway:
        _ask(session, len(changed), correction)
    amendments = [NewAmendment(SET, run.uid, run.scan_id, value, key) for run in changed]
    session.runs.amendments.add_all(amendments, session.operator)
    if len(runs) > 1:
        print_answer(f"{counted(len(changed), 'run')} amended: undo takes it back")


def _chosen(session: Session, chosen: str | list[Run] | None) -> list[Run]:
    if chosen is None:
        return [session.last_run()]
    if not isinstance(chosen, str):
        return chosen
    if (number := session.runs.query(chosen).single_number) is not None:
        return [session.runs[number]]
    if not (runs := session.runs.find(chosen)):
        raise UnknownName(f"there is no run {chosen}: runs shows the last ones")
    return list(runs)


def _refuse_new_key(session: Session, runs: Iterable[Run], correction: Correction) -> None:
    """Return if one of the runs has the key, or if a run may be expected to have it."""
    key = correction.key
    keys = {*_KEYS, *session.md, *session.metadata_rules.by_key}.union(*(run.metadata for run in runs))
    if key not in keys:
        match = nearest(key, keys.difference(RECORDED))
        hint = f"did you mean {match}? For" if match else "for"
        raise UnknownName(f"no metadata '{key}': {hint} a new key write {correction.line_without_question}")


def _change(key: str, metadata: Mapping[str, Any], value: Any) -> str:
    before = in_one_line(metadata[key]) if key in metadata else "nothing"
    same = key in metadata and metadata[key] == value
    return f"{key} is {before} already" if same else f"{key}: {before} -> {in_one_line(value)}"


def _ask(session: Session, number: int, correction: Correction) -> None:
    if not is_attended(session.shell):
        line = correction.line_without_question
        raise UsageError(f"nothing is amended, since nobody can be asked about {counted(number, 'run')}: {line}")
    if not agrees(f"Amend {counted(number, 'run')}?", default=True):
        raise Declined("nothing is amended")


# ---- undo ----------------------------------------------------------------------------------------


@command(HEADING, example="undo")
def undo(session: Session, what: Literal["amend", "comment", "tag"] | None = None, *, anyway: bool = False) -> None:
    """Take back the last comment, tag or correction of this console; typed twice, it stands again.

    `undo comment` takes back the last comment, typed again the one before; likewise `undo tag` and `undo amend`.
    `undo anyway` takes back the last of any console, typed again the one before.
    """
    from beamshell.store.amendments import SET, UNDO, in_force

    amendments, here = session.runs.amendments, session.log.console
    everything = amendments.all()
    kind = SET if what == "amend" else what
    of_any_console = [each for each in in_force(everything) if kind in (None, each.kind)]
    if anyway:
        choice = of_any_console
    else:
        choice = [each for each in (of_any_console if what else everything) if each.console == here]
    if not choice:
        problem = f"no {what or 'comment, tag or amendment'} of {'any' if anyway else 'this'} console can be taken back"
        raise UnknownName(problem + (_newest(of_any_console[-1], what) if of_any_console else ""))
    last = [each for each in choice if each.time == choice[-1].time and each.kind == choice[-1].kind]
    taken_back = {each.value for each in last if each.kind == UNDO}
    said = [each for each in everything if each.uid in taken_back] if taken_back else last
    before = [_value_now(session, each) for each in said]
    amendments.take_back(last, session.operator)
    for each, value in zip(said, before, strict=True):
        print_answer(_undone(session, each, value, is_again=bool(taken_back)))


def _newest(amendment: Amendment, what: str | None) -> str:
    """What was said last at another console, and what to type to take it back."""
    said = shorten(in_one_line(amendment.value), _LONGEST_VALUE, placeholder=" ...")
    place = f"{_place(amendment)}, {clock_time(amendment.time, time.time())} {amendment.operator}".rstrip()
    line = " ".join(filter(None, ("undo", what, "anyway")))
    return f"; the newest of another one is {amendment.key or amendment.kind}: {said} ({place}): {line}"


def _place(amendment: Amendment) -> str:
    return "no run" if amendment.run is None else f"run {amendment.scan_id or amendment.run[:8]}"


def _value_now(session: Session, amendment: Amendment) -> Any:
    """What the metadata of its run hold; None if the run is not there any more."""
    if amendment.run is None or amendment.run not in session.runs:
        return None
    return session.runs[amendment.run].metadata.get(amendment.key)


def _undone(session: Session, amendment: Amendment, before: Any, *, is_again: bool) -> str:
    place = _place(amendment)
    if amendment.key:
        after = _value_now(session, amendment)
        was, is_now = (in_one_line("nothing" if value is None else value) for value in (before, after))
        return f"{place}: {amendment.key}: {was} -> {is_now}"
    return f"{place}: {'again' if is_again else 'no longer'}: {amendment.kind} {in_one_line(amendment.value)}"
