"""Commands of plans about the engine itself: checkpoints, pause, cleanup, subscriptions, suspenders.

Each command is a function of a CommandContext and the message; what it raises goes to the plan.
"""

from __future__ import annotations

from typing import Any

from beamshell.engine.context import CommandContext
from beamshell.engine.requests import Interrupted, InterruptReason, PauseRequest, WakeUp
from beamshell.errors import IllegalMessageSequence, PlanError


def checkpoint(ctx: CommandContext, msg: Any) -> None:
    """Make this the place to which a rewind goes back; a deferred pause happens here."""
    if ctx.is_bare:
        ctx.begin_scan()
    resources, requests = ctx.resources, ctx.requests
    for run in resources.runs.values():
        if run.bundle is not None:
            raise IllegalMessageSequence("a checkpoint inside an open event: save or drop it first")
        run.mark()
    now = ctx.clock()
    ctx.cursor.checkpoint(now)
    resources.waited.clear()
    ctx.world.process_gui_events(now)
    if requests.pause_later is not None and not ctx.modes.unwinding:
        request, requests.pause_later = requests.pause_later, None
        raise Interrupted(InterruptReason.PAUSE, finished=True, reason=request.reason, pressed=request.pressed)


def clear_checkpoint(ctx: CommandContext, msg: Any) -> None:
    """From here to the next checkpoint the plan cannot be paused: a pause ends it."""
    ctx.cursor.forbid_rewind()


def rewindable(ctx: CommandContext, msg: Any) -> bool:
    """Switch rewinding on or off (None only asks) -> the present setting."""
    if msg.args and msg.args[0] is not None:
        flag = bool(msg.args[0])
        if flag != ctx.cursor.rewindable:
            ctx.cursor.rewindable = flag
            for run in ctx.resources.runs.values():
                run.mark()
    return ctx.cursor.rewindable


def pause(ctx: CommandContext, msg: Any) -> None:
    """Pause here, or with defer=True at the next checkpoint."""
    if ctx.modes.unwinding:
        return
    if msg.kwargs.get("defer", msg.args[0] if msg.args else False):
        ctx.requests.ask_pause_later(PauseRequest(True))
        return
    raise Interrupted(InterruptReason.PAUSE, finished=True)


def subscribe(ctx: CommandContext, msg: Any) -> int:
    """Add a subscriber for the rest of this call -> token."""
    function, name = _subscribe_arguments(*msg.args, **msg.kwargs)
    token = ctx.world.subscribe(function, name)
    ctx.resources.tokens.append(token)
    ctx.mark()
    return token


def _subscribe_arguments(func: Any, name: str = "all") -> tuple[Any, str]:
    return func, name


def unsubscribe(ctx: CommandContext, msg: Any) -> None:
    """Take a subscriber away."""
    token = msg.kwargs["token"] if "token" in msg.kwargs else msg.args[0]
    ctx.world.unsubscribe(token)
    if token in ctx.resources.tokens:
        ctx.resources.tokens.remove(token)
    ctx.mark()


def install_suspender(ctx: CommandContext, msg: Any) -> None:
    """Let a suspender suspend plans from now on."""
    ctx.world.install_suspender(msg.args[0])
    ctx.only_moves = ctx.is_bare = False  # the plan itself says what it waits for
    ctx.count_suspenders()
    ctx.world.post(WakeUp())


def remove_suspender(ctx: CommandContext, msg: Any) -> None:
    """Take a suspender away."""
    ctx.world.remove_suspender(msg.args[0])
    ctx.count_suspenders()


def begin_cleanup(ctx: CommandContext, msg: Any) -> None:
    """Begin a cleanup: the plan goes on to its next step even if one fails."""
    ctx.modes.begin_cleanup()


def end_cleanup(ctx: CommandContext, msg: Any) -> None:
    """End a cleanup; its failures are raised, unless the plan is failing already."""
    modes, outcome = ctx.modes, ctx.outcome
    modes.end_cleanup()
    if outcome.after_cleanup is not None and not modes.cleanup_depth:
        error, outcome.after_cleanup = outcome.after_cleanup, None
        raise error
    if msg.kwargs.get("raise_failures") and outcome.problems and not modes.unwinding:
        failures = "; ".join(outcome.problems)
        outcome.problems.clear()
        raise PlanError(failures)


def null(ctx: CommandContext, msg: Any) -> None:
    """Nothing."""


def re_class(ctx: CommandContext, msg: Any) -> Any:
    """The engine's class."""
    return ctx.options.engine_class
