"""Scans that end on a condition or after a time: scan_until, count_until, time_scan.

Time goes on during a pause: a time scan of ten minutes ends ten minutes after its start.
"""

from __future__ import annotations

import itertools
import math
import sys
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.arguments import Detectors, seconds, whole_number
from beamshell.plans.computed_values import ComputedValues, record
from beamshell.plans.conditions import Condition, Point, is_met
from beamshell.plans.environment import now
from beamshell.plans.preprocessors import run_wrapper, stage_wrapper
from beamshell.plans.start_metadata import (
    TIME_HINTS,
    Metadata,
    as_devices,
    start_metadata,
    together_hints,
)
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import NamedMovable

LONGEST_S = 1e8
"""The longest time scan, in seconds."""
_SAME = 1e-9
"""Fraction of a step or a period below which a difference is rounding."""


@plan
def scan_until(
    detectors: Detectors,
    motor: NamedMovable,
    start: float,
    step: float,
    *,
    until: Condition,
    limit: float,
    md: Metadata = None,
) -> Plan:
    """Step a motor from `start` until a condition is true, and leave it there. Returns the run's uid.

    The stream "until" records whether it became true ("met"), and the number of points ("points").

    Args:
        detectors: a list of readable devices.
        motor: the motor that is scanned.
        start: the first position.
        step: distance from point to point; negative to go down.
        until: a function of the point, such as ``above("det", 1e5)``; the first point where it is true is the last.
        limit: no point lies beyond this position.
        md: metadata of the run.

    Raises:
        PlanError: no step leads from `start` towards `limit`.
        LimitError: `start` or `limit` is outside the motor's limits; nothing has moved.

    Example:
        ``RE(scan_until([det], th, -1, 0.05, until=above("det", 1000), limit=2))``
    """
    detectors = as_devices(detectors)
    if not math.isfinite(step) or step == 0 or (limit - start) * step < 0:
        raise PlanError(f"{motor.name}: steps of {step:g} do not lead from {start:g} to {limit:g}")
    max_points = math.floor((limit - start) / step + _SAME) + 1
    patterns.check_points([{motor: start}, {motor: start + (max_points - 1) * step}], stubs.check)
    rule = {"start": start, "step": step, "until": until, "limit": limit}
    run_md = {
        **start_metadata("scan_until", detectors, [motor], None, motor=motor, **rule),
        "hints": together_hints([motor]),
        **(md or {}),
    }

    def steps() -> Plan:
        watch = _ConditionWatch(until)
        for number in range(max_points):
            readings = yield from stubs.one_1d_step(detectors, motor, start + number * step)
            if watch.is_met_at(readings):
                break
        yield from watch.report()

    return (yield from stage_wrapper(run_wrapper(steps(), md=run_md), [*detectors, motor]))


@plan
def count_until(
    detectors: Detectors,
    until: Condition,
    *,
    delay: float = 0.0,
    num: int | None = None,
    timeout_s: float | None = None,
    md: Metadata = None,
) -> Plan:
    """Count again and again until a condition is true. Returns the run's uid.

    The stream "until" records whether it became true ("met"), and the number of points ("points").

    Args:
        detectors: a list of readable devices.
        until: a function of the point, such as ``settled("temp", within=0.1, for_s=30)``.
        delay: seconds from the start of a reading to the start of the next.
        num: the largest number of readings; None for no such limit.
        timeout_s: the longest time in seconds; None for no such limit.
        md: metadata of the run.

    Example:
        ``RE(count_until([det, temp], settled("temp", within=0.1, for_s=30), delay=1, timeout_s=600))``
    """
    detectors = as_devices(detectors)
    num = None if num is None else whole_number(num, most=None)
    timeout_s = None if timeout_s is None else seconds(timeout_s, "timeout_s", positive=True)
    delay = seconds(delay, "delay")
    rule = {"until": until, "delay": delay, "num": num, "timeout_s": timeout_s}
    run_md = {**start_metadata("count_until", detectors, [], None, **rule), "hints": TIME_HINTS, **(md or {})}
    max_points = num if timeout_s is None or delay == 0 else min(num or sys.maxsize, math.floor(timeout_s / delay) + 1)

    def shots() -> Plan:
        watch = _ConditionWatch(until)
        for number in itertools.count(1):
            start = now()
            yield Msg("checkpoint")
            readings = yield from stubs.trigger_and_read(detectors)
            if watch.is_met_at(readings) or number == max_points:
                break
            if (rest := start + delay - now()) > 0:
                yield Msg("sleep", None, rest)
            if timeout_s is not None and watch.elapsed_s >= timeout_s:
                break
        yield from watch.report()

    return (yield from stage_wrapper(run_wrapper(shots(), md=run_md), detectors))


