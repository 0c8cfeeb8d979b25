"""The outcome of a call: its runs, its result, how it ended and why.

It knows the ways in which a plan can end, and nothing of how the engine gets there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from beamshell.engine.requests import EndRequest
from beamshell.engine.state import State
from beamshell.errors import FailedPause, PlanHalt, RequestAbort, RequestStop, RunEngineInterrupted

ENDS_A_PLAN = (RequestStop, RequestAbort, PlanHalt, FailedPause, KeyboardInterrupt)
"""What the engine throws into a plan to end it; it is no news when the plan lets it out again."""


@dataclass(frozen=True)
class RunEngineResult:
    """What came of a call, or where it stands if it is paused.

    Attributes:
        run_start_uids: of the runs that it opened, in order.
        plan_result: what the plan returned.
        exit_status: "success", "abort", "fail", or "paused" for a call that has not ended.
        interrupted: it was paused, stopped, aborted or halted.
        reason: why, in words.
        exception: what the plan let out.
        paused: the plan waits for `RE.proceed`; everything else is final only when this is False.
    """

    run_start_uids: tuple[str, ...]
    plan_result: Any
    exit_status: str
    interrupted: bool
    reason: str
    exception: BaseException | None
    paused: bool = False

    @property
    def succeeded(self) -> bool:
        """True if the plan came to its own end without an error."""
        return self.exit_status == "success" and not self.interrupted

    def raise_for_status(self, *, asked: bool = False) -> None:
        """Do nothing if the call ended well.

        Args:
            asked: the caller himself asked for this end, so a plan that was stopped, aborted or halted is no error.

        Raises:
            RunEngineInterrupted: paused, stopped, aborted or halted; says how to go on.
            BaseException: what the plan let out.
        """
        if self.paused:
            raise RunEngineInterrupted("Paused. Type resume to go on, or stop, abort or halt to end the plan.")
        if self.interrupted:
            if not asked:
                how = {"success": "Stopped", "abort": "Aborted"}.get(self.exit_status, "Ended")
                reason = f": {self.reason}" if self.reason else ""
                raise RunEngineInterrupted(f"{how}{reason}. The engine is idle.")
        elif self.exception is not None:
            raise self.exception


class Outcome:
    """How the call ends, as far as that is known.

    Attributes:
        run_uids: of the runs opened so far.
        result: what the plan returned.
        error: what the plan let out.
        interrupted: it was stopped, aborted or halted.
        exit_status: "success", "abort" or "fail".
        reason: why it ended so.
        problems: what failed while things were put back, a line each.
        after_cleanup: thrown into the plan when it has cleaned up; an abort that came meanwhile.
    """

    __slots__ = ("after_cleanup", "error", "exit_status", "interrupted", "problems", "reason", "result", "run_uids")

    def __init__(self) -> None:
        self.run_uids: list[str] = []
        self.result: Any = None
        self.error: BaseException | None = None
        self.interrupted = False
        self.exit_status = "success"
        self.reason = ""
        self.problems: list[str] = []
        self.after_cleanup: Exception | None = None

    def ended_by(self, request: EndRequest, *, again: bool) -> None:
        """A request ends the plan.

        Args:
            again: the plan is being ended already; a stop then changes nothing.
        """
        self.interrupted = True
        if not again:
            self.exit_status = "success" if request.how is State.STOPPING else "abort"
            self.reason = request.reason
        elif request.how is not State.STOPPING:
            self.exit_status, self.reason = "abort", request.reason or self.reason

    def abort(self, reason: str) -> None:
        """The plan cannot go on."""
        self.interrupted, self.exit_status, self.reason = True, "abort", reason

    def settle(self) -> None:
        """The plan is over. Nothing that it does turns an abort into a success."""
        error = self.error
        if self.interrupted:
            if error is not None and not isinstance(error, ENDS_A_PLAN):
                self.problems.append(f"the plan raised while it was ending: {type(error).__name__}: {error}")
        elif error is not None:
            self.exit_status, self.reason = "fail", str(error) or type(error).__name__

    def as_result(self, *, paused: bool = False) -> RunEngineResult:
        """The outcome for the caller."""
        return RunEngineResult(
            tuple(self.run_uids),
            self.result,
            "paused" if paused else self.exit_status,
            self.interrupted or paused,
            self.reason,
            self.error,
            paused,
        )
