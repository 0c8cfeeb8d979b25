"""The commands that come with beamshell: which words there are, and the module that adds each."""

from __future__ import annotations

from beamshell.shell.command_set import COMMANDS, CommandSet

WORDS = {
    "motion": "mov mv movr mvr umv umvr home wm wa wu",
    "presets": "preset",
    "states": "states state",
    "tweaking": "tweak",
    "motor_settings": "setpos set_dial set_lm",
    "scans": "ct scan rscan grid",
    "flying": "fscan flyscan",
    "spec": "ascan dscan lup a2scan d2scan mesh dmesh th2th lineup loopscan timescan",
    "spectroscopy": "regions xafs tscan timefor",
    "alignment": "align edge knife cen peak pic com",
    "fits": "fit",
    "returning": "moves back",
    "goscan": "goscan",
    "repeating": "redo script",
    "queue": "queue",
    "rehearse": "rehearse dryrun",
    "unattended": "do every log",
    "waiting": "watchpv",
    "interruptions": "resume stop abort halt suspenders",
    "continuing": "continue continue_scan",
    "control": "control",
    "metadata": "md",
    "samples": "newsample newuser newproposal comment tag",
    "finding": "runs find",
    "exporting": "export",
    "images": "image",
    "amending": "amend undo",
    "figures": "plotselect plotscale savefig",
    "text_plots": "plot",
    "explaining": "why handover",
    "following": "followers",
    "beamline": "devices offline reconnect reload load_times last_error doctor bhelp commands",
}
"""By module, in the order in which `bhelp` shows their headings. A module is imported when one of its words is used, so
that the console opens quickly."""

for _module, _words in WORDS.items():
    COMMANDS.declare(f"{__name__}.{_module}", _words.split())


def commands() -> CommandSet:
    """All commands of the console, those of beamshell among them."""
    return COMMANDS
