"""The engine's cleanup after a plan: stop what moves and counts, end monitors, unstage devices, close runs.

It is done however the plan ended. A step that fails does not prevent the next one; all failures are reported at the
end. It knows nothing of how the plan ended.
"""

from __future__ import annotations

import traceback
from functools import partial
from typing import Any

from beamshell.engine.context import CommandContext
from beamshell.engine.flyers import stop_and_collect
from beamshell.engine.interruption import stop_devices
from beamshell.engine.places import place_in_words
from beamshell.engine.resources import name_of
from beamshell.engine.state import State
from beamshell.errors import PlanHalt
from beamshell.messages import Msg

REST_TIMEOUT_S = 10.0
"""Seconds that a motor may take to come to rest after a stop before the engine goes on without it."""

UNSTAGE_TIMEOUT_S = 30.0
"""Seconds that an unstaging may take before the engine goes on without it."""

PLANS_LEFT_BEHIND: list[Any] = []
"""Plans that yield even while they are halted. A reference is kept, since Python would run them again to free them."""


def finish(ctx: CommandContext) -> None:
    """Put everything back, and set the engine idle."""
    modes, resources, outcome = ctx.modes, ctx.resources, ctx.outcome
    modes.finish()
    outcome.settle()
    success = outcome.exit_status == "success"
    stop_devices(ctx, busy_only=success, success=success)
    if outcome.interrupted and ctx.is_bare and modes.state is not State.HALTING:
        _wait_for_rest(ctx)
    for run in resources.runs.values():
        for monitor in run.monitored.values():
            ctx.isolated(f"{name_of(monitor.obj)}: cannot end the monitor", monitor.drop)
        stop_and_collect(ctx, run)
    while resources.staged:
        obj = resources.staged.pop()
        ctx.isolated(f"{name_of(obj)}: cannot unstage", _unstage, ctx, obj)
    for key, run in list(resources.runs.items()):
        del resources.runs[key]
        ctx.isolated("close the run", run.close, outcome.exit_status, outcome.reason)
    for end in resources.watched:
        end()
    resources.watched.clear()
    for token in resources.tokens:
        ctx.world.unsubscribe(token)
    resources.tokens.clear()
    resources.groups.clear()
    modes.go(State.IDLE)


def _wait_for_rest(ctx: CommandContext) -> None:
    """Wait until what was stopped is at rest, and make where the motors are, and what counted, the reason."""
    resources = ctx.resources
    tasks = [task for task in resources.tasks if hasattr(task.msg.obj, "stop")]
    at_rest = partial(ctx.until, lambda: all(task.status.done for task in tasks), ctx.clock() + REST_TIMEOUT_S)
    ctx.isolated("the devices are not waited for", at_rest)
    busy = {id(task.msg.obj) for task in tasks if not task.status.done}
    places = [
        f"{words} and still moves" if key in busy else words
        for key, msg in resources.moved.items()
        if not _is_setting(msg.obj) and (words := place_in_words(ctx, msg.obj))
    ]
    cut_short = [name_of(resources.devices[key]) for key in resources.stopped if key not in resources.moved]
    counts = [f"the count of {', '.join(sorted(cut_short))} was cut short"] if cut_short else []
    if not ctx.outcome.reason:
        nothing = "nothing has moved" if ctx.only_moves else "nothing has counted"
        ctx.outcome.reason = ", ".join([*places, *counts]) or nothing


def _is_setting(obj: Any) -> bool:
    """Whether it is a part of a device that does not move with it, such as a count time."""
    return getattr(obj, "parent", None) is not None and not hasattr(obj, "position")


def _unstage(ctx: CommandContext, obj: Any) -> None:
    """Unstage a device and wait for its end, at most UNSTAGE_TIMEOUT_S; a halt by the operator ends the wait."""
    status = ctx.device(obj.unstage)
    if not hasattr(status, "add_callback"):
        return
    ctx.track(Msg("unstage", obj), status, "cleanup")
    if not ctx.until(lambda: bool(status.done), ctx.clock() + UNSTAGE_TIMEOUT_S):
        raise TimeoutError(f"not finished after {UNSTAGE_TIMEOUT_S:.0f} s")
    if not status.success:
        raise RuntimeError(str(status.exception(0)))


def halt_plans(ctx: CommandContext) -> None:
    """End every plan at its present message. Its `finally` clauses run, but may not yield."""
    problems = ctx.outcome.problems
    while ctx.cursor:
        plan = ctx.cursor.pop().plan
        ctx.modes.foreign = True
        try:
            plan.throw(PlanHalt(ctx.outcome.reason))
        except StopIteration:
            pass
        except BaseException as exc:  # whatever it raises, it has ended
            if not isinstance(exc, PlanHalt | GeneratorExit):
                problems.append(f"the plan raised while it was halted: {traceback.format_exception_only(exc)[-1]}")
        else:
            PLANS_LEFT_BEHIND.append(plan)
            problems.append(f"the plan {getattr(plan, '__name__', '')} would not end; it was left behind")
        finally:
            ctx.modes.foreign = False
