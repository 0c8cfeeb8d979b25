"""Stubs that control the engine: wait, sleep, pause, checkpoint, subscribe, suspenders.

They know no device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans import arguments
from beamshell.plans.plan_annotations import bare_plan
from beamshell.plans.unrun_plan_guard import plan


@bare_plan
def null() -> Plan:
    """Send a message that does nothing."""
    return (yield Msg("null"))


@plan
def sleep(seconds: float) -> Plan:
    """Wait for some seconds."""
    return (yield Msg("sleep", None, arguments.seconds(seconds, "the time to sleep")))


@bare_plan
def wait(
    group: Any = None, *, timeout: float | None = None, error_on_timeout: bool = True, watch: Sequence[Any] = ()
) -> Plan:
    """Wait for all actions of a group. Returns True if they finished in time.

    Args:
        group: the group's name.
        timeout: the longest wait in seconds; None for no limit.
        error_on_timeout: False returns False after the timeout, instead of raising CommandTimeout.
        watch: other groups whose failure ends the wait. Our engine ends it at any failure, so none need be given.
    """
    return (yield Msg("wait", None, group=group, timeout=timeout, error_on_timeout=error_on_timeout, watch=watch))


@bare_plan
def wait_for(futures: Iterable[Callable[[], Any]], *, timeout: float | None = None) -> Plan:
    """Run coroutines, made by these functions, and wait for all."""
    return (yield Msg("wait_for", None, list(futures), timeout=timeout))


@bare_plan
def checkpoint() -> Plan:
    """An interrupted plan goes on from here."""
    return (yield Msg("checkpoint"))


@bare_plan
def clear_checkpoint() -> Plan:
    """From here to the next checkpoint the plan cannot be paused; a pause aborts it."""
    return (yield Msg("clear_checkpoint"))


@bare_plan
def rewindable(flag: bool | None = None) -> Plan:
    """Switch rewinding after an interruption on or off (None only asks). Returns the setting before."""
    return (yield Msg("rewindable", None, flag))


@plan
def pause() -> Plan:
    """Pause here until the operator decides how to go on."""
    return (yield Msg("pause", None, defer=False))


@bare_plan
def deferred_pause() -> Plan:
    """Pause at the next checkpoint."""
    return (yield Msg("pause", None, defer=True))


@bare_plan
def input_plan(prompt: str = "") -> Plan:
    """Ask the operator. Returns the answer, a str."""
    return (yield Msg("input", None, prompt=prompt))


@bare_plan
def subscribe(name: str, func: Callable[..., Any]) -> Plan:
    """Send documents to `func` for the rest of this call. Returns a token."""
    return (yield Msg("subscribe", None, func, name))


@bare_plan
def unsubscribe(token: int) -> Plan:
    """Stop sending documents to the subscriber with this token."""
    return (yield Msg("unsubscribe", None, token=token))


@bare_plan
def install_suspender(suspender: Any) -> Plan:
    """Suspend plans while `suspender` is tripped."""
    return (yield Msg("install_suspender", None, suspender))


@bare_plan
def remove_suspender(suspender: Any) -> Plan:
    """Remove a suspender."""
    return (yield Msg("remove_suspender", None, suspender))
