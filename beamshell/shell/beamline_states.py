"""The named states of a console's beamline: what differs from one, and commands and plans that need one.

It joins the file of states to the devices, and never moves one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from beamshell.errors import ConfigError, PlanError
from beamshell.shell.comparison import compare, differences
from beamshell.shell.profile import Beamshell, beside_profile
from beamshell.shell.states_file import BeamlineStates, read_states
from beamshell.shell.tokens import find_device


def states_of(config: Beamshell, profile: Path | None, devices: Mapping[str, Any]) -> BeamlineStates:
    """The states in the file that a profile names; none if it names no file.

    Args:
        config: the settings of the profile.
        profile: its folder, if it has one.
        devices: the devices by name.
    """
    name = config.states_file
    if not name:
        return BeamlineStates()
    return read_states(beside_profile(name, profile), lambda word: find_device(word, devices))


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


def refuse_in_other_states(
    names: Iterable[str], config: Beamshell, profile: Path | None, devices: Mapping[str, Any]
) -> None:
    """Return if the beamline is in the states that commands or plans of these names need.

    Raises:
        PlanError: it is in another; the message names what differs, and what to type.
        UnknownName: there is no such state.
        ConfigError: the file of states, or the setting `requires`, has a mistake.
    """
    needed = states_needed(config.requires, names)
    if not needed:
        return
    states = states_of(config, profile, devices)
    for state, by in needed.items():
        if difference := differences(compare(states.find(state).conditions, devices)):
            raise PlanError(f"{by} needs the state {state}: {difference} (state {state} go)")
