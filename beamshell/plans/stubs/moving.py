"""Stubs that move devices: mv, mvr, abs_set, rel_set, and where devices are.

They know no engine and no control system.
"""

from __future__ import annotations

from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans.patterns import chunked
from beamshell.plans.stubs.reading import rd
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import Locatable

MOVE_GROUP = "move"


@plan
def mv(*args: Any, group: Any = None, timeout: float | None = None, **kwargs: Any) -> Plan:
    """Move devices to positions, all at the same time, and wait for all.

    Args:
        args: device, position, device, position ... in the devices' units.
        group: what the moves are called while they are waited for.
        timeout: seconds to wait at most.
        kwargs: handed on to each device's `set`.

    Returns:
        A tuple of statuses.

    Raises:
        LimitError: a position is out of limits, and nothing has moved.

    Example:
        ``yield from mv(th, 1.5, samx, -3)``
    """
    pairs = chunked(args, 2, "mv(device, position, device, position, ...)")
    for device, position in pairs:
        check(device, position)
    group = MOVE_GROUP if group is None else group
    statuses = []
    for device, position in pairs:
        statuses.append((yield Msg("set", device, position, group=group, **kwargs)))
    yield Msg("wait", None, group=group, timeout=timeout)
    return tuple(statuses)


@plan
def mvr(*args: Any, group: Any = None, timeout: float | None = None, **kwargs: Any) -> Plan:
    """Move devices by distances, all at the same time, and wait for all; a tuple of statuses."""
    pairs = chunked(args, 2, "mvr(device, distance, device, distance, ...)")
    targets: list[Any] = []
    for device, distance in pairs:
        origin = yield from setpoint(device)
        targets += [device, moved_by(device, origin, distance)]
    return (yield from mv(*targets, group=group, timeout=timeout, **kwargs))


def moved_by(device: Any, origin: Any, distance: Any) -> Any:
    """`origin + distance`.

    Raises:
        PlanError: the device is in a state rather than at a position, such as an open shutter.
    """
    if isinstance(origin, str | bytes | bool):
        raise PlanError(f"{device.name} is {origin!r}, which is no number: move it with mv, not by a distance")
    return origin + distance


mov = mv


movr = mvr


def check(device: Any, position: Any) -> None:
    """Raise what `device.set(position)` would raise, without moving anything."""
    if hasattr(device, "check_value"):  # what protocols.Checkable asks for, at a twentieth of isinstance's price
        device.check_value(position)


def setpoint(device: Any) -> Plan:
    """Where the device was sent; what it reads, if it cannot tell."""
    if isinstance(device, Locatable):
        location = yield Msg("locate", device)
        return location["setpoint"]
    return (yield from rd(device))


@plan
def abs_set(device: Any, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Send a device to a value; its status."""
    if wait and group is None:
        group = MOVE_GROUP
    status = yield Msg("set", device, *args, group=group, **kwargs)
    if wait:
        yield Msg("wait", None, group=group)
    return status


@plan
def rel_set(device: Any, distance: Any, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Send a device by a distance from where it is; its status."""
    origin = yield from setpoint(device)
    target = moved_by(device, origin, distance)
    return (yield from abs_set(device, target, *args, group=group, wait=wait, **kwargs))


def locate(*devices: Any, squeeze: bool = True) -> Plan:
    """Setpoint and readback of each device; of the only one, unless `squeeze` is False."""
    return (yield Msg("locate", None, *devices, squeeze=squeeze))


def stop(device: Any) -> Plan:
    """Stop a device."""
    return (yield Msg("stop", device))
