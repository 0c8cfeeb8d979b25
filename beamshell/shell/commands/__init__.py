"""The commands that come with beamshell; each module adds its own to the one set."""

from __future__ import annotations

from importlib import import_module

from beamshell.shell.command_set import COMMANDS, CommandSet

_MODULES = (
    "motion",
    "presets",
    "states",
    "tweaking",
    "motor_settings",
    "scans",
    "flying",
    "spec",
    "spectroscopy",
    "alignment",
    "fits",
    "returning",
    "goscan",
    "repeating",
    "queue",
    "rehearse",
    "unattended",
    "waiting",
    "interruptions",
    "continuing",
    "control",
    "metadata",
    "finding",
    "exporting",
    "images",
    "samples",
    "amending",
    "figures",
    "text_plots",
    "explaining",
    "following",
    "beamline",
)
"""In the order in which `bhelp` shows their headings."""


def commands() -> CommandSet:
    """All commands of the console, those of beamshell among them."""
    for module in _MODULES:
        import_module(f"{__name__}.{module}")
    return COMMANDS
