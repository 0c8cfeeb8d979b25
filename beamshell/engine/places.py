"""Where devices are: in words, and as values that can be compared; any object that can be set will do.

It asks devices through a CommandContext, and moves none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.engine.context import CommandContext
from beamshell.engine.requests import Interrupted, PauseRequest
from beamshell.engine.resources import name_of
from beamshell.text.numbers import number, with_unit

UNKNOWN = object()
"""The place of a device that does not answer."""


def place_or_unknown(ctx: CommandContext, obj: Any) -> Any:
    """The readback of a device: a number, a tuple of numbers, any value of a signal.

    None if it cannot say, UNKNOWN if it does not answer.
    """
    location = location_or_unknown(ctx, obj)
    return location[1] if isinstance(location, tuple) else location


def location_or_unknown(ctx: CommandContext, obj: Any) -> Any:
    """The set point and the readback of a device; None if it cannot say, UNKNOWN if it does not answer."""
    return _or_unknown(ctx, obj, _location)


def settings_or_unknown(ctx: CommandContext, obj: Any) -> Any:
    """The settings of a device by key, empty if it has none; UNKNOWN if it does not answer."""
    return _or_unknown(ctx, obj, _settings)


def _or_unknown(ctx: CommandContext, obj: Any, ask: Callable[[CommandContext, Any], Any]) -> Any:
    """The answer of a device; UNKNOWN if there is none. One that is known not to answer is not asked."""
    try:
        if hasattr(obj, "silences") and any(silence.until is None for silence in obj.silences()):
            return UNKNOWN
        return ask(ctx, obj)
    except Interrupted:
        ctx.world.post(PauseRequest(defer=False))  # for the next message
        return UNKNOWN
    except (Exception, KeyboardInterrupt):
        return UNKNOWN


def _location(ctx: CommandContext, obj: Any) -> tuple[Any, Any] | None:
    if hasattr(obj, "locate"):
        location = ctx.device(obj.locate)
        return location["setpoint"], location["readback"]
    if hasattr(obj, "position"):
        place = obj.position
    else:
        place = ctx.device(obj.get) if callable(getattr(obj, "get", None)) else None  # a signal
    return None if place is None else (place, place)


def _settings(ctx: CommandContext, obj: Any) -> dict[str, Any]:
    readings = ctx.device(obj.read_configuration) if hasattr(obj, "read_configuration") else {}
    return {key: reading["value"] for key, reading in readings.items()}


def same_place(obj: Any, one: Any, other: Any) -> bool:
    """True if two values of a device are the same, but for the noise in its last digits."""
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(same_place(obj, *pair) for pair in zip(one, other, strict=True))
    try:
        if isinstance(one, str | bool) or isinstance(other, str | bool):
            return bool(one == other)
        return bool(abs(one - other) <= max(_noise(obj), 1e-9 * abs(one)))
    except (TypeError, ValueError):  # arrays, other objects
        return repr(one) == repr(other)


def _noise(obj: Any) -> float:
    """The tolerance of the device, or two of its last digits, in its units."""
    tolerance, precision = getattr(obj, "tolerance", None), getattr(obj, "precision", None)
    digit = 2 * 10.0**-precision if isinstance(precision, int) and precision > 0 else 0.0
    return max(digit, float(tolerance)) if isinstance(tolerance, int | float) else digit


def value_in_words(obj: Any, value: Any) -> str:
    """A value with the precision and the unit of its device, such as "1.5000 deg"."""
    if isinstance(value, tuple) and hasattr(obj, "with_unit"):
        return str(obj.with_unit(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        precision = getattr(obj, "precision", None)
        text = number(float(value), precision if isinstance(precision, int) else 4, as_position=True)
    else:
        text = str(value)
    unit = next((unit for key in ("egu", "units") if isinstance(unit := getattr(obj, key, None), str)), "")
    return with_unit(text, unit)


def place_in_words(ctx: CommandContext, obj: Any) -> str:
    """Such as "th is at 1.5000 deg"; empty if the device cannot say or does not answer."""
    place = place_or_unknown(ctx, obj)
    return "" if place is None or place is UNKNOWN else f"{name_of(obj)} is at {value_in_words(obj, place)}"
