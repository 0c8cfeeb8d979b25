"""Commands for a paused plan: resume, stop, abort, halt; and suspenders: what plans wait for, switched off and on."""

from __future__ import annotations

from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Duration, Session, Text

HEADING = "After Ctrl+C"


@command(HEADING, example="resume")
def resume(session: Session) -> None:
    """Go on with the paused plan, from its last checkpoint: every point is recorded once."""
    session.runner.go_on("resume")


@command(HEADING, example="stop")
def stop(session: Session) -> None:
    """End the paused plan: its clean-up runs, the run is kept as a success."""
    session.runner.go_on("stop")


@command(HEADING, example="abort sample fell off")
def abort(session: Session, reason: Text = "") -> None:
    """End the paused plan: its clean-up runs, the run is marked as aborted, with the reason."""
    session.runner.go_on("abort", reason)


@command(HEADING, example="halt")
def halt(session: Session) -> None:
    """End the paused plan at once, without its clean-up; motors are stopped all the same."""
    session.runner.go_on("halt")


@command(HEADING, example="suspenders")
def suspenders(session: Session) -> None:
    """Show what each suspender watches, and whether it holds plans now, why and since when."""
    _show(session)


def _show(session: Session) -> None:
    lines = session.suspender_lines()
    print_answer("\n".join(lines) if lines else "no suspenders are installed")


@suspenders.subcommand(example="suspenders off 10min")
def off(session: Session, time: Duration) -> None:
    """Let no plan wait for some time; then they count again by themselves. The runs record it."""
    session.suspenders_off(time)
    _show(session)


@suspenders.subcommand(example="suspenders on")
def on(session: Session) -> None:
    """Let plans wait again."""
    session.RE.suspenders_on()
    _show(session)


@suspenders.subcommand(example="suspenders why")
def why(session: Session) -> None:
    """Say why plans wait, and what to type not to wait."""
    print_answer(session.why_suspended())
