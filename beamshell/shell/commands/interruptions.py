"""Commands for a paused plan: resume, stop, abort, halt; and suspenders: what plans wait for, switched off and on.

`stop` also stops motors.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from beamshell.errors import BeamshellError, UsageError
from beamshell.shell.command_set import command
from beamshell.shell.commands.motion import MotorNames, all_motors, selected_motors
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Duration, Session, Text
from beamshell.shell.positions import begin_position_text

HEADING = "After Ctrl+C"


@command(HEADING, example="resume")
def resume(session: Session) -> None:
    """Go on with the paused plan, from its last checkpoint: every point is recorded once."""
    session.runner.go_on("resume")


_RESTS_WITHIN_S = 10.0
_LOOK_EVERY_S = 0.02


@command(HEADING, example="stop th")
def stop(session: Session, motors: MotorNames | None = None) -> None:
    """End the paused plan: its clean-up runs, the run is kept as a success. With motors, stop these and nothing else.

    With no plan paused, `stop` alone stops all motors that move, whoever has sent them.
    """
    if motors is not None:
        _stop(selected_motors(session, motors))
    elif session.state != "idle":
        session.runner.go_on("stop")
    elif moving := {name: motor for name, motor in all_motors(session).items() if _moves(motor)}:
        _stop(moving)
    else:
        elsewhere = session.authority.who_else_has_it()
        raise UsageError(
            f"no plan is paused{' here' * bool(elsewhere)}, and no motor moves{elsewhere and f'; {elsewhere}'}"
        )


def _stop(motors: Mapping[str, Any]) -> None:
    """Stop devices, all of them before the first is waited for; show where they come to rest."""
    if unstoppable := [name for name, motor in motors.items() if not callable(getattr(motor, "stop", None))]:
        raise UsageError(f"{unstoppable[0]} cannot be stopped: it is a {type(motors[unstoppable[0]]).__name__}")
    moved = {name: _moves(motor) for name, motor in motors.items()}
    failures = []
    for name, motor in motors.items():
        try:
            motor.stop()
        except BeamshellError as exc:
            moved.pop(name)
            failures.append(exc)
    deadline = time.monotonic() + _RESTS_WITHIN_S
    while any(_moves(motors[name]) for name in moved) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
    for name, has_moved in moved.items():
        state = "still moves" if _moves(motors[name]) else "stopped" if has_moved else "does not move, it is"
        print_answer(f"{name}: {state} at {begin_position_text(motors[name])()}")
    if failures:
        raise type(failures[0])("; ".join(map(str, failures)))


def _moves(motor: Any) -> bool:
    return bool(getattr(motor, "connected", True) and getattr(motor, "moving", False))


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
