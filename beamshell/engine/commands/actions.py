"""Commands of plans that make a device do something: set, trigger, kickoff, stage, stop, configure and others.

Each command is a function of a CommandContext and the message; what it raises goes to the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.engine.commands.runs import run_of
from beamshell.engine.context import CommandContext
from beamshell.engine.resources import method_of

_LAST_CALLBACK_S = 1.0
_LOOK_S = 0.001


def _act(ctx: CommandContext, msg: Any, method: Callable[..., Any]) -> Any:
    """Begin an action of a device: its status, which `wait` on the group waits for."""
    obj, kwargs, resources = msg.obj, msg.kwargs, ctx.resources
    if resources.prefetched:
        resources.prefetched.clear()  # a reading must never be older than the action before it
    if id(obj) not in resources.devices:
        ctx.add_device(obj)
    group = kwargs.get("group")
    if group is not None and len(kwargs) == 1:  # nearly always, and at each point
        status = ctx.device(method, msg.args)
    else:
        status = ctx.device_with(method, msg.args, {key: value for key, value in kwargs.items() if key != "group"})
    has_ended = group in resources.groups and status is not None and status.done and status.success
    if has_ended and ctx.options.on_waiting is None:  # there is nothing to wait for, and nobody to be told
        return status
    ctx.track(msg, status, group)
    return status


def set_(ctx: CommandContext, msg: Any) -> Any:
    """Send a device to a value -> status."""
    if ctx.is_bare and not ctx.modes.unwinding:
        ctx.requests.end_bare_plan()
    obj, resources = msg.obj, ctx.resources
    method, key = method_of(obj, "set"), id(obj)
    is_first = key not in resources.moved
    resources.moved[key] = msg
    if is_first and not ctx.record("moving", device=obj, target=msg.args[0] if msg.args else None):
        ctx.attend()  # the operator has broken into the log to pause: nothing is sent any more
    if resources.places:
        resources.places.pop(key, None)
    if resources.displaced:
        resources.displaced.pop(key, None)
    if hasattr(type(obj), "_SUB_REQ_DONE"):
        _let_last_callback_end(ctx, obj)
    return _act(ctx, msg, method)


def _let_last_callback_end(ctx: CommandContext, positioner: Any) -> None:
    """Wait until a positioner of ophyd has left the callback in which its last move was done.

    ophyd tells the end of a move first, and then drops the subscription of its status. A move that begins between the
    two loses its own subscription, and is never done.
    """
    statuses = getattr(positioner, "_callbacks", {}).get(positioner._SUB_REQ_DONE)
    deadline = ctx.clock() + _LAST_CALLBACK_S
    while statuses and not getattr(positioner, "_moving", False) and (now := ctx.clock()) < deadline:
        ctx.until(lambda: not statuses, now + _LOOK_S)


def trigger(ctx: CommandContext, msg: Any) -> Any:
    """Start an acquisition -> status; None if the device has nothing to trigger."""
    if ctx.only_moves:
        ctx.begin_measurement()
    if ctx.is_bare and not ctx.modes.unwinding:
        ctx.requests.end_bare_plan()
    if ctx.paused is not None:
        ctx.paused.refuse_count_of(msg.obj)
    obj = msg.obj
    method = getattr(obj, "trigger", None)
    if method is None:
        ctx.resources.groups.setdefault(msg.kwargs.get("group"), [])
        return None
    ctx.resources.triggered[id(obj)] = obj
    return _act(ctx, msg, method)


def prepare(ctx: CommandContext, msg: Any) -> Any:
    """Make a flyer ready -> status."""
    return _act(ctx, msg, method_of(msg.obj, "prepare"))


def kickoff(ctx: CommandContext, msg: Any) -> Any:
    """Start a flyer -> status."""
    run = run_of(ctx, msg)
    if msg.obj not in run.uncollected:
        run.uncollected.append(msg.obj)
    run.flights.pop(msg.obj, None)
    return _act(ctx, msg, method_of(msg.obj, "kickoff"))


def complete(ctx: CommandContext, msg: Any) -> Any:
    """Ask a flyer to end -> status."""
    flight = _act(ctx, msg, method_of(msg.obj, "complete"))
    if (run := ctx.resources.runs.get(msg.run)) is not None:
        run.flights[msg.obj] = flight
    return flight


def stop(ctx: CommandContext, msg: Any) -> Any:
    """Stop a device."""
    return ctx.device_with(method_of(msg.obj, "stop"), msg.args, msg.kwargs)


def configure(ctx: CommandContext, msg: Any) -> Any:
    """Change a device's settings -> (old, new); its streams get new descriptors."""
    answer = ctx.device_with(method_of(msg.obj, "configure"), msg.args, msg.kwargs)
    for run in ctx.resources.runs.values():
        run.configured(msg.obj)
    return answer


def stage(ctx: CommandContext, msg: Any) -> Any:
    """Make a device ready for a run -> the staged devices, or a status; [] if it has nothing to stage."""
    if ctx.is_bare:
        ctx.begin_scan()
    obj, group, resources = msg.obj, msg.kwargs.get("group"), ctx.resources
    resources.groups.setdefault(group, [])
    if ctx.paused is not None:
        ctx.paused.refuse_measurement()
        ctx.paused.refuse_count_of(obj)
        if ctx.paused.is_staged(obj):
            return [obj]  # it stays staged for the paused plan
    if id(obj) not in resources.devices:
        ctx.add_device(obj)
    answer: Any = []
    if hasattr(obj, "stage") and hasattr(obj, "unstage"):
        if not any(other is obj for other in resources.staged):
            resources.staged.append(obj)  # before it is staged: a failure half-way is put back too
        answer = ctx.device(obj.stage)
        if hasattr(answer, "add_callback"):
            ctx.track(msg, answer, group)
    ctx.mark()
    return answer


def unstage(ctx: CommandContext, msg: Any) -> Any:
    """Put a device back after a run -> the unstaged devices, or a status; [] if it has nothing to unstage."""
    obj, group, resources = msg.obj, msg.kwargs.get("group"), ctx.resources
    resources.groups.setdefault(group, [])
    answer: Any = []
    if ctx.paused is not None and ctx.paused.is_staged(obj):
        return answer  # it stays staged for the paused plan
    if hasattr(obj, "unstage") and hasattr(obj, "stage"):
        try:
            answer = ctx.device(obj.unstage)
        finally:
            resources.unstaged(obj)
        if hasattr(answer, "add_callback"):
            ctx.track(msg, answer, group)
    ctx.mark()
    return answer
