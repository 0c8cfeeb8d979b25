"""Going on, or not, after Ctrl+C: resume, stop, abort, halt; and what holds runs up: suspenders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beamshell.shell.commands._all import COMMANDS
from beamshell.shell.magic_line import Words

if TYPE_CHECKING:
    from beamshell.shell.session import Session


@COMMANDS.add(example="resume", plan="RE.resume()")
def resume(session: Session, words: Words) -> None:
    """Go on with the paused plan, from its last checkpoint: every point is recorded once."""
    words.end()
    session.go_on("resume")


@COMMANDS.add(example="stop", plan="RE.stop()")
def stop(session: Session, words: Words) -> None:
    """End the paused plan: its clean-up runs, the run is kept as a success."""
    words.end()
    session.go_on("stop")


@COMMANDS.add("[reason]", example="abort sample fell off", plan='RE.abort("sample fell off")')
def abort(session: Session, words: Words) -> None:
    """End the paused plan: its clean-up runs, the run is marked as aborted, with the reason."""
    session.go_on("abort", " ".join(words.rest()))


@COMMANDS.add(example="halt", plan="RE.halt()")
def halt(session: Session, words: Words) -> None:
    """End the paused plan at once, without its clean-up; motors are stopped all the same."""
    words.end()
    session.go_on("halt")


@COMMANDS.add(example="suspenders", plan="RE.install_suspender(SuspendFloor(ring, 50, resume_thresh=100))")
def suspenders(session: Session, words: Words) -> None:
    """Show what may hold runs up, and whether it does now, why and since when."""
    words.end()
    lines = session.suspender_lines()
    print("\n".join(lines) if lines else "no suspenders are installed")
