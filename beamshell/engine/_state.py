"""The states of the engine and the legal ways between them.

Rules first: whatever runs can be brought to idle; what is ending can only end sooner; there is no
state from which Python must be restarted. The picture in the docs is drawn from the table below.
"""

from __future__ import annotations

import enum

from beamshell.errors import TransitionError


class State(enum.StrEnum):
    """What the engine is doing. A State equals its plain string: ``RE.state == "idle"``."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    SUSPENDING = "suspending"
    STOPPING = "stopping"
    ABORTING = "aborting"
    HALTING = "halting"


_S = State
LEGAL: dict[State, frozenset[State]] = {
    _S.IDLE: frozenset({_S.RUNNING}),
    _S.RUNNING: frozenset({_S.IDLE, _S.PAUSING, _S.SUSPENDING, _S.STOPPING, _S.ABORTING, _S.HALTING}),
    _S.PAUSING: frozenset({_S.PAUSED, _S.IDLE, _S.ABORTING, _S.HALTING}),
    _S.PAUSED: frozenset({_S.IDLE, _S.RUNNING, _S.STOPPING, _S.ABORTING, _S.HALTING}),
    # A person may pause, stop or leave while the engine waits for the beam: the field's table has no such way.
    _S.SUSPENDING: frozenset({_S.RUNNING, _S.PAUSING, _S.STOPPING, _S.ABORTING, _S.HALTING, _S.IDLE}),
    _S.STOPPING: frozenset({_S.IDLE, _S.ABORTING, _S.HALTING}),
    _S.ABORTING: frozenset({_S.IDLE, _S.HALTING}),
    _S.HALTING: frozenset({_S.IDLE}),
}

ENDING = frozenset({_S.STOPPING, _S.ABORTING, _S.HALTING})
"""The states in which the plan is being unwound."""


def check(old: State, new: State) -> None:
    """Raise TransitionError if the engine may not go from `old` to `new`."""
    if new not in LEGAL[old]:
        allowed = ", ".join(sorted(LEGAL[old]))
        raise TransitionError(f"the engine is {old} and cannot become {new} (possible: {allowed})")
