"""Pausing, suspending and resuming a plan, and the rewind to its last checkpoint.

To come to rest: record it, drop monitors, stop what moves and counts, tell the devices. To go on: tell the devices,
begin the monitors again, and send every message since the checkpoint once more. These are functions of a
CommandContext; they know nothing of the interpreter's loop.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

from beamshell.engine import put_back
from beamshell.engine.context import CommandContext
from beamshell.engine.plan_cursor import as_generator, identity, send_again
from beamshell.engine.requests import Interrupted
from beamshell.engine.resources import Task, name_of
from beamshell.engine.state import State
from beamshell.engine.world import Suspender
from beamshell.errors import NoAnswer, NoReplayAllowed
from beamshell.messages import Msg

SILENCE_S = 1.0
"""Seconds of a pause, or of the end of a plan, after which it is said what is waited for."""

_ADVICE = "It goes on by itself. Not to wait: Ctrl+C, suspenders off 10min, resume."


def pause(ctx: CommandContext, interruption: Interrupted) -> None:
    """Come to rest; the operator decides how to go on."""
    ctx.modes.go(State.PAUSING)
    name_what_is_waited_for(ctx)
    ctx.resources.was_paused = True
    if interruption.reason:
        ctx.world.say(interruption.reason)
    _come_to_rest(ctx, "pause")
    ctx.resources.holds_point = _holds_point(ctx)
    put_back.remember(ctx, _push_rewind(ctx, finished=interruption.finished))
    ctx.record("paused", reason=interruption.reason, by_person=interruption.pressed, moved=ctx.resources.moves())
    ctx.modes.go(State.PAUSED)


def _holds_point(ctx: CommandContext) -> bool:
    """True if the plan goes on in the midst of a point, which has been counted and not read to its end."""
    is_half_read = any(run.bundle is not None for run in ctx.resources.runs.values())
    return not ctx.cursor.rewindable and (is_half_read or bool(ctx.resources.triggered))


def pause_at_end(ctx: CommandContext) -> None:
    """Pause after the last message: something is left to be done, such as data that could not be written."""
    reason = ctx.requests.reason
    ctx.requests.forget_pauses()
    ctx.modes.go(State.PAUSING)
    ctx.world.say(f"{reason}. The plan has come to its end; 'resume' finishes it.")
    ctx.record("paused", reason=reason, by_person=False, moved=ctx.resources.moves())
    ctx.modes.go(State.PAUSED)


def resume(ctx: CommandContext) -> None:
    """Wake devices and monitors after a pause; a suspender that is tripped now suspends at once."""
    ctx.requests.forget_pauses()
    _record(ctx, "resume")
    if off := ctx.world.suspenders_off:
        for run in ctx.resources.runs.values():
            run.record_interruption(off)  # a fact about the points that follow, whatever else is recorded
    if ctx.modes.episode is not None:
        ctx.modes.go(State.SUSPENDING)  # the suspenders hold the plan still
        return
    _wake(ctx)
    if not ctx.resources.is_putting_back:
        ctx.cursor.push(put_back.put_back(ctx))
    if ctx.cursor.possible and ctx.tripped:
        begin_suspension(ctx)


def suspend(ctx: CommandContext, interruption: Interrupted) -> None:
    """Come to rest until the suspenders let the plan go on."""
    ctx.modes.go(State.SUSPENDING)
    _come_to_rest(ctx, "; ".join(suspender.reason for suspender in ctx.tripped) or "suspended")
    _push_rewind(ctx, finished=interruption.finished)
    ctx.cursor.push(_suspension(ctx, ctx.modes.begin_suspension()))


def begin_suspension(ctx: CommandContext) -> None:
    """Wait for the suspenders before the next message."""
    ctx.modes.go(State.SUSPENDING)
    ctx.cursor.push(_suspension(ctx, ctx.modes.begin_suspension()))


def _suspension(ctx: CommandContext, episode: list[Suspender]) -> Generator[Msg, Any, None]:
    """A suspension as a plan: pre-plans in order, wait for all, post-plans in reverse; again if one trips meanwhile."""
    began_at = ctx.clock()
    if not ctx.tripped:
        _wake(ctx)  # it was good again before the engine came to rest
    while tripped := ctx.tripped:
        episode.clear()
        while tripped:
            ctx.record("suspended", reasons=[suspender.reason for suspender in tripped])
            for suspender in tripped:
                ctx.world.say(f"Suspended: {suspender.reason}.")
                ctx.world.say(getattr(suspender, "advice", "") or _ADVICE)
                episode.append(suspender)
                yield from _side_plan(suspender.pre_plan)
            try:
                yield Msg("wait_for_release", None, tuple(episode))
            except NoAnswer:  # not within the limit
                _end_suspension(ctx)
                raise
            tripped = [suspender for suspender in ctx.tripped if suspender not in episode]
        _wake(ctx)
        for suspender in reversed(episode):
            yield from _side_plan(suspender.post_plan)
    ctx.world.say(why := _why_it_goes_on(ctx, episode))
    ctx.record("released", reasons=why, seconds=ctx.clock() - began_at)
    _end_suspension(ctx)
    _record(ctx, "resume")
    if not ctx.resources.is_putting_back:
        yield from put_back.put_back(ctx)  # what was moved in a pause of the suspension


def _why_it_goes_on(ctx: CommandContext, episode: list[Suspender]) -> str:
    if (silent := ctx.silences.waiting) and all(suspender in silent for suspender in episode):
        return "All devices answer again: going on."
    off = ctx.world.suspenders_off
    return f"{off[0].upper()}{off[1:]}: going on." if off else "The conditions are good again: going on."


def _end_suspension(ctx: CommandContext) -> None:
    ctx.silences.waiting.clear()
    ctx.count_suspenders()
    ctx.modes.end_suspension()
    ctx.modes.go(State.RUNNING)


def _side_plan(plan: Any) -> Generator[Msg, Any, Any]:
    """A suspender's pre_plan or post_plan, which may be None, a plan, or a function that makes one."""
    if plan is not None:
        yield from as_generator(plan() if callable(plan) else plan)


