"""Commands that say what is measured: newproposal, newuser, newsample, comment, tag."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from beamshell.errors import UsageError
from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Labels, Session, Text
from beamshell.text.lists import aligned, in_one_line
from beamshell.text.times import clock_time

if TYPE_CHECKING:
    from beamshell.store import Run

HEADING = "What was measured"
_OF_RUN = re.compile(r"run #?(-?\d+)(?:\s+(\S.*))?", re.DOTALL)
"""A comment or a tag for one run: "run 12 the beam was lost"."""
_TAG = re.compile(r"[\w.+:-]+")


# ---- metadata of the following runs --------------------------------------------------------------


@command(HEADING, example="newsample LaB6 thickness=0.5")
def newsample(session: Session, name: str, labels: Labels) -> None:
    """Name the sample of the following runs, and what there is to say about it.

    `thickness=0.5` goes into the metadata as `sample_thickness`. What was said about the sample before goes. `md` shows
    all metadata.
    """
    if "=" in name:
        raise UsageError(f"'{name}' is no name of a sample: write newsample LaB6 {name}")
    _replace(session, "sample", name, labels)


@command(HEADING, example="newuser Kate Miller")
def newuser(session: Session, name: Text) -> None:
    """Name the user of the following runs: whose experiment it is. Who sits at the console is the operator."""
    _replace(session, "user", name)


@command(HEADING, example="newproposal 2026-1234 strain in thin films")
def newproposal(session: Session, number: str, title: Text = "") -> None:
    """Name the proposal of the following runs, and its title; user and sample of the proposal before go."""
    _replace(session, "proposal", number, {"title": title} if title else {}, and_drop=("user", "sample"))


def _replace(
    session: Session, key: str, name: str, more: Mapping[str, Any] | None = None, and_drop: Iterable[str] = ()
) -> None:
    """Set an entry of the metadata and those that belong to it; those of the one before go, all at once."""
    metadata = session.md
    typed = {key: name, **{f"{key}_{label}": value for label, value in (more or {}).items()}}
    rules = session.metadata_rules
    entries = {each: rules.value(each, word) if each in rules.by_key else word for each, word in typed.items()}
    old = {each: value for dropped in (key, *and_drop) for each, value in _of(dropped, metadata).items()}
    metadata.change(entries, without=old)
    print_answer(_shown(entries))
    if gone := {each: value for each, value in old.items() if each not in entries}:
        print_answer(f"no longer: {_shown(gone)}")
    session.log.add(key, **entries)


def _of(key: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of the metadata and those that belong to it: "sample", "sample_thickness"."""
    return {each: value for each, value in metadata.items() if each == key or each.startswith(f"{key}_")}


def _shown(entries: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}: {in_one_line(value)}" for key, value in entries.items())


# ---- comments and tags ---------------------------------------------------------------------------


@command(HEADING, example="comment the sample slipped after point 12")
def comment(session: Session, text: Text) -> None:
    """Write a comment on the last run of this console; before its first run it is about no run.

    `comment run 12 the beam was lost` is for that run. `runs 12` shows the comments on it, and `undo` takes one back.
    """
    _note(session, "comment", text)


@command(HEADING, example="tag good")
def tag(session: Session, word: Text) -> None:
    """Mark the last run of this console with a word; `tag run 12 good` marks that run. `runs 12` shows it."""
    _note(session, "tag", word)


def _note(session: Session, kind: str, text: str) -> None:
    """Add what a person says about a run to its amendments."""
    of_run = _OF_RUN.fullmatch(text)
    run: Run | None = session.own_runs[-1] if session.own_runs else None
    if of_run is not None:
        run, text = session.runs[int(of_run[1])], of_run[2] or ""
        if not text:
            raise UsageError(f"what about {run.label}? Write {kind} run {of_run[1]} good")
    if kind == "tag" and not _TAG.fullmatch(text):
        raise UsageError(f"'{text}' is no tag: write one word, such as good; comment takes a text")
    uid, number = (run.uid, run.scan_id) if run else (None, None)
    session.runs.amendments.add(kind, uid, number, text, operator=session.operator)
    print_answer(f"{run.label if run else 'no run'}: {in_one_line(text)}")


def notes_of(run: Run) -> list[str]:
    """What was said about a run later, a line each, the oldest first: comments, tags, and what was corrected."""
    lines, metadata = [], dict(run.start)
    for each in run.amendments:
        value = in_one_line(each.value)
        if each.key:
            value += f", was {in_one_line(metadata[each.key])}" if each.key in metadata else ""
            metadata[each.key] = each.value
        lines.append([each.key or each.kind, clock_time(each.time, time.time()), each.operator, value])
    return aligned(lines, left_aligned=range(4)) if lines else []
