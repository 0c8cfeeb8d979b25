"""Ctrl+C: the only handler of SIGINT, and the table of what each press does and says.

A press is about one subject: the plan that runs, the cell, the prompt, the console that closes. A subject brings its
rows of the table. An engine alone in a script brings the rows of a plan; the shell adds its own subjects. The handler
never acts on a plan itself: it posts a request, or raises KeyboardInterrupt in code of others that does not return.
"""

from __future__ import annotations

import enum
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FrameType
from typing import Any, NamedTuple

from beamshell.engine.context import CommandContext
from beamshell.engine.inbox import Inbox
from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.resources import name_of
from beamshell.engine.state import Phase, State
from beamshell.text.times import ago
from beamshell.text.window import fitted, window_width

WINDOW_S = 10.0
"""Seconds between two presses beyond which they are not presses in a row."""


class Situation(enum.StrEnum):
    """The activity of the process at a press of Ctrl+C."""

    PLAN = "a plan runs"
    PAUSE_AWAITED = "a plan runs, and pauses at its next checkpoint"
    BARE = "a plan runs that has nothing to go back to, or that runs beside a paused one"
    SUSPENDED = "suspenders hold the plan"
    PAUSING = "the plan is being paused"
    CLEANING_UP = "the plan cleans up after a stop or an abort"
    HALTING = "the plan is being halted"
    FINISHING = "the plan has ended and the engine puts things back"
    CELL = "a cell runs"
    BEGINNING = "a statement is about to run"
    QUESTION = "a question waits for its answer"
    PROMPT = "nothing runs"
    CLOSING = "the console closes"


class Action(enum.Enum):
    """The effect of a press besides showing its sentence."""

    TELL = enum.auto()  # nothing
    PAUSE_SOON = enum.auto()  # at the next checkpoint
    PAUSE_NOW = enum.auto()
    STOP = enum.auto()  # what moves or counts, and the plan
    END_CELL = enum.auto()  # what was typed after this plan is not run
    BREAK_IN = enum.auto()  # KeyboardInterrupt in the code that does not return
    BREAK_EVERY_LINE = enum.auto()  # in each of its lines, until it is left
    HALT = enum.auto()
    INTERRUPT = enum.auto()  # a plain KeyboardInterrupt


class Rule(NamedTuple):
    """One row of the table.

    Attributes:
        situation: in which it counts.
        presses: it counts from this many presses in a row.
        action: what the press does.
        sentence: what the operator reads; words in braces are filled in. Empty where KeyboardInterrupt itself is shown.
        stuck: it counts only if code of a device, plan or subscriber has not come back since the press before.
    """

    situation: Situation
    presses: int
    action: Action
    sentence: str
    stuck: bool = False


_SOON = "Pausing at the next checkpoint (the last was {since}). Ctrl+C again: pause now."
_NOW = "Pausing now.{waiting}"
_BREAK = "Breaking into {where}, which does not return."

_OF_A_PLAN = (
    Situation.PLAN,
    Situation.PAUSE_AWAITED,
    Situation.BARE,
    Situation.SUSPENDED,
    Situation.PAUSING,
    Situation.CLEANING_UP,
    Situation.HALTING,
    Situation.FINISHING,
)

PLAN_RULES: tuple[Rule, ...] = (
    Rule(Situation.PLAN, 1, Action.PAUSE_SOON, _SOON),
    Rule(Situation.PLAN, 2, Action.PAUSE_NOW, _NOW),
    Rule(Situation.PAUSE_AWAITED, 1, Action.PAUSE_NOW, _NOW),
    Rule(Situation.BARE, 1, Action.STOP, "Stopping{busy}.{waiting}"),
    Rule(Situation.SUSPENDED, 1, Action.PAUSE_NOW, _NOW),
    Rule(Situation.PAUSING, 1, Action.TELL, "Pausing already.{waiting}"),
    Rule(
        Situation.CLEANING_UP,
        1,
        Action.TELL,
        "The plan is cleaning up ({state}). Ctrl+C three times in a row: halt without its cleanup.",
    ),
    Rule(Situation.CLEANING_UP, 3, Action.HALT, "Halting: no more cleanup by the plan."),
    Rule(Situation.HALTING, 1, Action.TELL, "The plan is halted; devices are being put back."),
    Rule(
        Situation.FINISHING,
        1,
        Action.END_CELL,
        "The plan has ended; devices are being put back. Ctrl+C three times in a row: do not wait for them.",
    ),
    Rule(Situation.FINISHING, 3, Action.HALT, "Not waiting for the device that is being put back."),
    *(Rule(situation, 3, Action.BREAK_IN, _BREAK, stuck=True) for situation in _OF_A_PLAN),
    *(Rule(situation, 6, Action.BREAK_EVERY_LINE, _BREAK, stuck=True) for situation in _OF_A_PLAN),
)
"""The rows of a plan. The last row that fits a press counts."""


