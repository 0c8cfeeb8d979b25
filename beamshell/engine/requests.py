"""Requests to the engine, from any thread: pause, end; and reports of ended actions, monitors and suspenders.

The interpreter takes them from its queue and keeps here what it has not yet acted on. This module does not act.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from beamshell.engine.resources import Task
from beamshell.engine.state import SEVERITY, State
from beamshell.protocols import ForeignMotion

# ---- posts -----------------------------------------------------------------------------------------


class StatusDone(NamedTuple):
    """An action has ended."""

    task: Task


class PauseRequest(NamedTuple):
    """Someone asks for a pause.

    Attributes:
        defer: at the next checkpoint, not now.
        reason: shown to the operator, if not empty.
        pressed: Ctrl+C asks; it ends a plan that has nothing to go back to.
    """

    defer: bool
    reason: str = ""
    pressed: bool = False


class EndRequest(NamedTuple):
    """Someone asks for the plan's end.

    Attributes:
        state: STOPPING, ABORTING or HALTING.
        reason: goes into the stop document.
    """

    state: State
    reason: str = ""


class WakeUp(NamedTuple):
    """A suspender has changed, or a coroutine has ended: the engine looks at them anew."""


class MonitorUpdate(NamedTuple):
    """A monitored device has a new value.

    Attributes:
        monitor: the Monitor whose device it is.
        readings: by key, or None to read the device.
    """

    monitor: Any
    readings: Mapping[str, Any] | None


class ForeignMotionNoticed(NamedTuple):
    """Somebody else has moved a device of the plan.

    Attributes:
        obj: the device; a computed axis, if one of its motors was moved.
        motion: what was noticed.
    """

    obj: Any
    motion: ForeignMotion


# ---- pending requests ----------------------------------------------------------------------------------


class Requests:
    """The requests that the interpreter has taken from its posts and has not yet acted on.

    Attributes:
        pause_now: leave the present message for a pause.
        pause_later: pause at the next checkpoint.
        end: the most severe request to end the plan.
        failures: failed actions whose failure was not yet raised in the plan.
    """

    __slots__ = ("end", "failures", "pause_later", "pause_now")

    def __init__(self) -> None:
        self.pause_now: PauseRequest | None = None
        self.pause_later: PauseRequest | None = None
        self.end: EndRequest | None = None
        self.failures: deque[Task] = deque()

    @property
    def _pauses(self) -> list[PauseRequest]:
        return [request for request in (self.pause_now, self.pause_later) if request is not None]

    @property
    def reason(self) -> str:
        """Why a pause is requested; empty if none is, and if a person wants it."""
        return "; ".join(request.reason for request in self._pauses if request.reason)

    @property
    def pause(self) -> bool:
        """True if a pause is requested, now or at the next checkpoint."""
        return bool(self._pauses)

    def ask_pause_later(self, request: PauseRequest) -> None:
        """Request a pause at the next checkpoint; of several requests the first counts."""
        self.pause_later = self.pause_later or request

    def put_off_pause(self) -> None:
        """Have the pause that is requested now wait for the next checkpoint."""
        self.pause_later, self.pause_now = self.pause_later or self.pause_now, None

    def end_bare_plan(self) -> None:
        """End a plan without a run before its next move or count, if Ctrl+C came too early to stop one.

        Raises:
            Interrupted: Ctrl+C has asked for a pause.
        """
        if self.pause_later is not None and self.pause_later.pressed:
            self.ask_end(EndRequest(State.STOPPING))
            raise Interrupted(InterruptReason.END)

    def ask_end(self, request: EndRequest) -> None:
        """Request the plan's end; of several requests the most severe counts."""
        if self.end is None or SEVERITY[request.state] > SEVERITY[self.end.state]:
            self.end = request

    def take_end(self) -> EndRequest | None:
        """The request to end the plan; it is forgotten here."""
        request, self.end = self.end, None
        return request

    def forget_pauses(self) -> None:
        """Drop the requests for a pause: it was made, or the plan ends."""
        self.pause_now = self.pause_later = None


# ---- leaving a message -----------------------------------------------------------------------------------


class InterruptReason(enum.Enum):
    """Why the engine leaves a message before its end."""

    PAUSE = enum.auto()
    SUSPEND = enum.auto()
    END = enum.auto()


class Interrupted(BaseException):
    """Leaves the message in progress. A plan or a device never sees it.

    Attributes:
        finished: the message is done, and is not to be sent again.
        reason: shown to the operator, if not empty.
        pressed: Ctrl+C has asked for it.
    """

    def __init__(
        self, why: InterruptReason, *, finished: bool = False, reason: str = "", pressed: bool = False
    ) -> None:
        super().__init__(why)
        self.why = why
        self.finished = finished
        self.reason = reason
        self.pressed = pressed
