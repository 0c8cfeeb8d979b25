"""Stubs that steer the engine: waiting, pausing, what to do again, who listens.

They know no device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans.unrun_plan_guard import plan


def null() -> Plan:
    """Nothing."""
    return (yield Msg("null"))


@plan
def sleep(seconds: float) -> Plan:
    """Wait so many seconds."""
    return (yield Msg("sleep", None, seconds))


def wait(
    group: Any = None, *, timeout: float | None = None, error_on_timeout: bool = True, watch: Sequence[Any] = ()
) -> Plan:
    """Wait for all actions of a group; True if they ended in time.

    Args:
        group: what the actions are called.
        timeout: seconds to wait at most.
        error_on_timeout: False answers False where time runs out, instead of raising CommandTimeout.
        watch: other groups; a failure in any ends every wait here, so it need not be given.
    """
    return (yield Msg("wait", None, group=group, timeout=timeout, error_on_timeout=error_on_timeout, watch=watch))


def wait_for(futures: Iterable[Callable[[], Any]], *, timeout: float | None = None) -> Plan:
    """Run coroutines, made by functions, and wait for all."""
    return (yield Msg("wait_for", None, list(futures), timeout=timeout))


def checkpoint() -> Plan:
    """If the plan is interrupted, it goes on from here."""
    return (yield Msg("checkpoint"))


def clear_checkpoint() -> Plan:
    """From here to the next checkpoint the plan cannot be paused: a pause ends it."""
    return (yield Msg("clear_checkpoint"))


def rewindable(flag: bool | None = None) -> Plan:
    """Whether messages are sent again after an interruption; the answer so far."""
    return (yield Msg("rewindable", None, flag))


@plan
def pause() -> Plan:
    """Pause here, and let the operator decide."""
    return (yield Msg("pause", None, defer=False))


def deferred_pause() -> Plan:
    """Pause at the next checkpoint."""
    return (yield Msg("pause", None, defer=True))


def input_plan(prompt: str = "") -> Plan:
    """What the operator answers to `prompt`, a str."""
    return (yield Msg("input", None, prompt=prompt))


def subscribe(name: str, func: Callable[..., Any]) -> Plan:
    """Send documents to `func` for the rest of this call; a token."""
    return (yield Msg("subscribe", None, func, name))


def unsubscribe(token: int) -> Plan:
    """Send no more documents there."""
    return (yield Msg("unsubscribe", None, token=token))


def install_suspender(suspender: Any) -> Plan:
    """Let plans wait while `suspender` is tripped."""
    return (yield Msg("install_suspender", None, suspender))


def remove_suspender(suspender: Any) -> Plan:
    """Let plans no longer wait for it."""
    return (yield Msg("remove_suspender", None, suspender))
