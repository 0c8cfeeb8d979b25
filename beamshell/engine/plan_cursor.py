"""PlanCursor: the stack of plans in progress, and the messages to send again after an interruption.

Usually there is one plan. A suspension or a rewind puts another on top of it, which runs to its end first.
It knows nothing of devices, runs or the interpreter.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from types import GeneratorType
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg

NOT_REPEATED = frozenset(
    {
        "pause",
        "subscribe",
        "unsubscribe",
        "stage",
        "unstage",
        "monitor",
        "unmonitor",
        "open_run",
        "close_run",
        "install_suspender",
        "remove_suspender",
        "begin_cleanup",
        "end_cleanup",
        "input",
    }
)
"""Commands whose effect outlives a rewind, so they are not sent twice."""


_FIELDS = 5  # of a message


class Frame:
    """One plan on the stack, and the reply or error that it gets next.

    Attributes:
        answers: what this plan returns is the reply that the plan below waits for.
        reply: the answer to its last message.
        error: raised in the plan instead of the reply, if not None.
        msg: the message it sent last.
    """

    __slots__ = ("answers", "error", "msg", "plan", "reply")

    def __init__(self, plan: Any, answers: bool = False) -> None:
        self.plan = plan
        self.answers = answers
        self.reply: Any = None
        self.error: BaseException | None = None
        self.msg: Any = None

    def alive(self) -> bool:
        """False once the generator has returned or raised."""
        return not isinstance(self.plan, GeneratorType) or self.plan.gi_frame is not None


class PlanCursor:
    """The stack of plans, and the record of messages since the last checkpoint.

    An exception that the top plan does not catch goes to the plan below it.

    Attributes:
        frames: the plans, the innermost last.
        recording: the fields of the messages since the checkpoint, or None while none are recorded. Kept whole, each
            message would cost Python's garbage collection as much as the engine needs for it.
        possible: False between `clear_checkpoint` and the next checkpoint: a pause there must end the plan.
        checkpoint_at: when the last checkpoint was, on the world's clock; None before the plan begins.
    """

    __slots__ = ("_rewindable", "checkpoint_at", "frames", "possible", "recording")

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.recording: list[Any] | None = []
        self.possible = True
        self.checkpoint_at: float | None = None
        self._rewindable = True

    # ---- the stack -----------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return bool(self.frames)

    @property
    def top(self) -> Frame:
        """The frame of the innermost plan."""
        return self.frames[-1]

    def push(self, plan: Any, *, answers: bool = False) -> None:
        """Put a plan on top, to be run to its end before the one below goes on."""
        self.frames.append(Frame(plan, answers))

    def pop(self) -> Frame:
        """Take the top frame away."""
        return self.frames.pop()

    def throw(self, error: BaseException) -> None:
        """Raise `error` in the top plan where it waits for its answer."""
        self.frames[-1].error = error

    # ---- the record ----------------------------------------------------------------------------

    @property
    def rewindable(self) -> bool:
        """Whether messages are recorded; while they are not, a paused plan goes on where it stopped."""
        return self._rewindable

    @rewindable.setter
    def rewindable(self, flag: bool) -> None:
        if flag != self._rewindable:
            self._rewindable = flag
            self.record_anew()

    def checkpoint(self, now: float) -> None:
        """Make this the place to which a rewind goes back."""
        self.possible = True
        self.checkpoint_at = now
        self.record_anew()

    def record_anew(self) -> None:
        """Empty the record; None where no rewind is possible."""
        self.recording = [] if self.possible and self._rewindable else None

    def forbid_rewind(self) -> None:
        """No rewind until the next checkpoint."""
        self.possible = False
        self.recording = None

    def forget_run(self, key: Any) -> None:
        """Drop the recorded messages of this run, which is closed."""
        if self.recording is not None:
            remaining = (msg for msg in self.recorded() if msg.run != key)
            self.recording = [field for msg in remaining for field in fields_of(msg)]

    @property
    def number_recorded(self) -> int:
        """How many messages are recorded."""
        return len(self.recording or ()) // _FIELDS

    def recorded(self) -> list[Any]:
        """The recorded messages. They are no longer the objects that the plan sent, but their kwargs are."""
        fields = iter(self.recording or ())
        return [
            obj if command is None else Msg._make((command, obj, args, kwargs, run))
            for command, obj, args, kwargs, run in zip(*[fields] * _FIELDS, strict=True)
        ]

    def number_up_to(self, command: str) -> int:
        """How many messages are recorded up to the last one of this command; 0 if there is none."""
        fields = self.recording or []
        for start in range(len(fields) - _FIELDS, -1, -_FIELDS):
            own = fields[start]
            if command == (fields[start + 1].command if own is None else own):
                return start // _FIELDS + 1
        return 0

    def forget(self, number: int) -> None:
        """Drop so many of the recorded messages, the oldest ones."""
        if self.recording is not None:
            self.recording = self.recording[number * _FIELDS :]

    def take_recorded(self) -> list[Any]:
        """The messages to send again; the record begins anew."""
        messages = self.recorded()
        self.record_anew()
        return messages


def fields_of(msg: Any) -> tuple[Any, ...]:
    """What is recorded of a message: its fields, or itself in their place if it is of another class than ours."""
    return msg if type(msg) is Msg else (None, msg, None, None, None)


def identity(msg: Any) -> tuple[str, int, int]:
    """What tells a message, also one from the record, from all others since the checkpoint: by kwargs of its own."""
    return msg.command, id(msg.obj), id(msg.kwargs)


def send_again(messages: list[Msg]) -> Generator[Msg, Any, Any]:
    """A plan of these messages; its result is the answer to the last one."""
    answer = None
    for msg in messages:
        answer = yield msg
    return answer


def as_generator(plan: Any, *, beside_paused: bool = False) -> Any:
    """A generator of messages, made of a plan, a list of messages or a single message.

    Args:
        plan: what a person or a plan calls a plan.
        beside_paused: whether another plan is paused, which may be this very one.

    Raises:
        PlanError: it is no plan, or was run already; call the function, or pass a generator of messages.
    """
    if hasattr(plan, "send") and hasattr(plan, "throw"):
        if beside_paused and getattr(plan, "gi_suspended", False):
            name = plan.__name__
            raise PlanError(f"this plan of {name}(...) has begun already: resume goes on with a paused plan")
        generator = iter(plan) if hasattr(plan, "__iter__") else plan  # an object around a generator hands it out
        if isinstance(generator, GeneratorType) and generator.gi_frame is None:
            name = generator.__name__
            raise PlanError(f"this plan of {name}(...) has been run already: call {name}(...) again to make a new one")
        return generator
    if isinstance(plan, tuple) and hasattr(plan, "command"):
        return _from_iterable([plan])  # a single message
    if hasattr(plan, "__iter__") and not isinstance(plan, str | bytes | dict):
        return _from_iterable(plan)
    if callable(plan):
        name = getattr(plan, "__name__", "plan")
        raise PlanError(f"{name} is a function that makes a plan: call it, as in RE({name}(...))")
    raise PlanError(f"{plan!r} is no plan: RE takes a generator of messages, such as RE(count([det]))")


def _from_iterable(messages: Iterable[Any]) -> Any:
    def plan() -> Any:
        for msg in messages:  # noqa: UP028  # `yield from` would send the answers to the list, which takes none
            yield msg

    return plan()
