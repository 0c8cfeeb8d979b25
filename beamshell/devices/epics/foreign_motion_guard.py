"""ForeignMotionGuard: tells subscribers when somebody else moves a motor record; it asks nothing and writes nothing.

It keeps the watch of one motor safe from the threads that call it, and knows nothing of plans.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from beamshell.devices.epics.foreign_motion import ForeignMotionWatch, Sign
from beamshell.protocols import ForeignMotion

Callback = Callable[[ForeignMotion], None]


class ForeignMotionGuard:
    """The guard of one motor.

    Args:
        motor: it has a name, `with_unit` and `read_only`.

    Attributes:
        last: the last motion of others; None if there was none.
    """

    def __init__(self, motor: Any) -> None:
        self.last: ForeignMotion | None = None
        self._motor = motor
        self._watch = ForeignMotionWatch()
        self._lock = threading.RLock()  # a signal handler may stop the motor in the middle of anything
        self._owner: Any = None  # the status of our move under way
        self._callbacks: list[Callback] = []

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call `callback` at each motion of others, in the thread that notices it; a function that ends this."""
        self._callbacks.append(callback)

        def end() -> None:
            self._callbacks = [other for other in self._callbacks if other is not callback]

        return end

    @property
    def noted(self) -> float:
        """Until when all motion was noted, on the record's clock."""
        return self._watch.noted

    # ---- our own commands ----------------------------------------------------------------------

    def begin(self, target: float | None, move: Any) -> None:
        """Note that a command of ours is about to be written.

        Args:
            target: the set point that it leads to; None for any.
            move: the status of the move that it belongs to; None for a write to a field of the record.
        """
        with self._lock:
            self._owner = move
            self._watch.begin(target)
            if move is None:
                self._watch.leave(time.monotonic())

    def end(self, move: Any, at: float, words: str = "", *, is_obstructed: bool = False) -> None:
        """Note that a move of ours has ended, unless another one has taken over.

        Args:
            move: its status.
            at: when the record was looked at, on the record's clock.
            words: what somebody else has done to end it; "" if nobody has.
            is_obstructed: a limit or a switch has ended it.
        """
        with self._lock:
            if move is not self._owner:
                return
            self._owner = None
            sign = self._watch.end(at, is_by_others=bool(words), is_obstructed=is_obstructed)
        if sign is not None:
            self._tell(sign, words or f"{self._words(sign)} meanwhile", ended_ours=bool(words), is_over=not words)

    def leave(self, move: Any) -> None:
        """Note that a move of ours is not followed any more, unless its end is known or another one has taken over."""
        with self._lock:
            if move is self._owner:
                self._owner = None
                self._watch.leave(time.monotonic())

    # ---- what the record sends -------------------------------------------------------------------

    def note_setpoint(self, value: float, at: float) -> None:
        """Note a set point that the record has sent, with its time."""
        with self._lock:
            sign = self._watch.note_setpoint(value, at, time.monotonic())
        if sign is not None:
            self._tell(sign, self._words(sign))

    def note_done(self, done: bool, at: float) -> None:
        """Note that the record says whether it is at rest, with its time."""
        with self._lock:
            sign = self._watch.note_done(done, at, time.monotonic())
        if sign is not None:
            self._tell(sign, self._words(sign))

    def note_connection(self, connected: bool) -> None:
        """Note that the record answers, or does not."""
        if not connected:
            with self._lock:
                self._owner = None
                self._watch.lose()

    def _words(self, sign: Sign) -> str:
        if sign.setpoint is None:
            return "somebody else has moved it"
        return f"somebody else has sent it to {self._motor.with_unit(sign.setpoint)}"

    def _tell(self, sign: Sign, words: str, *, ended_ours: bool = False, is_over: bool = False) -> None:
        motor = self._motor
        if motor.read_only:  # it is others that move it
            return
        self.last = motion = ForeignMotion(motor.name, words, sign.time, time.time(), ended_ours, is_over)
        for callback in list(self._callbacks):
            callback(motion)
