"""Commands about who may move the beamline: control, control take, control give, control refuse."""

from __future__ import annotations

from beamshell.shell.command_set import command
from beamshell.shell.control_requests import control_lines, give_control, refuse_control, take_control
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session, Text

HEADING = "Several consoles"


@command(HEADING, example="control")
def control(session: Session) -> None:
    """Show which console may move motors and write values, since when, and which other consoles there are.

    A console alone has control without a word. A second one on the same data folder looks and does not move, until it
    is given control or takes it. stop, abort and halt work in each.
    """
    print_answer("\n".join(control_lines(session.authority)))


@control.subcommand(example="control take align the mirror")
def take(session: Session, reason: Text = "") -> None:
    """Get control: at once if it is free, else its holder is asked, and can refuse.

    One who does not answer keeps it in a scan. From one who is idle it is taken, if a reason is given.
    """
    print_answer(take_control(session.authority, reason))


@control.subcommand(example="control give")
def give(session: Session) -> None:
    """Give control to the console that asks for it; if none asks, to the first that moves."""
    print_answer(give_control(session.authority))


@control.subcommand(example="control refuse the sample is cold")
def refuse(session: Session, reason: Text = "") -> None:
    """Keep control, and say why to those who ask for it."""
    print_answer(refuse_control(session.authority, reason))
