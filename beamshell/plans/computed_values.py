"""Values that a plan computes, recorded in events like the readings of a device.

It computes nothing itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from beamshell.messages import Msg, Plan


class ComputedValues:
    """A readable object without hardware: ``ComputedValues("count_time", {"count_time": "s"})``.

    Args:
        name: the object's name among the devices of an event.
        units: by key, the unit of its value; "" for none.
        clock: seconds since 1970, for the timestamps.

    Attributes:
        values: by key, the value that is recorded next; set every key before the engine reads the object.
    """

    parent = None

    def __init__(self, name: str, units: Mapping[str, str], clock: Callable[[], float] = time.time) -> None:
        self.name = name
        self.values: dict[str, Any] = {}
        self._units = dict(units)
        self._clock = clock

    def read(self) -> dict[str, dict[str, Any]]:
        """The present values, with the present time."""
        timestamp = self._clock()
        return {key: {"value": self.values[key], "timestamp": timestamp} for key in self._units}

    def describe(self) -> dict[str, dict[str, Any]]:
        """The data key of each value, its dtype that of the present value."""
        return {
            key: {
                "source": f"plan:{self.name}",
                "dtype": _dtype(self.values[key]),
                "shape": [],
                **({"units": unit} if unit else {}),
            }
            for key, unit in self._units.items()
        }

    def __repr__(self) -> str:
        return f"ComputedValues({self.name!r}, {self._units!r})"


def record(values: ComputedValues, stream: str) -> Plan:
    """Record `values` as one event of the stream `stream`."""
    yield Msg("create", None, name=stream)
    yield Msg("read", values)
    yield Msg("save")


def _dtype(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return "integer" if isinstance(value, int) else "number"
