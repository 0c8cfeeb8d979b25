"""The procedures of the field along a line: count, scan, list_scan, log_scan, scan_nd, x2x_scan, and relative ones.

Each checks every point against the motors' limits before anything moves, and says in the start document
what it is going to do. Detectors come first; `num` is a number of points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from beamshell.errors import PlanError
from beamshell.messages import Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.preprocessors import run_wrapper, stage_wrapper
from beamshell.plans.start_metadata import (
    Metadata,
    RunMetadata,
    as_devices,
    grid_hints,
    names,
    pattern_metadata,
    plain,
    shown_arguments,
    start_metadata,
    together_hints,
)
from beamshell.plans.unrun_plan_guard import plan
from beamshell.plans.visiting import PerStep, visit, visit_and_return


@plan
def count(
    detectors: Any,
    num: int | None = 1,
    delay: float | Iterable[float] | None = None,
    *,
    per_shot: Callable[[Sequence[Any]], Plan] | None = None,
    md: Metadata = None,
) -> Plan:
    """Take one or more readings of detectors; the run's uid.

    Args:
        detectors: a list of readable devices.
        num: how many readings; None goes on until it is stopped.
        delay: seconds from one reading's start to the next one's; a number, or an iterable with one for each gap.
        per_shot: ``f(detectors)``, a plan for one reading.
        md: metadata of the run.

    Example:
        ``RE(count([det], num=5, delay=1))``
    """
    detectors = as_devices(detectors)
    if num is not None:
        num = patterns.whole_number(num)
    start = {
        "detectors": names(detectors),
        "num_points": num,
        "num_intervals": None if num is None else num - 1,
        "plan_args": shown_arguments(detectors, num=num, delay=delay),
        "plan_name": "count",
        "hints": {"dimensions": [(("time",), "primary")]},
        **(md or {}),
    }
    shot = per_shot or stubs.one_shot
    readings = stubs.repeat(lambda: shot(detectors), num, delay)
    return (yield from stage_wrapper(run_wrapper(readings, md=start), detectors))


# ---- from start to stop --------------------------------------------------------------------------


@plan
def scan(detectors: Any, *args: Any, num: int | None = None, per_step: PerStep = None, md: Metadata = None) -> Plan:
    """Step one or more motors together from start to stop, reading at each point; the run's uid.

    Args:
        detectors: a list of readable devices.
        args: motor, start, stop, motor, start, stop ... and, if `num` is not given by name, the number of points.
        num: the number of points, both ends included.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Example:
        ``RE(scan([det], th, -1, 1, 21))``
    """
    return (yield from visit(*_lines("scan", detectors, args, num, per_step, md)))


@plan
def rel_scan(detectors: Any, *args: Any, num: int | None = None, per_step: PerStep = None, md: Metadata = None) -> Plan:
    """As `scan`, from where the motors are; they return there at the end, and also if it is interrupted.

    Example:
        ``RE(rel_scan([det], th, -1, 1, 21))``
    """
    return (yield from visit_and_return(*_lines("rel_scan", detectors, args, num, per_step, md)))


@plan
def inner_product_scan(detectors: Any, num: int, *args: Any, per_step: PerStep = None, md: Metadata = None) -> Plan:
    """As `scan`, with the number of points first."""
    return (yield from visit(*_lines("inner_product_scan", detectors, args, num, per_step, md)))


@plan
def relative_inner_product_scan(
    detectors: Any, num: int, *args: Any, per_step: PerStep = None, md: Metadata = None
) -> Plan:
    """As `rel_scan`, with the number of points first."""
    return (yield from visit_and_return(*_lines("relative_inner_product_scan", detectors, args, num, per_step, md)))


@plan
def x2x_scan(
    detectors: Any,
    motor1: Any,
    motor2: Any,
    start: float,
    stop: float,
    num: int,
    *,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """Scan two motors from where they are, the second half as far as the first, as two-theta and theta go.

    They return at the end, and also if it is interrupted.

    Args:
        detectors: a list of readable devices.
        motor1: the one that goes from `start` to `stop`.
        motor2: the one that goes from half of `start` to half of `stop`.
        start: distance of the first point from where `motor1` is.
        stop: distance of the last.
        num: the number of points.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.
    """
    halves = (motor1, start, stop, motor2, start / 2, stop / 2)
    line = {"start": start, "stop": stop, "num": num, "per_step": per_step}
    as_given = shown_arguments(detectors, motor1=motor1.name, motor2=motor2.name, **line)
    md = {"plan_args": as_given, **(md or {})}
    return (yield from visit_and_return(*_lines("x2x_scan", detectors, halves, num, per_step, md)))


def _lines(
    name: str, detectors: Any, args: tuple[Any, ...], num: int | None, per_step: PerStep, md: Metadata
) -> tuple[list[Any], list[patterns.Point], PerStep, RunMetadata]:
    if num is None:
        if len(args) % 3 != 1:
            raise PlanError(f"how many points? {name}(detectors, motor, start, stop, num)")
        *rest, num = args
        args = tuple(rest)
    detectors, num = as_devices(detectors), patterns.whole_number(num)
    triples = patterns.chunked(args, 3, "motor, start, stop, ...")
    motors = patterns.unique(motor for motor, _, _ in triples)
    points = patterns.together([(motor, patterns.positions(a, b, num)) for motor, a, b in triples])
    facts = {
        **start_metadata(name, detectors, motors, num, num=num, args=args, per_step=per_step),
        **pattern_metadata("together", num=num, args=args),
        "hints": together_hints(motors),
        **(md or {}),
    }
    return detectors, points, per_step, facts


# ---- logarithmic ---------------------------------------------------------------------------------


@plan
def log_scan(
    detectors: Any, motor: Any, start: float, stop: float, num: int, *, per_step: PerStep = None, md: Metadata = None
) -> Plan:
    """Step a motor from 10**start to 10**stop, each position the same factor from the one before; the run's uid.

    Args:
        detectors: a list of readable devices.
        motor: what moves.
        start: the first position's power of ten.
        stop: the last position's.
        num: the number of points.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Example:
        ``RE(log_scan([det], th, -2, 1, 4))`` visits 0.01, 0.1, 1 and 10.
    """
    return (yield from visit(*_powers("log_scan", detectors, motor, start, stop, num, per_step, md)))


@plan
def rel_log_scan(
    detectors: Any, motor: Any, start: float, stop: float, num: int, *, per_step: PerStep = None, md: Metadata = None
) -> Plan:
    """As `log_scan`, from where the motor is; it returns there at the end."""
    return (yield from visit_and_return(*_powers("rel_log_scan", detectors, motor, start, stop, num, per_step, md)))


def _powers(
    name: str, detectors: Any, motor: Any, start: float, stop: float, num: int, per_step: PerStep, md: Metadata
) -> tuple[list[Any], list[patterns.Point], PerStep, RunMetadata]:
    detectors, num = as_devices(detectors), patterns.whole_number(num)
    line = {"start": start, "stop": stop, "num": num}
    facts = {
        **start_metadata(name, detectors, [motor], num, motor=motor, **line, per_step=per_step),
        **pattern_metadata("logspace", **line),
        "plan_pattern_module": "numpy",
        "hints": together_hints([motor]),
        **(md or {}),
    }
    return detectors, [{motor: float(value)} for value in np.logspace(start, stop, num)], per_step, facts


# ---- listed --------------------------------------------------------------------------------------


@plan
def list_scan(detectors: Any, *args: Any, per_step: PerStep = None, md: Metadata = None) -> Plan:
    """Visit listed positions, several motors together; the run's uid.

    Args:
        detectors: a list of readable devices.
        args: motor, [positions], motor, [positions] ... all lists of one length.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Example:
        ``RE(list_scan([det], th, [0, 0.1, 0.5, 1]))``
    """
    return (yield from visit(*_lists("list_scan", detectors, args, per_step, md)))


@plan
def rel_list_scan(detectors: Any, *args: Any, per_step: PerStep = None, md: Metadata = None) -> Plan:
    """As `list_scan`, from where the motors are; they return there at the end."""
    return (yield from visit_and_return(*_lists("rel_list_scan", detectors, args, per_step, md)))


def _lists(
    name: str, detectors: Any, args: tuple[Any, ...], per_step: PerStep, md: Metadata
) -> tuple[list[Any], list[patterns.Point], PerStep, RunMetadata]:
    detectors = as_devices(detectors)
    axes = [(motor, list(values)) for motor, values in patterns.chunked(args, 2, "motor, [positions], ...")]
    motors = patterns.unique(motor for motor, _ in axes)
    points = patterns.together(axes)
    if not points:
        raise PlanError(f"the list of positions of {motors[0].name} is empty")
    flat = [item for axis in axes for item in axis]
    facts = {
        **start_metadata(name, detectors, motors, len(points), args=flat, per_step=per_step),
        **pattern_metadata("together", args=flat),
        "hints": together_hints(motors),
        **(md or {}),
    }
    return detectors, points, per_step, facts


@plan
def scan_nd(
    detectors: Any, cycler: Iterable[Mapping[Any, Any]], *, per_step: PerStep = None, md: Metadata = None
) -> Plan:
    """Visit any points; the run's uid.

    Args:
        detectors: a list of readable devices.
        cycler: the points, each a mapping of positions by motor: a list of dicts, or a Cycler.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Raises:
        PlanError: a point lacks a motor that another has.

    Example:
        ``RE(scan_nd([det], [{samx: 0, samy: 0}, {samx: 1, samy: 5}]))``
    """
    detectors = as_devices(detectors)
    points = [dict(point) for point in cycler]
    motors = list(points[0]) if points else []
    for number, point in enumerate(points, 1):
        if point.keys() != points[0].keys():
            raise PlanError(f"point {number} of {len(points)} moves {names(point)}, the first one {names(motors)}")
    listed = [{motor.name: plain(position) for motor, position in point.items()} for point in points]
    facts = {
        **start_metadata("scan_nd", detectors, motors, len(points), per_step=per_step),
        "hints": grid_hints(motors),
        **(md or {}),
    }
    facts["plan_args"]["cycler"] = listed
    return (yield from visit(detectors, points, per_step, facts))
