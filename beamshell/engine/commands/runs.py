"""Commands of plans about runs: open_run and close_run.

Each command is a function of a CommandContext and the message; what it raises goes to the plan.
"""

from __future__ import annotations

from typing import Any

from beamshell.engine import foreign_motions
from beamshell.engine.bundler import RunBundler
from beamshell.engine.context import CommandContext
from beamshell.engine.flyers import stop_and_collect
from beamshell.errors import IllegalMessageSequence


def open_run(ctx: CommandContext, msg: Any) -> str:
    """Start document -> the run's uid."""
    if ctx.is_bare:
        ctx.begin_scan()
    if ctx.paused is not None:
        ctx.paused.refuse_measurement()
    runs = ctx.resources.runs
    if msg.run in runs:
        key = "" if msg.run is None else f" with the key {msg.run!r}"
        raise IllegalMessageSequence(f"a run{key} is open already: close it first, or open this one with run=...")
    number = ctx.call_hook("RE.scan_id_source", ctx.world.next_scan_id)
    if hasattr(number, "__await__"):
        number = ctx.awaited(lambda: number)
    metadata = ctx.call_hook("the check of the run's metadata", ctx.world.open_metadata, msg.kwargs, number)
    run = RunBundler(ctx, metadata, ctx.world.files)
    runs[msg.run] = run
    ctx.outcome.run_uids.append(run.uid)
    return run.uid


def close_run(ctx: CommandContext, msg: Any) -> str:
    """Stop document -> the run's uid. If the plan is being ended, the engine decides the exit status."""
    run, outcome = run_of(ctx, msg), ctx.outcome
    if ctx.resources.watched:
        foreign_motions.catch_up(ctx, run)
    status, reason = msg.kwargs.get("exit_status") or "success", msg.kwargs.get("reason") or ""
    if outcome.interrupted:
        status, reason = outcome.exit_status, outcome.reason
    for monitor in run.monitored.values():
        monitor.drop()
    stop_and_collect(ctx, run)
    uid = run.close(status, reason)
    del ctx.resources.runs[msg.run]
    ctx.cursor.forget_run(msg.run)
    ctx.mark()
    return uid


def run_of(ctx: CommandContext, msg: Any) -> RunBundler:
    """The open run that `msg` belongs to.

    Raises:
        IllegalMessageSequence: it is not open.
    """
    try:
        return ctx.resources.runs[msg.run]
    except KeyError:
        problem = "no run is open" if msg.run is None else f"no run with the key {msg.run!r} is open"
        raise IllegalMessageSequence(f"{msg.command}: {problem}; open_run comes first") from None
