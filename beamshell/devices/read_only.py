"""Devices that may be read and not written: `read_only: true` of a device file.

It knows what writes in a device, and nothing of files.
"""

from __future__ import annotations

from typing import Any

from beamshell.devices._signal_identity import shown
from beamshell.devices.device import Device
from beamshell.devices.signal import Signal
from beamshell.errors import ReadOnlyError


def make_read_only(device: Any) -> None:
    """Let nothing be written through this device or any part of it, those that are built later among them.

    Its `stop` does nothing any more: what moves, others have sent.
    """
    if isinstance(device, Signal):
        vars(device)["writable"] = False
        return

    def refuse(value: Any = None, *_: Any, **__: Any) -> None:
        raise ReadOnlyError(f"{device.name}: the device file says read_only, so {shown(value)} was not written")

    def leave_alone(*_: Any, **__: Any) -> None:
        """Nothing."""

    refused = {"set": refuse, "check_value": refuse, "stop": leave_alone}
    vars(device).update({attr: new for attr, new in refused.items() if hasattr(device, attr)})
    if isinstance(device, Device):
        _guard_parts(device)


def _guard_parts(device: Device) -> None:
    build = device._part
    guarded: set[int] = set()

    def guarded_part(attr: str) -> Any:
        part = build(attr)
        if part is not None and id(part) not in guarded:
            guarded.add(id(part))
            make_read_only(part)
        return part

    vars(device)["_part"] = guarded_part
    for attr in tuple(device._parts):
        guarded_part(attr)
