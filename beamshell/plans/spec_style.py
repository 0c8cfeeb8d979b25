"""Scans in the style of SPEC: ascan, dscan, a2scan, d2scan, th2th, mesh, dmesh, loopscan, timescan, lineup.

The motor comes first, then a number of INTERVALS (there is one point more) and the time of each point. Detectors are
given as `detectors=`. All detectors with a `count_time` count that long; their own count time is put back at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from beamshell.analysis.fits import fit_peak
from beamshell.analysis.significance import significance
from beamshell.errors import NoFit, PlanError
from beamshell.messages import Plan
from beamshell.plans import scans
from beamshell.plans.alignment import Column, first_fit
from beamshell.plans.arguments import Detectors, real_number, require_a_range, seconds, whole_number
from beamshell.plans.grids import grid_scan, rel_grid_scan
from beamshell.plans.preprocessors import configure_count_time_wrapper
from beamshell.plans.relative import origins_of
from beamshell.plans.start_metadata import Metadata, as_devices, hinted_fields, recordable_arguments
from beamshell.plans.step_scan import PerStep
from beamshell.plans.stubs import mv, one_nd_step, trigger_and_read
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import NamedMovable


@plan
def ascan(
    motor: NamedMovable,
    start: float,
    finish: float,
    intervals: int,
    time: float,
    *,
    detectors: Detectors,
    md: Metadata = None,
) -> Plan:
    """Scan a motor from start to finish. Returns the run's uid.

    Args:
        motor: the motor that is scanned.
        start: the first position.
        finish: the last one.
        intervals: number of steps; there is one point more.
        time: count time of each point in seconds.
        detectors: a list of readable devices.
        md: metadata of the run.

    Example:
        ``RE(ascan(th, -1, 1, 20, 0.1, detectors=[det]))`` visits 21 points.
    """
    line = {"motor": motor, "start": start, "finish": finish}
    return (yield from _line("ascan", scans.scan, line, intervals, time, detectors, md))


@plan
def dscan(
    motor: NamedMovable,
    start: float,
    finish: float,
    intervals: int,
    time: float,
    *,
    detectors: Detectors,
    md: Metadata = None,
) -> Plan:
    """As `ascan`, from where the motor is; it returns there at the end, and also if it is interrupted."""
    line = {"motor": motor, "start": start, "finish": finish}
    return (yield from _line("dscan", scans.rel_scan, line, intervals, time, detectors, md))


lup = dscan


@plan
def a2scan(
    motor1: NamedMovable,
    start1: float,
    finish1: float,
    motor2: NamedMovable,
    start2: float,
    finish2: float,
    intervals: int,
    time: float,
    *,
    detectors: Detectors,
    md: Metadata = None,
) -> Plan:
    """As `ascan`, two motors together, with the same intervals."""
    lines = {"motor1": motor1, "start1": start1, "finish1": finish1}
    lines |= {"motor2": motor2, "start2": start2, "finish2": finish2}
    return (yield from _line("a2scan", scans.scan, lines, intervals, time, detectors, md))


@plan
def d2scan(
    motor1: NamedMovable,
    start1: float,
    finish1: float,
    motor2: NamedMovable,
    start2: float,
    finish2: float,
    intervals: int,
    time: float,
    *,
    detectors: Detectors,
    md: Metadata = None,
) -> Plan:
    """As `dscan`, two motors together, with the same intervals."""
    lines = {"motor1": motor1, "start1": start1, "finish1": finish1}
    lines |= {"motor2": motor2, "start2": start2, "finish2": finish2}
    return (yield from _line("d2scan", scans.rel_scan, lines, intervals, time, detectors, md))


@plan
def th2th(
    tth: NamedMovable,
    th: NamedMovable,
    start: float,
    finish: float,
    intervals: int,
    time: float,
    *,
    detectors: Detectors,
    md: Metadata = None,
) -> Plan:
    """Scan two-theta from where it is, and theta half as far; both return at the end. Returns the run's uid.

    Args:
        tth: the motor of two-theta.
        th: the motor of theta.
        start: distance of the first point from where `tth` is.
        finish: distance of the last.
        intervals: number of steps; there is one point more.
        time: count time of each point in seconds.
        detectors: a list of readable devices.
        md: metadata of the run.
    """
    arguments = {"tth": tth, "th": th, "start": start, "finish": finish, "intervals": intervals, "time": time}
    md = {"plan_args": recordable_arguments(detectors, **arguments), **(md or {})}
    lines = {"tth": tth, "start": start, "finish": finish, "th": th, "half_start": start / 2, "half_finish": finish / 2}
    return (yield from _line("th2th", scans.rel_scan, lines, intervals, time, detectors, md))


def _line(
    name: str,
    scan: Any,
    lines: dict[str, Any],
    intervals: int,
    time: float,
    detectors: Any,
    md: Metadata,
    per_step: PerStep = None,
) -> Plan:
    """The plan `scan` under another name, along `lines`: motor, start, finish, ... by name of the argument."""
    num = _points(intervals)
    plan_args = recordable_arguments(detectors, **lines, intervals=num - 1, time=time)
    time = seconds(time, "time", positive=True)
    md = {"plan_name": name, "plan_args": plan_args, "intervals": num - 1, "count_time": time, **(md or {})}
    plan = scan(detectors, *lines.values(), num=num, per_step=per_step, md=md)
    return (yield from configure_count_time_wrapper(plan, time))


def _points(intervals: int) -> int:
    return whole_number(intervals, "intervals") + 1


# ---- meshes --------------------------------------------------------------------------------------


@plan
def mesh(
    motor1: NamedMovable,
    start1: float,
    finish1: float,
    intervals1: int,
    motor2: NamedMovable,
    start2: float,
    finish2: float,
    intervals2: int,
    time: float,
    *,
    detectors: Detectors,
    md: Metadata = None,
) -> Plan:
    """Scan two motors over a grid; the FIRST motor is the fast one. Returns the run's uid.

    Example:
        ``RE(mesh(samx, -2, 2, 10, samy, -1, 1, 4, 0.1, detectors=[det]))`` visits 5 rows of 11 points.
    """
    fast = {"motor1": motor1, "start1": start1, "finish1": finish1, "intervals1": intervals1}
    slow = {"motor2": motor2, "start2": start2, "finish2": finish2, "intervals2": intervals2}
    return (yield from _mesh("mesh", grid_scan, fast, slow, time, detectors, md))


@plan
def dmesh(
    motor1: NamedMovable,
    start1: float,
    finish1: float,
    intervals1: int,
    motor2: NamedMovable,
    start2: float,
    finish2: float,
    intervals2: int,
    time: float,
    *,
    detectors: Detectors,
    md: Metadata = None,
) -> Plan:
    """As `mesh`, around where the motors are; they return there at the end."""
    fast = {"motor1": motor1, "start1": start1, "finish1": finish1, "intervals1": intervals1}
    slow = {"motor2": motor2, "start2": start2, "finish2": finish2, "intervals2": intervals2}
    return (yield from _mesh("dmesh", rel_grid_scan, fast, slow, time, detectors, md))


def _mesh(
    name: str, scan: Any, fast: dict[str, Any], slow: dict[str, Any], time: float, detectors: Any, md: Metadata
) -> Plan:
    """The plan `scan` under another name, over two axes: motor, start, finish, intervals by name of the argument."""
    *fast_line, fast_intervals = fast.values()
    *slow_line, slow_intervals = slow.values()
    axes = (*slow_line, _points(slow_intervals), *fast_line, _points(fast_intervals))
    plan_args = recordable_arguments(detectors, **fast, **slow, time=time)
    time = seconds(time, "time", positive=True)
    md = {"plan_name": name, "plan_args": plan_args, "count_time": time, **(md or {})}
    return (yield from configure_count_time_wrapper(scan(detectors, *axes, md=md), time))


# ---- without a motor -----------------------------------------------------------------------------


@plan
def loopscan(npoints: int, time: float | None = None, *, detectors: Detectors, md: Metadata = None) -> Plan:
    """Count a number of times. Returns the run's uid.

    Args:
        npoints: number of points.
        time: count time of each point in seconds; None leaves the detectors as they are.
        detectors: a list of readable devices.
        md: metadata of the run.
    """
    plan_args = recordable_arguments(detectors, npoints=npoints, time=time)
    time = None if time is None else seconds(time, "time", positive=True)
    md = {"plan_name": "loopscan", "plan_args": plan_args, "count_time": time, **(md or {})}
    return (yield from configure_count_time_wrapper(scans.count(detectors, npoints, md=md), time))


@plan
def timescan(time: float = 1.0, sleep: float = 0.0, *, detectors: Detectors, md: Metadata = None) -> Plan:
    """Count until it is stopped. Returns the run's uid.

    Args:
        time: count time of each point in seconds.
        sleep: seconds from the end of one point to the start of the next.
        detectors: a list of readable devices.
        md: metadata of the run.
    """
    plan_args = recordable_arguments(detectors, time=time, sleep=sleep)
    time, sleep = seconds(time, "time", positive=True), seconds(sleep, "sleep")
    md = {"plan_name": "timescan", "plan_args": plan_args, "count_time": time, **(md or {})}
    counting = scans.count(detectors, None, delay=time + sleep if sleep else None, md=md)
    return (yield from configure_count_time_wrapper(counting, time))


# ---- alignment -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineupResult:
    """The result of a lineup."""

    uid: str
    """The run's uid."""
    field: str
    """The recorded key that was highest."""
    origin: float
    """The motor's setpoint before the scan."""
    position: float
    """Where the signal was highest, and the motor is now."""


