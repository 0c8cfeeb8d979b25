"""Stubs that measure: trigger, read, and both together into one event.

They know nothing of motion.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan

TRIGGER_GROUP = "trigger"


def rd(device: Any, *, default_value: Any = 0) -> Plan:
    """The one value of a device that has one: its hinted field, or its only one.

    Raises:
        PlanError: it has several.
    """
    reading = yield Msg("read", device)
    if reading is None:  # nobody answers: the plan is only being looked at
        return default_value
    hinted = [key for key in (getattr(device, "hints", None) or {}).get("fields", []) if key in reading]
    keys = list(hinted) if len(hinted) == 1 else list(reading)
    if len(keys) != 1:
        raise PlanError(f"{device.name} has {len(keys)} values ({', '.join(keys)}): read one of its parts instead")
    return reading[keys[0]]["value"]


def read(device: Any) -> Plan:
    """The device's readings, put into the open event if there is one."""
    return (yield Msg("read", device))


def trigger(device: Any, *, group: Any = None, wait: bool = False) -> Plan:
    """Start an acquisition; its status."""
    if wait and group is None:
        group = TRIGGER_GROUP
    status = yield Msg("trigger", device, group=group)
    if wait:
        yield Msg("wait", None, group=group)
    return status


def trigger_and_read(devices: Sequence[Any], name: str = "primary") -> Plan:
    """Trigger all devices together, then read them all into one event; all readings in one dict.

    Args:
        devices: a part of another device in the list is left out, since that one reads it.
        name: the stream.
    """
    devices = separate_devices(devices)
    triggered = False
    for device in devices:
        if hasattr(device, "trigger"):
            triggered = True
            yield Msg("trigger", device, group=TRIGGER_GROUP)
    if triggered:
        yield Msg("wait", None, group=TRIGGER_GROUP)
    yield Msg("create", None, name=name)
    readings: dict[str, Any] = {}
    try:
        for device in devices:
            if device.name in readings and getattr(device, "parent", None) is not None:
                continue  # the device that it is a part of has told it already
            reading = yield Msg("read", device)
            if reading is not None:
                readings.update(reading)
    except GeneratorExit:
        raise
    except BaseException:
        yield Msg("drop")
        raise
    yield Msg("save")
    return readings


def separate_devices(devices: Iterable[Any]) -> list[Any]:
    """The devices without doubles, and without those that are part of another in the list."""
    unique = {id(device): device for device in devices}
    return [device for device in unique.values() if not _is_read_with(device, unique)]


def _is_read_with(device: Any, others: dict[int, Any]) -> bool:
    """True if one of `others`, by id, is a device that this one is a part of, and records it."""
    parent = getattr(device, "parent", None)
    while parent is not None:
        # A part that its device does not record is wanted for itself.
        if id(parent) in others and device.name in _keys_of(parent):
            return True
        parent = getattr(parent, "parent", None)
    return False


def _keys_of(device: Any) -> Iterable[str]:
    names = getattr(device, "read_attrs", None)
    if inspect.iscoroutinefunction(getattr(device, "describe", None)):
        return ()  # only an event loop can ask it: what it records is known when it is read
    if names is None:
        return device.describe()  # type: ignore[no-any-return]  # any Readable
    return [getattr(part, "name", "") for part in (_dotted(device, name) for name in names)]


def _dotted(device: Any, path: str) -> Any:
    for name in path.split("."):
        device = getattr(device, name, None)
    return device
