"""Runs without steps: flyers that acquire by themselves, and readings while something ramps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from beamshell.errors import CommandTimeout
from beamshell.messages import Msg, Plan
from beamshell.plans import stubs
from beamshell.plans.clock import now
from beamshell.plans.facts import Metadata, names
from beamshell.plans.planned import plan
from beamshell.plans.preprocessors import finalize_wrapper, msg_mutator, rewindable_wrapper, run_wrapper

RAMP = "ramp"
"""The group of what ramps."""


@plan
def fly(flyers: Iterable[Any], *, md: Metadata = None) -> Plan:
    """Let flyers acquire, all at the same time, and record what they hand over; the run's uid.

    Args:
        flyers: devices with kickoff, complete and collect.
        md: metadata of the run.
    """
    flyers = list(flyers)

    def flight() -> Plan:
        yield from stubs.kickoff_all(*flyers)
        yield from stubs.complete_all(*flyers, wait=True)
        for flyer in flyers:
            yield from stubs.collect(flyer)

    facts = {"plan_name": "fly", "plan_args": {"flyers": names(flyers)}, "flyers": names(flyers)}
    return (yield from run_wrapper(flight(), md={**facts, **(md or {})}))


@plan
def ramp_plan(
    go_plan: Plan,
    monitor_sig: Any,
    inner_plan_func: Callable[[], Plan],
    take_pre_data: bool = True,
    timeout: float | None = None,
    period: float | None = None,
    md: Metadata = None,
) -> Plan:
    """Take data while something ramps, until it has arrived; the run's uid.

    A ramp does not go back: after an interruption the readings go on where the ramp then is.

    Args:
        go_plan: starts the ramp without waiting for it.
        monitor_sig: a signal whose every change is recorded meanwhile.
        inner_plan_func: makes the plan of one reading; also run once after the end.
        take_pre_data: whether it is run once before the ramp starts, too.
        timeout: seconds that the ramp may take; None lets it take its time.
        period: seconds from one reading to the next; None takes them as fast as they come.
        md: metadata of the run.

    Raises:
        CommandTimeout: the ramp took longer than `timeout`.

    Example:
        ``RE(ramp_plan(abs_set(oven, 300), oven, lambda: trigger_and_read([det])))``
    """

    def ramp() -> Plan:
        yield Msg("monitor", monitor_sig, name=f"{monitor_sig.name}_monitor")
        if take_pre_data:
            yield from inner_plan_func()
        begun = now()
        yield from msg_mutator(go_plan, in_group)
        while not (yield from stubs.wait(RAMP, timeout=0.0, error_on_timeout=False)):
            reading = now()
            if timeout is not None and reading - begun > timeout:
                raise CommandTimeout(f"the ramp has not ended after {timeout:g} s")
            yield from inner_plan_func()
            yield Msg("sleep", None, max(0.0, reading + (period or 0.0) - now()))
        yield from inner_plan_func()

    def in_group(msg: Msg) -> Msg:
        # A wait for a group outlasts a pause, which ends a move's own status and begins the move anew.
        return (
            msg._replace(kwargs={**msg.kwargs, "group": RAMP}) if msg.command in ("set", "kickoff", "trigger") else msg
        )

    def guarded() -> Plan:
        return (yield from finalize_wrapper(ramp(), [Msg("unmonitor", monitor_sig)]))

    facts = {"plan_name": "ramp_plan", **(md or {})}
    return (yield from rewindable_wrapper(run_wrapper(guarded(), md=facts), False))
