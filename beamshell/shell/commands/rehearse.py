"""What a command would do, without doing it: rehearse."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.command import Command
from beamshell.shell.commands._all import COMMANDS
from beamshell.shell.magic_line import Words, nearest
from beamshell.shell.preflight import announcement
from beamshell.shell.understudy import Understudy

if TYPE_CHECKING:
    from beamshell.shell.session import Session
    from beamshell.simulate.result import SimulationResult


def _what_follows(before: list[str], devices: Mapping[str, Any]) -> Iterable[str]:
    words = before[1:] if before[:1] == ["plot"] else before
    if not words:
        return [name for name in COMMANDS if COMMANDS[name].runs_a_plan]
    slots = COMMANDS[words[0]].slots if words[0] in COMMANDS else None
    return [] if slots is None else slots(words[1:], devices)


@COMMANDS.add(
    "[plot] command ...",
    example="rehearse scan det th -1 1 21",
    plan="session.rehearse(bp.scan([det], th, -1, 1, 21))",
    aliases=("dryrun",),
    slots=_what_follows,
    needs_words=True,
)
def rehearse(session: Session, words: Words) -> None:
    """Show what a scan would do, and do nothing: points, limits, ways, time, suspenders, a picture.

    The time is learned from the past runs of this beamline. With `plot` the picture is a figure.
    """
    wants_figure = words.peek() == "plot"
    if wants_figure:
        words.take("plot")
    name = words.take("command").lstrip("%")
    if name not in COMMANDS:
        raise UnknownName(f"no command '{name}'{nearest(name, COMMANDS.names)}")
    rehearsal = _rehearsed(session, COMMANDS[name], words)
    print(rehearsal)
    if not rehearsal.problems and not rehearsal.endless:
        print(f"started now: {announcement(rehearsal, time.time()).rpartition(', ')[2]}")
    if wants_figure:
        _plot(rehearsal)


def _rehearsed(session: Session, command: Command, words: Words) -> SimulationResult:
    if not command.runs_a_plan:
        raise UsageError(f"{command.name} is no scan and no move: there is nothing to rehearse")
    understudy: Any = Understudy(session)
    command.act(understudy, words)
    if understudy.plan is None:
        raise UsageError(f"{command.name} runs no plan when it is typed like this")
    return session.rehearse(understudy.plan)


def _plot(rehearsal: SimulationResult) -> None:
    from beamshell.callbacks.trajectory import show_trajectory

    places = rehearsal.trajectory()
    if not places:
        print("no motor is scanned: there is nothing to plot")
    elif not show_trajectory(places, rehearsal.units):
        print("no plot: there is no display")
