"""Commands that change how a motor counts, and how far it may go: setpos, set_dial, set_lm. None of them moves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.devices.limits import NO_LIMITS, refusal
from beamshell.errors import UsageError
from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.motor_look import limits_in_words, typed_name, without
from beamshell.shell.parameter_types import Motor, Position, Session
from beamshell.shell.positions import move_in_words, position_of, unit_of, value_text

HEADING = "Moving"


@command(HEADING, example="setpos th 1.5")
def setpos(session: Session, motor: Motor, position: Position) -> None:
    """Call the place where a motor stands by another user position: its offset changes, and nothing moves.

    The limits of a motor record stay at their places, so as user positions they change with the offset.
    """
    _redefine(session, motor, "set_current_position", position, "offset", "at the same places as before")


@command(HEADING, example="set_dial th 0")
def set_dial(session: Session, motor: Motor, dial: Position) -> None:
    """Call the place where a motor stands by another dial position, in its controller; nothing moves.

    The user position stays and the offset changes, unless the offset is frozen. The limits stay as dial positions, so
    they are at other places afterwards: see to them with set_lm.
    """
    _redefine(session, motor, "set_dial_position", dial, "dial position", "at other places than before")


def _redefine(session: Session, motor: Any, method: str, value: float, noun: str, limits_are: str) -> None:
    """Call a method of the motor that redefines its position, and show what has changed by it."""
    redefine = _method(motor, method, noun)
    begin_scale = getattr(motor, "begin_scale", None)
    if begin_scale is None:  # of another library
        before = position_of(motor)
        redefine(value)
        print_answer(f"{move_in_words(motor, before, position_of(motor))}; it has not moved")
        return
    before = begin_scale()()
    redefine(value)
    after = begin_scale()()
    is_dial = method == "set_dial_position"
    _record(session, motor, noun, *((scale.dial if is_dial else scale.offset) for scale in (before, after)))
    changes = [move_in_words(motor, before.user, after.user)]
    for name in ("dial", "offset"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            changes.append(f"{name} {value_text(motor, old)} -> {value_text(motor, new)}")
    print_answer(f"{', '.join(changes)}; it has not moved")
    if before.limits != after.limits:
        limits = " -> ".join(limits_in_words(motor, scale.limits) for scale in (before, after))
        print_answer(f"limits {limits}: {limits_are}")
    if motor.own_limits is not None:
        print_answer(f"limits of this console stay as numbers: {limits_in_words(motor, motor.own_limits)}")


@command(HEADING, example="set_lm th -5 5")
def set_lm(session: Session, motor: Motor, low: Position, high: Position) -> None:
    """Set the limits of a motor, as user positions; 0 0 takes them away.

    Those of a motor record are written into the record and hold for everybody who moves it. Any other motor, a computed
    axis too, gets limits that hold in this console until it is closed.
    """
    if callable(getattr(motor, "set_limits", None)):
        before = motor.begin_scale()().limits
        motor.set_limits(low, high)
        scale = motor.begin_scale()()
        after, position, scope = scale.limits, scale.user, ""
    elif _takes_limits(motor):
        before = motor.limits
        motor.limits = None if (low, high) == NO_LIMITS else (low, high)
        after, position, scope = motor.limits, position_of(motor), ", in this console"
    else:
        raise UsageError(f"{motor.name} is a {type(motor).__name__}, which does not take limits from here")
    _record(session, motor, "limits", before, after)
    print_answer(f"{motor.name}: limits {limits_in_words(motor, before)} -> {limits_in_words(motor, after)}{scope}")
    if problem := refusal(position, after, lambda value: value_text(motor, value)):
        print_answer(f"it stands outside: {problem}")
    if not scope and motor.own_limits is not None:
        print_answer(f"in this console these hold too: {limits_in_words(motor, motor.own_limits)}")


def _record(session: Session, motor: Any, what: str, before: Any, after: Any) -> None:
    """Note a change in the console log, if there is one."""
    if (log := getattr(session, "log", None)) is not None:
        name, unit = typed_name(motor), unit_of(motor)
        log.add("rescaled", device=name, what=what, before=before, after=after, unit=unit)


def _takes_limits(motor: Any) -> bool:
    limits = getattr(type(motor), "limits", None)
    return isinstance(limits, property) and limits.fset is not None


def _method(motor: Any, name: str, noun: str) -> Callable[[float], Any]:
    """A method of the motor.

    Raises:
        UsageError: it has none; the message names the motors that may have one.
    """
    method: Callable[[float], Any] | None = getattr(motor, name, None)
    if method is None:
        raise UsageError(f"{motor.name} {without(motor, noun)}")
    return method
