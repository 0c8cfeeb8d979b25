"""What a beamline's points take besides what its devices say, learned from the documents of past runs.

Pure arithmetic: it knows no store, no clock and no device. A point takes the move of the motor that arrives last, the
count of the detector that ends last, and a rest; each device has a pace, the line from what its settings say to what
it really took. All lines are fitted together, and robustly: a pause in a run is an interval that fits nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from types import MappingProxyType
from typing import Any

import numpy as np

from beamshell.analysis.robust_lines import fit_lines
from beamshell.timing.run_times import Interval, RunTimes

FEWEST_RUNS = 3
"""So many runs are needed before it can be said how far one is from what the others say."""

_SHARE_WITHIN = 0.68
_LEAST_ERROR = 0.02
_ROUNDS = 3
_FOLDS = 5

_COMMON = {"point_s": (0.0, 1.0), "move_s": (0.0, 0.5), "move_factor": (1.0, 1.0), "count_factor": (1.0, 1.0)}
"""The lines that all devices of a kind have in common: what is believed beforehand, and how far off it may well be."""
_POINT_S, _MOVE_S, _MOVE_FACTOR, _COUNT_FACTOR = range(len(_COMMON))
_OWN_LEEWAY_S, _OWN_LEEWAY = 0.2, 0.1
"""How far a device may well be from its kind, in seconds and as a factor."""
_PER_UNIT_LEEWAY = 100.0


@dataclass(frozen=True)
class DeviceTiming:
    """What an action of one device takes, beside what its settings say.

    Attributes:
        extra_s: seconds to be added, such as settling or reading out.
        factor: the seconds that one second by its settings really takes; of a motor whose speed no run records, the
            seconds that one unit of its position takes.
        per_unit: whether `factor` is such a time per unit.
    """

    extra_s: float = 0.0
    factor: float = 1.0
    per_unit: bool = False

    def seconds(self, nominal: float) -> float:
        """What it takes if its settings say `nominal`."""
        return self.extra_s + self.factor * nominal


_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class TimingModel:
    """What a beamline needs beside moving and counting, in seconds.

    Attributes:
        run_s: a run: its start, its first reading, its end.
        point_s: an event: reading, and writing it down.
        move_s: the start of a move, besides the way, of a motor that is not among `motors`.
        move_factor: what a second of its way by its settings really takes.
        trigger_s: an acquisition, besides its count time, of a detector that is not among `detectors`.
        count_factor: what a second of its count time really takes.
        by_device: what one move or acquisition of a device takes, by its name, whatever the device and its past say.
        motors: learned, by name.
        detectors: learned, by name.
        runs: how many runs all this was learned from.
        error: two of three runs took as long as foretold from the others but for this fraction; None if nobody knows.
    """

    run_s: float = 0.0
    point_s: float = 0.0
    move_s: float = 0.0
    move_factor: float = 1.0
    trigger_s: float = 0.0
    count_factor: float = 1.0
    by_device: Mapping[str, float] = field(default_factory=lambda: _NONE)
    motors: Mapping[str, DeviceTiming] = field(default_factory=lambda: _NONE)
    detectors: Mapping[str, DeviceTiming] = field(default_factory=lambda: _NONE)
    runs: int = 0
    error: float | None = None

    def motor(self, name: str) -> DeviceTiming:
        """How long a motor's moves take."""
        return self.motors.get(name) or DeviceTiming(self.move_s, self.move_factor)

    def detector(self, name: str) -> DeviceTiming:
        """How long a detector's acquisitions take."""
        return self.detectors.get(name) or DeviceTiming(self.trigger_s, self.count_factor)


# ---- what many tell together ---------------------------------------------------------------------


def learn(runs: Iterable[RunTimes]) -> TimingModel:
    """What past runs, taken together, tell; nothing learned if there are none.

    Example:
        ``rehearse(scan([det], th, -1, 1, 21), learn(times for run in runs if (times := times_of(run.documents()))))``
    """
    told = [run for run in runs if run.intervals or run.first]
    if not told:
        return TimingModel()
    model = _Model(told)
    return model.overheads(len(told), _error(told))


def _error(runs: Sequence[RunTimes]) -> float | None:
    """The fraction by which two of three runs differ at most from what the other runs say."""
    if len(runs) < FEWEST_RUNS:
        return None
    folds = min(_FOLDS, len(runs))
    deviations = []
    for fold in range(folds):
        others = _Model([run for number, run in enumerate(runs) if number % folds != fold])
        deviations += [found for run in runs[fold::folds] if (found := others.deviation(run)) is not None]
    if not deviations:
        return None
    within = min(len(deviations), math.ceil((len(deviations) + 1) * _SHARE_WITHIN))  # of few, nearly all
    return max(_LEAST_ERROR, sorted(deviations)[within - 1])