class _ConditionWatch:
    """Tests a condition at each point, and records in the end whether it became true."""

    def __init__(self, until: Condition) -> None:
        if not callable(until):
            raise PlanError(f'until is {until!r}: give a condition, such as above("det", 1e5)')
        self._until = until
        self._start = now()
        self._outcome = ComputedValues("until", {"met": "", "points": ""})
        self._outcome.values = {"met": False, "points": 0}

    @property
    def elapsed_s(self) -> float:
        """Seconds since the plan began."""
        return now() - self._start

    def is_met_at(self, readings: dict[str, Any]) -> bool:
        """Count a point; True if the condition is true there."""
        number = self._outcome.values["points"] + 1
        met = is_met(self._until, Point(readings, number, self.elapsed_s))
        self._outcome.values = {"met": met, "points": number}
        return met

    def report(self) -> Plan:
        """Record the outcome in the stream "until"."""
        yield from record(self._outcome, "until")


# ---- for a time ----------------------------------------------------------------------------------


@plan
def time_scan(
    detectors: Detectors,
    duration_s: float,
    period_s: float | None = None,
    *,
    md: Metadata = None,
) -> Plan:
    """Count for a time, at a fixed period. Returns the run's uid.

    Point n begins n periods after the first, so the period does not drift. Each point records by how many seconds it is
    "late". A point that is late by a period or more replaces the points that it has missed.

    Args:
        detectors: a list of readable devices.
        duration_s: no point is due later than this; a pause does not extend it.
        period_s: seconds from the start of a point to the start of the next; None counts without gaps.
        md: metadata of the run.

    Raises:
        PlanError: a time is not positive, or the duration is longer than `LONGEST_S`.

    Example:
        ``RE(time_scan([det], 600, 1))`` counts once a second for ten minutes.
    """
    detectors = as_devices(detectors)
    duration_s = seconds(duration_s, "duration_s", positive=True)
    if duration_s > LONGEST_S:
        raise PlanError(f"duration_s is {duration_s:g} s: a time scan lasts at most {LONGEST_S:g} s, three years")
    period_s = None if period_s is None else seconds(period_s, "period_s", positive=True)
    run_md = {
        **start_metadata("time_scan", detectors, [], None, duration_s=duration_s, period_s=period_s),
        "hints": TIME_HINTS,
        **(md or {}),
    }
    if period_s is None:
        counting = _count_without_gaps(detectors, duration_s)
    else:
        counting = _count_periodically(detectors, duration_s, period_s)
    return (yield from stage_wrapper(run_wrapper(counting, md=run_md), detectors))


def points_in(duration_s: float, period_s: float) -> int:
    """The number of points of a time scan that misses none: one at each period, at both ends too."""
    return math.floor(min(duration_s / period_s * (1 + _SAME), sys.maxsize)) + 1


def _count_without_gaps(detectors: list[Any], duration_s: float) -> Plan:
    start = now()
    while True:
        yield from stubs.one_shot(detectors)
        if now() - start >= duration_s:
            return


def _count_periodically(detectors: list[Any], duration_s: float, period_s: float) -> Plan:
    lateness = ComputedValues("late", {"late": "s"})
    start, slot, points = now(), 0, points_in(duration_s, period_s)
    while slot < points:
        yield Msg("checkpoint")
        if (wait_s := start + slot * period_s - now()) > 0:
            yield Msg("sleep", None, wait_s)
        late_s = max(0.0, now() - start - slot * period_s)
        slot += int(late_s / period_s + _SAME)
        if slot >= points:
            return
        lateness.values["late"] = max(0.0, now() - start - slot * period_s)
        yield from stubs.one_shot([*detectors, lateness])
        slot += 1
