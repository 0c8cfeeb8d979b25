"""Stubs that measure and record: trigger, read, trigger_and_read, and the messages of runs, events and streams.

They know nothing of motion.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from beamshell.awaiting import NoEventLoopError, answer
from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan, msg_of
from beamshell.plans.plan_annotations import bare_plan

TRIGGER_GROUP = "trigger"


@bare_plan
def rd(device: Any, *, default_value: Any = 0) -> Plan:
    """Read the single value of a device: its hinted one, or its only one.

    Args:
        device: the device.
        default_value: returned if there is no engine to answer.

    Raises:
        PlanError: it has several values; read one of its parts instead.
    """
    reading = yield Msg("read", device)
    if reading is None:  # no engine: somebody only lists the messages
        return default_value
    hinted = [key for key in (getattr(device, "hints", None) or {}).get("fields", []) if key in reading]
    keys = hinted if len(hinted) == 1 else list(reading)
    if len(keys) != 1:
        raise PlanError(f"{device.name} has {len(keys)} values ({', '.join(keys)}): read one of its parts instead")
    return reading[keys[0]]["value"]


@bare_plan
def read(device: Any) -> Plan:
    """Read a device, into the open event if there is one. Returns its readings."""
    return (yield Msg("read", device))


@bare_plan
def trigger(device: Any, *, group: Any = None, wait: bool = False) -> Plan:
    """Start an acquisition. Returns a status."""
    if wait and group is None:
        group = TRIGGER_GROUP
    status = yield Msg("trigger", device, group=group)
    if wait:
        yield Msg("wait", None, group=group)
    return status


@bare_plan
def trigger_and_read(devices: Sequence[Any], name: str = "primary") -> Plan:
    """Trigger all devices together, then read them into one event. Returns all readings in one dict.

    Args:
        devices: what is read. A part of another device in the list is read with that device.
        name: the stream.
    """
    return (yield from _sent(*_messages(devices, name)))


class TriggerAndRead:
    """`trigger_and_read` for the points of one scan: what is sent at each point is found out once.

    Example:
        ``take_reading = TriggerAndRead()``, and at each point ``yield from take_reading(devices)``
    """

    def __init__(self) -> None:
        self._devices: list[Any] = []  # of the last point
        self._messages = _messages([], "primary")

    def __call__(self, devices: Sequence[Any]) -> Plan:
        """The plan for one point; see `trigger_and_read`."""
        if len(devices) != len(self._devices) or not all(map(operator.is_, devices, self._devices)):
            self._devices = list(devices)
            self._messages = _messages(devices, "primary")
        return _sent(*self._messages)


def _messages(devices: Sequence[Any], name: str) -> tuple[list[Msg], list[Msg]]:
    """What is sent to trigger devices and to open an event of this stream, and then to read them."""
    to_read = separate_devices(devices)
    to_begin = [
        msg_of(("trigger", device, (), {"group": TRIGGER_GROUP}, None)) for device in devices_to_trigger(to_read)
    ]
    if to_begin:
        to_begin.append(msg_of(("wait", None, (), {"group": TRIGGER_GROUP}, None)))
    to_begin.append(msg_of(("create", None, (), {"name": name}, None)))
    return to_begin, [msg_of(("read", device, (), {}, None)) for device in to_read]


def _sent(to_begin: Sequence[Msg], to_read: Sequence[Msg]) -> Plan:
    """Send these messages, then save the event; all readings in one dict."""
    for msg in to_begin:  # `yield from` would send the answers to the list, which takes none
        yield msg
    readings: dict[str, Any] = {}
    try:
        for msg in to_read:
            device = msg.obj
            if device.name in readings and getattr(device, "parent", None) is not None:
                continue  # it was read with the device that it is a part of
            reading = yield msg
            if reading is not None:
                readings.update(reading)
    except GeneratorExit:
        raise
    except BaseException:
        yield Msg("drop")
        raise
    yield msg_of(("save", None, (), {}, None))
    return readings


def devices_to_trigger(devices: Iterable[Any]) -> list[Any]:
    """The devices that count what `devices` record, each once.

    A value that is computed from counts, such as ln(I0/I), or one channel of a detector has no count of its own: its
    `counted_by` names the detectors.
    """
    to_trigger: list[Any] = []
    for device in devices:
        counters = getattr(device, "counted_by", None)
        if counters:
            to_trigger += counters
        elif hasattr(device, "trigger"):
            to_trigger.append(device)
    if len(set(map(id, to_trigger))) == len(to_trigger):  # usually
        return to_trigger
    return list({id(device): device for device in to_trigger}.values())


def separate_devices(devices: Iterable[Any]) -> list[Any]:
    """The devices, each once, without those that are read with another device of the list."""
    unique = {id(device): device for device in devices}
    return [
        device
        for device in unique.values()
        if getattr(device, "parent", None) is None or not _is_read_with(device, unique)
    ]


def _is_read_with(device: Any, others: dict[int, Any]) -> bool:
    """True if the device is a part of one of `others` (by id), and is recorded by it."""
    parent = device.parent
    while parent is not None:
        if id(parent) in others and device.name in _keys_of(parent):
            return True
        parent = getattr(parent, "parent", None)
    return False


def _keys_of(device: Any) -> Iterable[str]:
    names = getattr(device, "read_attrs", None)
    if names is None:
        try:
            return answer(device.describe)  # type: ignore[no-any-return]  # any Readable
        except NoEventLoopError:  # its keys are known only when it is read
            return ()
    return [getattr(part, "name", "") for part in (_dotted(device, name) for name in names)]


def _dotted(device: Any, path: str) -> Any:
    for name in path.split("."):
        device = getattr(device, name, None)
    return device


# ---- runs and events -----------------------------------------------------------------------------


@bare_plan
def open_run(md: dict[str, Any] | None = None) -> Plan:
    """Open a run. Returns its uid."""
    return (yield Msg("open_run", None, **(md or {})))


@bare_plan
def close_run(exit_status: str | None = None, reason: str | None = None) -> Plan:
    """Close the run. Returns its uid."""
    return (yield Msg("close_run", None, exit_status=exit_status, reason=reason))


@bare_plan
def create(name: str = "primary") -> Plan:
    """Open an event of the stream `name`."""
    return (yield Msg("create", None, name=name))


@bare_plan
def save() -> Plan:
    """Emit the open event."""
    return (yield Msg("save"))


@bare_plan
def drop() -> Plan:
    """Discard the open event."""
    return (yield Msg("drop"))


@bare_plan
def declare_stream(*devices: Any, name: str, collect: bool = False) -> Plan:
    """Declare beforehand what the events of a stream contain."""
    return (yield Msg("declare_stream", None, *devices, name=name, collect=collect))


@bare_plan
def monitor(device: Any, *, name: str | None = None, **kwargs: Any) -> Plan:
    """Record each change of a device in a stream of its own, until `unmonitor`."""
    return (yield Msg("monitor", device, name=name, **kwargs))


@bare_plan
def unmonitor(device: Any) -> Plan:
    """Stop recording the changes of a device."""
    return (yield Msg("unmonitor", device))
