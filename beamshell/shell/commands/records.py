"""What goes with the data, and the data: md, runs, image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.command import any_device
from beamshell.shell.commands._all import COMMANDS
from beamshell.shell.magic_line import Words, find_device, is_number, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beamshell.shell.session import Session
    from beamshell.store import Run

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


@COMMANDS.add(
    "[scan number] [detector] [point | now]",
    example="image cam 3",
    plan="runs[-1].image('cam', 3)",
    slots=any_device,
)
def image(session: Session, words: Words) -> None:
    """Show a picture of a run: in a window or, without a display, in the terminal.

    Without a number it is the last run, without a detector the only one that took pictures, without a point the last.
    `image cam now` shows the picture that the camera itself has, such as that of the last `ct cam`.
    """
    from beamshell.callbacks.picture import show

    number = _scan_number(words) if words and _is_whole(words.peek()) else None
    name = words.take("detector") if words else ""
    if number is None and words.peek() == "now":
        words.take("now")
        words.end()
        show(_picture_now(name, words.devices), f"{name} now")
        return
    run = session.runs[-1 if number is None else number]
    images = run.images(name or _only_detector(run))
    point = _point(words) if words else -1
    words.end()
    picture = images.at(point)
    show(picture, f"{images.key} of run {run.scan_id}, point {images.points[point] if point < 0 else point}")


def _picture_now(name: str, devices: Mapping[str, Any]) -> Any:
    device = find_device(name, devices)
    if not hasattr(device, "picture"):
        raise UsageError(f"{name} takes no pictures")
    return device.picture()


def _only_detector(run: Run) -> str:
    if not run.image_keys:
        raise UnknownName(f"run {run.scan_id} has no pictures: scan cam th -1 1 3 takes some")
    if len(run.image_keys) > 1:
        raise UsageError(f"say which of {', '.join(run.image_keys)}")
    return run.image_keys[0]


def _point(words: Words) -> int:
    word = words.take("point")
    if not _is_whole(word):
        raise UsageError(f"'{word}' is not a whole number (point)")
    return int(word)


def _is_whole(word: str) -> bool:
    return word.lstrip("-").isdigit()


def _scan_number(words: Words) -> int:
    word = words.take("scan number")
    if not _is_whole(word):
        raise UsageError(f"'{word}' is not a whole number (scan number)")
    return int(word)
