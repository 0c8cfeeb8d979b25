"""The command that finds and shows stored runs: runs."""

from __future__ import annotations

from beamshell.shell.command_set import command
from beamshell.shell.commands.samples import notes_of
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session

HEADING = "What was measured"


@command(HEADING, example="runs 12")
def runs(session: Session, scan_number: int | None = None) -> None:
    """Show the last runs of the data folder, or one of them point by point, with what was said about it later.

    -1 is the newest run, of any console.
    """
    if scan_number is None:
        print_answer(session.runs)
        return
    run = session.runs[scan_number]
    print_answer(run)
    print_answer(run.table())
    for note in notes_of(run):
        print_answer(note)
