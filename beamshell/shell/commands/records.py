"""Commands for metadata and stored runs: md, runs, export, image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typing_extensions import override

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.command_set import command
from beamshell.shell.commands.samples import notes_of
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session
from beamshell.shell.slots import ChoiceSlot, NumberSlot, RecordedNameSlot, Slot
from beamshell.shell.tokens import Tokens, find_device, is_whole, plain_value
from beamshell.text.nearest import unknown
from beamshell.views.scales import Scale

if TYPE_CHECKING:
    from beamshell.store import Run
    from beamshell.store.export import Exporter

HEADING = "What was measured"
_RESERVED = ("scan_id",)
_NO_KEYS = ("set", "add", "show")
"""What one types who takes the first word for a verb."""


# ---- metadata ----------------------------------------------------------------------------------


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
        raise UsageError(f"{key} is counted by the console")
    else:
        metadata[key] = plain_value(value[0]) if len(value) == 1 else " ".join(map(str, value))
        print_answer(f"{key}: {metadata[key]}")


@md.subcommand(name="del", example="md del sample", also=("delete", "remove", "rm", "-d"))
def delete_metadata(session: Session, key: str) -> None:
    """Delete one."""
    if _existing(key, session.RE.md) in _RESERVED:
        raise UsageError(f"{key} is counted by the console")
    del session.RE.md[key]


def _show(entries: dict[str, Any]) -> None:
    width = max((len(key) for key in entries), default=0)
    for key, value in sorted(entries.items()):
        print_answer(f"{key:<{width}}  {value}")
    if not entries:
        print_answer("no metadata yet: md sample LaB6")


def _existing(key: str, metadata: Any) -> str:
    if key not in metadata:
        raise unknown("metadata", key, metadata)
    return key


# ---- runs and their pictures -------------------------------------------------------------------


@command(HEADING, example="runs 12")
def runs(session: Session, scan_number: int | None = None) -> None:
    """Show the last runs of the data folder, or one of them point by point, with the comments on it.

    -1 is the newest run, of any console.
    """
    if scan_number is None:
        print_answer(session.runs)
        return
    run = session.runs[scan_number]
    print_answer(run)
    print_answer(run.table())
    for note in notes_of(session, run):
        print_answer(note)


class FormatSlot(Slot):
    """A format that runs can be exported to."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        return ChoiceSlot(sorted(_exporters())).read(tokens, name, following)

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return sorted(_exporters())


def _exporters() -> Mapping[str, Exporter]:
    from beamshell.store.export import exporters

    return exporters()


class FolderSlot(Slot):
    """A folder: one that exists, or a word with a `/` in it."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Path:
        word = str(tokens.take(name))
        folder = Path(word).expanduser()
        if "/" not in word and not word.startswith("~") and not folder.is_dir():
            raise UsageError(f"'{word}' is neither the number of a run nor a folder: for a new folder write ./{word}")
        return folder


@command(HEADING, example="export csv 12")
def export(
    session: Session,
    format: Annotated[str, FormatSlot()],
    scan_number: int | None = None,
    folder: Annotated[Path | None, FolderSlot()] = None,
) -> None:
    """Write a run into files that other programs read; without a number the last run of this console.

    The formats are csv and those of other packages. The files go into the folder `exports` of the data folder, or into
    the folder that is named; a file that is there already is never overwritten.
    """
    run = session.last_run() if scan_number is None else session.runs[scan_number]
    target = session.folder / "exports" if folder is None else folder
    paths = list(_exporters()[format](run, target))
    for path in paths:
        print_answer(path)
    if not paths:
        print_answer(f"run {run.scan_id} has no points, so no file was written")


class PointSlot(Slot):
    """The number of a point, or `now` for the camera's present picture."""

    word = "point | now"

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> int | str:
        token = tokens.take(name)
        if token == "now":
            return "now"
        return int(NumberSlot(whole=True).read(Tokens([token], tokens.session), name, following))

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return token == "now" or is_whole(token)


@command(HEADING, example="image cam 3")
def image(
    session: Session,
    scan_number: int | None = None,
    detector: Annotated[str, RecordedNameSlot()] = "",
    point: Annotated[int | str, PointSlot()] = -1,
    *,
    scale: Scale = "linear",
) -> None:
    """Show a picture of a run: in a window or, without a display, in the terminal.

    Without a number it is the last run of this console, without a detector the only one that took pictures, without a
    point the last. In the window a slider goes through the points.
    `image cam now` shows the picture that the camera itself has, such as that of the last `ct cam`. With scale=log
    weak spots are seen beside strong ones; "symmetric" has 0 in its middle, and "symlog" is logarithmic beside that.
    """
    from beamshell.callbacks.picture import Frames, show

    if isinstance(point, str):
        if scan_number is not None:
            raise UsageError(f"'{point}' is not a whole number (point)")
        device = find_device(detector, session.devices)
        if not hasattr(device, "picture"):
            raise UsageError(f"{detector} takes no pictures")
        show(device.picture(), f"{detector} now", scale)
        return
    if detector == "now" and detector not in session.devices:
        cameras = [name for name, device in session.devices.items() if hasattr(type(device), "picture")]
        raise UsageError(f"say of which camera: image {cameras[0] if cameras else 'cam'} now")
    run = session.last_run() if scan_number is None else session.runs[scan_number]
    images = run.images(detector or _only_detector(run))
    picture, present = images.at(point), images.points[point] if point < 0 else point

    def title(at: int) -> str:
        return f"{images.key} of run {run.scan_id}, point {at}"

    show(picture, title(present), scale, Frames(images.points, present, images.at, title))


def _only_detector(run: Run) -> str:
    if not run.image_keys:
        raise UnknownName(f"run {run.scan_id} has no pictures: scan cam th -1 1 3 takes some")
    if len(run.image_keys) > 1:
        raise UsageError(f"say which of {', '.join(run.image_keys)}")
    return run.image_keys[0]
