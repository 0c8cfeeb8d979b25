"""LiveMove: a move under way, kept up to date from what the motor sends by itself.

It asks no control system. Any device with a position will do, also one of another library.
"""

from __future__ import annotations

from contextlib import suppress
from numbers import Real
from typing import TYPE_CHECKING, Any

from beamshell.engine.asyncio_view import plain_view
from beamshell.engine.resources import name_of
from beamshell.shell.device_parts import is_motor
from beamshell.shell.positions import target_digits, unit_of
from beamshell.views.motion import Motion

if TYPE_CHECKING:
    from beamshell.engine.resources import Task

_DIGITS = 4
"""Digits after the point of positions, if nobody says."""


class LiveMove:
    """A move under way: its motion, kept up to date from what the motor sends by itself.

    Args:
        motor: any device with a position, also of another library.
        status: of the move.
        motion: of the move.
    """

    def __init__(self, motor: Any, status: Any, motion: Motion) -> None:
        self.status = status
        self._motor = motor = plain_view(motor)
        self._motion = motion
        self._sent: Any = None
        self._token: Any = None
        if latest(motor, "readback_signal") is None and callable(getattr(motor, "subscribe", None)):
            with suppress(Exception):  # one that cannot is shown without its position
                self._token = motor.subscribe(self._note)  # it sends its position from now on, as long as it moves

    def _note(self, value: Any = None, **_: Any) -> None:
        """Keep a position. Any thread."""
        self._sent = value

    def looked_at(self, now: float) -> Motion:
        """The motion, with what is known now."""
        status, motor = self.status, self._motor
        position = number(latest(motor, "readback_signal"))
        # Once it was stopped here, its set point goes where it stands.
        setpoint = None if getattr(status, "was_stopped", False) else number(latest(motor, "setpoint_signal"))
        limit = getattr(motor, "limit_switch", str)() if not status.done else ""
        self._motion.note(now, number(self._sent) if position is None else position, setpoint, limit)
        if status.done:
            self._motion.end(succeeded=bool(status.success))
        return self._motion

    def forget(self) -> None:
        """End the subscription."""
        if self._token is not None:
            with suppress(Exception):
                self._motor.unsubscribe(self._token)
            self._token = None


def motion_of(task: Task, now: float) -> Motion | None:
    """The motion of an action; None if it is no move to a number."""
    motor, args = task.msg.obj, task.msg.args
    target = number(getattr(task.status, "target", args[0] if args else None))
    if task.msg.command != "set" or target is None or not is_motor(motor):
        return None
    says_without_asking = hasattr(motor, "readback_signal")  # a motor of another library might ask for its unit
    return Motion(
        name_of(motor),
        target,
        start=number(getattr(task.status, "start", None)),
        started=getattr(task.status, "started", now),
        units=unit_of(motor) if says_without_asking else "",
        digits=target_digits(motor) if says_without_asking else _DIGITS,
    )


def latest(motor: Any, signal_name: str) -> Any:
    """The value of a motor's signal that has come by subscription, without asking; None if none has."""
    reading = getattr(getattr(motor, signal_name, None), "latest", None)
    return None if reading is None else reading["value"]


def number(value: Any) -> float | None:
    """A value as a number; None if it is none."""
    return None if isinstance(value, bool) or not isinstance(value, Real) else float(value)
