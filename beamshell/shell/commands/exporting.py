"""The command that writes a run into files of other formats: export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typing_extensions import override

from beamshell.errors import UsageError
from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session
from beamshell.shell.slots import ChoiceSlot, Slot
from beamshell.shell.tokens import Tokens

if TYPE_CHECKING:
    from beamshell.store.export import Exporter

HEADING = "What was measured"


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
