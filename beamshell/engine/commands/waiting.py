"""Commands of plans that wait: for a group, coroutines, seconds, the operator's answer, the suspenders' release.

Each command is a function of a CommandContext and the message; it waits only through ``ctx.until``, so the engine
can leave it at any moment.
"""

from __future__ import annotations

import warnings
from typing import Any

from beamshell.engine.context import CommandContext
from beamshell.engine.requests import WakeUp
from beamshell.engine.resources import Task
from beamshell.engine.world import Suspender
from beamshell.errors import CommandTimeout, PlanError


def wait(ctx: CommandContext, msg: Any) -> bool:
    """Wait for all actions of a group -> True; False if the time ran out and that is no error."""
    resources, kwargs = ctx.resources, msg.kwargs
    if not msg.args and len(kwargs) == 1 and "group" in kwargs:  # nearly always, and at each point
        group, timeout, is_error = kwargs["group"], None, True
    else:
        group, timeout, is_error = _wait_arguments(*msg.args, **kwargs)
    if resources.prefetched:
        resources.prefetched.clear()  # a reading must never be older than the end of what was waited for before it
    tasks = resources.groups.get(group)
    if tasks is None:
        if group not in resources.waited:
            _warn_of_unknown_group(ctx, group)
        return True
    resources.waited.add(group)
    if not tasks:  # as for devices that finish at once
        del resources.groups[group]
        return True
    on_waiting = ctx.options.on_waiting
    if on_waiting is None and all(task.status.done for task in tasks):
        del resources.groups[group]
        _raise_late_failure(ctx, tasks)
        return True
    deadline = None if timeout is None else ctx.clock() + timeout
    if on_waiting is not None:
        ctx.inform("RE.waiting_hook", on_waiting, {task.status for task in tasks})
    try:
        done = ctx.until(lambda: all(task.status.done for task in tasks), deadline)
    finally:
        if on_waiting is not None:
            ctx.inform("RE.waiting_hook", on_waiting, None)
    if not done and is_error:
        unfinished = ", ".join(task.describe() for task in tasks if not task.status.done)
        raise CommandTimeout(f"not finished after {timeout:g} s: {unfinished}")
    if done:
        resources.groups.pop(group, None)
        _raise_late_failure(ctx, tasks)
    return done


def _wait_arguments(
    group: Any = None, timeout: float | None = None, error_on_timeout: bool = True, **_: Any
) -> tuple[Any, float | None, bool]:
    return group, timeout, error_on_timeout


def _warn_of_unknown_group(ctx: CommandContext, group: Any) -> None:
    if group is None or ctx.modes.unwinding:  # in a cleanup, what was to be begun may have failed, which is reported
        return
    text = f"wait: nothing was begun in group {group!r}"
    others = ", ".join(repr(other) for other in ctx.resources.groups if other is not None)
    text += f" (there is {others})" if others else ""
    if ctx.options.strict:
        raise PlanError(text)
    warnings.warn(text, RuntimeWarning, stacklevel=2)


def _raise_late_failure(ctx: CommandContext, tasks: list[Task]) -> None:
    """Raise the failure of an action of this group that was not yet raised in the plan."""
    if not ctx.modes.unwinding:
        for task in tasks:
            if task.failed and not task.raised:
                task.raise_failure()


def wait_for(ctx: CommandContext, msg: Any) -> list[Any]:
    """Run coroutines made by factories on the event loop and wait for all -> their results' futures."""
    factories = msg.args[0] if msg.args else msg.kwargs["futs"]
    timeout = msg.kwargs.get("timeout")
    ctx.resources.prefetched.clear()  # as in `wait`
    deadline = None if timeout is None else ctx.clock() + timeout
    futures = [ctx.world.on_loop(factory) for factory in factories]
    for future in futures:
        future.add_callback(lambda _: ctx.world.post(WakeUp()))
    try:
        if not ctx.until(lambda: all(future.done for future in futures), deadline):
            raise CommandTimeout(f"wait_for: not finished after {timeout:g} s")
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    for future in futures:
        if (error := future.exception(0)) is not None:
            raise error
    return futures


def wait_for_release(ctx: CommandContext, msg: Any) -> None:
    """Wait until no suspender of a suspension is tripped and its sleep is over, or until another one trips.

    Raises:
        NoAnswer: a device does not answer within the limit.
    """
    episode: tuple[Suspender, ...] = msg.args[0]

    def released() -> bool:
        return not any(s.tripped for s in episode if s in ctx.holding)  # one that was removed holds nothing

    def joined() -> bool:
        return any(suspender not in episode for suspender in ctx.tripped)

    limited = [suspender for suspender in ctx.silences.waiting if suspender in episode]
    limit = ctx.clock() + ctx.world.answer_wait_s
    while True:
        if not ctx.until(lambda: released() or joined(), limit if limited else None):
            for unanswered in limited:
                if unanswered.tripped:
                    raise unanswered.failure()
            limited = []
            continue
        if joined():
            return
        deadline = ctx.clock() + max(
            (suspender.sleep for suspender in episode if suspender in ctx.holding), default=0.0
        )
        if not ctx.until(lambda: not released() or joined(), deadline):
            return


def sleep(ctx: CommandContext, msg: Any) -> None:
    """Wait for a number of seconds."""
    ctx.resources.prefetched.clear()  # as in `wait`
    ctx.until(lambda: False, ctx.clock() + float(msg.args[0]))


def input_(ctx: CommandContext, msg: Any) -> str:
    """Ask the operator -> the answer."""
    ctx.resources.prefetched.clear()  # as in `wait`
    prompt = msg.kwargs.get("prompt", msg.args[0] if msg.args else "")
    return str(ctx.device(ctx.world.ask, (prompt,)))
