"""Limits and positions as numbers: what is refused, and what exceeds a limit by rounding alone.

It knows no device; numbers in, numbers out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from beamshell.errors import BadValue

PART_OF_RESOLUTION = 0.01
"""The part of the resolution of a device by which a value may exceed a limit: no device can tell the two apart."""

ROUNDING = 1e-12
"""The same as a part of the numbers themselves, for what has no resolution: 0.1 + 0.2 exceeds 0.3 by 2e-16 of it."""

NO_LIMITS = (0.0, 0.0)


def without_rounding(value: float, limits: tuple[float, float], resolution: Callable[[], float]) -> float:
    """The limit that `value` exceeds by rounding alone; else `value`.

    Args:
        value: in any unit.
        limits: (low, high), in the same unit; equal ones are none.
        resolution: called only if the value exceeds a limit; the smallest step, in the same unit, 0.0 if unknown.

    Example:
        >>> without_rounding(0.1 + 0.2, (0.0, 0.3), lambda: 0.0), without_rounding(0.31, (0.0, 0.3), lambda: 0.0)
        (0.3, 0.31)
    """
    low, high = limits
    if low == high or low <= value <= high:
        return value
    limit = low if value < low else high
    scale = max((abs(number) for number in (value, low, high) if math.isfinite(number)), default=0.0)
    margin = max(PART_OF_RESOLUTION * abs(resolution()), ROUNDING * scale)
    return limit if abs(value - limit) <= margin else value


def refusal(value: float, limits: tuple[float, float], text: Callable[[float], str]) -> str:
    """What is wrong with a value beyond a limit: "12 mm is above the limit 10 mm"; "" if it is within the limits.

    Args:
        value: in any unit.
        limits: (low, high), in the same unit; equal ones are none.
        text: writes a number with its unit.
    """
    low, high = limits
    if low == high or low <= value <= high:
        return ""
    side, limit = ("above", high) if value > high else ("below", low)
    excess = f" by {text(abs(value - limit))}" if text(value) == text(limit) else ""
    return f"{text(value)} is {side} the limit {text(limit)}{excess}"


def step_of(precision: int | None) -> float:
    """The smallest step that is shown with `precision` digits after the decimal point; 0.0 if that is unknown."""
    return 0.0 if precision is None else 10.0**-precision


def as_limits(name: str, limits: Iterable[float] | None) -> tuple[float, float] | None:
    """`limits` as (low, high), without units; None stays None.

    Raises:
        BadValue: they are no pair of numbers with the low one first.
    """
    if limits is None:
        return None
    pair = tuple(limits) if isinstance(limits, Iterable) else ()
    if len(pair) != 2:
        raise BadValue(f"{name}: limits are two numbers, [low, high], not {limits!r}")
    low, high = (as_number(name, limit, finite=False) for limit in pair)
    if not low < high:
        raise BadValue(f"{name}: limits [{low:g}, {high:g}] leave no room; the low one comes first")
    return (low, high)


def as_number(name: str, position: Any, *, finite: bool = True, noun: str = "position") -> float:
    """`position` as a float; in messages it is a `noun`.

    Raises:
        BadValue: it is no number, or not a finite one.
    """
    if isinstance(position, bool | str | bytes):
        raise BadValue(f"{name}: {position!r} is not a number")
    try:
        number = float(position)
    except (TypeError, ValueError, OverflowError) as exc:
        text = repr(position)
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        raise BadValue(f"{name}: {shown} is not a number") from exc
    if math.isnan(number) or (finite and math.isinf(number)):
        raise BadValue(f"{name}: {number} is not a {noun}")
    return number
