"""Wrappers that add subscribers and suspenders to a plan, or say whether it can be rewound.

They know nothing of the measurement. Baselines, monitors and flyers are in `supplemental`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans.preprocessors.cleanup import finalize_wrapper
from beamshell.plans.preprocessors.mutators import as_plan
from beamshell.plans.unrun_plan_guard import wrapper


@wrapper
def subs_wrapper(plan: Any, subs: Any) -> Plan:
    """Send documents to `subs` while `plan` runs: a function, a list of them, or ``{name: [functions]}``."""
    tokens: list[int] = []

    def inner() -> Plan:
        for name, function in _subscriptions(subs):
            tokens.append((yield Msg("subscribe", None, function, name)))
        return (yield from as_plan(plan))

    def unsubscribe() -> Plan:
        for token in tokens:
            yield Msg("unsubscribe", None, token=token)

    return (yield from finalize_wrapper(inner(), unsubscribe))


def _subscriptions(subs: Any) -> list[tuple[str, Any]]:
    if isinstance(subs, Mapping):
        return [(name, f) for name, fs in subs.items() for f in (fs if isinstance(fs, list | tuple) else [fs])]
    return [("all", function) for function in (subs if isinstance(subs, list | tuple) else [subs])]


@wrapper
def suspend_wrapper(plan: Any, suspenders: Any) -> Plan:
    """Suspend `plan` while one of `suspenders` is tripped."""
    installed = list(suspenders) if isinstance(suspenders, Iterable) else [suspenders]

    def inner() -> Plan:
        for suspender in installed:
            yield Msg("install_suspender", None, suspender)
        return (yield from as_plan(plan))

    def remove() -> Plan:
        for suspender in installed:
            yield Msg("remove_suspender", None, suspender)

    return (yield from finalize_wrapper(inner(), remove))


@wrapper
def rewindable_wrapper(plan: Any, rewindable: bool) -> Plan:
    """Run `plan` with rewinding after interruptions switched on or off; restore the setting at the end."""
    before = yield Msg("rewindable", None, None)
    if before == rewindable:
        return (yield from as_plan(plan))

    def inner() -> Plan:
        yield Msg("rewindable", None, rewindable)
        return (yield from as_plan(plan))

    return (yield from finalize_wrapper(inner(), [Msg("rewindable", None, before)]))