@plan
def lineup(
    motor: NamedMovable,
    start: float,
    finish: float,
    intervals: int,
    time: float,
    *,
    detectors: Detectors,
    field: str | None = None,
    anyway: bool = False,
    md: Metadata = None,
) -> Plan:
    """Scan as `dscan` does, then go to where the signal was highest. Returns a `LineupResult`.

    The motor returns if the scan is interrupted, and if the signal has no peak that `centre_on_peak` would go to.

    Args:
        motor: the motor that is scanned.
        start: distance of the first point from where the motor is.
        finish: distance of the last.
        intervals: number of steps; there is one point more.
        time: count time of each point in seconds.
        detectors: a list of readable devices.
        field: the recorded key whose maximum is looked for; None takes the first hinted key of the detectors that has
            a peak.
        anyway: True goes to the highest point also where there is no peak.
        md: metadata of the run.

    Raises:
        PlanError: nothing records `field`, or start and finish are the same.
        NoFit: the signal has no peak, and the motor is where it was; give ``anyway=True`` to insist.
    """
    require_a_range(real_number(start, "start"), real_number(finish, "finish"))
    fields = hinted_fields(as_devices(detectors), motor) if field is None else [field]
    points: list[dict[str, float]] = []

    def read_and_keep(devices: Any) -> Plan:
        readings = yield from trigger_and_read(devices)
        values = {name: readings[name]["value"] for name in (motor.name, *fields) if name in readings}
        if motor.name in values:
            points.append({name: float(value) for name, value in values.items() if isinstance(value, Real)})

    def step(detectors: Any, point: Any, pos_cache: Any) -> Plan:
        return (yield from one_nd_step(detectors, point, pos_cache, take_reading=read_and_keep))

    origin = (yield from origins_of([motor]))[motor]
    line = {"motor": motor, "start": start, "finish": finish}
    uid = yield from _line("lineup", scans.rel_scan, line, intervals, time, detectors, md, per_step=step)
    columns = {name: [point.get(name, math.nan) for point in points] for name in fields}
    recorded: dict[str, Column] = {name: (ys, None) for name, ys in columns.items() if not all(map(math.isnan, ys))}
    if not recorded:
        raise PlanError(f"nothing records both {' or '.join(fields)} and {motor.name}: {motor.name} is where it was")
    xs = [point[motor.name] for point in points]
    try:
        signal, _ = first_fit(fit_peak, motor, xs, recorded)
    except NoFit as exc:
        if not anyway:
            raise NoFit(f"{exc}; {motor.name} is where it was, to insist: lineup ... anyway") from exc
        clear = (name for name, column in recorded.items() if significance(*column).is_clear)
        signal = next(clear, next(iter(recorded)))
    ys = recorded[signal][0]
    highest = xs[max(range(len(ys)), key=lambda n: -math.inf if math.isnan(ys[n]) else ys[n])]
    yield from mv(motor, highest)
    return LineupResult(uid, signal, origin, highest)
