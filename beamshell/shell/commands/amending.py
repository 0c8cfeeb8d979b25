"""Commands that correct what was recorded of a run, and take that back: amend, undo."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
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
from beamshell.text.lists import in_one_line
from beamshell.text.numbers import counted

if TYPE_CHECKING:
    from beamshell.store import Run
    from beamshell.store.amendments import Amendment

HEADING = "What was measured"
_HOW = "write amend 12 sample LaB6"
_RUNS = re.compile(r"-?\d+(\.\.-?\d+)?|today|yesterday")


class Correction(NamedTuple):
    """A value for the metadata of some runs.

    Attributes:
        runs: as typed: "12", "-3..-1", "today"; the runs themselves in Python; None for the last of this console.
        key: of the metadata.
        value: the true one, as it was typed.
    """

    runs: str | list[Run] | None
    key: str
    value: Any


class CorrectionSlot(Slot):
    """Which runs, and what is true of them: [12 | -3..-1 | today] key value."""

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
        if _RUNS.fullmatch(str(tokens.peek())) is None:
            if is_named:
                raise UsageError(f"'{tokens.peek()}' is no run: {_HOW}, or amend -3..-1 sample LaB6")
            return None
        return str(tokens.take("run"))

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return () if typed else ("sample", "proposal", "user", "today", "yesterday")


@command(HEADING, example="amend 12 sample LaB6")
def amend(session: Session, correction: Annotated[Correction, CorrectionSlot()], *, anyway: bool = False) -> None:
    """Correct a value in the metadata of a run, of the last of this console if none is named, or of several.

    `amend sample LaB6`, `amend 12 sample LaB6`, `amend -3..-1 sample LaB6`, `amend today sample LaB6`. It shows what
    was there, and asks before it amends more than one run; `anyway` does not ask. The file of the run stays as it is:
    `runs 12` shows both values, and who has amended it; `undo` takes it back. In Python it takes runs that were found
    too: `amend(runs.find("last week samx"), "sample", "LaB6")`.
    """
    from beamshell.store.amendments import SET, NewAmendment

    key = correction.key
    if key in RECORDED:
        raise UsageError(f"{key} is recorded by the console and stays: a comment can say what is wrong with it")
    value = session.metadata_rules.value(key, correction.value)
    runs = _chosen(session, correction.runs)
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
    if ".." not in chosen and chosen[-1].isdigit():
        return [session.runs[int(chosen)]]
    if not (runs := session.runs.find(chosen)):
        raise UnknownName(f"there is no run {chosen}: runs shows the last ones")
    return list(runs)


def _change(key: str, metadata: Mapping[str, Any], value: Any) -> str:
    before = in_one_line(metadata[key]) if key in metadata else "nothing"
    same = key in metadata and metadata[key] == value
    return f"{key} is {before} already" if same else f"{key}: {before} -> {in_one_line(value)}"


def _ask(session: Session, number: int, correction: Correction) -> None:
    if not is_attended(session.shell):
        words = f"{correction.runs} " if isinstance(correction.runs, str) else ""
        line = f"amend {words}{correction.key} {in_one_line(correction.value)} anyway"
        raise UsageError(f"nothing is amended, since nobody can be asked about {counted(number, 'run')}: {line}")
    if not agrees(f"Amend {counted(number, 'run')}?", default=True):
        raise Declined("nothing is amended")


# ---- undo ----------------------------------------------------------------------------------------


@command(HEADING, example="undo")
def undo(session: Session, what: Literal["amend", "comment", "tag"] | None = None) -> None:
    """Take back the last comment, tag or correction of this console; typed twice, it stands again.

    `undo comment` takes back the last comment, typed again the one before; likewise `undo tag` and `undo amend`.
    """
    from beamshell.store.amendments import SET, UNDO, in_force

    amendments, here = session.runs.amendments, session.log.console
    everything = amendments.all()
    if what is None:
        own = [each for each in everything if each.console == here]
    else:
        kind = SET if what == "amend" else what
        own = [each for each in in_force(everything) if each.console == here and each.kind == kind]
    if not own:
        raise UnknownName(f"no {what or 'comment, tag or amendment'} of this console can be taken back")
    last = [each for each in own if each.time == own[-1].time and each.kind == own[-1].kind]
    taken_back = {each.value for each in last if each.kind == UNDO}
    said = [each for each in everything if each.uid in taken_back] if taken_back else last
    before = [_value_now(session, each) for each in said]
    amendments.take_back(last, session.operator)
    for each, value in zip(said, before, strict=True):
        print_answer(_undone(session, each, value, is_again=bool(taken_back)))


def _value_now(session: Session, amendment: Amendment) -> Any:
    """What the metadata of its run hold; None if the run is not there any more."""
    if amendment.run is None or amendment.run not in session.runs:
        return None
    return session.runs[amendment.run].metadata.get(amendment.key)


def _undone(session: Session, amendment: Amendment, before: Any, *, is_again: bool) -> str:
    place = "no run" if amendment.run is None else f"run {amendment.scan_id or amendment.run[:8]}"
    if amendment.key:
        after = _value_now(session, amendment)
        was, is_now = (in_one_line("nothing" if value is None else value) for value in (before, after))
        return f"{place}: {amendment.key}: {was} -> {is_now}"
    return f"{place}: {'again' if is_again else 'no longer'}: {amendment.kind} {in_one_line(amendment.value)}"
