"""The commands that a scientist types; each module adds its own to one set.

The set is filled when `commands()` is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beamshell.shell.command import Command, CommandSet

_HEADINGS = {
    "motion": "Moving",
    "scans": "Counting and scanning",
    "flying": "Scanning on the fly",
    "spec": "Scanning as in SPEC",
    "spectroscopy": "Scanning in regions, or for a time",
    "alignment": "Alignment",
    "queue": "Ahead of time",
    "rehearse": "Ahead of time",
    "interruptions": "After Ctrl+C",
    "records": "What was measured",
    "beamline": "What there is",
}
"""By module, in the order in which `bhelp` shows their commands."""


def commands() -> CommandSet:
    """All the commands of the console."""
    from beamshell.shell.commands._all import COMMANDS

    for module in _HEADINGS:
        import_module(f"{__name__}.{module}")
    return COMMANDS


def by_heading() -> dict[str, list[Command]]:
    """Every command once, under the headings of `bhelp`; those that a site has added are under one of their own."""
    found: dict[str, list[Command]] = {}
    for command in commands().commands:
        module = command.action.__module__.removeprefix(f"{__name__}.")
        found.setdefault(_HEADINGS.get(module, "Added here"), []).append(command)
    return found
