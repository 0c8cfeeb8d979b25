"""The modes of the engine and the legal moves between them, as one table.

Rules:

- From every state there is a way to idle; no state needs a restart of Python.
- A plan that is being ended can only be ended harder: stop, then abort, then halt.
- A plan ends its cleanup as often as it began it. Cleanups nest.
- When the plan is over, the engine puts things back, and no message of a plan is done any more.
- All suspenders that are tripped at one time make one suspension; a second one cannot begin inside it.

An illegal move raises TransitionError. The diagram in docs/explanations/the-engine.md is drawn from LEGAL.
It knows no message, device or thread.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, TypeAlias

from beamshell.errors import TransitionError


class State(enum.StrEnum):
    """The state of the engine. A State equals its plain string: ``RE.state == "idle"``."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    SUSPENDING = "suspending"
    STOPPING = "stopping"
    ABORTING = "aborting"
    HALTING = "halting"

    def __repr__(self) -> str:
        return repr(self.value)

    @property
    def is_idle(self) -> bool:
        """Whether no plan runs."""
        return self is State.IDLE

    @property
    def is_running(self) -> bool:
        """Whether a plan runs, and nothing interrupts it."""
        return self is State.RUNNING

    @property
    def is_paused(self) -> bool:
        """Whether a plan is paused."""
        return self is State.PAUSED


class Phase(enum.StrEnum):
    """The part of a call that is under way; it decides what a failure and an abort do."""

    PLAN = "in the plan"
    CLEANUP = "in the plan's cleanup"
    FINISHING = "putting things back"


class Suspension(enum.StrEnum):
    """Whether suspenders hold the plan. It stays held while the engine is paused during a suspension."""

    FREE = "not suspended"
    HELD = "suspended"


Mode: TypeAlias = State | Phase | Suspension

LEGAL: dict[Mode, frozenset[Mode]] = {
    State.IDLE: frozenset({State.RUNNING}),
    State.RUNNING: frozenset(
        {State.IDLE, State.PAUSING, State.SUSPENDING, State.STOPPING, State.ABORTING, State.HALTING}
    ),
    State.PAUSING: frozenset({State.PAUSED, State.IDLE, State.ABORTING, State.HALTING}),
    State.PAUSED: frozenset({State.IDLE, State.RUNNING, State.STOPPING, State.ABORTING, State.HALTING}),
    # bluesky's table does not let a person pause or stop while the engine waits for the beam; this one does
    State.SUSPENDING: frozenset(
        {State.RUNNING, State.PAUSING, State.STOPPING, State.ABORTING, State.HALTING, State.IDLE}
    ),
    State.STOPPING: frozenset({State.IDLE, State.ABORTING, State.HALTING}),
    State.ABORTING: frozenset({State.IDLE, State.HALTING}),
    State.HALTING: frozenset({State.IDLE}),
    Phase.PLAN: frozenset({Phase.CLEANUP, Phase.FINISHING}),
    Phase.CLEANUP: frozenset({Phase.CLEANUP, Phase.PLAN, Phase.FINISHING}),
    Phase.FINISHING: frozenset({Phase.FINISHING}),  # once more, after an exception in the midst of it
    Suspension.FREE: frozenset({Suspension.HELD}),
    Suspension.HELD: frozenset({Suspension.FREE}),
}
"""From each mode, the modes that may follow."""

ENDING = frozenset({State.STOPPING, State.ABORTING, State.HALTING})
"""The states in which the plan is being ended."""

END_STATES = {"stop": State.STOPPING, "abort": State.ABORTING, "halt": State.HALTING}
"""By the word that a person types to end a plan."""

SEVERITY = {State.STOPPING: 1, State.ABORTING: 2, State.HALTING: 3}
"""A plan that is being ended obeys only a request that is more severe."""


def check(old: Mode, new: Mode) -> None:
    """Do nothing if the engine may go from `old` to `new`.

    Raises:
        TransitionError: it may not; the message lists what is possible.
    """
    if new not in LEGAL[old]:
        allowed = ", ".join(sorted(LEGAL[old]))
        raise TransitionError(f"the engine is {old} and cannot become {new} (possible: {allowed})")


class Modes:
    """All modes of one call.

    Args:
        on_state: called as ``f(new, old)`` after each change of state.

    Attributes:
        cleanup_depth: cleanups that the plan has begun and not ended.
        episode: the suspenders that hold the plan, in the order in which their pre-plans ran; None if none does.
        foreign: code of a device, plan or subscriber runs, so an operator may break in. Such code is entered and
            left in every mode and many times a point, so the table has no row for it.
        hook: the name of the engine's hook that runs, such as "RE.msg_hook"; empty if none does.
        step: the step of a pause or of a cleanup that is done now or was done last, in words: "th: cannot stop".
        reminds: the operator is told what a pause or an end waits for.
    """

    __slots__ = ("_on_state", "cleanup_depth", "episode", "foreign", "hook", "phase", "reminds", "state", "step")

    def __init__(self, on_state: Callable[[str, str], Any] | None = None) -> None:
        self._on_state = on_state
        self.state = State.IDLE
        self.phase = Phase.PLAN
        self.cleanup_depth = 0
        self.episode: list[Any] | None = None
        self.foreign = False
        self.hook = ""
        self.step = ""
        self.reminds = False

    def go(self, new: State) -> None:
        """Change the state."""
        old = self.state
        check(old, new)
        self.state = new
        if self._on_state is not None:
            self._on_state(new, old)

    def begin_cleanup(self) -> None:
        """The plan begins to put things back; its steps do not stop at a failure."""
        check(self.phase, Phase.CLEANUP)
        self.phase = Phase.CLEANUP
        self.cleanup_depth += 1

    def end_cleanup(self) -> None:
        """The plan has ended the cleanup that it began last."""
        new = Phase.PLAN if self.cleanup_depth <= 1 else Phase.CLEANUP
        check(self.phase, new)
        self.phase = new
        self.cleanup_depth -= 1

    def finish(self) -> None:
        """The plan is over; the engine puts things back."""
        check(self.phase, Phase.FINISHING)
        self.phase = Phase.FINISHING

    def begin_suspension(self) -> list[Any]:
        """An empty episode, to be filled with the suspenders that hold the plan."""
        check(self._suspension, Suspension.HELD)
        self.episode = []
        return self.episode

    def end_suspension(self) -> None:
        """All suspenders have let the plan go."""
        check(self._suspension, Suspension.FREE)
        self.episode = None

    @property
    def _suspension(self) -> Suspension:
        return Suspension.FREE if self.episode is None else Suspension.HELD

    def emergency(self) -> None:
        """Go to HALTING from any state, without a check: an exception that is no plan's has ended the call."""
        self.state = State.HALTING

    @property
    def ending(self) -> bool:
        """True while the plan is being ended by a request."""
        return self.state in ENDING

    @property
    def unwinding(self) -> bool:
        """True while failures are collected and not thrown into the plan, because it cleans up."""
        return self.cleanup_depth > 0 or self.state in ENDING
