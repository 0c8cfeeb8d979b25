"""What one run's documents tell of how long things take: its steps, each with what moved, what counted, how long.

Pure: it knows no store and no device; documents go in, numbers come out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

MOST_INTERVALS = 200
"""As many of a run's first intervals are looked at."""
_WORDS_FOR_WAITING = ("delay", "sleep", "period", "period_s")
_DIGITS = 2


def way_s(distance: float, velocity: float, ramp_s: float) -> float:
    """Seconds of a move that speeds up to `velocity` in `ramp_s` seconds, and slows down as it sped up."""
    distance, velocity = abs(distance), abs(velocity)
    if distance >= velocity * ramp_s:
        return distance / velocity + (ramp_s if distance else 0.0)
    return 2 * math.sqrt(distance * ramp_s / velocity)


@dataclass(frozen=True)
class Interval:
    """Equal steps of one run, from one point to the next.

    Attributes:
        moves: by motor that moved, seconds by its settings, or its distance if they are not recorded.
        counts: by detector, its count time in seconds; 0 if it has none.
        seconds: what such a step took: the median.
        number: how many there were.
    """

    moves: Mapping[str, float]
    counts: Mapping[str, float]
    seconds: float
    number: int = 1


@dataclass(frozen=True)
class RunTimes:
    """What one run tells of how long things take.

    Attributes:
        intervals: its steps.
        first: from its start to its first point, if that needed no move of unknown length.
        last_s: from its last point to its end; None if nobody knows.
        per_unit: the motors whose speed it does not record.
    """

    intervals: tuple[Interval, ...]
    first: Interval | None
    last_s: float | None
    per_unit: frozenset[str] = frozenset()


def times_of(documents: Iterable[tuple[str, Mapping[str, Any]]]) -> RunTimes | None:
    """What a run's documents tell; None if it failed, was aborted, has no point, or waits between them on purpose.

    A run on the fly tells nothing either: its points come in pages, as close together as somebody has asked for, and
    say nothing of what a step takes.

    Args:
        documents: `(name, document)` in the order in which they were emitted; events from the middle on may be missing.
    """
    reader = _Reader()
    for name, doc in documents:
        reader.take(name, doc)
    return reader.times()


class _Reader:
    """Goes through one run."""

    def __init__(self) -> None:
        self._start: Mapping[str, Any] = {}
        self._stop: Mapping[str, Any] = {}
        self._primary: dict[str, Mapping[str, Any]] = {}
        self._settings: Mapping[str, float] = {}
        self._last: Mapping[str, Any] | None = None
        self._known: Mapping[str, Any] = {}  # where things were before the first point, if a baseline tells
        self._first: Interval | None = None
        self._steps: dict[Any, tuple[Any, list[float]]] = {}
        self._intervals = 0
        self._per_unit: set[str] = set()
        self._flown = False

    def take(self, name: str, doc: Mapping[str, Any]) -> None:
        if name == "start":
            self._start = doc
        elif name == "stop":
            self._stop = doc
        elif name == "descriptor" and doc.get("name", "primary") == "primary":
            self._primary[doc["uid"]] = doc
            self._settings = _settings(doc)
        elif name == "event" and doc["descriptor"] in self._primary:
            self._event(doc)
        elif name == "event_page" and doc["descriptor"] in self._primary:
            self._flown = True
        elif name == "event" and self._last is None:
            self._known = doc["data"]

    def _event(self, doc: Mapping[str, Any]) -> None:
        last, self._last = self._last, doc
        if last is None:
            self._first = self._first_interval(doc)
        elif (
            doc["seq_num"] == last["seq_num"] + 1 and self._start.get("detectors") and self._intervals < MOST_INTERVALS
        ):
            self._intervals += 1
            step = (self._moves(last["data"], doc["data"]), self._counts(doc["data"]))
            _, seconds = self._steps.setdefault(_rounded(*step), (step, []))
            seconds.append(doc["time"] - last["time"])

    def _first_interval(self, doc: Mapping[str, Any]) -> Interval | None:
        if not self._start.get("detectors") or any(motor not in self._known for motor in self._motors):
            return None
        moves = self._moves(self._known, doc["data"])
        return Interval(moves, self._counts(doc["data"]), doc["time"] - self._start["time"])

    @property
    def _waits_on_purpose(self) -> bool:
        """True if the plan was told to wait between its points."""
        arguments = self._start.get("plan_args") or {}
        return any(arguments.get(word) for word in _WORDS_FOR_WAITING)

    @property
    def _motors(self) -> Sequence[str]:
        return [str(name) for name in self._start.get("motors") or ()]

    def _counts(self, data: Mapping[str, Any]) -> dict[str, float]:
        """By detector, how long it counted: as it was set, or as the point itself says, where each has its own time."""
        counts = {name: _count_time(name, self._settings) for name in map(str, self._start.get("detectors") or ())}
        own = data.get("count_time")
        return dict.fromkeys(counts, own) if _is_number(own) and own is not None else counts

    def _moves(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float]:
        found = {}
        for name in self._motors:
            distance = _distance(name, before, after)
            if distance:
                found[name] = self._nominal(name, distance)
        return found

    def _nominal(self, name: str, distance: float) -> float:
        velocity, ramp_s = (self._settings.get(f"{name}_{what}") for what in ("velocity", "acceleration"))
        if not velocity or ramp_s is None:
            self._per_unit.add(name)
            return distance
        return way_s(distance, velocity, ramp_s)

    def times(self) -> RunTimes | None:
        if self._last is None or self._flown or self._waits_on_purpose or self._stop.get("exit_status") != "success":
            return None
        intervals = tuple(
            Interval(moves, counts, median(seconds), len(seconds)) for (moves, counts), seconds in self._steps.values()
        )
        is_last = (self._stop.get("num_events") or {}).get("primary") == self._last["seq_num"]
        last_s = self._stop["time"] - self._last["time"] if is_last else None
        return RunTimes(intervals, self._first, last_s, frozenset(self._per_unit))


def _settings(descriptor: Mapping[str, Any]) -> dict[str, float]:
    """The numbers among the settings of all devices, by key."""
    found: dict[str, float] = {}
    for configuration in (descriptor.get("configuration") or {}).values():
        data = configuration.get("data") or {}
        found |= {key: value for key, value in data.items() if _is_number(value)}
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _count_time(name: str, settings: Mapping[str, float]) -> float:
    for key in (f"{name}_count_time", f"{name}_exp", f"{name}_cam_acquire_time", f"{name}_acquire_time"):
        if key in settings:
            return settings[key]
    return 0.0


def _distance(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> float:
    """How far a motor was sent from one point to the next; by where it was if nobody recorded where it was sent."""
    for key in (f"{name}_user_setpoint", f"{name}_setpoint", name):
        if _is_number(before.get(key)) and _is_number(after.get(key)):
            return abs(float(after[key]) - float(before[key]))
    return 0.0


def _rounded(*by_name: Mapping[str, float]) -> tuple[tuple[tuple[str, float], ...], ...]:
    """By which steps are told apart: numbers that differ by a few percent are taken for one."""
    return tuple(
        tuple((name, float(f"{value:.{_DIGITS}g}")) for name, value in sorted(numbers.items())) for numbers in by_name
    )
