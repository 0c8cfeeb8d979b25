"""The command rehearse: what a scan or a move would do, without doing it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Literal

from beamshell.errors import UsageError
from beamshell.shell.command_set import command
from beamshell.shell.commands.command_line import CommandLine
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session
from beamshell.shell.preflight import announcement
from beamshell.text.window import window_width

if TYPE_CHECKING:
    from beamshell.simulate.result import SimulationResult

_FRAME = 14
"""Characters beside the picture of a path, for the names and positions of motors."""
_LEAST_WIDTH = 16


@command("Ahead of time", example="rehearse scan det th -1 1 21", aliases=("dryrun",))
def rehearse(session: Session, plot: Literal["plot"] | None, line: CommandLine) -> None:
    """Show what a scan would do, and do nothing: points, limits, ways, time, suspenders, a picture.

    The time is learned from the past runs of this beamline. With `plot` the picture is a figure.
    """
    from beamshell.simulate.path_drawing import WIDTH

    if not line.command.runs_a_plan:
        raise UsageError(f"{line.command.name} is no scan and no move: there is nothing to rehearse")
    followed = line.make(session)
    if followed is None:
        raise UsageError(f"{line.command.name} runs no plan when it is typed like this")
    result = session.rehearse(followed.plan, line.command.name)
    print_answer("\n".join(result.lines()))
    width = window_width(sys.stdout) or WIDTH + _FRAME
    for row in result.picture(width=min(WIDTH, max(_LEAST_WIDTH, width - _FRAME))):
        print(row)
    if not result.problems and not result.endless:
        print_answer(f"started now: {announcement(result, time.time()).rpartition(', ')[2]}")
    if plot:
        _plot(result)


def _plot(result: SimulationResult) -> None:
    from beamshell.callbacks.trajectory import show_trajectory

    places = result.trajectory()
    if not places:
        print_answer("no motor is scanned: there is nothing to plot")
    elif not show_trajectory(places, result.units):
        print_answer("no plot: there is no display")
