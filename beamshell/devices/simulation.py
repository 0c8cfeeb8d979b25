"""How the PVs of a device behave together, as plain data: a motor record, a counter, a set point that arrives.

It knows our classes of devices, and nothing of who plays their part: a simulation does, with these facts alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from beamshell.channels.unconnected import UnconnectedChannel
from beamshell.devices.device import Device
from beamshell.devices.epics.area_detector import EpicsAreaDetector
from beamshell.devices.epics.camera import EpicsCamera
from beamshell.devices.epics.counter import PresetCounter
from beamshell.devices.epics.mca import EpicsMCA
from beamshell.devices.epics.mcs import MultichannelScaler
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.epics.scaler import EpicsScaler
from beamshell.devices.epics.shutter import EpicsShutter
from beamshell.devices.epics.trajectory import TrajectoryFlyer
from beamshell.devices.monochromator import Monochromator
from beamshell.devices.pv_positioner import PVPositioner
from beamshell.devices.signal import Signal

Fact: TypeAlias = dict[str, Any]
"""One thing that behaves: "is" says what, the other keys which PVs it has and what is known of them."""

_BRAGG = {"units": "deg", "value": 12.0, "limits": [2.0, 80.0]}


def behaviours(device: Any, known: Fact | None = None) -> Iterator[Fact]:
    """What the PVs of a device do, the lazy ones too; each PV may be named by several facts, the first of which counts.

    Args:
        device: one that was built within `unconnected()`.
        known: what the device file says of its twin: value, units, limits, states, speed.
    """
    known = known or {}
    if isinstance(device, Signal):
        yield from _of_signal(device, known)
    elif isinstance(device, Device):
        yield from _of_class(device, known)
        told = _BRAGG | known if isinstance(device, Monochromator) else {}
        for attr in device.component_names:
            yield from behaviours(device.part(attr), told)
        for extra in _hidden_signals(device):
            yield from behaviours(extra)


def _of_class(device: Device, known: Fact) -> Iterator[Fact]:
    if isinstance(device, EpicsMotor):
        limits = {"limits": list(device._narrowed)} if device._narrowed else {}
        yield {"is": "motor", "record": device.prefix, **limits, **known}
    elif isinstance(device, EpicsScaler):
        yield {"is": "scaler", "record": device.prefix, **known}
    elif isinstance(device, MultichannelScaler):
        yield {"is": "mcs", "prefix": device.prefix}
    elif isinstance(device, TrajectoryFlyer):
        axes = [motor.prefix for motor in device.motors]
        yield {"is": "profile_move", "prefix": device.prefix, "motors": axes, "counter": device.counter.prefix}
    elif isinstance(device, EpicsMCA):
        yield {"is": "mca", "record": device.prefix}
    elif isinstance(device, PresetCounter):
        results = [_pv(signal) for _, signal in device.walk_signals() if signal.kind & 1 and not signal.writable]
        yield {"is": "counter", "start": _pv(device.start), "preset": _pv(device.count_time), "results": results}
    elif isinstance(device, EpicsShutter):
        yield {"is": "shutter", "command": _pv(device.command), "status": _pv(device.status)}
    elif isinstance(device, EpicsCamera):
        parts = ("image", "width", "height", "frame", "frames_per_second")
        yield {"is": "camera", **{part: _pv(getattr(device, part)) for part in parts}}
    elif isinstance(device, EpicsAreaDetector):
        places = {"camera": device.cam, "image": device.image, "stats": device.stats, "hdf": device.hdf}
        yield {"is": "area_detector", **{part: plugin.prefix for part, plugin in places.items()}}
    elif isinstance(device, PVPositioner):
        yield _positioner(device, known)


def _positioner(device: PVPositioner, known: Fact) -> Fact:
    parts = {"readback": device.readback, "done": device.done, "stop": device.stop_signal}
    pvs = {part: _pv(signal) for part, signal in parts.items() if signal is not None}
    limits = {"limits": list(device._narrowed)} if device._narrowed else {}
    setpoint = _pv(device.setpoint, writes=True)
    return {"is": "positioner", "setpoint": setpoint, **pvs, "done_value": device.done_value, **limits, **known}


def _hidden_signals(device: Device) -> Iterator[Signal]:
    """Signals that a part keeps for itself, such as the title of a scaler's channel."""
    for attr in device.component_names:
        yield from (value for value in vars(device.part(attr)).values() if isinstance(value, Signal))


def _of_signal(signal: Signal, known: Fact) -> Iterator[Fact]:
    for channel, writable in ((signal._writer, signal.writable), (signal._channel, False)):
        if isinstance(channel, UnconnectedChannel) and (pv := _name(channel)):
            text, array = channel.options.get("string"), channel.options.get("array_dtype")
            if channel is signal._writer and signal._writer is signal._channel:
                yield {"is": "value", "pv": pv, "writable": writable, "text": bool(text), "array": bool(array), **known}
                return
            yield {"is": "value", "pv": pv, "writable": writable, "text": bool(text), "array": bool(array), **known}


def _pv(signal: Any, *, writes: bool = False) -> str:
    channel = getattr(signal, "_writer" if writes else "_channel", None)
    return _name(channel) if isinstance(channel, UnconnectedChannel) else ""


def _name(channel: UnconnectedChannel) -> str:
    """The PV of a channel of EPICS; "" for one of another control system."""
    scheme, separator, name = channel.address.partition("://")
    if not separator:
        return channel.address
    return name if scheme in ("ca", "pva") else ""  # an IOC serves its records over both
