"""RunTimes: the times of one past run: for each step the motors, the detectors and the duration, from its documents.

Pure: documents in, numbers out. It knows no store and no device.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from beamshell.analysis.move_times import MoveSettings
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver

MAX_INTERVALS = 200
"""Number of a run's first steps that are used."""
_LONGEST_S, _LARGEST = 1e7, 1e12
"""The longest step in seconds, and the largest number, that are believed: what is above was written by a fault."""
_WAITING_ARGUMENTS = ("delay", "sleep", "period", "period_s")
_DIGITS = 2


@dataclass(frozen=True)
class Interval:
    """Equal steps of one run, each from one point to the next.

    Attributes:
        moves: by motor that moved, the nominal seconds of its move; its distance if its velocity is not recorded.
        counts: by detector, its count time in seconds; 0 if it has none.
        seconds: measured duration of such a step: the median.
        number: number of such steps.
    """

    moves: Mapping[str, float]
    counts: Mapping[str, float]
    seconds: float
    number: int = 1


@dataclass(frozen=True)
class RunTimes:
    """The times of one run.

    Attributes:
        intervals: its steps.
        first: from its start to its first point; None if that needed a move of unknown length.
        last_s: seconds from its last point to its end; None if they are not known.
        per_unit: the motors whose velocity is not recorded.
    """

    intervals: tuple[Interval, ...]
    first: Interval | None
    last_s: float | None
    per_unit: frozenset[str] = frozenset()


def times_of(documents: Iterable[tuple[str, Document]]) -> RunTimes | None:
    """The times of a run; None if it failed, was aborted, has no point, or waits between points on purpose.

    None too for a fly scan: its points come in pages, and have no steps.

    Args:
        documents: `(name, document)` in the order of emission; later events may be missing.
    """
    reader = _Reader()
    reader.take(documents)
    return reader.times()


class _Reader(RunReceiver):
    """Collects the times while the documents of one run pass."""

    def __init__(self) -> None:
        super().__init__()
        self._start: Mapping[str, Any] = {}
        self._stop: Mapping[str, Any] = {}
        self._settings: Mapping[str, float] = {}
        self._last: Mapping[str, Any] | None = None
        self._baseline: Mapping[str, Any] = {}  # positions before the first point
        self._first: Interval | None = None
        self._steps: dict[Any, tuple[Any, list[float]]] = {}
        self._intervals = 0
        self._per_unit: set[str] = set()
        self._flown = False

    def start(self, start: Document) -> None:
        self._start = start

    def stop(self, stop: Document) -> None:
        self._stop = stop

    def descriptor(self, descriptor: Document) -> None:
        if _is_primary(descriptor):
            self._settings = _settings(descriptor)

    def event(self, descriptor: Document, event: Document) -> None:
        if _is_primary(descriptor):
            self._point(event)
        elif self._last is None:
            self._baseline = event["data"]

    def event_page(self, descriptor: Document, page: Document) -> None:  # noqa: ARG002  # that there is one is enough
        self._flown |= _is_primary(descriptor)

    def _point(self, doc: Document) -> None:
        last, self._last = self._last, doc
        if last is None:
            self._first = self._first_interval(doc)
        elif doc["seq_num"] == last["seq_num"] + 1 and self._start.get("detectors") and self._intervals < MAX_INTERVALS:
            interval_s = doc["time"] - last["time"]
            step = (self._moves(last["data"], doc["data"]), self._counts(doc["data"]))
            if _is_plausible(interval_s, *step):
                self._intervals += 1
                _, seconds = self._steps.setdefault(_rounded(*step), (step, []))
                seconds.append(interval_s)

    def _first_interval(self, doc: Mapping[str, Any]) -> Interval | None:
        if not self._start.get("detectors") or any(motor not in self._baseline for motor in self._motors):
            return None
        seconds = doc["time"] - self._start["time"]
        step = (self._moves(self._baseline, doc["data"]), self._counts(doc["data"]))
        return Interval(*step, seconds) if _is_plausible(seconds, *step) else None

    @property
    def _waits_on_purpose(self) -> bool:
        """True if the plan waits between its points."""
        arguments = self._start.get("plan_args") or {}
        return any(arguments.get(word) for word in _WAITING_ARGUMENTS)

    @property
    def _motors(self) -> Sequence[str]:
        return [str(name) for name in self._start.get("motors") or ()]

    def _counts(self, data: Mapping[str, Any]) -> dict[str, float]:
        """Count time by detector: as configured, or as recorded with the point if each has its own."""
        counts = {name: _count_time(name, self._settings) for name in map(str, self._start.get("detectors") or ())}
        own = data.get("count_time")
        return dict.fromkeys(counts, own) if _is_number(own) and own is not None else counts

    def _moves(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float]:
        ways = {name: _way(name, before, after) for name in self._motors}
        return {name: self._nominal(name, *way) for name, way in ways.items() if way is not None and way[0] != way[1]}

    def _nominal(self, name: str, start: float, stop: float) -> float:
        settings = _move_settings(name, self._settings)
        if settings is None:
            self._per_unit.add(name)
            return abs(stop - start)
        return settings.duration_s(start, stop)

    def times(self) -> RunTimes | None:
        if self._last is None or self._flown or self._waits_on_purpose or self._stop.get("exit_status") != "success":
            return None
        intervals = tuple(
            Interval(moves, counts, median(seconds), len(seconds)) for (moves, counts), seconds in self._steps.values()
        )
        is_last = (self._stop.get("num_events") or {}).get("primary") == self._last["seq_num"]
        last_s = self._stop["time"] - self._last["time"] if is_last else -1.0
        return RunTimes(intervals, self._first, last_s if _is_plausible(last_s) else None, frozenset(self._per_unit))


