"""What goes with the data, and the data: md, runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.magic_line import Words, is_number, nearest
from beamshell.shell.magics._all import COMMANDS

if TYPE_CHECKING:
    from beamshell.shell.session import Session

_RESERVED = ("scan_id",)


@COMMANDS.add("[key [value ...] | del key]", example="md sample LaB6", plan="RE.md['sample'] = 'LaB6'")
def md(session: Session, words: Words) -> None:
    """Show the metadata that every run gets, set one, or delete one.

    They are kept until they are changed. A number stays a number; everything else is text.
    """
    if not words:
        _show(dict(session.RE.md))
        return
    key = words.take("key")
    if key == "del":
        _delete(session.RE.md, words)
    elif words:
        _set(session.RE.md, key, words.rest())
    else:
        _show({_known(key, session.RE.md): session.RE.md[key]})


def _show(entries: dict[str, Any]) -> None:
    width = max((len(key) for key in entries), default=0)
    for key, value in sorted(entries.items()):
        print(f"{key:<{width}}  {value}")
    if not entries:
        print("no metadata yet: md sample LaB6")


def _set(metadata: Any, key: str, words: list[str]) -> None:
    if key in _RESERVED:
        raise UsageError(f"{key} is counted by the console")
    value = _number(words[0]) if len(words) == 1 and is_number(words[0]) else " ".join(words)
    metadata[key] = value
    print(f"{key}: {value}")


def _number(word: str) -> float | int:
    value = float(word)
    return int(value) if word.lstrip("+-").isdigit() else value


def _delete(metadata: Any, words: Words) -> None:
    key = _known(words.take("key to delete"), metadata)
    words.end()
    if key in _RESERVED:
        raise UsageError(f"{key} is counted by the console")
    del metadata[key]


def _known(key: str, metadata: Any) -> str:
    if key not in metadata:
        raise UnknownName(f"no metadata '{key}'{nearest(key, metadata)}")
    return key


@COMMANDS.add("[scan number]", example="runs 12", plan="runs[12].table()")
def runs(session: Session, words: Words) -> None:
    """Show the last runs, or one of them point by point; -1 is the last."""
    if not words:
        print(session.runs)
        return
    run = session.runs[_scan_number(words)]
    words.end()
    print(run)
    print(run.table())


def _scan_number(words: Words) -> int:
    word = words.take("scan number")
    if not word.lstrip("-").isdigit():
        raise UsageError(f"'{word}' is not a whole number (scan number)")
    return int(word)
