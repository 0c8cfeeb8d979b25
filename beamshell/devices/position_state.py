"""What a table of positions shows of one device.

It knows no device: they fill it in.
"""

from __future__ import annotations

from typing import Any, TypedDict


class PositionState(TypedDict):
    """What a table of positions shows of one device; positions in its units, None where it has no such thing."""

    name: str
    connected: bool
    position: Any
    """A number, or the name of a state."""
    dial: float | None
    setpoint: Any
    low_limit: float | None
    """None if there is no limit."""
    high_limit: float | None
    units: str
    precision: int | None
    moving: bool
    words: list[str]
    """What is remarkable, such as ["moving"] or ["high limit switch", "SPMG Stop"]; [] if all is well."""


def no_state(name: str) -> PositionState:
    """What a table of positions shows of a device that does not answer."""
    return {
        "name": name,
        "connected": False,
        "position": None,
        "dial": None,
        "setpoint": None,
        "low_limit": None,
        "high_limit": None,
        "units": "",
        "precision": None,
        "moving": False,
        "words": ["offline"],
    }