def rule_for(rules: Sequence[Rule], situation: Situation, presses: int, stuck: bool) -> Rule:
    """The row for one press.

    Args:
        rules: the rows of the press's subject.
        situation: now.
        presses: how many in a row, this one included; from 1.
        stuck: see Rule.
    """
    return next(
        rule
        for rule in reversed(rules)
        if rule.situation is situation and presses >= rule.presses and (stuck or not rule.stuck)
    )


def announce(text: str) -> None:
    """Show the operator one line. Safe in a signal handler: nothing is locked or buffered."""
    line, stream = f"{fitted(text, window_width(sys.stderr))}\n", sys.stderr
    try:
        if stream is not sys.__stderr__ and not stream.isatty():  # a notebook: its descriptor is the server's log
            raise ValueError
        os.write(stream.fileno(), line.encode(errors="replace"))
    except (OSError, ValueError, AttributeError):
        stream.write(line)


class Subject:
    """The part of the program that a press of Ctrl+C is for: a plan, a cell, the prompt, the closing console.

    Attributes:
        rules: its rows of the table; each of its situations has a row for the first press.
        situation: the present situation.
        say: tells the operator one line; called in a signal handler.
    """

    rules: Sequence[Rule] = ()
    situation: Situation
    say: Callable[[str], None] = staticmethod(announce)

    def stuck(self, presses: int) -> bool:  # noqa: ARG002
        """Whether code of others has not come back since the press before."""
        return False

    def words(self) -> Mapping[str, Any]:
        """The values for the braces in the sentences of its rules."""
        return {}

    def act(self, action: Action, frame: FrameType | None) -> None:  # noqa: ARG002
        """Do the action of a press; called in a signal handler, `frame` is the interrupted code."""
        if action is Action.INTERRUPT:
            raise KeyboardInterrupt


_AGAIN_S = 0.02


class MainThreadWaker:
    """Ends the wait of a main thread that has not seen a press.

    Python handles a signal between two steps of Python code. If the signal comes after the last step before a long
    call, such as time.sleep, it is handled when the call returns. The interpreter writes to a pipe at once, though
    (signal.set_wakeup_fd); a thread reads the pipe and sends a second signal, SIGURG, which ends the call, until the
    main thread has handled it. To a main thread that has seen the press, SIGURG does nothing.
    """

    def __init__(self) -> None:
        self._is_awake = True
        self._pipe: int | None = None

    def attach(self) -> None:
        """Be told of signals from now on; called in the main thread. An event loop that is told of them is left."""
        if not hasattr(signal, "SIGURG"):  # Windows
            return
        if self._pipe is None:
            self._pipe = self._start()
        before = signal.set_wakeup_fd(self._pipe, warn_on_full_buffer=False)
        if before not in (-1, self._pipe):
            signal.set_wakeup_fd(before)

    def _start(self) -> int:
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.signal(signal.SIGURG, self._handle)
        threading.Thread(target=self._wake_up, args=(reading,), name="beamshell-interrupts", daemon=True).start()
        return writing

    def _handle(self, *_: object) -> None:
        self._is_awake = True

    def _wake_up(self, pipe: int) -> None:
        main_thread = threading.main_thread().ident or 0
        while signals := os.read(pipe, 64):
            if signal.SIGINT not in signals:
                continue
            self._is_awake, pause_s = False, _AGAIN_S
            while not self._is_awake:
                time.sleep(pause_s)
                signal.pthread_kill(main_thread, signal.SIGURG)
                pause_s = min(2 * pause_s, 1.0)


_WAKER = MainThreadWaker()  # the process has one main thread


