"""Start metadata: the entries that plans write into the start document: name, arguments, devices, dimensions to plot.

It knows neither points nor messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from beamshell.arrays import np
from beamshell.errors import DeviceError, PlanError
from beamshell.text.numbers import fixed, in_full, with_unit

Metadata = Mapping[str, Any] | None
RunMetadata = dict[str, Any]

_RECORDED_AS_THEY_ARE = {float, int, str}
ORIGINS = "origins"
"""Key of the start document of a plan with distances: by motor's name, the position from which they count."""
TIME_HINTS: RunMetadata = {"dimensions": [(("time",), "primary")]}
"""The one dimension of plans that move no motor."""


def as_devices(devices: Any) -> list[Any]:
    """Devices as a list, each once; a single device becomes a list of one.

    Raises:
        PlanError: one of them cannot be read; give detectors as a list of devices, as in [det].
    """
    if hasattr(devices, "read") or hasattr(devices, "name") or not isinstance(devices, Iterable):
        devices = [devices]
    listed = list({id(device): device for device in devices}.values())
    for device in listed:
        if not hasattr(device, "read") and not hasattr(device, "kickoff"):
            raise PlanError(f"{device!r} cannot be read: detectors are a list of devices, as in [det]")
    return listed


def names(devices: Iterable[Any]) -> list[str]:
    """The names of devices."""
    return [str(device.name) for device in devices]


def unit_of(device: Any) -> str:
    """The unit of a device's value; "" if it has none or is offline."""
    try:
        return str(getattr(device, "units", "") or "")
    except DeviceError:
        return ""


def precision_of(motor: Any) -> int | None:
    """The digits after the point that its positions have; None if it does not say, or does not answer."""
    try:
        precision = getattr(motor, "precision", None)
    except DeviceError:
        return None
    return precision if isinstance(precision, int) else None


def position_text(motor: Any, position: float, *, unit: bool = True) -> str:
    """A position with the digits of its motor, and its unit: "-0.1301 deg"; of an unknown precision, six digits."""
    digits = precision_of(motor) or 0
    text = fixed(position, digits) if digits > 0 else in_full(position, 6)
    return with_unit(text, unit_of(motor)) if unit else text


def fields_of(device: Any) -> list[str]:
    """The hinted keys of a device, under which its main values are recorded."""
    return list((getattr(device, "hints", None) or {}).get("fields", []))


def position_field(motor: Any) -> str:
    """The key under which a motor's position is recorded."""
    return str((fields_of(motor) or [motor.name])[0])


def hinted_fields(detectors: Iterable[Any], motor: Any) -> list[str]:
    """The hinted keys of the detectors, among which an alignment of `motor` looks for a peak; not those of the motor.

    Raises:
        PlanError: no detector has a hinted key; give field= to say which value to look at.
    """
    if fields := [str(field) for detector in detectors if detector is not motor for field in fields_of(detector)]:
        return fields
    raise PlanError("no detector says which of its values to look at: give field=")


def recordable(value: Any) -> Any:
    """The value for a document: numbers, strings, lists and dicts as they are; the repr of anything else."""
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        if set(map(type, value)) <= _RECORDED_AS_THEY_ARE:
            return list(value)
        return [recordable(item) for item in value]
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else repr(key): recordable(item) for key, item in value.items()}
    return repr(value)


def recordable_arguments(detectors: Any, **arguments: Any) -> RunMetadata:
    """A plan's arguments for a document, without its metadata `md`."""
    others = {name: recordable(value) for name, value in arguments.items() if name != "md"}
    return {"detectors": [repr(detector) for detector in as_devices(detectors)], **others}


def start_metadata(
    name: str, detectors: Sequence[Any], motors: Sequence[Any], num: int | None, /, **arguments: Any
) -> RunMetadata:
    """The start metadata of a plan that visits points.

    Args:
        name: the plan's name.
        detectors: the devices that it reads.
        motors: the devices that it moves.
        num: the number of points; None leaves that out, where it is not known beforehand.
        arguments: the plan's other arguments.
    """
    metadata: RunMetadata = {
        "plan_name": name,
        "plan_args": recordable_arguments(detectors, **arguments),
        "detectors": names(detectors),
        "motors": tuple(names(motors)),
        "hints": {},
    }
    return metadata if num is None else {**metadata, "num_points": num, "num_intervals": num - 1}


def pattern_metadata(pattern: str, /, *, module: str = "beamshell.plans.patterns", **arguments: Any) -> RunMetadata:
    """The metadata that say how the points were made: a function, its module, and its arguments."""
    return {
        "plan_pattern": pattern,
        "plan_pattern_module": module,
        "plan_pattern_args": {name: recordable(value) for name, value in arguments.items()},
    }


def together_hints(motors: Iterable[Any]) -> RunMetadata:
    """Hints with one dimension, along which all motors change."""
    fields = [field for motor in motors for field in fields_of(motor)]
    return {"dimensions": [(fields, "primary")]} if fields else {}


def grid_hints(motors: Iterable[Any], gridding: str | None = None) -> RunMetadata:
    """Hints with one dimension for each motor."""
    dimensions = [(fields, "primary") for motor in motors if (fields := fields_of(motor))]
    if not dimensions:
        return {}
    return {"dimensions": dimensions} if gridding is None else {"dimensions": dimensions, "gridding": gridding}
