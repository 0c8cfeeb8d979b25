"""Where devices are: in words, and as values that can be compared; any object that can be set will do.

It asks devices through a CommandContext, and moves none.
"""

from __future__ import annotations

from typing import Any

from beamshell.engine.context import CommandContext
from beamshell.engine.requests import Interrupted
from beamshell.engine.resources import name_of
from beamshell.text.numbers import number, with_unit


def place_of(ctx: CommandContext, obj: Any) -> Any:
    """The readback of a device: a number, a tuple of numbers, any value of a signal; None if it cannot say."""
    if hasattr(obj, "locate"):
        return ctx.device(obj.locate)["readback"]
    return obj.position if hasattr(obj, "position") else None


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
    try:
        place = place_of(ctx, obj)
        return "" if place is None else f"{name_of(obj)} is at {value_in_words(obj, place)}"
    except (Exception, KeyboardInterrupt, Interrupted):  # it is only a report
        return ""
