"""step_scan: the base of all scans over points: check every point, then move to each and read.

It gets the points, and makes none.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from beamshell.arrays import np
from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.computed_values import ComputedValues
from beamshell.plans.environment import turns
from beamshell.plans.preprocessors import finalize_wrapper, run_wrapper, stage_wrapper
from beamshell.plans.relative import origins_metadata, origins_of, returning
from beamshell.plans.start_metadata import RunMetadata

COUNT_TIME = "count_time"

PerStep = Callable[..., Plan] | None


def step_scan(detectors: list[Any], points: Sequence[patterns.Point], per_step: PerStep, md: RunMetadata) -> Plan:
    """A plan that visits each point and records it in one run; it returns the run's uid.

    All points are checked when this function is called, before anything moves.

    Args:
        detectors: what is read at each point, besides the motors.
        points: positions by motor, each point with the same motors.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point, with `step` a dict of positions by motor; or,
            for a scan of one motor, ``f(detectors, motor, step)``. None takes `stubs.one_nd_step`.
        md: the run's metadata; "extents" is added.

    Raises:
        PlanError: there is no point, or `per_step` is for one motor and there are several.
        LimitError: a point is outside the limits; the message says which point.
    """
    columns = _in_columns(points)
    visit = _step_of(per_step, list(columns.columns))
    return _measured(detectors, columns, [(columns, visit)], md, alike=per_step is None)


def _in_columns(points: Sequence[patterns.Point]) -> patterns.Points:
    if not points:
        raise PlanError("there is no point to visit")
    return points if isinstance(points, patterns.Points) else patterns.Points(patterns.columns_of(points))


def _measured(
    detectors: list[Any],
    points: patterns.Points,
    parts: Sequence[tuple[patterns.Points, Callable[..., Plan]]],
    md: RunMetadata,
    *,
    alike: bool,
) -> Plan:
    """Check all points; the plan that visits them in one run.

    Args:
        detectors: what is read.
        points: all of them.
        parts: the same points in order, in parts, and the plan for one point of each part.
        md: the run's metadata.
        alike: True if the points of a part take equally long but for the moves.
    """
    patterns.check_points(points, stubs.check)

    def steps() -> Plan:
        pos_cache: dict[Any, Any] = {}
        for part, visit in parts:
            for point in turns(part) if alike else part:
                yield from visit(detectors, point, pos_cache)
            if alike:  # a simulation may not have taken the last turns
                pos_cache.update(part[-1])

    run = run_wrapper(steps(), md={"extents": patterns.extents(points), **md})
    return stage_wrapper(run, [*detectors, *points.columns])


def _step_of(per_step: PerStep, motors: list[Any]) -> Callable[..., Plan]:
    """The plan for one point as ``f(detectors, step, pos_cache)``."""
    if per_step is None:
        return partial(stubs.one_nd_step, take_reading=stubs.TriggerAndRead())
    if not _is_for_one_motor(per_step):
        return per_step
    if len(motors) > 1:
        name = getattr(per_step, "__name__", "per_step")
        raise PlanError(f"{name}(detectors, motor, step) is for one motor: write {name}(detectors, step, pos_cache)")

    def step_of_one(detectors: Sequence[Any], point: patterns.Point, pos_cache: dict[Any, Any]) -> Plan:  # noqa: ARG001
        ((motor, position),) = point.items()
        return (yield from per_step(detectors, motor, position))

    return step_of_one


def _is_for_one_motor(per_step: Callable[..., Plan]) -> bool:
    """True for ``f(detectors, motor, step)``; a function that does not say its parameters is for any motors."""
    try:
        parameters = list(inspect.signature(per_step).parameters)
    except (TypeError, ValueError):
        return False
    return parameters[1:2] == ["motor"] or parameters[2:3] == ["step"]


def relative_step_scan(
    detectors: list[Any], points: Sequence[patterns.Point], per_step: PerStep, md: RunMetadata
) -> Plan:
    """As `step_scan`, with distances from where the motors are; they go back there however the scan ends."""
    origins = yield from origins_of(points[0] if points else [])
    columns = patterns.columns_of(points)
    absolute = patterns.Points(
        {motor: _moved_by_each(motor, origins[motor], distances) for motor, distances in columns.items()}
    )
    md = {**origins_metadata(origins), **md}
    return (yield from returning(step_scan(detectors, absolute, per_step, md), origins))


def _moved_by_each(motor: Any, origin: Any, distances: patterns.Column) -> patterns.Column:
    """The positions at these distances from `origin`."""
    if isinstance(distances, np.ndarray) and isinstance(origin, float) and not hasattr(motor, "shifted"):
        return origin + distances
    return [stubs.moved_by(motor, origin, distance) for distance in patterns.listed(distances)]


def timed_step_scan(
    detectors: list[Any], points: Sequence[patterns.Point], times: Sequence[float] | None, md: RunMetadata
) -> Plan:
    """As `step_scan`, with a count time for each point, which is recorded as "count_time" in seconds.

    All detectors with a `count_time` count that long; their own count time is put back at the end.

    Args:
        detectors: what is read at each point, besides the motors.
        points: positions by motor.
        times: seconds, one for each point; None leaves the detectors as they are.
        md: the run's metadata.

    Raises:
        PlanError: a time is not positive, or no detector has a count time.
    """
    if times is None:
        return (yield from step_scan(detectors, points, None, md))
    counters = stubs.devices_to_trigger(detectors)
    signals = [counter.count_time for counter in counters if hasattr(counter, COUNT_TIME)]
    for number, seconds in enumerate(times, 1):
        if not (math.isfinite(seconds) and seconds > 0):
            raise PlanError(f"point {number} of {len(times)}: a count time of {seconds:g} s is not more than 0")
    if not signals:
        names = ", ".join(str(detector.name) for detector in detectors) or "no detector"
        raise PlanError(f"{names} has no count time: give no time, or a detector that has one")
    originals = []
    for signal in signals:
        original = yield from stubs.rd(signal)
        originals.append((signal, original))
    columns = _in_columns(points)
    count_time = ComputedValues(COUNT_TIME, {COUNT_TIME: "s"})
    parts = [
        (columns[start:stop], _step_with_time(float(times[start]), signals, count_time))
        for start, stop in _equal_parts(times)
    ]
    scan = _measured(detectors, columns, parts, md, alike=True)
    return (yield from finalize_wrapper(scan, lambda: _set_all(originals)))


def _equal_parts(values: Sequence[float]) -> list[tuple[int, int]]:
    """The first index of each part with equal values, and the index behind it."""
    starts = [0, *(n for n in range(1, len(values)) if values[n] != values[n - 1])]
    return list(zip(starts, [*starts[1:], len(values)], strict=True))


def _step_with_time(seconds: float, signals: list[Any], count_time: ComputedValues) -> Callable[..., Plan]:
    """A `per_step` that first sets the count time where it differs from that of the last point."""
    take_reading = stubs.TriggerAndRead()

    def step(detectors: Sequence[Any], point: patterns.Point, pos_cache: dict[Any, Any]) -> Plan:
        if count_time.values.get(COUNT_TIME) != seconds:
            yield Msg("checkpoint")
            yield from _set_all([(signal, seconds) for signal in signals])
            count_time.values[COUNT_TIME] = seconds
        yield from stubs.one_nd_step([*detectors, count_time], point, pos_cache, take_reading)

    return step


def _set_all(values: Sequence[tuple[Any, float]]) -> Plan:
    for signal, value in values:
        yield Msg("set", signal, value, group=COUNT_TIME)
    if values:
        yield Msg("wait", None, group=COUNT_TIME)