class _Model:
    """The lines that explain the intervals of some runs: what a kind of device has in common, and each one's own."""

    def __init__(self, runs: Sequence[RunTimes]) -> None:
        self._runs = runs
        intervals = [interval for run in runs for interval in run.intervals]
        self._per_unit = frozenset[str]().union(*(run.per_unit for run in runs))
        self._motors = sorted({name for interval in intervals for name in interval.moves})
        self._detectors = sorted({name for interval in intervals for name in interval.counts})
        self._columns = {name: len(_COMMON) + 2 * n for n, name in enumerate([*self._motors, *self._detectors])}
        size = len(_COMMON) + 2 * len(self._columns)
        self._prior, self._leeway = np.zeros(size), np.full(size, _OWN_LEEWAY_S)
        self._leeway[len(_COMMON) + 1 :: 2] = _OWN_LEEWAY
        self._prior[: len(_COMMON)] = [believed for believed, _ in _COMMON.values()]
        self._leeway[: len(_COMMON)] = [leeway for _, leeway in _COMMON.values()]
        for name in self._per_unit & set(self._motors):
            self._leeway[self._columns[name] + 1] = _PER_UNIT_LEEWAY
        self._lines = self._prior
        if intervals:
            seconds = np.array([interval.seconds for interval in intervals])
            weights = np.array([min(interval.number, 10) for interval in intervals], dtype=float)
            for _ in range(_ROUNDS):  # which device ends last depends on the lines, and they on that
                rows = np.array([self._row(interval) for interval in intervals])
                self._lines = fit_lines(rows, seconds, weights, self._prior, self._leeway)

    def _row(self, interval: Interval) -> Any:
        """How much of each line is in this interval."""
        row = np.zeros_like(self._prior)
        row[_POINT_S] = 1.0
        if interval.moves:
            name = self._last(interval.moves, self._motor)
            row[_MOVE_S], row[_MOVE_FACTOR] = 1.0, 0.0 if name in self._per_unit else interval.moves[name]
            self._add_own(row, name, interval.moves[name])
        if interval.counts:
            name = self._last(interval.counts, self._detector)
            row[_COUNT_FACTOR] = interval.counts[name]
            self._add_own(row, name, interval.counts[name])
        return row

    def _add_own(self, row: Any, name: str, nominal: float) -> None:
        if (column := self._columns.get(name)) is not None:
            row[column : column + 2] = 1.0, nominal

    @staticmethod
    def _last(nominal: Mapping[str, float], pace: Callable[[str], DeviceTiming]) -> str:
        """The device that is the last to have done."""
        return max(nominal, key=lambda name: (pace(name).seconds(nominal[name]), nominal[name]))

    def _own(self, name: str) -> tuple[float, float]:
        column = self._columns.get(name)
        return (0.0, 0.0) if column is None else (float(self._lines[column]), float(self._lines[column + 1]))

    def _motor(self, name: str) -> DeviceTiming:
        extra_s, factor = self._own(name)
        per_unit = name in self._per_unit
        common = 0.0 if per_unit else float(self._lines[_MOVE_FACTOR])
        return DeviceTiming(float(self._lines[_MOVE_S]) + extra_s, max(0.0, common + factor), per_unit)

    def _detector(self, name: str) -> DeviceTiming:
        extra_s, factor = self._own(name)
        return DeviceTiming(extra_s, max(0.0, float(self._lines[_COUNT_FACTOR]) + factor))

    def _foretold(self, interval: Interval) -> float:
        return float(self._row(interval) @ self._lines)

    def deviation(self, run: RunTimes) -> float | None:
        """By which fraction of it the steps of a run took longer or shorter than foretold."""
        took = sum(interval.number * interval.seconds for interval in run.intervals)
        foretold = sum(interval.number * self._foretold(interval) for interval in run.intervals)
        return abs(foretold - took) / took if took > 0 else None

    def overheads(self, runs: int, error: float | None) -> TimingModel:
        point_s, move_s, move_factor, count_factor = map(float, self._lines[: len(_COMMON)])
        return TimingModel(
            run_s=self._run_s(),
            point_s=point_s,
            move_s=move_s,
            move_factor=move_factor,
            count_factor=count_factor,
            motors={name: self._motor(name) for name in self._motors},
            detectors={name: self._detector(name) for name in self._detectors},
            runs=runs,
            error=error,
        )

    def _run_s(self) -> float:
        beginnings = [run.first.seconds - self._foretold(run.first) for run in self._runs if run.first]
        ends = [run.last_s for run in self._runs if run.last_s is not None]
        return max(0.0, median(beginnings or [0.0]) + median(ends or [0.0]))
