"""What a plan works out itself, recorded as if a device had told it.

It knows nothing of what was worked out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from beamshell.messages import Msg, Plan


class Note:
    """Values that a plan sets and the engine reads: ``Note("count_time", {"count_time": "s"})``.

    Args:
        name: what it is called among the devices of an event.
        units: the keys under which it is recorded, each with its unit, "" for none.
        clock: tells the time, in seconds since 1970.

    Attributes:
        values: by key, what is recorded next; every key needs a value before the note is read.
    """

    parent = None

    def __init__(self, name: str, units: Mapping[str, str], clock: Callable[[], float] = time.time) -> None:
        self.name = name
        self.values: dict[str, Any] = {}
        self._units = dict(units)
        self._clock = clock

    def read(self) -> dict[str, dict[str, Any]]:
        """The values, of this moment."""
        now = self._clock()
        return {key: {"value": self.values[key], "timestamp": now} for key in self._units}

    def describe(self) -> dict[str, dict[str, Any]]:
        """What each value is, by its present one."""
        return {key: self._describe(key, units) for key, units in self._units.items()}

    def _describe(self, key: str, units: str) -> dict[str, Any]:
        about = {"source": f"plan:{self.name}", "dtype": _dtype(self.values[key]), "shape": []}
        return {**about, "units": units} if units else about

    def __repr__(self) -> str:
        return f"Note({self.name!r}, {self._units!r})"


def record(note: Note, stream: str) -> Plan:
    """Record `note` as an event of its own stream."""
    yield Msg("create", None, name=stream)
    yield Msg("read", note)
    yield Msg("save")


def _dtype(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return "integer" if isinstance(value, int) else "number"
