"""Conversion between PV Access structures (EPICS normative types) and readings.

It knows no channel and no network.
It reads NTScalar, NTScalarArray, NTEnum and NTNDArray, and any structure with such a `value`.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from beamshell.channels.value_info import ValueInfo
from beamshell.errors import ReadFailed
from beamshell.protocols import Reading

_NUMPY = {
    **{"?": "|b1", "b": "|i1", "B": "|u1", "h": "<i2", "H": "<u2", "i": "<i4", "I": "<u4", "l": "<i8", "L": "<u8"},
    **{"f": "<f4", "d": "<f8", "s": "U"},
}
_INVALID = 3


def reading_of(structure: Any) -> Reading:
    """Value, time and alarm severity in a p4p Value.

    Raises:
        ReadFailed: it has no value that a signal could hold; the message says what it is.
    """
    seconds = structure.get("timeStamp.secondsPastEpoch", 0)
    nanoseconds = structure.get("timeStamp.nanoseconds", 0)
    return {
        "value": _value_of(structure),
        # a server that gives no time leaves zeros
        "timestamp": seconds + nanoseconds * 1e-9 if seconds else time.time(),
        "alarm_severity": min(structure.get("alarm.severity", 0), _INVALID),
    }


def info_of(structure: Any) -> ValueInfo:
    """Type, unit, limits and states in a p4p Value."""
    value = _value_of(structure)
    if _is_state(structure):
        return ValueInfo(numpy="<i4", choices=tuple(structure["value.choices"]))
    code = structure.type()["value"]
    is_image = not isinstance(code, str)
    precision = structure.get("display.precision")
    return ValueInfo(
        numpy=value.dtype.str if is_image else _NUMPY[code[-1]],
        is_array=is_image or code.startswith("a"),
        units=structure.get("display.units", ""),
        # 0 is also what a server leaves that says nothing of it, as most do for whole numbers
        precision=precision if precision and isinstance(value, float) else None,
        lower=float(structure.get("control.limitLow", 0.0)),
        upper=float(structure.get("control.limitHigh", 0.0)),
        writable=not is_image,
    )


def fill(structure: Any, value: Any) -> None:
    """Put a checked value into the p4p Value that is to be sent."""
    structure["value.index" if _is_state(structure) else "value"] = value


def watched_fields(structure: Any) -> str:
    """The monitor request for the fields that rarely change: unit, limits, states. It shows the connection too."""
    if _is_state(structure):
        return "field(value.choices)"
    rare = [name for name in ("display", "control") if name in structure]
    return f"field({','.join(rare or ['alarm'])})" if rare or "alarm" in structure else "field()"


def _is_state(structure: Any) -> bool:
    return bool(structure.getID().startswith("epics:nt/NTEnum") or structure.get("value.choices") is not None)


def _value_of(structure: Any) -> Any:
    if "value" not in structure:
        raise ReadFailed(f"it is a {structure.getID()}, which has no single value; give the address of one")
    if _is_state(structure):
        return structure["value.index"]
    value = structure["value"]
    if "dimension" in structure:
        return _image(structure, value)
    if isinstance(value, (bool, int, float, str, list, np.ndarray)):
        return value
    raise ReadFailed(f"it is a {structure.getID()}, whose value is no number, text, state or array")


def _image(structure: Any, value: Any) -> Any:
    """The pixels as (rows, columns): an NTNDArray counts its axes from the fastest."""
    codec = structure.get("codec.name", "")
    if codec:
        raise ReadFailed(f"its images are compressed with {codec}: switch the compression off in its codec plugin")
    shape = [axis["size"] for axis in structure["dimension"]][::-1]
    return np.asarray([] if value is None else value).reshape(shape)
