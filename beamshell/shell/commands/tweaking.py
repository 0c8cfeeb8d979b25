"""The command tweak: a motor is moved step by step with the arrow keys."""

from __future__ import annotations

import math
from typing import Any

from beamshell.errors import BeamshellError, RunEngineInterrupted, UsageError
from beamshell.plans import stubs as bps
from beamshell.shell.command_set import command
from beamshell.shell.commands.motion import refuse_computed
from beamshell.shell.keys import Key, Keyboard, has_keys, keyboard
from beamshell.shell.live_line import LiveLines
from beamshell.shell.messages_shown import print_answer, say_error
from beamshell.shell.parameter_types import Motor, Position, Session
from beamshell.shell.positions import begin_position_text, position_of, unit_of
from beamshell.text.numbers import in_full, with_unit

_STEPS = (1.0, 2.0, 5.0)
"""The steps within a power of ten."""
_NEARLY = 1e-9
_DIGITS = 6
_KEYS = "left, right: move; up, down: step; q: end"


@command("Moving", example="tweak th 0.1", preflight=False)
def tweak(session: Session, motor: Motor, step: Position) -> None:
    """Move a motor in steps with the arrow keys: left and right move it, up and down change the step, q ends.

    Each move is one of its own, checked as any move. A key that is pressed while the motor moves does not count. Ctrl+C
    stops the motor and ends the command.
    """
    refuse_computed([motor])
    step = abs(step)
    if not step:
        raise UsageError("a step of 0 moves nothing")
    if not isinstance(position_of(motor), int | float):
        raise UsageError(f"{motor.name} has no number as position")
    if not has_keys():
        raise UsageError(f"it needs the keys of a terminal; one step without them: movr {motor.name} {in_full(step)}")
    start = begin_position_text(motor)()
    try:
        with keyboard() as keys:
            while (key := _next_key(motor, step, keys)) is not Key.QUIT:
                if key in (Key.UP, Key.DOWN):
                    step = next_step(step, up=key is Key.UP)
                    continue
                _move(session, motor, step if key is Key.RIGHT else -step)
                keys.forget()  # a key that is held down would send it on and on
    finally:
        print_answer(f"{motor.name}: {start.removesuffix(f' {unit_of(motor)}')} -> {begin_position_text(motor)()}")


def _next_key(motor: Any, step: float, keys: Keyboard) -> Key:
    position, size = begin_position_text(motor)(), with_unit(in_full(step, _DIGITS), unit_of(motor))
    with LiveLines() as live:
        live.draw(f"{motor.name} {position}  step {size}  {_KEYS}")
        return keys.next_key()


def _move(session: Session, motor: Any, distance: float) -> None:
    """Move by a distance; a refusal or a failure is shown, and the next key may do better."""
    try:
        session.run(bps.mvr(motor, distance), command=f"movr {motor.name} {in_full(distance)}", preflight=False)
    except RunEngineInterrupted:
        raise
    except BeamshellError as exc:
        session.last_error.keep(exc)
        say_error(exc)


def next_step(step: float, *, up: bool) -> float:
    """The next larger or smaller step of 1, 2, 5, 10 ...

    Example:
        >>> next_step(0.1, up=True), next_step(0.1, up=False), next_step(0.3, up=True), next_step(5.0, up=True)
        (0.2, 0.05, 0.5, 10.0)
    """
    power = math.floor(math.log10(step) + _NEARLY)
    steps = [float(f"{first:g}e{power + shift}") for shift in (-1, 0, 1) for first in _STEPS]
    if up:
        return next(one for one in steps if one > step * (1 + _NEARLY))
    return next(one for one in reversed(steps) if one < step * (1 - _NEARLY))
