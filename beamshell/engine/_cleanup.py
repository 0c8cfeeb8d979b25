"""What is put back whatever way a plan ended: nothing moves, nothing stays staged, no run stays open.

Each step is isolated from the others; all that failed is reported once, at the end.
"""

from __future__ import annotations

import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from beamshell.engine import _flying
from beamshell.engine._interruption import isolated, stop_touched
from beamshell.engine._requests import name_of
from beamshell.engine._state import ENDING, State
from beamshell.errors import FailedPause, PlanHalt, RequestAbort, RequestStop

if TYPE_CHECKING:
    from beamshell.engine._interpreter import Interpreter

PATIENCE_S = 30.0
"""How long an unstaging may take before the cleanup goes on without it."""

OURS = (RequestStop, RequestAbort, PlanHalt, FailedPause, KeyboardInterrupt)
"""What the engine itself has thrown into a plan to end it: no news when the plan lets it out again."""

STUBBORN: list[Any] = []
"""Plans that yield on even while being closed. They are kept, for Python would wake them up to forget them."""


def finish(core: Interpreter) -> None:
    """Put everything back, the newest first, and be idle."""
    core.finishing = True
    _settle_outcome(core)
    stop_touched(core, moving_only=core.exit_status == "success", success=core.exit_status == "success")
    for run in core.runs.values():
        for monitor in run.monitored.values():
            isolated(core, monitor.drop, f"{name_of(monitor.obj)}: cannot end the monitor")
        _flying.stop_and_collect(core, run)
    while core.staged:
        _unstage(core, core.staged.pop())
    for key, run in list(core.runs.items()):
        del core.runs[key]
        isolated(core, partial(run.close, core.exit_status, core.reason), "close the run")
    for token in core.tokens:
        core.world.unsubscribe(token)
    core.tokens.clear()
    core.groups.clear()
    core.go(State.IDLE)


def _settle_outcome(core: Interpreter) -> None:
    """Say how the plan ended. Nothing that a plan does turns an abort into a success."""
    error = core.error
    if core.state in ENDING or core.interrupted:
        if error is not None and not isinstance(error, OURS):
            core.problems.append(f"the plan raised while it was ending: {type(error).__name__}: {error}")
        return
    if error is not None:
        core.exit_status, core.reason = "fail", str(error) or type(error).__name__


def _unstage(core: Interpreter, obj: Any) -> None:
    def unstage() -> None:
        status = core.device(obj.unstage)
        if hasattr(status, "add_callback"):
            wait_patiently(core, status)

    isolated(core, unstage, f"{name_of(obj)}: cannot unstage")


def wait_patiently(core: Interpreter, status: Any) -> None:
    """Wait for an action of the cleanup, but not for ever; an operator's halt ends the wait."""
    core.track(_Unstaging, status, "cleanup")
    if not core.until(lambda: bool(status.done), core.clock() + PATIENCE_S):
        raise TimeoutError(f"not finished after {PATIENCE_S:.0f} s")
    if not status.success:
        raise RuntimeError(str(status.exception(0)))


class _Unstaging:
    """Stands for the message that the cleanup itself would have sent."""

    command, obj, args = "unstage", None, ()


def halt_plans(core: Interpreter) -> None:
    """End every plan where it is. Python's own `finally` clauses run, but may not yield."""
    while core.stack:
        plan = core.stack.pop().plan
        core.foreign = True
        try:
            plan.throw(PlanHalt(core.reason))
        except StopIteration:
            pass
        except BaseException as exc:  # whatever it raises, it has ended
            if not isinstance(exc, PlanHalt | GeneratorExit):
                core.problems.append(f"the plan raised while it was halted: {traceback.format_exception_only(exc)[-1]}")
        else:
            STUBBORN.append(plan)
            core.problems.append(f"the plan {getattr(plan, '__name__', '')} would not end; it was left behind")
        finally:
            core.foreign = False
