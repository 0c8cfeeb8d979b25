"""Wrappers that record baselines, monitors and flyers alongside a plan, or add subscribers and suspenders to it.

They know nothing of the plan's own measurement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans import stubs
from beamshell.plans.preprocessors.cleanup import finalize_wrapper
from beamshell.plans.preprocessors.mutators import as_plan, plan_mutator, then
from beamshell.plans.preprocessors.runs import of_run
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
def baseline_wrapper(plan: Any, devices: Iterable[Any], name: str = "baseline") -> Plan:
    """Read `devices` once at the beginning and once at the end of each run."""
    devices = list(devices)
    if not devices:
        return (yield from as_plan(plan))

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command == "open_run":
            return None, _one_reading(devices, name, msg.run)
        if msg.command == "close_run" and msg.kwargs.get("exit_status") in (None, "success"):
            return then(_one_reading(devices, name, msg.run), msg), None
        return None, None

    return (yield from plan_mutator(plan, insert))


def _one_reading(devices: list[Any], name: str, run: Any) -> Plan:
    return of_run(stubs.trigger_and_read(devices, name), run)


@wrapper
def monitor_during_wrapper(plan: Any, signals: Iterable[Any]) -> Plan:
    """Record each change of `signals` during each run of `plan`."""
    signals = list(signals)

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command == "open_run":
            return None, as_plan(
                [Msg("monitor", signal, name=f"{signal.name}_monitor", run=msg.run) for signal in signals]
            )
        if msg.command == "close_run":
            return as_plan([*(Msg("unmonitor", signal, run=msg.run) for signal in signals), msg]), None
        return None, None

    return (yield from plan_mutator(plan, insert))


@wrapper
def fly_during_wrapper(plan: Any, flyers: Iterable[Any]) -> Plan:
    """Let `flyers` acquire during each run of `plan`, and record their data at its end."""
    flyers = list(flyers)
    if not flyers:
        return (yield from as_plan(plan))

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command == "open_run":
            return None, of_run(stubs.kickoff_all(*flyers, group="fly_during"), msg.run)
        if msg.command == "close_run":
            return then(of_run(_complete_and_collect(flyers), msg.run), msg), None
        return None, None

    return (yield from plan_mutator(plan, insert))


def _complete_and_collect(flyers: list[Any]) -> Plan:
    yield from stubs.complete_all(*flyers, group="fly_during", wait=True)
    for flyer in flyers:
        yield from stubs.collect(flyer, return_payload=False)


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


class SupplementalData:
    """A preprocessor for the engine: baselines, monitors and flyers to record in every run.

    Args:
        baseline: devices read at the beginning and the end of each run.
        monitors: signals whose changes are recorded during each run.
        flyers: devices that acquire by themselves during each run.

    Example:
        ``RE.preprocessors.append(SupplementalData(baseline=[samx, samy]))``
    """

    def __init__(
        self, *, baseline: Iterable[Any] = (), monitors: Iterable[Any] = (), flyers: Iterable[Any] = ()
    ) -> None:
        self.baseline = list(baseline)
        self.monitors = list(monitors)
        self.flyers = list(flyers)

    def __call__(self, plan: Any) -> Plan:
        """`plan` with these recordings in each of its runs."""
        if self.flyers:
            plan = fly_during_wrapper(plan, self.flyers)
        if self.monitors:
            plan = monitor_during_wrapper(plan, self.monitors)
        return (yield from baseline_wrapper(plan, self.baseline))

    def __repr__(self) -> str:
        groups = {"baseline": self.baseline, "monitors": self.monitors, "flyers": self.flyers}
        lists = (
            f"{group}={[str(getattr(device, 'name', device)) for device in devices]}"
            for group, devices in groups.items()
        )
        return f"SupplementalData({', '.join(lists)})"
