"""The devices of a run in its NeXus file: positioners, detectors, the source, each with its columns and its settings.

It knows what the descriptors say, and guesses nothing from it but what is written here: a device is a positioner if the
plan moves it or if it has a setpoint; a detector if it is read at the points; a sensor if it is read beside them. The
ring's current is that of a device called `ring` or `ring_current`, in ampere; a monitor of the beam is what is called
`i0` or `mon`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from beamshell.documents import Document
from beamshell.documents.entries import entries_of, sequence_of
from beamshell.store.exports.nexus.plot import PRIMARY
from beamshell.store.exports.nexus.streams import Stream
from beamshell.store.exports.nexus.values import Group, add_group, add_link, add_value
from beamshell.store.scan_axes import SETPOINTS

_RING = frozenset({"ring", "ring_current"})
_AMPERE = frozenset({"A", "mA", "uA"})
_BEAM_MONITORS = frozenset({"i0", "mon"})
_NO_LIMIT = 1e100  # a record without limits has 1e300

Datasets = Mapping[str, Mapping[str, Any]]
"""By stream and key, what is in the file."""


class Device(NamedTuple):
    """What the descriptors of a run say of a device."""

    name: str
    stream: str
    """The stream that it is read in, `primary` if it is read in several."""
    keys: list[str]
    data_keys: Mapping[str, Mapping[str, Any]]
    hinted: list[str]
    settings: Mapping[str, Any]
    setting_keys: Mapping[str, Mapping[str, Any]]

    @property
    def setpoint(self) -> str | None:
        """The key of its setpoint."""
        return next((key for end in SETPOINTS if (key := self.name + end) in self.keys), None)

    @property
    def main_key(self) -> str | None:
        """The key of what it is about: its picture, else the first that it says to look at, else its first."""
        pictures = [key for key in self.keys if self.data_keys[key].get("external")]
        return next(iter((*pictures, *self.hinted, *self.keys)), None)


def devices_of(streams: Iterable[Stream]) -> list[Device]:
    """The devices of a run, in the order in which they were described; settings are the last ones."""
    devices: dict[str, Device] = {}
    for stream in sorted(streams, key=lambda stream: stream.name != PRIMARY):
        for descriptor in stream.descriptors:
            for name, keys in entries_of(descriptor, "object_keys").items():
                first = devices.get(name)
                if first is None or first.stream == stream.name:
                    devices[name] = _device(name, stream.name, [key for key in keys if key in stream.about], descriptor)
    return list(devices.values())


def _device(name: str, stream: str, keys: list[str], descriptor: Document) -> Device:
    data_keys = {key: descriptor["data_keys"].get(key) or {} for key in keys}
    hints = entries_of(entries_of(descriptor, "hints"), name)
    configuration = entries_of(entries_of(descriptor, "configuration"), name)
    return Device(
        name,
        stream,
        keys,
        data_keys,
        [key for key in sequence_of(hints, "fields") if key in keys],
        entries_of(configuration, "data"),
        entries_of(configuration, "data_keys"),
    )


def add_instrument(entry: Group, start: Document, streams: Iterable[Stream], datasets: Datasets) -> None:
    """Write the devices of a run, and the monitors of the beam beside them."""
    instrument = add_group(entry, "instrument", "NXinstrument")
    motors = [motor for motor in sequence_of(start, "motors") if isinstance(motor, str)]
    devices = devices_of(streams)
    for device in devices:
        columns = datasets.get(device.stream, {})
        _add_device(instrument, device, motors, columns)
        _add_monitors(entry, device, columns)
    columns = datasets.get(PRIMARY, {})
    for motor in motors:
        if motor in columns and motor not in {device.name for device in devices}:  # a flyer has moved and recorded it
            positioner = add_group(instrument, motor, "NXpositioner")
            add_value(positioner, "name", motor)
            add_link(positioner, "value", columns[motor])


def _add_device(instrument: Group, device: Device, motors: list[str], columns: Mapping[str, Any]) -> None:
    kind = _class_of(device, motors)
    group = add_group(instrument, device.name, kind)
    settings = _add_settings(group, device)
    if kind != "NXdetector":
        add_value(group, "name", device.name)
    links = {"NXdetector": "data", "NXsource": "current"}
    standard = {links.get(kind, "value"): columns.get(device.main_key or "")}
    if kind == "NXpositioner":
        standard |= {
            "target_value": columns.get(device.setpoint or ""),
            "velocity": settings.get(f"{device.name}_velocity"),
            "acceleration_time": settings.get(f"{device.name}_acceleration"),
        }
        _add_limits(group, device)
    elif kind == "NXdetector":
        standard["count_time"] = settings.get(f"{device.name}_count_time")
    for name, dataset in standard.items():
        if dataset is not None:
            add_link(group, name, dataset)
    if len(device.keys) > 1 or kind == "NXdetector":
        for key in device.keys:
            if key in columns:
                add_link(group, key, columns[key])


def _class_of(device: Device, motors: list[str]) -> str:
    units = {str(device.data_keys[key].get("units")) for key in device.keys}
    if device.name in _RING and units and units <= _AMPERE:
        return "NXsource"
    if device.name in motors or device.setpoint is not None:
        return "NXpositioner"
    return "NXdetector" if device.stream == PRIMARY else "NXsensor"


def _add_settings(group: Group, device: Device) -> dict[str, Any]:
    """Write the settings of a device; the datasets by key."""
    if not device.settings:
        return {}
    settings = add_group(group, "settings", "NXcollection")
    return {
        key: add_value(settings, key, value, str((device.setting_keys.get(key) or {}).get("units") or ""))
        for key, value in device.settings.items()
    }


def _add_limits(group: Group, device: Device) -> None:
    about = device.data_keys.get(device.main_key or "", {})
    low, high = about.get("lower_ctrl_limit"), about.get("upper_ctrl_limit")
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return
    if -_NO_LIMIT < low < high < _NO_LIMIT:
        add_value(group, "soft_limit_min", float(low), str(about.get("units") or ""))
        add_value(group, "soft_limit_max", float(high), str(about.get("units") or ""))


def _add_monitors(entry: Group, device: Device, columns: Mapping[str, Any]) -> None:
    """The counts of the beam before the sample, by which others are divided."""
    for key in device.keys:
        if key.rpartition("_")[2].lower() in _BEAM_MONITORS and key in columns and columns[key].dtype.kind in "iuf":
            add_link(add_group(entry, key, "NXmonitor"), "data", columns[key])
