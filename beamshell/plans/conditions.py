"""Conditions that end a scan or a count: above, below, settled.

A condition is any function of a `Point` that returns True or False. It knows no device.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from beamshell.errors import PlanError


class Point(dict[str, Any]):
    """The values of one point by their recorded key: ``point["det"]``.

    Attributes:
        number: 1 for the first point of the plan.
        time_s: seconds from the start of the plan to its reading.
    """

    def __init__(self, readings: Mapping[str, Any], number: int, time_s: float) -> None:
        super().__init__({key: reading["value"] for key, reading in readings.items()})
        self.number = number
        self.time_s = time_s

    def number_at(self, key: str) -> float:
        """The value of `key` as a number.

        Raises:
            PlanError: nothing records this key, or its value is not a number.
        """
        if key not in self:
            raise PlanError(f"nothing records {key!r}: the point has {', '.join(self) or 'no values'}")
        try:
            return float(self[key])
        except (TypeError, ValueError) as exc:
            raise PlanError(f"{key} is {self[key]!r}, which is not a number") from exc


Condition: TypeAlias = Callable[[Point], bool]
"""A function of the point; True ends the plan."""


@dataclass(frozen=True)
class above:  # noqa: N801  reads as a word: until=above("det", 1e5)
    """True at a point where a value is above a threshold: ``above("det", 1e5)``."""

    key: str
    threshold: float

    def __call__(self, point: Point) -> bool:
        """True if the value is above the threshold."""
        return point.number_at(self.key) > self.threshold


@dataclass(frozen=True)
class below:  # noqa: N801  reads as a word
    """True at a point where a value is below a threshold: ``below("det", 100)``."""

    key: str
    threshold: float

    def __call__(self, point: Point) -> bool:
        """True if the value is below the threshold."""
        return point.number_at(self.key) < self.threshold


@dataclass(frozen=True)
class settled:  # noqa: N801  reads as a word
    """True once a value has been steady for a time: ``settled("temp", within=0.1, for_s=30)``.

    All points of the last `for_s` seconds lie within `within` of `at`; without `at`, of each other.
    """

    key: str
    within: float
    for_s: float
    at: float | None = None
    _history: deque[tuple[float, float]] = field(default_factory=deque, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.within > 0 or not self.for_s > 0:
            raise PlanError(f"settled within {self.within:g} for {self.for_s:g} s: both must be more than 0")

    def __call__(self, point: Point) -> bool:
        """True if the value has been steady for long enough."""
        if point.number == 1:  # another plan may use the same condition again
            self._history.clear()
        self._history.append((point.time_s, point.number_at(self.key)))
        while len(self._history) > 1 and point.time_s - self._history[1][0] >= self.for_s:
            self._history.popleft()
        if point.time_s - self._history[0][0] < self.for_s:
            return False
        values = [value for _, value in self._history]
        if self.at is None:
            return max(values) - min(values) <= self.within
        return all(abs(value - self.at) <= self.within for value in values)


def is_met(condition: Condition, point: Point) -> bool:
    """True if the condition is true at this point.

    Raises:
        PlanError: the condition uses a key that the point does not have.
    """
    try:
        return bool(condition(point))
    except KeyError as exc:
        raise PlanError(f"the condition uses {exc}, but the point has {', '.join(point) or 'no values'}") from exc
