"""The commands that a scientist types; each module adds its own to one set.

The set is filled when `commands()` is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beamshell.shell.command import CommandSet

_MODULES = (
    "motion",
    "scans",
    "flying",
    "spec",
    "spectroscopy",
    "alignment",
    "queue",
    "rehearse",
    "interruptions",
    "records",
    "beamline",
)
"""In the order in which `bhelp` shows their commands."""


def commands() -> CommandSet:
    """All the commands of the console."""
    from beamshell.shell.magics._all import COMMANDS

    for module in _MODULES:
        import_module(f"{__name__}.{module}")
    return COMMANDS
