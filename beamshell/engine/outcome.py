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
"""The exceptions that the engine throws into a plan to end it; when the plan lets one out, that is no failure."""


class _NoPlanReturn:
    def __repr__(self) -> str:
        return "<the plan has not come to its own end>"


NO_PLAN_RETURN = _NoPlanReturn()
"""The result of a plan that has not come to its own end."""


def _own_end(error: BaseException | None) -> str | None:
    """The exit status of a plan that has raised RequestStop or RequestAbort, ours or bluesky's, to end itself.

    That is no failure: an agent of bluesky-adaptive ends a plan so.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    return "success" if "RequestStop" in names else "abort" if "RequestAbort" in names else None


@dataclass(frozen=True)
class RunEngineResult:
    """The result of a call that has ended or is paused.

    Attributes:
        run_start_uids: of the runs that it opened, in order.
        plan_result: what the plan returned; NO_PLAN_RETURN if it has not come to its own end.
        exit_status: "success", "abort", "fail", or "paused" for a call that has not ended.
        interrupted: it was paused, stopped, aborted or halted.
        reason: why it ended so, in words.
        exception: the exception that the plan raised.
        paused: the plan waits for `RE.proceed`; all other values are final only when this is False.
        pause_came_late: a pause was requested after the last checkpoint; the plan has come to its own end.
        afterwards: the state of the engine, as a sentence.
    """

    run_start_uids: tuple[str, ...]
    plan_result: Any
    exit_status: str
    interrupted: bool
    reason: str
    exception: BaseException | None
    paused: bool = False
    pause_came_late: bool = False
    afterwards: str = "The engine is idle."

    @property
    def succeeded(self) -> bool:
        """True if the plan came to its own end without an error."""
        return self.exit_status == "success" and not self.interrupted

    def raise_for_status(self, *, end_was_requested: bool = False) -> None:
        """Return if the call ended well.

        Args:
            end_was_requested: the caller requested the end, so a plan that was stopped, aborted or halted is no error.

        Raises:
            RunEngineInterrupted: paused, stopped, aborted, halted, or a pause came too late.
            BaseException: the exception that the plan raised.
        """
        if self.paused:
            error = RunEngineInterrupted("Paused. Type resume to go on, or stop, abort or halt to end the plan.")
            error.paused = True
            raise error
        if self.interrupted:
            if not end_was_requested:
                ending = {"success": "Stopped", "abort": "Aborted"}.get(self.exit_status, "Ended")
                reason = f": {self.reason}" if self.reason else ""
                raise RunEngineInterrupted(f"{ending}{reason}. {self.afterwards}")
        elif self.exception is not None:
            raise self.exception
        elif self.pause_came_late:
            plan = "scan" if self.run_start_uids else "plan"
            raise RunEngineInterrupted(f"The {plan} had just ended: there is nothing to pause. {self.afterwards}")


class Outcome:
    """The outcome of a call in progress: runs, result, error, exit status.

    Attributes:
        run_uids: of the runs opened so far.
        result: what the plan returned; NO_PLAN_RETURN if it has not.
        error: the exception that the plan raised.
        interrupted: it was stopped, aborted or halted.
        exit_status: "success", "abort" or "fail".
        reason: why it ended so.
        problems: failures of the cleanup, one line each.
        after_cleanup: thrown into the plan when it has cleaned up; an abort that came meanwhile.
        pause_came_late: a pause was requested, and no checkpoint came before the plan's end.
    """

    __slots__ = (
        "after_cleanup",
        "error",
        "exit_status",
        "interrupted",
        "pause_came_late",
        "problems",
        "reason",
        "result",
        "run_uids",
    )

    def __init__(self) -> None:
        self.run_uids: list[str] = []
        self.result: Any = NO_PLAN_RETURN
        self.error: BaseException | None = None
        self.interrupted = False
        self.exit_status = "success"
        self.reason = ""
        self.problems: list[str] = []
        self.after_cleanup: Exception | None = None
        self.pause_came_late = False

    def ended_by(self, request: EndRequest, *, again: bool) -> None:
        """Record that a request ends the plan.

        Args:
            again: the plan is being ended already; a stop then changes nothing.
        """
        self.interrupted = True
        if not again:
            self.exit_status = "success" if request.state is State.STOPPING else "abort"
            self.reason = request.reason
        elif request.state is not State.STOPPING:
            self.exit_status, self.reason = "abort", request.reason or self.reason

    def abort(self, reason: str) -> None:
        """Record that the plan cannot go on."""
        self.interrupted, self.exit_status, self.reason = True, "abort", reason

    def settle(self) -> None:
        """Record the end of the plan; an abort stays an abort, whatever the plan returns or raises."""
        error = self.error
        if self.interrupted:
            if error is not None and not isinstance(error, ENDS_A_PLAN):
                self.problems.append(f"the plan raised while it was ending: {type(error).__name__}: {error}")
        elif (status := _own_end(error)) is not None:
            self.exit_status, self.reason, self.error = status, str(error), None
        elif error is not None:
            self.exit_status, self.reason = "fail", str(error) or type(error).__name__

    def as_result(self, *, paused: bool = False, beside_paused: bool = False) -> RunEngineResult:
        """The outcome for the caller.

        Args:
            paused: the plan is paused.
            beside_paused: another plan is paused.
        """
        return RunEngineResult(
            tuple(self.run_uids),
            self.result,
            "paused" if paused else self.exit_status,
            self.interrupted or paused,
            self.reason,
            self.error,
            paused,
            self.pause_came_late,
            "The other plan is still paused." if beside_paused else "The engine is idle.",
        )
