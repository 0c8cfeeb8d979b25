"""The commands `states` and `state`: whether the beamline is in a named state, what differs, and going there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from typing_extensions import override

from beamshell.errors import UsageError
from beamshell.shell.beamline_states import states_of
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_set import COMMANDS, command
from beamshell.shell.comparison import (
    Comparison,
    MovedNameSlot,
    arrivals,
    begin_comparison,
    compare,
    comparison_table,
    moves_agreed,
    plan_of_moves,
    some_of,
)
from beamshell.shell.messages_shown import print_answer, say
from beamshell.shell.parameter_types import Session
from beamshell.shell.slots import Slot
from beamshell.shell.states_file import BeamlineState, BeamlineStates
from beamshell.text.lists import listed
from beamshell.text.numbers import counted
from beamshell.text.window import table_in_window

HEADING = "Presets and states"
_MOST_SHOWN = 4


class StateNameSlot(Slot):
    """The name of a state of the beamline."""

    word = "name"

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return [] if COMMANDS.session is None else _states(COMMANDS.session).states


@command(HEADING, example="states")
def states(session: Session) -> None:
    """List the named states of the beamline: fulfilled, or what differs.

    The beamline's staff write them into a file that the profile names (`states_file`).
    """
    of_file = _states(session)
    for problem in of_file.problems:
        say(str(problem))
    if not of_file.states:
        if not of_file.problems:
            print_answer("this beamline has no named states (states_file in its profile names the file)")
        return
    collectors = [
        (one, begin_comparison(one.conditions, session.devices, session.offline_word))
        for one in of_file.states.values()
    ]
    rows = [(one.name, _verdict(collect()), one.doc) for one, collect in collectors]
    print(table_in_window(rows, left_aligned=(0, 1, 2)))


def _states(session: Any) -> BeamlineStates:
    return states_of(session.config, session.profile, session.devices)


def _verdict(comparisons: Iterable[Comparison]) -> str:
    differing = [one.in_brief for one in comparisons if one.differs]
    return f"differs: {listed(differing, most=_MOST_SHOWN)}" if differing else "fulfilled"


@command(HEADING, example="state alignment")
def state(
    session: Session,
    name: Annotated[str, StateNameSlot()],
    go: Literal["go"] | None = None,
    motors: list[Annotated[str, MovedNameSlot()]] | None = None,
    *,
    yes: bool = False,
) -> Followed | None:
    """Show how the beamline differs from a named state; with `go` move what differs.

    `state alignment go` shows from where to where each device would go, asks, and moves them in the order of the file:
    motors that stand together at the same time; with names behind it only these. Where nobody can be asked,
    `state alignment go yes` moves them.
    """
    of_beamline = _states(session).find(name)
    conditions = some_of(of_beamline.conditions, motors, of=f"state {name}") if motors else of_beamline.conditions
    comparisons = compare(conditions, session.devices, session.offline_word)
    if go is None:
        if yes:
            raise UsageError(f"yes makes sense with go: state {name} go yes")
        _show(of_beamline, comparisons)
        return None
    moves = moves_agreed(session, comparisons, agreed=yes, line=f"state {name} go")
    return followed_by(plan_of_moves(moves), lambda _: arrivals(moves, session.devices)) if moves else None


def _show(of_beamline: BeamlineState, comparisons: Sequence[Comparison]) -> None:
    print_answer(f"{of_beamline.name}: {of_beamline.doc}" if of_beamline.doc else of_beamline.name)
    print(comparison_table(comparisons, "must be"))
    differing = [one for one in comparisons if one.differs]
    if not differing:
        print_answer("fulfilled")
        return
    movable = [one.name for one in differing if one.can_be_moved]
    remedy = f"; state {of_beamline.name} go moves {listed(movable)}" if movable else ""
    verb = "differs" if len(differing) == 1 else "differ"
    print_answer(f"{len(differing)} of {counted(len(comparisons), 'device')} {verb}{remedy}")
