"""The command that writes runs into files of other formats: export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typing_extensions import override

from beamshell.errors import StoreError, UnknownName
from beamshell.shell.command_set import command
from beamshell.shell.commands.finding import RunWordsSlot
from beamshell.shell.live_line import LiveLines
from beamshell.shell.messages_shown import print_answer, say_error
from beamshell.shell.parameter_types import Session
from beamshell.shell.slots import ChoiceSlot, Slot
from beamshell.shell.tokens import Tokens
from beamshell.text.lists import listed
from beamshell.text.numbers import counted

if TYPE_CHECKING:
    from beamshell.store import Run

HEADING = "What was measured"

_MOST_NAMED = 6


class FormatSlot(Slot):
    """A format that runs can be exported to."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        return ChoiceSlot(_format_names()).read(tokens, name, following)

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return _format_names()


def _format_names() -> list[str]:
    from beamshell.store.exports.formats import format_names

    return format_names()


class FolderSlot(Slot):
    """A folder: a path that begins with `/`, `./`, `../` or `~`."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Path:
        return Path(str(tokens.take(name))).expanduser()

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        if isinstance(token, str):
            return token in (".", "..") or token.startswith(("/", "./", "../", "~"))
        return isinstance(token, Path)


class ExportedRunsSlot(RunWordsSlot):
    """Words that choose runs, and no folder."""

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return super().fits(token, devices) and not FolderSlot().fits(token, devices)


@command(HEADING, example="export csv 12")
def export(
    session: Session,
    format: Annotated[str, FormatSlot()],
    runs: Annotated[str, ExportedRunsSlot()] = "",
    folder: Annotated[Path | None, FolderSlot()] = None,
    *,
    name: str | None = None,
    replace: Literal["yes", "no"] = "no",
    header: Literal["yes", "no"] = "no",
) -> None:
    """Write runs into files that other programs read; without words the last run of this console.

    The runs are chosen as in `runs`: `export csv -3..-1`, `export spec today`, `export csv yesterday samx`. The files
    go into the folder `exports` of the data folder, or into one that is named: `export csv 12 ./folder`. A file that is
    there already is never overwritten, unless you add replace=yes. Their names are made as the profile says, or as in
    `name={scan_id:06d}_{sample}`; a `/` in it makes folders. header=yes writes the metadata above the table of a CSV
    file. spec writes several scans into one file a day. Of a run that is still open what there is is written.
    """
    from beamshell.store.exports.exporting import exported

    chosen = _chosen(session, runs)
    target = session.folder / "exports" if folder is None else folder
    template = name or session.config.export_names.get(format, "")
    options = {"header": True} if header == "yes" else {}
    paths: list[Path] = []
    failed: list[Run] = []
    numbers = count(1)
    with LiveLines() as lines:

        def begin(run: Run) -> None:
            lines.draw(f"exporting {run.label} ({next(numbers)} of {len(chosen)}); Ctrl+C ends it")

        results = exported(chosen, format, target, name=template, replace=replace == "yes", begin=begin, **options)
        for result in results:
            paths += result.paths
            if result.error is not None:
                if len(chosen) == 1:
                    raise result.error
                failed.append(result.run)
                say_error(result.error)
            elif result.run.stop is None:
                print_answer(f"{result.run.label} is still open: this is what it has now")
    _say_what_was_written(chosen, paths, target)
    if failed:
        labels = listed(map(_label, failed), _MOST_NAMED)
        raise StoreError(f"{len(failed)} of {len(chosen)} runs could not be exported: {labels}")


def _label(run: Run) -> str:
    try:
        return run.label
    except StoreError:  # its start document cannot be read
        return run.path.name


def _chosen(session: Session, words: str) -> Sequence[Run]:
    if not words:
        return [session.last_run()]
    if (number := session.runs.query(words).single_number) is not None:
        return [session.runs[number]]
    if not (chosen := session.runs.find(words)):
        last = words.split()[-1]
        raise UnknownName(f"{chosen.foot}{f'; for the folder write ./{last}' if Path(last).is_dir() else ''}")
    return chosen


def _say_what_was_written(chosen: Sequence[Run], paths: Sequence[Path], folder: Path) -> None:
    if len(paths) <= _MOST_NAMED:
        for path in paths:
            print_answer(path)
    if not paths and len(chosen) == 1:
        print_answer(f"{chosen[0].label} has no points, so no file was written")
    elif len(chosen) > 1:
        print_answer(f"{counted(len(chosen), 'run')}: {counted(len(paths), 'file')} in {folder}")
