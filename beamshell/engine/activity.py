"""PlanActivity: what a running plan does at this moment, for somebody who shows it.

It is looked at in the thread of the engine, while the engine waits. Looking costs the plan nothing and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from beamshell.engine.context import CommandContext
from beamshell.engine.interrupts import PlanInterrupts, Situation
from beamshell.engine.resources import Task

WhileRunning = Callable[["PlanActivity"], AbstractContextManager[Any]]
"""Gives a context that is entered while a plan runs, and left when it has ended or is paused."""


class PlanActivity:
    """One call of the engine that runs.

    Args:
        ctx: the records of the call.
        subject: the plan as the subject of Ctrl+C.
    """

    def __init__(self, ctx: CommandContext, subject: PlanInterrupts) -> None:
        self._ctx = ctx
        self._subject = subject

    @property
    def situation(self) -> Situation:
        """What a press of Ctrl+C would be about."""
        return self._subject.situation

    @property
    def actions(self) -> list[Task]:
        """The moves, counts and other actions that have begun and that nobody has waited for to the end."""
        return [task for task in self._ctx.resources.tasks if not task.superseded]

    @property
    def has_run(self) -> bool:
        """Whether a run of this call is open."""
        return bool(self._ctx.resources.runs)

    @property
    def is_beside_paused(self) -> bool:
        """Whether another plan is paused meanwhile."""
        return self._ctx.options.paused is not None

    @property
    def held_by(self) -> list[str]:
        """Why the plan waits: the reasons of the suspenders that hold it."""
        return [suspender.reason for suspender in self._ctx.modes.episode or () if suspender.tripped]
