"""Wrappers that open a run around a plan, set its metadata and run key, and stage devices for it.

They know nothing of the measurement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import stubs
from beamshell.plans.preprocessors.cleanup import finalize_wrapper
from beamshell.plans.preprocessors.mutators import as_plan, msg_mutator, plan_mutator, then
from beamshell.plans.unrun_plan_guard import wrapper


@wrapper
def run_wrapper(plan: Any, *, md: Mapping[str, Any] | None = None) -> Plan:
    """Run `plan` inside a run. Returns the run's uid.

    The run is closed with "success", "fail" or "abort", depending on how the plan ends.
    """
    uid = yield Msg("open_run", None, **(md or {}))
    try:
        yield from as_plan(plan)
    except GeneratorExit:
        raise
    except Exception as exc:
        status = getattr(exc, "exit_status", "fail")  # set by the engine (ours and bluesky's) if it ended the plan
        yield Msg("close_run", None, exit_status=status, reason="" if status == "success" else str(exc))
        raise
    yield Msg("close_run", None, exit_status=None, reason=None)
    return uid


@wrapper
def stage_wrapper(plan: Any, devices: Iterable[Any]) -> Plan:
    """Stage `devices`, run `plan`, unstage them in reverse order. Returns what `plan` returned.

    The detectors that count for them are staged too, unless they would write pictures that nobody records.
    """
    roots: list[Any] = []
    named = list(devices)
    counters = [each for each in stubs.devices_to_trigger(named) if not hasattr(each, "collect_asset_docs")]
    for device in [*named, *counters]:
        root = root_of(device)
        if not any(root is other for other in roots):
            roots.append(root)

    staged: list[Any] = []

    def inner() -> Plan:
        for root in roots:
            yield from stubs.stage(root)
            staged.append(root)  # if staging fails half-way, the engine unstages the device
        return (yield from as_plan(plan))

    return finalize_wrapper(inner(), lambda: stubs.unstage_all(*staged))


@wrapper
def lazily_stage_wrapper(plan: Any) -> Plan:
    """Stage each device when `plan` first uses it, unstage all at the end. Returns what `plan` returned."""
    staged: list[Any] = []

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command not in ("read", "trigger", "set", "monitor", "kickoff", "prepare"):
            return None, None
        root = root_of(msg.obj)
        if any(root is other for other in staged):
            return None, None
        staged.append(root)
        return then(stubs.stage(root), msg), None

    return (yield from finalize_wrapper(plan_mutator(plan, insert), lambda: stubs.unstage_all(*staged)))


def root_of(device: Any) -> Any:
    """The device that this one is a part of, at the top of its tree."""
    while getattr(device, "parent", None) is not None:
        device = device.parent
    return device


@wrapper
def set_run_key_wrapper(plan: Any, run: Any) -> Plan:
    """Send all messages of `plan` with the run key `run`, unless they have one already."""
    if run is None:
        raise PlanError("a run key cannot be None: that is the key of a plan's only run")
    return msg_mutator(plan, lambda msg: msg._replace(run=run) if msg.run is None else msg)


@wrapper
def inject_md_wrapper(plan: Any, md: Mapping[str, Any]) -> Plan:
    """Add metadata to each run that `plan` opens; the run's own metadata take precedence."""

    def add(msg: Msg) -> Msg:
        return msg._replace(kwargs={**md, **msg.kwargs}) if msg.command == "open_run" else msg

    return msg_mutator(plan, add)


def of_run(plan: Plan, run: Any) -> Plan:
    """`plan` with the run key `run`; None leaves it as it is."""
    return plan if run is None else set_run_key_wrapper(plan, run)
