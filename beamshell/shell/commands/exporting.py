"""The command that writes runs into files of other formats: export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typing_extensions import override

from beamshell.errors import BeamshellError, StoreError, UnknownName
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
    from beamshell.store.exports.exporting import Exported
    from beamshell.store.run_list import RunList

HEADING = "What was measured"

_MOST_NAMED = 6
"""Files and failures that are named one by one."""


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

    The formats are csv, spec (silx, PyMca), nexus (HDF5), jsonl (bluesky), parquet, and those of other packages.
    The runs are chosen as in `runs`: `export csv -3..-1`, `export spec today`, `export csv yesterday samx`. The
    files go into the folder `exports` of the data folder, or into one that is named: `export csv 12 ./folder`. A
    file that is there already is never overwritten, unless you add replace=yes. Their names are made as the profile
    says, or as in `name={scan_id:06d}_{sample}`; a `/` in it makes folders. header=yes writes the metadata above
    the table of a CSV file. spec writes several scans into one file a day. Of a run that is still open what there
    is is written.
    """
    from beamshell.store.exports.exporting import exported

    selection = _selection(session, runs)
    number = len(selection) if isinstance(selection, list) else 1
    target = session.folder / "exports" if folder is None else folder
    template = name or session.config.export_names.get(format, "")
    options = {"header": True} if header == "yes" else {}
    report = _Report(number, target)
    with LiveLines() as lines:

        def begin(run: Run) -> None:
            lines.draw(f"exporting {run.label} ({report.done + 1} of {number}); Ctrl+C ends it")

        results = exported(selection, format, target, name=template, replace=replace == "yes", begin=begin, **options)
        try:
            for result in results:
                report.take(result)
        except KeyboardInterrupt:
            report.say()
            raise
    report.say()
    report.raise_failures()


class _Report:
    """What became of the runs so far, and what is said of it.

    Args:
        number: how many runs are exported.
        folder: where the files go.
    """

    def __init__(self, number: int, folder: Path) -> None:
        self.done = 0
        self._number = number
        self._folder = folder
        self._paths: list[Path] = []
        self._failures: list[tuple[Run, BeamshellError]] = []

    def take(self, result: Exported) -> None:
        """Note one run, and say at once what is odd about it."""
        self.done += 1
        self._paths += result.paths
        if result.error is not None:
            self._failures.append((result.run, result.error))
            if self._number > 1 and len(self._failures) <= _MOST_NAMED:
                say_error(result.error)
        elif result.run.stop is None:
            print_answer(f"{result.run.label} is still open: this is what it has now")
        elif self._number == 1 and not result.paths:
            print_answer(f"{result.run.label} has no points, so no file was written")

    def say(self) -> None:
        """Say which files were written."""
        if len(self._paths) <= _MOST_NAMED:
            for path in self._paths:
                print_answer(path)
        if self._number > 1:
            runs = f"{self.done} of {self._number} runs" if self.done < self._number else f"{self._number} runs"
            print_answer(f"{runs}: {counted(len(self._paths), 'file')} in {self._folder}")

    def raise_failures(self) -> None:
        """Raise the error of the only run; of several one that names them.

        Raises:
            BeamshellError: a run could not be exported.
        """
        if self._failures and self._number == 1:
            raise self._failures[0][1]
        if self._failures:
            labels = listed((_label(run) for run, _ in self._failures), _MOST_NAMED)
            raise StoreError(f"{len(self._failures)} of {self._number} runs could not be exported: {labels}")


def _label(run: Run) -> str:
    try:
        return run.label
    except StoreError:  # its start document cannot be read
        return run.path.name


def _selection(session: Session, words: str) -> Run | RunList:
    """One run, or those that words choose."""
    if not words:
        return session.last_run()
    if (number := session.runs.query(words).single_number) is not None:
        return session.runs[number]
    if not (chosen := session.runs.find(words)):
        last = words.split()[-1]
        raise UnknownName(f"{chosen.foot}{f'; for the folder write ./{last}' if Path(last).is_dir() else ''}")
    return chosen