def _is_primary(descriptor: Document) -> bool:
    return bool(descriptor.get("name", "primary") == "primary")


def _settings(descriptor: Mapping[str, Any]) -> dict[str, float]:
    """The numbers in the configuration of all devices, by key."""
    settings: dict[str, float] = {}
    for configuration in (descriptor.get("configuration") or {}).values():
        data = configuration.get("data") or {}
        settings |= {key: value for key, value in data.items() if _is_number(value)}
    return settings


def _is_plausible(seconds: float, *nominal: Mapping[str, float]) -> bool:
    """True unless a clock was set back in this step, or a setting is no setting."""
    values = [value for by_name in nominal for value in by_name.values()]
    return 0 <= seconds <= _LONGEST_S and all(0 <= value <= _LARGEST for value in values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _count_time(name: str, settings: Mapping[str, float]) -> float:
    for key in (f"{name}_count_time", f"{name}_exp", f"{name}_cam_acquire_time", f"{name}_acquire_time"):
        if key in settings:
            return settings[key]
    return 0.0


def _move_settings(name: str, settings: Mapping[str, float]) -> MoveSettings | None:
    """What the time of a motor's move depends on; None if its velocity is not recorded."""
    velocity, ramp_s = settings.get(f"{name}_velocity"), settings.get(f"{name}_acceleration")
    if not velocity or ramp_s is None:
        return None
    direction = -1.0 if settings.get(f"{name}_user_offset_dir") else 1.0
    return MoveSettings(
        velocity=velocity,
        ramp_s=ramp_s,
        backlash=direction * settings.get(f"{name}_backlash_distance", 0.0),
        backlash_velocity=settings.get(f"{name}_backlash_velocity", velocity),
        backlash_ramp_s=settings.get(f"{name}_backlash_acceleration", ramp_s),
        delay_s=settings.get(f"{name}_readback_settle_time", 0.0),
    )


def _way(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[float, float] | None:
    """A motor's setpoints at two points, its readbacks if no setpoint is recorded; None if neither is a number."""
    for key in (f"{name}_user_setpoint", f"{name}_setpoint", name):
        if _is_number(before.get(key)) and _is_number(after.get(key)):
            return float(before[key]), float(after[key])
    return None


def _rounded(*by_name: Mapping[str, float]) -> tuple[tuple[tuple[str, float], ...], ...]:
    """The key of equal steps: numbers rounded to two digits."""
    return tuple(
        tuple((name, float(f"{value:.{_DIGITS}g}")) for name, value in sorted(numbers.items())) for numbers in by_name
    )
