"""Wrappers for relative positions, the return of motors, and count times of a plan.

relative_set_wrapper, reset_positions_wrapper, configure_count_time_wrapper. They know nothing of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans import stubs
from beamshell.plans.computed_axes import computed_axes, separated
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
    """Send the message with its distance, or those of several axes of its device, added to the origins."""

    def moved(device: Any, distance: Any) -> Plan:
        if id(device) not in origins:
            origins[id(device)] = yield from stubs.setpoint(device)
        return stubs.moved_by(device, origins[id(device)], distance)

    distance = msg.args[0]
    if separated(msg.obj, distance):
        axes, target = computed_axes(msg.obj), {}
        for attr, distance_of_axis in distance.items():
            target[attr] = yield from moved(axes[attr], distance_of_axis)
    else:
        target = yield from moved(msg.obj, distance)
    return (yield msg._replace(args=(target, *msg.args[1:])))


@wrapper
def reset_positions_wrapper(plan: Any, devices: Iterable[Any] | None = None) -> Plan:
    """Send the devices that `plan` moved back to where they were, however it ends."""
    origins: dict[int, tuple[Any, Any]] = {}
    is_chosen = _is_one_of(devices)

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command != "set" or id(msg.obj) in origins:
            return None, None
        axes = [axis for axis, _ in separated(msg.obj, msg.args[0] if msg.args else None)] or [msg.obj]
        new = [axis for axis in axes if id(axis) not in origins and (is_chosen(axis) or is_chosen(msg.obj))]
        return (_after_origins(msg, new, origins), None) if new else (None, None)

    def put_back() -> Plan:
        return send_back(origins.values(), "reset")

    return (yield from finalize_wrapper(plan_mutator(plan, insert), put_back))


def _after_origins(msg: Msg, devices: Iterable[Any], origins: dict[int, tuple[Any, Any]]) -> Plan:
    """Store where these devices are, then send the message that moves them."""
    for device in devices:
        origins[id(device)] = (device, (yield from stubs.setpoint(device)))
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
