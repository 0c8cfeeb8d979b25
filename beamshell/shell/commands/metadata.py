"""The command for the metadata that every run gets: md."""

from __future__ import annotations

import time
from typing import Any

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session
from beamshell.text.lists import in_one_line
from beamshell.text.nearest import unknown
from beamshell.text.times import clock_time
from beamshell.text.window import table_in_window

HEADING = "What was measured"
_RESERVED = ("scan_id",)
RECORDED = (
    *("uid", "time", "scan_id", "versions", "command", "plan_name", "plan_type", "plan_args", "plan_form"),
    *("detectors", "motors", "hints", "shape", "extents", "num_points", "num_intervals"),
)
"""What the console records of a run itself: it says what was done, and not what a person meant."""
_NO_METADATA = "write md sample LaB6"
_NO_KEYS = ("set", "add", "show")
"""What one types who takes the first word for a verb."""


@command(HEADING, example="md sample LaB6")
def md(session: Session, key: str = "", value: list[Any] | None = None) -> None:
    """Show the metadata that every run gets, set one, or delete one.

    They are kept until they are changed. A number stays a number; everything else is text.
    """
    metadata = session.RE.md
    if not key:
        _show(dict(metadata))
    elif value is None and "=" in key:
        raise UsageError(f"'{key}' is not understood: write md {key.replace('=', ' ', 1)}")
    elif value is None:
        _show({_existing(key, metadata): metadata[key]})
    elif not key.isidentifier() or key in _NO_KEYS:
        raise UsageError(f"'{key}' is no name for metadata: write md sample LaB6")
    elif key in _RESERVED:
        raise UsageError(f"{key} is counted by the console: choose another key")
    elif key in RECORDED:
        raise UsageError(f"{key} is recorded by the console: choose another key")
    else:
        typed = value[0] if len(value) == 1 else " ".join(map(str, value))
        metadata[key] = session.metadata_rules.value(key, typed)
        print_answer(f"{key}: {in_one_line(metadata[key])}")


@md.subcommand(name="del", example="md del sample", also=("delete", "remove", "rm", "-d"))
def delete_metadata(session: Session, key: str) -> None:
    """Delete one."""
    if _existing(key, session.RE.md) in _RESERVED:
        raise UsageError(f"{key} is counted by the console: md shows what can be deleted")
    del session.RE.md[key]


@md.subcommand(example="md history sample")
def history(session: Session, key: str | None = None) -> None:
    """Show the values that metadata have had, of one key or of all: since when, until when, and who has set them."""
    changes = session.md.history(key)
    if not changes:
        raise UnknownName(f"no value of {key or 'metadata'} was set yet: {_NO_METADATA}")
    now = time.time()
    rows = [
        [
            clock_time(change.time, now),
            "now" if change.until is None else clock_time(change.until, now),
            change.operator,
            in_one_line(change.key),
            in_one_line(change.value),
        ]
        for change in changes
    ]
    print_answer(table_in_window([["from", "until", "who", "key", "value"], *rows], left_aligned=range(5)))


def _show(entries: dict[str, Any]) -> None:
    width = max((len(key) for key in entries), default=0)
    for key, value in sorted(entries.items()):
        print_answer(f"{in_one_line(key):<{width}}  {in_one_line(value)}")
    if not entries:
        print_answer(f"no metadata yet: {_NO_METADATA}")


def _existing(key: str, metadata: Any) -> str:
    if not metadata:
        raise UnknownName(f"no metadata '{key}': {_NO_METADATA}")
    if key not in metadata:
        raise unknown("metadata", key, metadata)
    return key
