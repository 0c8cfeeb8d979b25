"""Ctrl+C while a plan runs: what each press means, and how it always reaches the prompt.

The rules are a pure function. The handler only posts what they say, answers the operator with one true line,
and, when the engine is stuck in somebody else's code, breaks into that code.
"""

from __future__ import annotations

import enum
import signal
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from beamshell.engine._requests import EndWanted, PauseWanted, name_of
from beamshell.engine._state import ENDING, State

if TYPE_CHECKING:
    from beamshell.engine._inbox import Inbox
    from beamshell.engine._interpreter import Interpreter

WINDOW_S = 10.0
"""Presses further apart than this do not add up."""


class Answer(enum.Enum):
    """What one press does."""

    PAUSE_SOON = enum.auto()
    PAUSE_NOW = enum.auto()
    BREAK_IN = enum.auto()
    PRY = enum.auto()
    PATIENCE = enum.auto()
    HALT = enum.auto()


def answer(presses: int, state: State, stuck: bool) -> Answer:
    """What the press number `presses` in a row does.

    Args:
        presses: 1 for the first.
        state: of the engine.
        stuck: device, plan or subscriber code runs, and has not come back since the press before.
    """
    if stuck and presses >= 6:
        return Answer.PRY
    if stuck and presses >= 3:
        return Answer.BREAK_IN
    if state in ENDING:
        return Answer.HALT if presses >= 3 and state is not State.HALTING else Answer.PATIENCE
    if state is State.PAUSING:
        return Answer.PATIENCE
    if presses >= 2 or state is State.SUSPENDING:
        return Answer.PAUSE_NOW
    return Answer.PAUSE_SOON


class OperatorInterrupts:
    """Takes SIGINT while the engine runs in the main thread; elsewhere it does nothing."""

    def __init__(self, core: Interpreter, inbox: Inbox, say: Callable[[str], None]) -> None:
        self._core, self._inbox, self._say = core, inbox, say
        self._presses = 0
        self._last = float("-inf")
        self._previous: Any = None
        self._active = False

    def __enter__(self) -> OperatorInterrupts:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._pressed)
            self._active = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._active:
            self._active = False
            signal.signal(signal.SIGINT, self._previous)

    def _pressed(self, _: int, frame: FrameType | None) -> None:
        core, now = self._core, self._core.clock()
        self._presses = self._presses + 1 if now - self._last < WINDOW_S else 1
        self._last = now
        stuck = (core.foreign and bool(self._inbox.posts)) or (core.foreign and self._presses >= 4)
        what = answer(self._presses, core.state, stuck)
        self._say(self._words(what))
        if what is Answer.PAUSE_SOON:
            self._inbox.post(PauseWanted(defer=True))
        elif what is Answer.PAUSE_NOW:
            self._inbox.post(PauseWanted(defer=False))
        elif what is Answer.HALT:
            self._inbox.post(EndWanted(State.HALTING, "halted by the operator"))
        elif what is not Answer.PATIENCE:
            self._inbox.post(PauseWanted(defer=False))
            if what is Answer.PRY and frame is not None:
                pry(frame)
            raise KeyboardInterrupt
        elif core.foreign:
            self._inbox.wake()

    def _words(self, what: Answer) -> str:
        core = self._core
        where = self._where()
        if what is Answer.PAUSE_SOON:
            since = core.clock() - core.checkpoint_at if core.checkpoint_at is not None else 0.0
            return f"Pausing at the next checkpoint (the last was {since:.1f} s ago). Ctrl+C again: pause now."
        if what is Answer.PAUSE_NOW:
            held = f" Waiting for {where} to return; Ctrl+C again breaks into it." if core.foreign and where else ""
            return f"Pausing now.{held}"
        if what is Answer.BREAK_IN or what is Answer.PRY:
            return f"Breaking into {where or 'the plan'}, which does not return."
        if what is Answer.HALT:
            return "Halting: no more cleanup by the plan."
        if core.state is State.PAUSING:
            return f"Pausing already{f': waiting for {where}' if where else ''}."
        more = "" if core.state is State.HALTING else " Ctrl+C three times in a row: halt without its cleanup."
        return f"The plan is cleaning up ({core.state}).{more}"

    def _where(self) -> str:
        """The message in progress, in words."""
        msg = self._core.stack.top.msg if self._core.stack else None
        return f"{name_of(msg.obj)}.{msg.command}()" if msg is not None and msg.obj is not None else ""


# The code of the engine itself, where no exception may be raised from outside.
_OWN = __file__.rpartition("_sigint")[0]


def pry(frame: FrameType) -> None:
    """Make every line of the foreign code on the stack raise KeyboardInterrupt, until it is left.

    Code that catches every exception in a loop is left only this way.
    """

    def tracer(traced: FrameType, event: str, _: Any) -> Any:
        if _is_own(traced.f_code):
            sys.settrace(None)
            return None
        if event in ("line", "call"):
            raise KeyboardInterrupt
        return tracer

    walk: FrameType | None = frame
    while walk is not None and not _is_own(walk.f_code):
        walk.f_trace = tracer
        walk = walk.f_back
    sys.settrace(tracer)


def _is_own(code: CodeType) -> bool:
    return code.co_filename.startswith(_OWN)
