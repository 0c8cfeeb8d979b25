"""Where motors are, as a table that a person reads (`wa`, `wm`) and as single numbers.

It only asks devices what they say of themselves: any device with a position can stand in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from beamshell.errors import BeamshellError
from beamshell.protocols import Locatable, Movable

_OFFLINE = ("OFFLINE", "", "", "", "")
_COLUMNS = ("", "user", "dial", "low limit", "high limit", "", "state")


def is_motor(device: Any) -> bool:
    """True for what goes to a position; a shutter or a plain signal does not."""
    return isinstance(device, Movable) and hasattr(type(device), "position")


def axes(name: str, motor: Any) -> dict[str, Any]:
    """The motor by its name; of one with computed axes these and its real ones, such as "mono.energy", "mono.bragg"."""
    parts = (*getattr(motor, "pseudo_names", ()), *getattr(motor, "real_names", ()))
    return {f"{name}.{part}": getattr(motor, part) for part in parts} or {name: motor}


def position_of(device: Any) -> Any:
    """Where it is now, asked of the hardware where that can be asked."""
    return device.locate()["readback"] if isinstance(device, Locatable) else device.position


def whereabouts(device: Any) -> str:
    """Where it is in words: "1.0000 deg", "Open", a signal's value."""
    if is_motor(device):
        return with_unit(device, position_of(device))
    state = getattr(device, "state", None)
    return state if isinstance(state, str) else with_unit(device, device.get())


def unit_of(device: Any) -> str:
    """Its unit, "" if it has none or does not answer."""
    for name in ("egu", "units"):
        unit = getattr(device, name, None)
        if isinstance(unit, str):
            return unit
    return ""


def shown(device: Any, value: Any) -> str:
    """A value with as many decimals as the device says; the positions of several axes as it says them."""
    if isinstance(value, tuple) and hasattr(device, "with_unit"):
        return str(device.with_unit(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    precision = getattr(device, "precision", None)
    decimals = precision if isinstance(precision, int) else 4
    return f"{value:.{decimals}f}" if abs(value) < 1e9 else f"{value:g}"


def with_unit(device: Any, value: Any) -> str:
    """Such as "1.0000 deg"."""
    return f"{shown(device, value)} {unit_of(device)}".rstrip()


def rows(motors: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row of seven cells for each motor: name, user, dial, low limit, high limit, unit, state.

    All are asked before the first answer is waited for.
    """
    asked = {name: _begin_state(motor) for name, motor in motors.items()}
    return [_row(name, motors[name], collect) for name, collect in asked.items()]


def _begin_state(motor: Any) -> Callable[[], Mapping[str, Any]]:
    begin = getattr(motor, "begin_state", None)
    return begin() if callable(begin) else lambda: _state_of_a_stranger(motor)


def _state_of_a_stranger(motor: Any) -> dict[str, Any]:
    """A motor of another library: it knows its position, and perhaps its limits."""
    low, high = getattr(motor, "limits", None) or (None, None)
    limits = {"low_limit": None, "high_limit": None} if low == high else {"low_limit": low, "high_limit": high}
    return {"connected": getattr(motor, "connected", True), "position": position_of(motor), **limits}


def _row(name: str, motor: Any, collect: Callable[[], Mapping[str, Any]]) -> tuple[str, ...]:
    try:
        state = collect()
    except (BeamshellError, TimeoutError) as exc:
        return (name, *_OFFLINE, str(exc))
    if not state["connected"]:
        return (name, *_OFFLINE, "")
    user, dial, low, high = (shown(motor, state.get(key)) for key in ("position", "dial", "low_limit", "high_limit"))
    units = unit_of(motor) if state.get("units") is None else state["units"]
    return (name, user, dial or "-", low or "none", high or "none", units, ", ".join(state.get("words") or ()))


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
