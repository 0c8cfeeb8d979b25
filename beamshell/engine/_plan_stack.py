"""The plans in progress, the innermost on top, each with the answer it still waits for.

Usually there is one. A suspension or a rewind puts another on top of it, which runs to its end first.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import GeneratorType
from typing import Any

from beamshell.errors import PlanError


class Frame:
    """One plan, and what it is to be told when it is next asked for a message."""

    __slots__ = ("answers", "error", "msg", "plan", "reply")

    def __init__(self, plan: Any, answers: bool = False) -> None:
        self.plan = plan
        self.answers = answers  # what it returns is the reply that the plan below still waits for
        self.reply: Any = None
        self.error: BaseException | None = None
        self.msg: Any = None  # the message it sent last

    def alive(self) -> bool:
        """False once the generator has returned or raised."""
        return not isinstance(self.plan, GeneratorType) or self.plan.gi_frame is not None


class PlanStack:
    """A stack of frames; an exception that the top one does not catch goes to the next."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def __bool__(self) -> bool:
        return bool(self.frames)

    @property
    def top(self) -> Frame:
        """The frame that is asked next."""
        return self.frames[-1]

    def push(self, plan: Any, *, answers: bool = False) -> None:
        """Put a plan on top, to be run to its end before the one below goes on."""
        self.frames.append(Frame(plan, answers))

    def pop(self) -> Frame:
        """Take the top frame away."""
        return self.frames.pop()

    def throw(self, error: BaseException) -> None:
        """Let the top frame see `error` where it waits for its answer."""
        self.top.error = error


def as_generator(plan: Any) -> Any:
    """A generator of messages made of whatever was given as a plan.

    Raises:
        PlanError: it is no plan; the message says what was probably meant.
    """
    if hasattr(plan, "send") and hasattr(plan, "throw"):
        return iter(plan) if hasattr(plan, "__iter__") else plan  # what holds a generator hands it out
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
        for msg in messages:  # noqa: UP028  # the answers that are sent in would reach the list, which takes none
            yield msg

    return plan()