# ---- coming to rest ------------------------------------------------------------------------------


def _come_to_rest(ctx: CommandContext, reason: str) -> None:
    _record(ctx, reason)
    with _reported_at_once(ctx):
        for run in ctx.resources.runs.values():
            for monitor in run.monitored.values():
                ctx.isolated(f"{name_of(monitor.obj)}: cannot end the monitor", monitor.drop)
        stop_devices(ctx)
        for obj in list(ctx.resources.pausable.values()):
            try:
                ctx.isolated(f"{name_of(obj)}: pause", ctx.device, obj.pause, let_through=NoReplayAllowed)
            except NoReplayAllowed:
                ctx.mark()


def name_what_is_waited_for(ctx: CommandContext) -> None:
    """Say what the pause or the end of a plan waits for, if that takes longer than a second."""
    if not ctx.modes.reminds:
        ctx.modes.reminds = True
        ctx.world.remind(SILENCE_S, lambda: _waiting_words(ctx))


def _waiting_words(ctx: CommandContext) -> str | None:
    """What is waited for and how not to; None if the plan is paused or has ended. Any thread."""
    modes = ctx.modes
    if not modes.ending and modes.state is not State.PAUSING:
        modes.reminds = False
        return None
    names = [task.describe() for task in list(ctx.resources.tasks) if not task.status.done and not task.superseded]
    if modes.foreign:
        msg = ctx.cursor.top.msg if ctx.cursor else None
        names = [name_of(msg.obj)] if msg is not None and msg.obj is not None else [modes.step.partition(":")[0]]
        names = [modes.hook] if modes.hook else names
    if not any(names):
        return ""
    way_out = "" if modes.state is State.HALTING else " Ctrl+C three times in a row: do not wait."
    return f"Waiting for {', '.join(names)}.{way_out}"


