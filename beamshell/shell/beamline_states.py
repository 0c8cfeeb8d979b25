"""The named states of a console's beamline: what differs from one, and commands and plans that need one.

It joins the file of states to the devices, and never moves one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from beamshell.errors import ConfigError, PlanError
from beamshell.shell.comparison import compare, differences
from beamshell.shell.profile import beside_profile
from beamshell.shell.states_file import BeamlineStates, read_states
from beamshell.shell.tokens import find_device


def states_of(session: Any) -> BeamlineStates:
    """The states in the file that the profile of a console names; none if it names no file."""
    name = session.config.states_file
    if not name:
        return BeamlineStates()
    return read_states(beside_profile(name, session.profile), lambda word: find_device(word, session.devices))


def states_needed(requires: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """The states that commands or plans need, each with the one that needs it.

    Args:
        requires: the profile's setting: by the name of a command or a plan, a state or several.
        names: of the command and of the plans.

    Raises:
        ConfigError: what the profile says is no name of a state, nor a list of them.
    """
    needed: dict[str, str] = {}
    for name in names:
        states = requires.get(name, ())
        states = [states] if isinstance(states, str) else states
        if not isinstance(states, list | tuple) or not all(isinstance(state, str) for state in states):
            raise ConfigError(f"requires: {name}: {states!r} is no state: write {{'{name}': 'alignment'}}")
        for state in states:
            needed.setdefault(state, name)
    return needed


def refuse_in_other_states(session: Any, names: Iterable[str]) -> None:
    """Return if the beamline is in the states that these commands or plans need.

    Args:
        session: the console.
        names: of the command and of the plans.

    Raises:
        PlanError: it is in another; the message names what differs, and what to type.
        UnknownName: there is no such state.
        ConfigError: the file of states, or the setting `requires`, has a mistake.
    """
    needed = states_needed(session.config.requires, names)
    if not needed:
        return
    states = states_of(session)
    for state, by in needed.items():
        comparisons = compare(states.find(state).conditions, session.devices, session.offline_word)
        if difference := differences(comparisons):
            raise PlanError(f"{by} needs the state {state}: {difference} (state {state} go)")
