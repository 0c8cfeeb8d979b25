"""Where motors are, as a table that a person reads (`wa`, `wm`) and as single numbers.

It only asks devices what they say of themselves: any device with a position can stand in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from beamshell.errors import BeamshellError
from beamshell.protocols import Locatable, Movable

_COLUMNS = ("", "user", "dial", "low limit", "high limit", "", "state")


def is_motor(device: Any) -> bool:
    """True for what can be sent somewhere and knows where it is."""
    return isinstance(device, Movable) and isinstance(device, Locatable)


def position_of(device: Any) -> Any:
    """Where it is now; the setpoint for a thing without a read-back."""
    return device.locate()["readback"]


def unit_of(device: Any) -> str:
    """Its unit, "" if it has none or does not answer."""
    for name in ("egu", "units"):
        unit = getattr(device, name, None)
        if isinstance(unit, str):
            return unit
    return ""


def shown(device: Any, value: Any) -> str:
    """A value with as many decimals as the device says."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    precision = getattr(device, "precision", None)
    decimals = precision if isinstance(precision, int) else 4
    return f"{value:.{decimals}f}" if abs(value) < 1e9 else f"{value:g}"


def with_unit(device: Any, value: Any) -> str:
    """Such as "1.0000 deg"."""
    return f"{shown(device, value)} {unit_of(device)}".rstrip()


def rows(motors: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row of seven cells for each motor: name, user, dial, low, high, unit, state."""
    return [_row(name, motor) for name, motor in motors.items()]


def _row(name: str, motor: Any) -> tuple[str, ...]:
    if not getattr(motor, "connected", True):
        return _offline(name, "offline")
    try:
        return _connected_row(name, motor)
    except (BeamshellError, TimeoutError) as exc:
        return _offline(name, f"offline: {exc}")


def _offline(name: str, words: str) -> tuple[str, ...]:
    return (name, "-", "-", "-", "-", "", words)


def _connected_row(name: str, motor: Any) -> tuple[str, ...]:
    state = _state(motor)
    low, high = state.get("limits") or (None, None)
    return (
        name,
        shown(motor, state.get("user")),
        shown(motor, state.get("dial")) or "-",
        *(_limit(motor, limit, other) for limit, other in ((low, high), (high, low))),
        str(state.get("units") or ""),
        str(state.get("state") or ""),
    )


def _state(motor: Any) -> dict[str, Any]:
    if callable(getattr(motor, "state", None)):
        return dict(motor.state())
    limits = getattr(motor, "limits", None)
    return {"user": position_of(motor), "limits": limits, "units": unit_of(motor)}


def _limit(motor: Any, limit: Any, other: Any) -> str:
    if limit is None or not math.isfinite(limit) or limit == other == 0:  # 0/0 means no limits
        return "none"
    return shown(motor, limit)


def table(cells: Sequence[tuple[str, ...]]) -> str:
    """The rows as text, numbers aligned to the right."""
    lines = [_COLUMNS, *cells]
    widths = [max(len(line[n]) for line in lines) for n in range(len(_COLUMNS))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    words_at = (0, 5, 6)
    return "  ".join(
        cell.ljust(width) if n in words_at else cell.rjust(width)
        for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()
