"""Scans along lines and lists, and counting: count, scan, list_scan, log_scan, scan_nd, x2x_scan, their rel_ forms.

Each checks every point against the motors' limits before anything moves. Detectors come first; `num` is a number of
points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from beamshell.arrays import np
from beamshell.errors import PlanError
from beamshell.messages import Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.arguments import Detectors, delays, real_number, require_detectors, whole_number
from beamshell.plans.preprocessors import run_wrapper, stage_wrapper
from beamshell.plans.start_metadata import (
    TIME_HINTS,
    Metadata,
    RunMetadata,
    as_devices,
    grid_hints,
    names,
    pattern_metadata,
    recordable,
    recordable_arguments,
    start_metadata,
    together_hints,
)
from beamshell.plans.step_scan import PerStep, relative_step_scan, step_scan
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import NamedMovable


@plan
def count(
    detectors: Detectors,
    num: int | None = 1,
    delay: float | Iterable[float] | None = None,
    *,
    per_shot: Callable[[Sequence[Any]], Plan] | None = None,
    md: Metadata = None,
) -> Plan:
    """Take one or more readings of detectors. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        num: the number of readings; None goes on until it is stopped.
        delay: seconds from one reading's start to the next one's; a number, or an iterable with one for each gap.
        per_shot: ``f(detectors)``, a plan for one reading.
        md: metadata of the run.

    Example:
        ``RE(count([det], num=5, delay=1))``
    """
    detectors = as_devices(detectors)
    if num is not None:
        num = whole_number(num, most=None)
    checked_delay = delays(delay)
    run_md = {
        "detectors": names(detectors),
        "num_points": num,
        "num_intervals": None if num is None else num - 1,
        "plan_args": recordable_arguments(detectors, num=num, delay=delay),
        "plan_name": "count",
        "hints": TIME_HINTS,
        **(md or {}),
    }
    shot = per_shot or partial(stubs.one_shot, take_reading=stubs.TriggerAndRead())
    alike = per_shot is None and not isinstance(checked_delay, Iterable)
    readings = stubs.repeat(lambda: shot(detectors), num, checked_delay, alike=alike)
    return (yield from stage_wrapper(run_wrapper(readings, md=run_md), detectors))


# ---- from start to stop --------------------------------------------------------------------------


@plan
def scan(
    detectors: Detectors,
    *args: NamedMovable | Any,
    num: int | None = None,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """Step one or more motors together from start to stop, reading at each point. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        args: motor, start, stop, motor, start, stop ... and, if `num` is not given by name, the number of points.
        num: the number of points, both ends included.
        per_step: ``f(detectors, step, pos_cache)``, a plan for a point; of one motor ``f(detectors, motor, step)``.
        md: metadata of the run.

    Example:
        ``RE(scan([det], th, -1, 1, 21))``
    """
    return (yield from step_scan(*_lines("scan", detectors, args, num, per_step, md)))


@plan
def rel_scan(
    detectors: Detectors,
    *args: NamedMovable | Any,
    num: int | None = None,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """As `scan`, from where the motors are; they return there at the end, and also if it is interrupted.

    Example:
        ``RE(rel_scan([det], th, -1, 1, 21))``
    """
    return (yield from relative_step_scan(*_lines("rel_scan", detectors, args, num, per_step, md)))


@plan
def inner_product_scan(
    detectors: Detectors, num: int, *args: NamedMovable | Any, per_step: PerStep = None, md: Metadata = None
) -> Plan:
    """As `scan`, with the number of points first."""
    return (yield from step_scan(*_lines("inner_product_scan", detectors, args, num, per_step, md)))


@plan
def relative_inner_product_scan(
    detectors: Detectors, num: int, *args: NamedMovable | Any, per_step: PerStep = None, md: Metadata = None
) -> Plan:
    """As `rel_scan`, with the number of points first."""
    return (yield from relative_step_scan(*_lines("relative_inner_product_scan", detectors, args, num, per_step, md)))


@plan
def x2x_scan(
    detectors: Detectors,
    motor1: NamedMovable,
    motor2: NamedMovable,
    start: float,
    stop: float,
    num: int,
    *,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """Scan two-theta and theta from where they are, theta half as far. Returns the run's uid.

    The motors return at the end, and also if it is interrupted.

    Args:
        detectors: a list of readable devices.
        motor1: moves from `start` to `stop`, such as two-theta.
        motor2: moves from half of `start` to half of `stop`, such as theta.
        start: distance of the first point from where `motor1` is.
        stop: distance of the last.
        num: the number of points.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.
    """
    line = (motor1, start, stop, motor2, start / 2, stop / 2)
    plan_args = recordable_arguments(
        detectors, motor1=motor1.name, motor2=motor2.name, start=start, stop=stop, num=num, per_step=per_step
    )
    md = {"plan_args": plan_args, **(md or {})}
    return (yield from relative_step_scan(*_lines("x2x_scan", detectors, line, num, per_step, md)))


def _lines(
    name: str, detectors: Any, args: tuple[Any, ...], num: int | None, per_step: PerStep, md: Metadata
) -> tuple[list[Any], Sequence[patterns.Point], PerStep, RunMetadata]:
    require_detectors(name, detectors, args, "motor, start, stop, ..., num")
    if num is None:
        if len(args) % 3 != 1:
            raise PlanError(f"how many points? {name}(detectors, motor, start, stop, num)")
        *rest, num = args
        args = tuple(rest)
    detectors, num = as_devices(detectors), whole_number(num)
    triples = patterns.chunked(args, 3, "motor, start, stop, ...")
    motors = patterns.unique(motor for motor, _, _ in triples)
    points = patterns.together([(motor, patterns.line(a, b, num)) for motor, a, b in triples])
    run_md = {
        **start_metadata(name, detectors, motors, num, num=num, args=args, per_step=per_step),
        **pattern_metadata("together", num=num, args=args),
        "hints": together_hints(motors),
        **(md or {}),
    }
    return detectors, points, per_step, run_md


# ---- logarithmic ---------------------------------------------------------------------------------


@plan
def log_scan(
    detectors: Detectors,
    motor: NamedMovable,
    start: float,
    stop: float,
    num: int,
    *,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """Step a motor from 10**start to 10**stop, at equal distances of the logarithm. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        motor: the motor that is scanned.
        start: the first position is 10**start.
        stop: the last position is 10**stop.
        num: the number of points.
        per_step: ``f(detectors, step, pos_cache)``, a plan for a point; of one motor ``f(detectors, motor, step)``.
        md: metadata of the run.

    Example:
        ``RE(log_scan([det], th, -2, 1, 4))`` visits 0.01, 0.1, 1 and 10.
    """
    return (yield from step_scan(*_powers("log_scan", detectors, motor, start, stop, num, per_step, md)))


@plan
def rel_log_scan(
    detectors: Detectors,
    motor: NamedMovable,
    start: float,
    stop: float,
    num: int,
    *,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """As `log_scan`, from where the motor is; it returns there at the end."""
    return (yield from relative_step_scan(*_powers("rel_log_scan", detectors, motor, start, stop, num, per_step, md)))


def _powers(
    name: str, detectors: Any, motor: Any, start: float, stop: float, num: int, per_step: PerStep, md: Metadata
) -> tuple[list[Any], Sequence[patterns.Point], PerStep, RunMetadata]:
    detectors, num = as_devices(detectors), whole_number(num)
    start, stop = real_number(start, "start"), real_number(stop, "stop")
    line = {"start": start, "stop": stop, "num": num}
    run_md = {
        **start_metadata(name, detectors, [motor], num, motor=motor, **line, per_step=per_step),
        **pattern_metadata("logspace", module="numpy", **line),
        "hints": together_hints([motor]),
        **(md or {}),
    }
    return detectors, patterns.Points({motor: np.logspace(start, stop, num)}), per_step, run_md


# ---- lists ---------------------------------------------------------------------------------------


@plan
def list_scan(detectors: Detectors, *args: NamedMovable | Any, per_step: PerStep = None, md: Metadata = None) -> Plan:
    """Visit listed positions, several motors together. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        args: motor, [positions], motor, [positions] ... all lists of one length.
        per_step: ``f(detectors, step, pos_cache)``, a plan for a point; of one motor ``f(detectors, motor, step)``.
        md: metadata of the run.

    Example:
        ``RE(list_scan([det], th, [0, 0.1, 0.5, 1]))``
    """
    return (yield from step_scan(*_lists("list_scan", detectors, args, per_step, md)))


@plan
def rel_list_scan(
    detectors: Detectors, *args: NamedMovable | Any, per_step: PerStep = None, md: Metadata = None
) -> Plan:
    """As `list_scan`, from where the motors are; they return there at the end."""
    return (yield from relative_step_scan(*_lists("rel_list_scan", detectors, args, per_step, md)))


def _lists(
    name: str, detectors: Any, args: tuple[Any, ...], per_step: PerStep, md: Metadata
) -> tuple[list[Any], Sequence[patterns.Point], PerStep, RunMetadata]:
    require_detectors(name, detectors, args, "motor, [positions], ...")
    detectors = as_devices(detectors)
    axes = [(motor, patterns.listed(values)) for motor, values in patterns.chunked(args, 2, "motor, [positions], ...")]
    motors = patterns.unique(motor for motor, _ in axes)
    points = patterns.together(axes)
    if not points:
        raise PlanError(f"the list of positions of {motors[0].name} is empty")
    args = tuple(item for axis in axes for item in axis)
    run_md = {
        **start_metadata(name, detectors, motors, len(points), args=args, per_step=per_step),
        **pattern_metadata("together", args=args),
        "hints": together_hints(motors),
        **(md or {}),
    }
    return detectors, points, per_step, run_md


@plan
def scan_nd(
    detectors: Detectors, cycler: Iterable[Mapping[Any, Any]], *, per_step: PerStep = None, md: Metadata = None
) -> Plan:
    """Visit any points. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        cycler: the points, each a mapping of positions by motor: a list of dicts, or a Cycler.
        per_step: ``f(detectors, step, pos_cache)``, a plan for a point; of one motor ``f(detectors, motor, step)``.
        md: metadata of the run.

    Raises:
        PlanError: the points do not all have the same motors.

    Example:
        ``RE(scan_nd([det], [{samx: 0, samy: 0}, {samx: 1, samy: 5}]))``
    """
    detectors = as_devices(detectors)
    mappings = list(cycler)
    motors = list(mappings[0]) if mappings else []
    for number, point in enumerate(mappings, 1):
        if point.keys() != mappings[0].keys():
            raise PlanError(f"point {number} of {len(mappings)} moves {names(point)}, the first point {names(motors)}")
    points = patterns.Points(patterns.columns_of(mappings))
    run_md = {
        **start_metadata("scan_nd", detectors, motors, len(points), per_step=per_step),
        "hints": grid_hints(motors),
        **(md or {}),
    }
    recorded = {motor.name: recordable(column) for motor, column in points.columns.items()}
    run_md["plan_args"]["cycler"] = [
        dict(zip(recorded, row, strict=True)) for row in zip(*recorded.values(), strict=True)
    ]
    return (yield from step_scan(detectors, points, per_step, run_md))
