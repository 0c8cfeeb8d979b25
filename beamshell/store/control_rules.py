"""Rules of control: which console may move the beamline, when control is free, what becomes of a request for it.

Pure: what can be seen of the consoles comes in as arguments. It knows no file, no clock, no device.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

HEARTBEAT_S = 10.0
"""Seconds between two signs of life of a console."""
DEAD_AFTER_S = 6 * HEARTBEAT_S
"""A console of another computer that has shown no sign of life for so long has died, unless its lock is seen."""


class Console(NamedTuple):
    """A console of the data folder.

    Attributes:
        key: tells the consoles of the folder apart.
        operator: who works there.
        host: the name of its computer.
        boot: an id of the computer's present start; "" where the system has none.
        pid: its process.
        opened: when it was opened, in seconds since 1970-01-01 UTC.
    """

    key: str
    operator: str
    host: str
    boot: str
    pid: int
    opened: float

    def __str__(self) -> str:
        return f"{self.operator} ({self.host}, pid {self.pid})"


class State(Enum):
    """What the console that has control does."""

    FREE = "free"
    """Nobody has control."""
    IDLE = "idle"
    """Its prompt waits."""
    BUSY = "busy"
    """It runs what may move, or its plan is paused."""


class Control(NamedTuple):
    """Who has control.

    Attributes:
        state: what that console does.
        key: of the console; "" if nobody has it.
    """

    state: State
    key: str = ""


FREE = Control(State.FREE)


class SignsOfLife(NamedTuple):
    """What can be seen of a console from here.

    Attributes:
        is_locked: its process holds the lock on its file; None where the file system has no locks.
        silent_s: seconds since its last sign of life, by the clock of the file server.
        process_exists: a process of its number is there; it says something on its own computer alone.
    """

    is_locked: bool | None
    silent_s: float
    process_exists: bool


def has_died(console: Console, me: Console, signs: SignsOfLife) -> bool:
    """Whether a console is no more, so that its control is free.

    On one computer that is certain at once. Not every file system shows locks to other computers: there it is silence.

    Args:
        console: which may have died.
        me: the console that looks.
        signs: what it sees.
    """
    if signs.is_locked:
        return False
    same_boot = console.boot == me.boot and (bool(me.boot) or console.host == me.host)
    if same_boot:
        return signs.is_locked is False or not signs.process_exists
    if console.host == me.host and me.boot:  # the computer has started again since
        return True
    return signs.silent_s > DEAD_AFTER_S


class Answer(Enum):
    """What becomes of a request for control now."""

    TAKE = "take"
    """Control is free, or may be taken."""
    WAIT = "wait"
    """The holder may still answer."""
    REFUSED = "refused"
    """The holder has said no."""
    NO_REASON = "no reason"
    """The holder does not answer and is idle: with a reason it may be taken."""
    BUSY = "busy"
    """The holder does not answer and is busy: nothing takes it from the middle of a scan."""


def answer_to(
    control: Control, *, is_dead: bool, is_refused: bool, asked_for_s: float, wait_s: float, has_reason: bool
) -> Answer:
    """What becomes of a request for control now.

    Args:
        control: who has it.
        is_dead: that console is no more.
        is_refused: it has refused this request.
        asked_for_s: seconds since the request.
        wait_s: seconds that the holder has for an answer.
        has_reason: the request gives a reason.
    """
    if control.state is State.FREE or is_dead:
        return Answer.TAKE
    if is_refused:
        return Answer.REFUSED
    if asked_for_s < wait_s:
        return Answer.WAIT
    if control.state is State.BUSY:
        return Answer.BUSY
    return Answer.TAKE if has_reason else Answer.NO_REASON
