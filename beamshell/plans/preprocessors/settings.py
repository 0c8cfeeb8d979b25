"""Wrappers for relative positions, the return of motors, and count times of a plan.

relative_set_wrapper, reset_positions_wrapper, configure_count_time_wrapper. They know nothing of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans import stubs
from beamshell.plans.preprocessors.cleanup import finalize_wrapper
from beamshell.plans.preprocessors.mutators import as_plan, plan_mutator
from beamshell.plans.stubs.moving import send_back
from beamshell.plans.unrun_plan_guard import wrapper


@wrapper
def relative_set_wrapper(plan: Any, devices: Iterable[Any] | None = None) -> Plan:
    """Take the positions that `plan` sets as distances from where each device was before its first move."""
    origins: dict[int, Any] = {}
    is_chosen = _is_one_of(devices)

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command != "set" or not is_chosen(msg.obj):
            return None, None
        return _shifted(msg, origins), None

    return (yield from plan_mutator(plan, insert))


def _shifted(msg: Msg, origins: dict[int, Any]) -> Plan:
    """Send the message with its distance added to the origin of its device."""
    if id(msg.obj) not in origins:
        origins[id(msg.obj)] = yield from stubs.setpoint(msg.obj)
    target = stubs.moved_by(msg.obj, origins[id(msg.obj)], msg.args[0])
    return (yield msg._replace(args=(target, *msg.args[1:])))


@wrapper
def reset_positions_wrapper(plan: Any, devices: Iterable[Any] | None = None) -> Plan:
    """Send the devices that `plan` moved back to where they were, however it ends."""
    origins: dict[int, tuple[Any, Any]] = {}
    is_chosen = _is_one_of(devices)

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command != "set" or id(msg.obj) in origins or not is_chosen(msg.obj):
            return None, None
        return _after_origin(msg, origins), None

    def put_back() -> Plan:
        return send_back(origins.values(), "reset")

    return (yield from finalize_wrapper(plan_mutator(plan, insert), put_back))


def _after_origin(msg: Msg, origins: dict[int, tuple[Any, Any]]) -> Plan:
    """Store where the device is, then send the message that moves it."""
    origins[id(msg.obj)] = (msg.obj, (yield from stubs.setpoint(msg.obj)))
    return (yield msg)


def _is_one_of(devices: Iterable[Any] | None) -> Callable[[Any], bool]:
    """Tells if a device is one of these; None stands for all devices."""
    if devices is None:
        return lambda _: True
    device_list = list(devices)
    return lambda device: any(device is other for other in device_list)


@wrapper
def configure_count_time_wrapper(plan: Any, time: float | Mapping[str, float] | None) -> Plan:
    """Set the `count_time` of the detectors that `plan` stages or triggers, and put it back at the end.

    Args:
        plan: the plan to run.
        time: seconds, for all detectors; or by the names of those that are set; None leaves all as they are.
    """
    originals: dict[int, tuple[Any, Any, float]] = {}
    if time is None:
        return (yield from as_plan(plan))

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        detector = msg.obj
        if msg.command not in ("trigger", "stage") or not hasattr(detector, "count_time") or id(detector) in originals:
            return None, None
        seconds = time.get(detector.name) if isinstance(time, Mapping) else time
        return (None, None) if seconds is None else (_with_time(msg, seconds), None)

    def _with_time(msg: Msg, seconds: float) -> Plan:
        signal = msg.obj.count_time
        original = yield from stubs.rd(signal)
        originals[id(msg.obj)] = (signal, original, seconds)
        if original != seconds:
            yield Msg("set", signal, seconds, group="count_time")
            yield Msg("wait", None, group="count_time")
        return (yield msg)

    def put_back() -> Plan:
        changed = [(signal, original) for signal, original, seconds in originals.values() if original != seconds]
        for signal, original in changed:
            yield Msg("set", signal, original, group="count_time")
        if changed:
            yield Msg("wait", None, group="count_time")

    return (yield from finalize_wrapper(plan_mutator(plan, insert), put_back))
