"""Stubs that move devices and ask where they are: mv, mv_in_turn, mvr, abs_set, rel_set, home, setpoint, locate, stop.

They know no engine and no control system.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans.computed_axes import Target, joined, refuse_overlaps
from beamshell.plans.environment import check
from beamshell.plans.patterns import chunked
from beamshell.plans.plan_annotations import bare_plan
from beamshell.plans.stubs.reading import rd
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import Locatable, NamedMovable

MOVE_GROUP = "move"


@plan
def mv(*args: NamedMovable | Any, group: Any = None, timeout: float | None = None, **kwargs: Any) -> Plan:
    """Move devices to positions, all at the same time, and wait for all.

    Args:
        args: device, position, device, position ... in the devices' units.
        group: name of the group of these moves; None takes "move".
        timeout: the longest wait in seconds; None for no limit.
        kwargs: passed on to each device's `set`.

    Returns:
        A tuple of statuses.

    Raises:
        LimitError: a position is outside the limits; nothing has moved.

    Example:
        ``yield from mv(th, 1.5, samx, -3)``
    """
    pairs: list[Target] = chunked(args, 2, "mv(device, position, device, position, ...)")
    if len(pairs) > 1:
        refuse_overlaps(device for device, _ in pairs)
        pairs = joined(pairs)
    for device, position in pairs:
        check(device, position)
    group = MOVE_GROUP if group is None else group
    statuses = []
    for device, position in pairs:
        statuses.append((yield Msg("set", device, position, group=group, **kwargs)))
    yield Msg("wait", None, group=group, timeout=timeout)
    return tuple(statuses)


def send_back(origins: Iterable[Target], group: str) -> Plan:
    """Send devices back to where they were, all at the same time, and wait for all; positions are not checked."""
    targets = joined(origins)
    for device, origin in targets:
        yield Msg("set", device, origin, group=group)
    if targets:
        yield Msg("wait", None, group=group)


@plan
def mv_in_turn(*groups: Sequence[Any]) -> Plan:
    """Move one group of devices after the other; those of a group all at the same time.

    Args:
        groups: each as `mv` takes it: [device, position, device, position, ...].

    Raises:
        LimitError: a position of any group is outside the limits; nothing has moved.

    Example:
        ``yield from mv_in_turn([shutter, "Close"], [th, 0, samx, -5])``
    """
    for group in groups:
        for target in joined(chunked(group, 2, "mv_in_turn([device, position, ...], [device, position, ...], ...)")):
            check(*target)
    for group in groups:
        yield from mv(*group)


@plan
def mvr(*args: NamedMovable | Any, group: Any = None, timeout: float | None = None, **kwargs: Any) -> Plan:
    """Move devices by distances, all at the same time, and wait for all. Returns a tuple of statuses."""
    pairs = chunked(args, 2, "mvr(device, distance, device, distance, ...)")
    origins = yield from setpoints([device for device, _ in pairs])
    targets: list[Any] = []
    for (device, distance), origin in zip(pairs, origins, strict=True):
        targets += [device, moved_by(device, origin, distance)]
    return (yield from mv(*targets, group=group, timeout=timeout, **kwargs))


def moved_by(device: Any, origin: Any, distance: Any) -> Any:
    """The position `distance` away from `origin`; of a device with several axes, as it says itself.

    Raises:
        PlanError: the device has no number as position, such as a shutter; move it with mv.
        BadValue: the device has several axes, and the distance is a number: move one of its axes.
    """
    if hasattr(device, "shifted"):
        return device.shifted(origin, distance)
    if isinstance(origin, str | bytes | bool):
        raise PlanError(f"{device.name} is {origin!r}, which is no number: move it with mv, not by a distance")
    return origin + distance


def single_axis(device: Any) -> Any:
    """The device; of one with computed axes, the axis that a single number means.

    Raises:
        PlanError: it has several axes, and none of them is its main one; the message names them.
    """
    if not hasattr(device, "main_axis"):
        return device
    if device.main_axis is None:
        axes = " or ".join(f"{device.name}.{attr}" for attr in device.pseudo_names)
        raise PlanError(f"{device.name} has several axes: name one of them, {axes}")
    return device.main_axis


mov = mv
movr = mvr


@bare_plan
def setpoint(device: Any) -> Plan:
    """The device's setpoint; its reading, if it has no `locate`."""
    if isinstance(device, Locatable):
        location = yield Msg("locate", device)
        return location["setpoint"]
    return (yield from rd(device))


@bare_plan
def setpoints(devices: Sequence[Any]) -> Plan:
    """The setpoints of devices in their order; those of several that have `locate` are asked for together."""
    if len(devices) > 1 and all(isinstance(device, Locatable) for device in devices):
        locations = yield Msg("locate", None, *devices, squeeze=False)
        return [location["setpoint"] for location in locations]
    positions = []
    for device in devices:
        position = yield from setpoint(device)
        positions.append(position)
    return positions


@plan
def abs_set(device: NamedMovable, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Send a device to a value. Returns a status."""
    if wait and group is None:
        group = MOVE_GROUP
    status = yield Msg("set", device, *args, group=group, **kwargs)
    if wait:
        yield Msg("wait", None, group=group)
    return status


@plan
def rel_set(
    device: NamedMovable, distance: Any, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any
) -> Plan:
    """Send a device by a distance from where it is. Returns a status."""
    origin = yield from setpoint(device)
    target = moved_by(device, origin, distance)
    return (yield from abs_set(device, target, *args, group=group, wait=wait, **kwargs))


class HomeSearch:
    """A motor's search for home, as something that a plan sets: the value is the direction.

    Args:
        motor: it has a method ``home(direction, wait=False)``, which returns a status.

    Attributes:
        motor: the same.
    """

    parent = None

    def __init__(self, motor: Any) -> None:
        self.name: str = motor.name
        self.motor = motor

    def set(self, direction: str) -> Any:
        """Start to search in a direction, "forward" or "reverse"; the status ends at home, or fails elsewhere."""
        return self.motor.home(direction, wait=False)

    def stop(self, success: bool = False) -> Any:
        """Stop the motor."""
        return self.motor.stop(success=success)

    def __repr__(self) -> str:
        return f"HomeSearch({self.motor!r})"

    def __getattr__(self, name: str) -> Any:
        if name in ("position", "egu", "units", "precision", "moving"):
            return getattr(self.motor, name)
        raise AttributeError(name)


@plan
def home(motor: NamedMovable, direction: str = "forward") -> Plan:
    """Let a motor search for home, and wait until it is there. Returns a status.

    Args:
        motor: a motor record, or any motor with a method ``home(direction, wait=False)``.
        direction: "forward" or "reverse".

    Raises:
        PlanError: the motor has no search for home.
    """
    if not callable(getattr(motor, "home", None)):
        raise PlanError(f"{motor.name} has no search for home: it is a {type(motor).__name__}")
    return (yield from abs_set(HomeSearch(motor), direction, wait=True))


@bare_plan
def locate(*devices: Any, squeeze: bool = True) -> Plan:
    """Setpoint and readback of devices: a list, or those of a single device if `squeeze` is True."""
    return (yield Msg("locate", None, *devices, squeeze=squeeze))


@bare_plan
def stop(device: Any) -> Plan:
    """Stop a device."""
    return (yield Msg("stop", device))