class InterruptOwner:
    """Takes SIGINT for the innermost subject. Presses in a row are counted for each subject by itself."""

    def __init__(self) -> None:
        self._subjects: list[_Watch] = []
        self._show_unraisable: Callable[[Any], Any] | None = None

    def watch(self, subject: Subject) -> _Watch:
        """A context in which presses are for `subject`; it does nothing outside the main thread."""
        return _Watch(self, subject)

    def pressed(self, _number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
        """One press.

        Raises:
            KeyboardInterrupt: the rule says so, or there is no subject.
        """
        if not self._subjects:
            raise KeyboardInterrupt
        self._subjects[-1].pressed(frame)

    def _keep_press(self, unraisable: Any) -> None:
        """Press once more in a moment, if a press came in code whose errors Python shows and forgets.

        Such code is a `__del__`, the callback of a weak reference, or what C code calls.
        """
        if self._subjects and issubclass(unraisable.exc_type, KeyboardInterrupt):
            threading.Timer(_AGAIN_S, self._press).start()
        elif self._show_unraisable is not None:
            self._show_unraisable(unraisable)

    def _press(self) -> None:
        if self._subjects:
            signal.raise_signal(signal.SIGINT)

    def ignore(self) -> None:
        """Presses do nothing from now on: at its end Python puts the system's handler back, which kills the process."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def enter(self, watch: _Watch) -> Any:
        """Take SIGINT for this subject from now on; returns the handler before it."""
        if self._show_unraisable is None:
            self._show_unraisable, sys.unraisablehook = sys.unraisablehook, self._keep_press
        self._subjects.append(watch)
        _WAKER.attach()
        return signal.signal(signal.SIGINT, self.pressed)

    def leave(self, watch: _Watch, previous: Any) -> None:
        """Give SIGINT back to the handler before this subject."""
        signal.signal(signal.SIGINT, previous)  # first: a press between the two lines must find a subject
        self._subjects.remove(watch)


class _Watch:
    """A subject, and the count of its presses."""

    def __init__(self, owner: InterruptOwner, subject: Subject) -> None:
        self._owner, self._subject = owner, subject
        self._presses, self._last = 0, float("-inf")
        self._previous: Any = None
        self._active = False

    def __enter__(self) -> _Watch:
        if threading.current_thread() is threading.main_thread():
            self._previous = self._owner.enter(self)
            self._active = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._active:
            self._active = False
            self._owner.leave(self, self._previous)

    def begin_statement(self) -> None:
        """The next press is the first in a row; it is seen although an event loop may have run since the last."""
        self._presses = 0
        _WAKER.attach()

    def pressed(self, frame: FrameType | None) -> None:
        subject, now = self._subject, time.monotonic()
        self._presses = self._presses + 1 if now - self._last < WINDOW_S else 1
        self._last = now
        rule = rule_for(subject.rules, subject.situation, self._presses, subject.stuck(self._presses))
        if rule.action is Action.INTERRUPT:
            self._presses = 0
        if rule.sentence:
            line_end = "\n" if sys.stderr.isatty() else ""  # the terminal has echoed ^C, perhaps behind other text
            subject.say(line_end + rule.sentence.format(**subject.words()))
        subject.act(rule.action, frame)


OWNER = InterruptOwner()
"""The owner of this process's SIGINT."""


class QuestionInterrupts(Subject):
    """A question to the operator, as the subject of presses: it never goes on waiting, whatever asks it."""

    rules = (Rule(Situation.QUESTION, 1, Action.INTERRUPT, ""),)
    situation = Situation.QUESTION


def ask(question: str, read_line: Callable[[str], str] | None = None) -> str:
    """The operator's answer to a question, in one line.

    Args:
        question: shown before the answer.
        read_line: shows the question and reads the answer; None is Python's `input`.

    Raises:
        KeyboardInterrupt: the operator pressed Ctrl+C.
        EOFError: the operator pressed Ctrl+D, or there is no terminal.
    """
    with OWNER.watch(QuestionInterrupts()):
        try:
            return (read_line or input)(question)
        except (KeyboardInterrupt, EOFError):
            announce("")  # what is said next begins on a line of its own
            raise
        except SystemError as exc:  # a second signal was handled while KeyboardInterrupt was on its way out of `input`
            if not isinstance(exc.__cause__, KeyboardInterrupt):
                raise
            announce("")
            raise KeyboardInterrupt from exc


# ---- a plan as the subject -------------------------------------------------------------------------

_SITUATIONS = {
    State.IDLE: Situation.PLAN,  # it begins in a moment
    State.RUNNING: Situation.PLAN,
    State.SUSPENDING: Situation.SUSPENDED,
    State.PAUSING: Situation.PAUSING,
    State.PAUSED: Situation.PAUSING,
    State.STOPPING: Situation.CLEANING_UP,
    State.ABORTING: Situation.CLEANING_UP,
    State.HALTING: Situation.HALTING,
}


def situation_of(state: State, phase: Phase = Phase.PLAN) -> Situation:
    """The situation for a state of the engine and a phase of the call."""
    if phase is Phase.FINISHING and state in (State.RUNNING, State.IDLE):
        return Situation.FINISHING
    return _SITUATIONS[state]


class PlanInterrupts(Subject):
    """The plan that runs, as the subject of presses.

    Args:
        ctx: the records of its call.
        inbox: takes the requests.
        say: tells the operator one line.
    """

    rules = PLAN_RULES

    def __init__(self, ctx: CommandContext, inbox: Inbox, say: Callable[[str], None]) -> None:
        self._ctx, self._modes, self._cursor, self._inbox, self.say = ctx, ctx.modes, ctx.cursor, inbox, say

    @property
    def situation(self) -> Situation:  # type: ignore[override]  # read only: the modes decide
        """The situation of the engine, by its modes and by what the plan has done."""
        modes, ctx = self._modes, self._ctx
        situation = situation_of(modes.state, modes.phase)
        is_running = situation in (Situation.PLAN, Situation.SUSPENDED) and not modes.cleanup_depth
        if is_running and (ctx.paused is not None or self._is_bare(situation)):
            return Situation.BARE
        if situation is Situation.PLAN and ctx.requests.pause_later is not None:
            return Situation.PAUSE_AWAITED  # however long ago the first press was
        return situation

    def _is_bare(self, situation: Situation) -> bool:
        """Whether a press stops what moves or counts; what waits for the beam to count can be resumed."""
        ctx = self._ctx
        return ctx.is_bare and bool(ctx.resources.moved if ctx.only_moves else situation is Situation.PLAN)

    def stuck(self, presses: int) -> bool:
        """Whether code of others runs and a request is not taken; from the fourth press on, whether such code runs."""
        return self._modes.foreign and (bool(self._inbox.posts) or presses >= 4)

    def words(self) -> dict[str, Any]:
        """The method that runs, what moves or counts, the state, and how long ago the last checkpoint was."""
        msg = self._cursor.top.msg if self._cursor else None
        method = f"{name_of(msg.obj)}.{msg.command}()" if msg is not None and msg.obj is not None else ""
        method = self._modes.hook or method
        checkpoint_at = self._cursor.checkpoint_at
        waits = self._modes.foreign and method
        resources = self._ctx.resources
        under_way = [task.msg for task in resources.tasks if not task.status.done and task.msg.obj is not None]
        names = [name_of(msg.obj) for msg in under_way or list(resources.moved.values())]
        return {
            "where": method or "the plan",
            "waiting": f" Waiting for {method} to return; Ctrl+C again breaks into it." if waits else "",
            "busy": f" {', '.join(dict.fromkeys(names))}" if names else "",
            "since": ago(0.0 if checkpoint_at is None else self._ctx.clock() - checkpoint_at),
            "state": self._modes.state,
        }

    def act(self, action: Action, frame: FrameType | None) -> None:
        """Post a request; raise KeyboardInterrupt if code of others does not return."""
        if action in (Action.PAUSE_SOON, Action.END_CELL):
            self._inbox.post(PauseRequest(defer=True, pressed=True))
        elif action is Action.PAUSE_NOW:
            self._inbox.post(PauseRequest(defer=False, pressed=True))
        elif action is Action.STOP:
            self._inbox.post(EndRequest(State.STOPPING))
        elif action is Action.HALT:
            self._inbox.post(EndRequest(State.HALTING, "halted by the operator"))
        elif action is Action.TELL:
            if self._modes.foreign:
                self._inbox.wake()
        else:
            stops = self.situation is Situation.BARE
            self._inbox.post(EndRequest(State.STOPPING) if stops else PauseRequest(defer=False, pressed=True))
            if action is Action.BREAK_EVERY_LINE and frame is not None:
                break_every_line(frame)
            raise KeyboardInterrupt


# The code of the engine itself, where no exception may be raised from outside.
_OWN = __file__.rpartition("interrupts")[0]


def break_every_line(frame: FrameType) -> None:
    """Make every line of the code of others on the stack raise KeyboardInterrupt, until it is left.

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
