"""Fields: the values of a run to be shown, with unit and precision, chosen by its start and descriptor documents.

Pure: it never prints, draws or asks a device.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from beamshell.analysis.signals import SECONDS, parts_of
from beamshell.documents import Document
from beamshell.text.numbers import label

_UNITS_OF_COUNTS = ("", "count", "counts", "cts")


@dataclass(frozen=True, slots=True)
class Field:
    """One value of an event: ``Field("th", units="deg", precision=3)``."""

    key: str
    units: str = ""
    precision: int | None = None
    """Digits after the point that mean something, as the control system says; None if it does not."""
    choices: tuple[str, ...] = ()
    """The words for 0, 1, 2 ... if the value is one of a few states."""
    dtype: str = "number"
    shape: tuple[int, ...] = ()
    of_motor: bool = False
    """True for a position: it is shown as precise as the motor says, no more."""

    @property
    def label(self) -> str:
        """Name and unit, such as "th [deg]"."""
        return label(self.key, self.units)

    @property
    def is_number(self) -> bool:
        """True if it can be a curve: a scalar number or truth value."""
        return self.dtype in ("number", "integer", "boolean") and not self.shape


def field(descriptor: Document, key: str, *, of_motor: bool = False) -> Field:
    """Name, unit and precision of a key or a quotient, from the descriptor; a bare Field if it says nothing."""
    if (parts := parts_of(key, _data_keys(descriptor))) is not None:
        upper, lower = (field(descriptor, part).units for part in parts)
        return Field(key, units="" if upper == lower else f"{upper or 1}/{lower}" if lower else upper)
    about = _data_keys(descriptor).get(key) or {}
    precision = about.get("precision")
    return Field(
        key,
        units=str(about.get("units") or ""),
        precision=int(precision) if isinstance(precision, (int, float, np.number)) else None,
        choices=tuple(str(choice) for choice in about.get("choices") or about.get("enum_strs") or ()),
        dtype=str(about.get("dtype", "number")),
        shape=tuple(about.get("shape") or ()),
        of_motor=of_motor,
    )


def dimensions(start: Document) -> list[tuple[list[str], str]]:
    """The axes of the run, slowest first: for each the fields that move along it, and their stream."""
    hints = start.get("hints") or {}
    return [
        ([fields] if isinstance(fields, str) else list(fields), stream)
        for fields, stream in hints.get("dimensions") or ()
    ]


def axes(start: Document, stream: str = "primary") -> list[str]:
    """One field for each axis, slowest first, such as ``["samy", "samx"]``; ["time"] for a count; [] if unknown."""
    return [fields[0] for fields, of_stream in dimensions(start) if of_stream == stream and fields]


def positions(start: Document, descriptor: Document) -> list[str]:
    """All fields that the run scans, readbacks only: the columns to the left of a table."""
    scanned = [
        key
        for fields, stream in dimensions(start)
        if stream == descriptor.get("name", "primary")
        for key in fields
        if key in _data_keys(descriptor)
    ]
    if not scanned:  # a plan without dimensions may still name its motors
        scanned = [key for motor in start.get("motors") or () for key in hinted(descriptor, motor)]
    return _once(scanned)


def detectors(start: Document, descriptor: Document) -> list[str]:
    """The hinted fields that are not scanned: the plan's detectors in its order, then all other devices read.

    A motor that is scanned may be read as a detector too: it is no field of its own then.
    """
    moving = set(positions(start, descriptor))
    for name, keys in (descriptor.get("object_keys") or {}).items():
        if moving & set(keys) and name not in (start.get("detectors") or ()):  # a flyer may count and move
            moving |= set(keys)
    objects = _once(
        [*(start.get("detectors") or ()), *(descriptor.get("object_keys") or ()), *(descriptor.get("hints") or ())]
    )
    still = [key for name in objects for key in hinted(descriptor, name) if key not in moving]
    keys_by_object = descriptor.get("object_keys") or {}
    of_motors = {key for name in start.get("motors") or () for key in keys_by_object.get(name, ())}
    return _once(still) or [key for key in _data_keys(descriptor) if key not in moving | of_motors]


def signals(start: Document, descriptor: Document) -> list[str]:
    """The detectors as curves show them: counts as counts per second where the points have count times of their own."""
    return as_rates(descriptor, detectors(start, descriptor))


def as_rates(descriptor: Document, keys: Iterable[str]) -> list[str]:
    """The keys, those of counts as counts per second where the points have count times of their own."""
    if SECONDS not in _data_keys(descriptor):
        return list(keys)
    return [f"{key}/{SECONDS}" if _is_counted(descriptor, key) else key for key in keys]


def _is_counted(descriptor: Document, key: str) -> bool:
    """Whether the field is in counts, of a device that has a count time."""
    about = field(descriptor, key)
    return about.is_number and about.units in _UNITS_OF_COUNTS and bool(_count_times(descriptor, key))


def _count_times(descriptor: Document, key: str) -> list[Any]:
    """The settings for the count time of the device that this field belongs to."""
    devices = [name for name, keys in (descriptor.get("object_keys") or {}).items() if key in keys]
    settings = [(descriptor.get("configuration") or {}).get(name, {}).get("data") or {} for name in devices]
    return [value for data in settings for setting, value in data.items() if str(setting).endswith(SECONDS)]


def counted_seconds(descriptor: Document, signal: str) -> float | None:
    """The count time that the values of a signal belong to, in seconds: 1 for a rate; None if they do not grow with it.

    Runs with different count times are compared by it.
    """
    parts = parts_of(signal, _data_keys(descriptor))
    if parts is not None:
        return 1.0 if parts[1] == SECONDS else None
    seconds = _count_times(descriptor, signal) if _is_counted(descriptor, signal) else []
    return float(seconds[0]) if seconds and is_real(seconds[0]) and seconds[0] > 0 else None


def hinted(descriptor: Document, name: str) -> list[str]:
    """The hinted fields of the device of this name, as far as they are in the stream."""
    fields = ((descriptor.get("hints") or {}).get(name) or {}).get("fields") or ()
    return [key for key in fields if key in _data_keys(descriptor)]


def siblings(descriptor: Document, key: str) -> list[str]:
    """The fields of the device that this field belongs to, itself among them: readback and setpoint."""
    for keys in (descriptor.get("object_keys") or {}).values():
        if key in keys:
            return list(keys)
    return [key]


def moved_fields(start: Document, descriptor: Document) -> set[str]:
    """The fields of the motors that the run scans: positions and setpoints, but no counts of a flyer that moves too."""
    moved = {key for position in positions(start, descriptor) for key in siblings(descriptor, position)}
    return moved - set(detectors(start, descriptor))


def resolve(descriptor: Document, fields: Iterable[Any]) -> tuple[list[str], list[str]]:
    """The keys for names or devices, and the names that this stream does not have.

    A device stands for its hinted fields, or for all it has; a name for the field, or for the device of that name.
    """
    keys: list[str] = []
    missing: list[str] = []
    for item in fields:
        name = item if isinstance(item, str) else str(getattr(item, "name", item))
        name = name if name in _data_keys(descriptor) else _key_of_part(descriptor, name)
        is_key = name in _data_keys(descriptor)
        of_device = hinted(descriptor, name) or list((descriptor.get("object_keys") or {}).get(name) or ())
        keys_of_item = [name] if is_key and (isinstance(item, str) or not of_device) else of_device
        keys_of_item = keys_of_item or _quotient(descriptor, name)
        keys += keys_of_item
        missing += [] if keys_of_item else [name]
    return _once(keys), missing


def _key_of_part(descriptor: Document, name: str) -> str:
    """The key that a dotted name means, such as "scaler_It" for "scaler.it"; else the name itself."""
    if "." not in name or "/" in name:
        return name
    underscored = name.replace(".", "_").casefold()
    keys = [key for key in _data_keys(descriptor) if key.casefold() == underscored]
    return keys[0] if len(keys) == 1 else name


def _quotient(descriptor: Document, name: str) -> list[str]:
    """The signal of two keys or names of devices with one value each, such as "it/i0"; [] if it is none."""
    upper, slash, lower = name.partition("/")
    if not slash:
        return []
    keys, missing = resolve(descriptor, [upper.strip(), lower.strip()])
    return ["/".join(keys)] if len(keys) == 2 and not missing else []


def limits(start: Document, axis: int = 0) -> tuple[float, float] | None:
    """The ends of an axis, lower first; None if the start document does not say."""
    extents = start.get("extents")
    pair: Any = extents[axis] if extents is not None and axis < len(extents) else None
    if pair is None and len(dimensions(start)) == 1:
        ends = [value for value in plan_arguments(start) if is_real(value)]
        pair = ends[:2]
    if pair is None or len(pair) != 2 or not all(map(is_real, pair)) or pair[0] == pair[1]:
        return None
    return min(pair), max(pair)


def plan_arguments(start: Document) -> Sequence[Any]:
    """The arguments that the plan was called with; () if they are not recorded."""
    plan_args = start.get("plan_args")
    arguments = plan_args.get("args") if isinstance(plan_args, dict) else None
    return arguments if isinstance(arguments, (list, tuple)) else ()


def is_real(value: Any) -> bool:
    """Whether it is a real number; True and False are none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _data_keys(descriptor: Document) -> dict[str, Any]:
    return descriptor.get("data_keys") or {}


def _once(keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(keys))
