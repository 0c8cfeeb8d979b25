"""TimingModel: the durations of moves, counts and points on a beamline, fitted to the times of past runs.

A point takes the time of the motor that arrives last, of the detector that ends last, and a constant. The time of a
device is a line: measured time over nominal time, which is computed from its settings (distance and velocity, count
time). All lines are fitted together and robustly: a pause in a run is an outlier. Pure: no store, no clock, no device.
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

MIN_RUNS_FOR_ERROR = 3
"""The error of the model is estimated from at least so many runs."""

_ONE_SIGMA = 0.68  # fraction of a normal distribution
_MIN_ERROR = 0.02
_ROUNDS = 3
_FOLDS = 5

_COMMON = {"point_s": (0.0, 1.0), "move_s": (0.0, 0.5), "move_factor": (1.0, 1.0), "count_factor": (1.0, 1.0)}
"""Parameters that all motors or all detectors share: (prior, standard deviation of the prior)."""
_POINT_S, _MOVE_S, _MOVE_FACTOR, _COUNT_FACTOR = range(len(_COMMON))
_OWN_LEEWAY_S, _OWN_LEEWAY = 0.2, 0.1
"""Standard deviations of a device's own parameters around the shared ones: seconds, and factor."""
_PER_UNIT_LEEWAY = 100.0


@dataclass(frozen=True)
class DeviceTiming:
    """The measured time of one device's moves or counts, as a line over the nominal time.

    Attributes:
        extra_s: constant time in seconds, such as settling or reading out.
        factor: measured seconds per nominal second; seconds per unit of position if `per_unit`.
        per_unit: True for a motor whose velocity no run records: its nominal "time" is the distance.
    """

    extra_s: float = 0.0
    factor: float = 1.0
    per_unit: bool = False

    def seconds(self, nominal: float) -> float:
        """Seconds that an action of this nominal time takes."""
        return self.extra_s + self.factor * nominal


_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class TimingModel:
    """The durations of moves, counts and points on a beamline. The default takes the nominal times of the devices.

    Attributes:
        run_s: seconds of a run besides its points: start, first reading, end.
        point_s: seconds of an event: reading and recording.
        move_s: constant seconds of a move, for motors that are not in `motors`.
        move_factor: measured seconds per nominal second of a move, for the same motors.
        count_factor: measured seconds per second of count time, for detectors that are not in `detectors`.
        motors: by name, measured motors.
        detectors: by name, measured detectors.
        runs: number of runs that the model was fitted to.
        error: relative error of a predicted duration (one standard deviation); None with fewer than three runs.
    """

    run_s: float = 0.0
    point_s: float = 0.0
    move_s: float = 0.0
    move_factor: float = 1.0
    count_factor: float = 1.0
    motors: Mapping[str, DeviceTiming] = field(default_factory=lambda: _NONE)
    detectors: Mapping[str, DeviceTiming] = field(default_factory=lambda: _NONE)
    runs: int = 0
    error: float | None = None

    def motor(self, name: str) -> DeviceTiming:
        """The timing of a motor; that of its kind if it was never measured."""
        return self.motors.get(name) or DeviceTiming(self.move_s, self.move_factor)

    def detector(self, name: str) -> DeviceTiming:
        """The timing of a detector; that of its kind if it was never measured."""
        return self.detectors.get(name) or DeviceTiming(factor=self.count_factor)


# ---- learning from runs --------------------------------------------------------------------------


def learn(runs: Iterable[RunTimes]) -> TimingModel:
    """The timing model fitted to past runs; the default model if there are none.

    Example:
        ``rehearse(scan([det], th, -1, 1, 21), learn(times for run in runs if (times := times_of(run.documents()))))``
    """
    usable = [run for run in runs if run.intervals or run.first]
    return _Fit(usable).model(_error(usable)) if usable else TimingModel()


def _error(runs: Sequence[RunTimes]) -> float | None:
    """Relative error of a run predicted from other runs (one standard deviation), by cross-validation."""
    if len(runs) < MIN_RUNS_FOR_ERROR:
        return None
    folds = min(_FOLDS, len(runs))
    deviations = []
    for fold in range(folds):
        others = _Fit([run for number, run in enumerate(runs) if number % folds != fold])
        deviations += [error for run in runs[fold::folds] if (error := others.relative_error(run)) is not None]
    if not deviations:
        return None
    within = min(len(deviations), math.ceil((len(deviations) + 1) * _ONE_SIGMA))  # of few runs, nearly all
    return max(_MIN_ERROR, sorted(deviations)[within - 1])