@contextlib.contextmanager
def _reported_at_once(ctx: CommandContext) -> Iterator[None]:
    """Report the failures of this block now and not at the end of the call: the plan may go on and end well."""
    problems = ctx.outcome.problems
    before = len(problems)
    yield
    for problem in problems[before:]:
        ctx.world.say(problem)
    del problems[before:]


def _record(ctx: CommandContext, reason: str) -> None:
    if ctx.options.record_interruptions:
        for run in ctx.resources.runs.values():
            run.record_interruption(reason)


def stop_devices(ctx: CommandContext, *, busy_only: bool = False, success: bool = True) -> None:
    """Stop the devices that this call has set, and those that count.

    A device that does not stop is reported, and the others are stopped.

    Args:
        ctx: the records of the call.
        busy_only: leave out those that have arrived.
        success: whether what is stopped counts as a success.
    """
    resources = ctx.resources
    under_way = [task for task in resources.tasks if not task.status.done and task.msg.command in _CAN_BE_STOPPED]
    busy = {id(task.msg.obj): task.msg.obj for task in under_way}
    moved = {} if busy_only else {key: msg.obj for key, msg in resources.moved.items()}
    for key, obj in {**moved, **busy}.items():
        if hasattr(obj, "stop"):
            resources.stopped.add(key)
            for task in under_way:
                task.stopped_by_engine = task.stopped_by_engine or task.msg.obj is obj
            ctx.isolated(f"{name_of(obj)}: cannot stop", partial(ctx.device_with, obj.stop, (), {"success": success}))


_CAN_BE_STOPPED = ("set", "trigger")


def _wake(ctx: CommandContext) -> None:
    with _reported_at_once(ctx):
        for obj in list(ctx.resources.pausable.values()):
            if hasattr(obj, "resume"):
                ctx.isolated(f"{name_of(obj)}: resume", ctx.device, obj.resume)
        for run in ctx.resources.runs.values():
            for monitor in run.monitored.values():
                ctx.isolated(f"{name_of(monitor.obj)}: cannot monitor again", monitor.begin)
    ctx.resources.stopped.clear()


# ---- the rewind ----------------------------------------------------------------------------------


def _push_rewind(ctx: CommandContext, *, finished: bool) -> list[Msg]:
    """Push a plan of the messages to send again, and return them.

    The message in flight comes last, and its answer goes to the plan.
    """
    cursor = ctx.cursor
    # without a rewind the plan goes on where it is, with its event half read
    marks = [(run, run.cancel_bundle()) for run in ctx.resources.runs.values()] if cursor.rewindable else []
    ctx.resources.prefetched.clear()
    messages = cursor.take_recorded()
    if cursor:
        if finished:
            cursor.top.reply = None
        elif not messages or identity(messages[-1]) != identity(cursor.top.msg):
            messages.append(cursor.top.msg)
    messages = [task.msg for task in _actions_to_begin_again(ctx, messages)] + messages

    def rewind() -> Generator[Msg, Any, Any]:
        for run, mark in marks:
            run.rewind(mark)
        return (yield from send_again(messages))

    cursor.push(rewind(), answers=not finished)
    return messages


def _actions_to_begin_again(ctx: CommandContext, messages: list[Any]) -> list[Task]:
    """Tasks from before the checkpoint that the engine has stopped; tasks that are sent again are dropped."""
    repeated = {identity(msg) for msg in messages}
    stopped = []
    groups = ctx.resources.groups
    for group, tasks in groups.items():
        remaining = []
        for task in tasks:
            if identity(task.msg) in repeated:
                task.superseded = True
            elif task.stopped_by_engine:
                task.superseded = True
                stopped.append(task)
            else:
                remaining.append(task)
        groups[group] = remaining
    failures = ctx.requests.failures
    failures.clear()
    failures.extend(task for task in ctx.resources.tasks if task.failed and not task.raised)
    return stopped
