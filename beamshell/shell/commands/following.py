"""The command about what leaves the console: followers."""

from __future__ import annotations

from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session

HEADING = "What happened"


@command(HEADING, example="followers")
def followers(session: Session, name: str = "") -> None:
    """Show what reads the runs and hands them on: how each follower fares, how far it is behind, its last error.

    A follower is a process of its own, which the profile names. One that hangs or dies costs no scan anything, and goes
    on where it was.
    """
    from beamshell.shell.followers import follower_lines

    print_answer("\n".join(follower_lines(session.config.followers, session.folder, name)))