class _Fit:
    """Lines fitted to the intervals of some runs: shared parameters of all motors or detectors, plus each one's own."""

    def __init__(self, runs: Sequence[RunTimes]) -> None:
        self._runs = runs
        intervals = [interval for run in runs for interval in run.intervals]
        self._per_unit = frozenset[str]().union(*(run.per_unit for run in runs))
        self._motors = sorted({name for interval in intervals for name in interval.moves})
        self._detectors = sorted({name for interval in intervals for name in interval.counts})
        # A device may be both, a motor that another run reads as a detector: it then has two columns for each.
        self._motor_columns = _columns(self._motors, len(_COMMON))
        self._detector_columns = _columns(self._detectors, len(_COMMON) + 2 * len(self._motors))
        size = len(_COMMON) + 2 * (len(self._motors) + len(self._detectors))
        self._prior, self._leeway = np.zeros(size), np.full(size, _OWN_LEEWAY_S)
        self._leeway[len(_COMMON) + 1 :: 2] = _OWN_LEEWAY
        self._prior[: len(_COMMON)] = [prior for prior, _ in _COMMON.values()]
        self._leeway[: len(_COMMON)] = [leeway for _, leeway in _COMMON.values()]
        for name in self._per_unit & set(self._motors):
            self._leeway[self._motor_columns[name] + 1] = _PER_UNIT_LEEWAY
        self._lines = self._prior
        if intervals:
            seconds = np.array([interval.seconds for interval in intervals])
            weights = np.array([min(interval.number, 10) for interval in intervals], dtype=float)
            for _ in range(_ROUNDS):  # which device ends last depends on the lines, and the lines on that
                rows = np.array([self._row(interval) for interval in intervals])
                self._lines = fit_lines(rows, seconds, weights, self._prior, self._leeway)

    def _row(self, interval: Interval) -> Any:
        """The coefficients of all parameters in the duration of this interval, float64 [parameters]."""
        row = np.zeros_like(self._prior)
        row[_POINT_S] = 1.0
        if interval.moves:
            name = self._slowest(interval.moves, self._motor)
            row[_MOVE_S], row[_MOVE_FACTOR] = 1.0, 0.0 if name in self._per_unit else interval.moves[name]
            _add_own(row, self._motor_columns.get(name), interval.moves[name])
        if interval.counts:
            name = self._slowest(interval.counts, self._detector)
            row[_COUNT_FACTOR] = interval.counts[name]
            _add_own(row, self._detector_columns.get(name), interval.counts[name])
        return row

    @staticmethod
    def _slowest(nominal: Mapping[str, float], timing: Callable[[str], DeviceTiming]) -> str:
        """The device that ends last."""
        return max(nominal, key=lambda name: (timing(name).seconds(nominal[name]), nominal[name]))

    def _own(self, column: int | None) -> tuple[float, float]:
        return (0.0, 0.0) if column is None else (float(self._lines[column]), float(self._lines[column + 1]))

    def _motor(self, name: str) -> DeviceTiming:
        extra_s, factor = self._own(self._motor_columns.get(name))
        per_unit = name in self._per_unit
        common = 0.0 if per_unit else float(self._lines[_MOVE_FACTOR])
        return DeviceTiming(float(self._lines[_MOVE_S]) + extra_s, max(0.0, common + factor), per_unit)

    def _detector(self, name: str) -> DeviceTiming:
        extra_s, factor = self._own(self._detector_columns.get(name))
        return DeviceTiming(extra_s, max(0.0, float(self._lines[_COUNT_FACTOR]) + factor))

    def _predicted_s(self, interval: Interval) -> float:
        return float(self._row(interval) @ self._lines)

    def relative_error(self, run: RunTimes) -> float | None:
        """The relative error of the predicted duration of a run; None for a run without steps."""
        measured = sum(interval.number * interval.seconds for interval in run.intervals)
        predicted = sum(interval.number * self._predicted_s(interval) for interval in run.intervals)
        return abs(predicted - measured) / measured if measured > 0 else None

    def model(self, error: float | None) -> TimingModel:
        """The timing model with these lines."""
        point_s, move_s, move_factor, count_factor = map(float, self._lines[: len(_COMMON)])
        return TimingModel(
            run_s=self._run_s(),
            point_s=max(0.0, point_s),
            move_s=move_s,
            move_factor=move_factor,
            count_factor=count_factor,
            motors={name: self._motor(name) for name in self._motors},
            detectors={name: self._detector(name) for name in self._detectors},
            runs=len(self._runs),
            error=error,
        )

    def _run_s(self) -> float:
        beginnings = [run.first.seconds - self._predicted_s(run.first) for run in self._runs if run.first]
        ends = [run.last_s for run in self._runs if run.last_s is not None]
        return max(0.0, median(beginnings or [0.0]) + median(ends or [0.0]))


def _columns(names: Sequence[str], first: int) -> dict[str, int]:
    """By device, the first of the two columns of its own parameters."""
    return {name: first + 2 * n for n, name in enumerate(names)}


def _add_own(row: Any, column: int | None, nominal: float) -> None:
    """Write the coefficients of a device's own parameters into a row."""
    if column is not None:
        row[column : column + 2] = 1.0, nominal
