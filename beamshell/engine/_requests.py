"""What the world may tell a plan's interpreter, and what it may need of the world.

The interpreter never calls a thread, a clock or a terminal: it reads posts from a queue, and asks its World.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from beamshell.engine._state import State


class Task:
    """An action under way: the message that began it and the status that ends it."""

    __slots__ = ("cut", "dropped", "group", "msg", "pardoned", "raised", "status")

    def __init__(self, msg: Any, status: Any, group: Any) -> None:
        self.msg = msg
        self.status = status
        self.group = group
        self.dropped = False  # a rewind begins it anew: how this one ends no longer matters
        self.pardoned = False  # it began before a failure that the plan is busy with
        self.raised = False
        self.cut = False  # the engine stopped the device before it arrived

    @property
    def failed(self) -> bool:
        """True once it has ended badly."""
        return bool(self.status.done and not self.status.success)

    def describe(self) -> str:
        """Such as "th: set to 5"."""
        words = " ".join(str(arg) for arg in self.msg.args)
        to = f" to {words}" if self.msg.command == "set" and words else ""
        return f"{name_of(self.msg.obj)}: {self.msg.command}{to}"


def name_of(obj: Any) -> str:
    """What a person calls `obj`."""
    return str(getattr(obj, "name", None) or type(obj).__name__)


# ---- posts: the world speaks --------------------------------------------------------------------


class StatusDone(NamedTuple):
    """An action has ended."""

    task: Task


class PauseWanted(NamedTuple):
    """Someone wants the engine to pause.

    Attributes:
        defer: at the next checkpoint rather than now.
        reason: said to the operator, if not empty.
    """

    defer: bool
    reason: str = ""


class EndWanted(NamedTuple):
    """Someone wants the plan to end: STOPPING, ABORTING or HALTING."""

    how: State
    reason: str = ""


class Look(NamedTuple):
    """Something that is looked at has changed: a suspender, or a wait's coroutine."""


class MonitorUpdate(NamedTuple):
    """A monitored device has a new value.

    Attributes:
        monitor: the engine's record of this subscription.
        readings: by key, or None to read the device.
    """

    monitor: Any
    readings: Mapping[str, Any] | None


# ---- how a message is left ----------------------------------------------------------------------


class Kind(enum.Enum):
    """Why a message is left before its end."""

    PAUSE = enum.auto()
    SUSPEND = enum.auto()
    END = enum.auto()


class Interrupted(BaseException):
    """Leaves the message in progress; never seen by a plan or a device.

    Attributes:
        finished: the message has done all that it does, and is not to be sent again.
    """

    def __init__(self, kind: Kind, *, finished: bool = False, reason: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.finished = finished
        self.reason = reason


# ---- the world, as far as the interpreter needs it ------------------------------------------------


class Suspender(Protocol):
    """A condition under which plans must wait."""

    sleep: float
    """Seconds to wait after it is good again."""
    pre_plan: Any
    post_plan: Any

    @property
    def tripped(self) -> bool:
        """True while plans must wait."""

    @property
    def reason(self) -> str:
        """In words: why plans wait."""


class World(Protocol):
    """Threads, clocks and people, as one object."""

    def clock(self) -> float:
        """Seconds on a clock that never jumps."""

    def time(self) -> float:
        """Seconds since 1970-01-01 UTC."""

    def uid(self) -> str:
        """A new identifier."""

    def wait(self, until: float | None) -> None:
        """Return when something was posted, or at `until` on `clock`, or earlier for no reason."""

    def breathe(self, now: float) -> None:
        """Called at each checkpoint: time for windows, should the plan never wait."""

    def post(self, post: Any) -> None:
        """Put a post into the interpreter's queue; any thread may."""

    def emit(self, name: str, doc: dict[str, Any]) -> None:
        """Hand a document to the subscribers; never raises because of one."""

    def say(self, text: str) -> None:
        """Tell the operator one line."""

    def ask(self, prompt: str) -> str:
        """Ask the operator for one line."""

    def speaks_asyncio(self, kind: type) -> bool:
        """True if methods of this class must be called on an event loop."""

    def on_loop(self, function: Callable[[], Any]) -> Any:
        """Call `function` on the event loop, await what it returns; a status whose `result` is the answer."""

    def subscribe(self, function: Callable[..., Any], name: str) -> int:
        """Add a subscriber of documents; its token."""

    def unsubscribe(self, token: int) -> None:
        """Take a subscriber away."""

    def install_suspender(self, suspender: Any) -> None:
        """Let a suspender count."""

    def remove_suspender(self, suspender: Any) -> None:
        """Let a suspender count no more."""

    def open_metadata(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The start document's metadata for a run that a plan opens with `metadata`.

        Raises:
            Exception: the metadata were refused, and nothing was used up.
        """
