"""Arguments of plans: numbers, numbers of points, seconds, delays, and whether the detectors are missing.

They are checked before anything moves. Numbers may come from numpy. It knows no message and no point.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from numbers import Real
from typing import Any, TypeAlias

from beamshell.arrays import np
from beamshell.errors import PlanError
from beamshell.protocols import Readable
from beamshell.text.numbers import large_number

Detectors: TypeAlias = Sequence[Readable]
"""What a plan reads at each point."""

_LARGEST_IN_FULL = 10**15
MOST_POINTS = 1_000_000
"""The largest number of points of a scan."""


def real_number(value: Any, name: str) -> float:
    """A finite number as a float.

    Raises:
        PlanError: it is no number, or not finite.
    """
    number = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(number, bool | np.bool_) or not isinstance(number, Real) or not math.isfinite(number):
        raise PlanError(f"{name} is {_text(number)}: give a number")
    return float(number)


def whole_number(value: Any, name: str = "num", *, most: int | None = MOST_POINTS) -> int:
    """A number of points as an int from 1.

    Args:
        value: the number.
        name: of the argument, for messages.
        most: the largest number allowed; None for any, where no list of points is made.

    Raises:
        PlanError: it is not a whole number, or out of this range.
    """
    number = value.item() if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 else value
    is_whole = isinstance(number, int) or (isinstance(number, float) and number.is_integer())
    if isinstance(number, bool) or not is_whole:
        raise PlanError(f"{name} is {_text(value)}: give a whole number of points, at least 1")
    if number < 1:
        raise PlanError(f"{name} is {_text(number)}: a scan has at least 1 point")
    if most is not None:
        require_not_too_many(number, name, most)
    return int(number)


def require_not_too_many(points: float, name: str = "the number of points", most: int = MOST_POINTS) -> None:
    """Return if a scan may have so many points.

    Raises:
        PlanError: it may not; scan in several parts.
    """
    if not points <= most:
        raise PlanError(f"{name} is {large_number(points)}: a scan has at most {large_number(most)} points")


def require_a_range(start: float, stop: float) -> None:
    """Return if a scan from `start` to `stop` goes anywhere.

    Raises:
        PlanError: both are the same.
    """
    if start == stop:
        raise PlanError(f"start and stop are both {start:g}: give a range")


def seconds(value: Any, name: str, *, positive: bool = False) -> float:
    """A time in seconds, 0 or more; above 0 if it must be `positive`.

    Raises:
        PlanError: it is no such number.
    """
    number = real_number(value, name)
    if number < 0 or (positive and number == 0):
        raise PlanError(f"{name} is {number:g} s: it must be {'more than 0' if positive else '0 or more'}")
    return number


def delays(value: Any) -> float | Iterable[float] | None:
    """The delays between readings: a time in seconds, or one for each gap; None for none.

    Those of a list or an array are all checked now, those of an iterator when their turn comes.

    Raises:
        PlanError: one is no time of 0 or more.
    """
    if value is None:
        return None
    if isinstance(value, str) or not hasattr(value, "__iter__") or (isinstance(value, np.ndarray) and not value.ndim):
        return seconds(value, "delay")
    each: Iterator[float] = (seconds(delay, f"delay {number}") for number, delay in enumerate(value, 1))
    return each if hasattr(value, "__next__") else list(each)


# ---- detectors ---------------------------------------------------------------------------------


def require_detectors(name: str, detectors: Any, others: Sequence[Any], form: str) -> None:
    """Return if a motor comes after the detectors.

    Args:
        name: of the plan.
        detectors: its first argument.
        others: the arguments that follow, a motor first.
        form: how they are written.

    Raises:
        PlanError: the detectors were forgotten, or no motor follows them.
    """
    if not others or hasattr(others[0], "set"):
        return
    if are_missing(detectors):
        raise missing_detectors(name, (detectors, *others))
    raise PlanError(f"{_text(others[0])} is where a motor belongs: {name}(detectors, {form})")


def are_missing(detectors: Any) -> bool:
    """True if this is a motor, a number or another thing that is no detector and no list of devices."""
    if hasattr(detectors, "read"):
        return hasattr(detectors, "set")
    return not isinstance(detectors, Iterable) or any(not hasattr(device, "read") for device in detectors)


def missing_detectors(name: str, arguments: Sequence[Any]) -> PlanError:
    """The error for a plan that was called without its detectors."""
    words = ", ".join(map(_text, arguments))
    return PlanError(f"{name}: the detectors are missing: write {name}([det], {words})")


def _text(value: Any) -> str:
    """A device by its name, a number or a list as it is written."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, int) and abs(value) > _LARGEST_IN_FULL:
        return large_number(value)
    name = getattr(value, "name", None)
    return name if isinstance(name, str) and hasattr(value, "read") else repr(value)
