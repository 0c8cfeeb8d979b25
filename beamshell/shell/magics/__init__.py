"""The commands that a scientist types; each module adds its own to one set.

The set is filled when `commands()` is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beamshell.shell.command import CommandSet


def commands() -> CommandSet:
    """All the commands of the console."""
    from beamshell.shell.magics import beamline, interruptions, motion, records, scans
    from beamshell.shell.magics._all import COMMANDS

    assert all((motion, scans, interruptions, records, beamline))  # importing them has filled the set
    return COMMANDS
