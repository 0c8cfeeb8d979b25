"""What a plan says of itself in the start document: names, arguments, dimensions.

It knows no points and no messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from beamshell.errors import DeviceError, PlanError

Metadata = Mapping[str, Any] | None
RunMetadata = dict[str, Any]
PATTERNS = "beamshell.plans.patterns"


def as_devices(devices: Any) -> list[Any]:
    """Devices as a list; one alone is a list of one.

    Raises:
        PlanError: there is something among them that cannot be read.
    """
    listed = [devices] if hasattr(devices, "read") or hasattr(devices, "name") else list(devices)
    for device in listed:
        if not hasattr(device, "read") and not hasattr(device, "kickoff"):
            raise PlanError(f"{device!r} cannot be read: detectors are a list of devices, as in [det]")
    return listed


def names(devices: Iterable[Any]) -> list[str]:
    """The devices' names."""
    return [str(device.name) for device in devices]


def unit_of(device: Any) -> str:
    """The unit of its value; "" if it has none, or is offline."""
    try:
        return str(getattr(device, "units", "") or "")
    except DeviceError:
        return ""


def shown(devices: Iterable[Any]) -> list[str]:
    """The devices as they show themselves."""
    return [repr(device) for device in devices]


def plain(value: Any) -> Any:
    """A value as a document can hold it; what it cannot hold as it shows itself."""
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return repr(value)


def shown_arguments(detectors: Any, **arguments: Any) -> RunMetadata:
    """The arguments of a plan as a document can hold them; metadata are not among them."""
    facts = {"detectors": shown(as_devices(detectors))}
    return {**facts, **{word: plain(value) for word, value in arguments.items() if word != "md"}}


def start_metadata(
    name: str, detectors: Sequence[Any], motors: Sequence[Any], num: int | None, /, **arguments: Any
) -> RunMetadata:
    """What every plan that visits points says of itself.

    Args:
        name: of the plan.
        detectors: what it reads.
        motors: what it moves.
        num: how many points it visits; None leaves that out, if nobody knows.
        arguments: its other arguments.
    """
    facts: RunMetadata = {
        "plan_name": name,
        "plan_args": shown_arguments(detectors, **arguments),
        "detectors": names(detectors),
        "motors": tuple(names(motors)),
        "hints": {},
    }
    return facts if num is None else {**facts, "num_points": num, "num_intervals": num - 1}


def pattern_metadata(pattern: str, /, **arguments: Any) -> RunMetadata:
    """How the points were made: a function of patterns.py, and what it was given."""
    return {
        "plan_pattern": pattern,
        "plan_pattern_module": PATTERNS,
        "plan_pattern_args": {key: plain(value) for key, value in arguments.items()},
    }


def together_hints(motors: Iterable[Any]) -> RunMetadata:
    """One dimension, along which all motors change."""
    fields = [field for motor in motors for field in fields_of(motor)]
    return {"dimensions": [(fields, "primary")]} if fields else {}


def grid_hints(motors: Iterable[Any], gridding: str | None = None) -> RunMetadata:
    """A dimension for each motor."""
    dimensions = [(fields, "primary") for motor in motors if (fields := fields_of(motor))]
    if not dimensions:
        return {}
    return {"dimensions": dimensions} if gridding is None else {"dimensions": dimensions, "gridding": gridding}


def fields_of(motor: Any) -> list[str]:
    """The keys under which a motor is recorded: its hinted ones."""
    return list((getattr(motor, "hints", None) or {}).get("fields", []))
