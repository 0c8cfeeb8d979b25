"""The command for the metadata that every run gets: md."""

from __future__ import annotations

from typing import Any

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session
from beamshell.shell.tokens import plain_value
from beamshell.text.nearest import unknown

HEADING = "What was measured"
_RESERVED = ("scan_id",)
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
    else:
        metadata[key] = plain_value(value[0]) if len(value) == 1 else " ".join(map(str, value))
        print_answer(f"{key}: {metadata[key]}")


@md.subcommand(name="del", example="md del sample", also=("delete", "remove", "rm", "-d"))
def delete_metadata(session: Session, key: str) -> None:
    """Delete one."""
    if _existing(key, session.RE.md) in _RESERVED:
        raise UsageError(f"{key} is counted by the console: md shows what can be deleted")
    del session.RE.md[key]


def _show(entries: dict[str, Any]) -> None:
    width = max((len(key) for key in entries), default=0)
    for key, value in sorted(entries.items()):
        print_answer(f"{key:<{width}}  {value}")
    if not entries:
        print_answer(f"no metadata yet: {_NO_METADATA}")


def _existing(key: str, metadata: Any) -> str:
    if not metadata:
        raise UnknownName(f"no metadata '{key}': {_NO_METADATA}")
    if key not in metadata:
        raise unknown("metadata", key, metadata)
    return key
