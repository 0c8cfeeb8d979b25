"""When to stop: conditions on what a plan has just measured.

A condition is any function of a `Point` that answers True or False. It knows no device.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from beamshell.errors import PlanError


class Point(dict[str, Any]):
    """The values of one point by the key under which they are recorded: ``point["det"]``.

    Attributes:
        number: 1 for the first point of the plan.
        time_s: when it was read, in seconds since the plan began.
    """

    def __init__(self, readings: Mapping[str, Any], number: int, time_s: float) -> None:
        super().__init__({key: reading["value"] for key, reading in readings.items()})
        self.number = number
        self.time_s = time_s

    def number_at(self, key: str) -> float:
        """The value of `key` as a number.

        Raises:
            PlanError: nothing records it, or it is no number.
        """
        if key not in self:
            raise PlanError(f"nothing records {key!r}: the point has {', '.join(self) or 'no values'}")
        try:
            return float(self[key])
        except (TypeError, ValueError) as exc:
            raise PlanError(f"{key} is {self[key]!r}, which is no number to compare") from exc


Condition: TypeAlias = Callable[[Point], bool]
"""True when the plan has done enough."""


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
    """True once a value has kept still for a time: ``settled("temp", within=0.1, for_s=30)``.

    All points of the last `for_s` seconds lie within `within` of `at`; without it, of each other.
    """

    key: str
    within: float
    for_s: float
    at: float | None = None
    _seen: deque[tuple[float, float]] = field(default_factory=deque, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.within > 0 or not self.for_s > 0:
            raise PlanError(f"settled within {self.within:g} for {self.for_s:g} s: both must be more than 0")

    def __call__(self, point: Point) -> bool:
        """True if the value has kept still for long enough."""
        if point.number == 1:  # a plan begins anew, perhaps a second one with this condition
            self._seen.clear()
        self._seen.append((point.time_s, point.number_at(self.key)))
        while len(self._seen) > 1 and point.time_s - self._seen[1][0] >= self.for_s:
            self._seen.popleft()
        values = [value for _, value in self._seen]
        return point.time_s - self._seen[0][0] >= self.for_s and self._is_still(values)

    def _is_still(self, values: list[float]) -> bool:
        if self.at is None:
            return max(values) - min(values) <= self.within
        return all(abs(value - self.at) <= self.within for value in values)


def is_met(condition: Condition, point: Point) -> bool:
    """What the condition says of the point.

    Raises:
        PlanError: it asks for what is not there.
    """
    try:
        return bool(condition(point))
    except KeyError as exc:
        raise PlanError(f"the condition asks for {exc}, but the point has {', '.join(point) or 'no values'}") from exc
