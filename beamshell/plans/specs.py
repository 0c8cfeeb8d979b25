"""Scans whose points come from a scanspec Spec: spec_scan.

The library is an extra, and is asked only for points: what runs is a plan like any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from beamshell.errors import MissingLibrary, PlanError
from beamshell.messages import Plan
from beamshell.plans import patterns
from beamshell.plans.start_metadata import Metadata, RunMetadata, as_devices, grid_hints, start_metadata, together_hints
from beamshell.plans.timed import visit_timed
from beamshell.plans.unrun_plan_guard import plan


@plan
def spec_scan(
    detectors: Any, spec: Any, *, axes: Mapping[str, Any] | None = None, time: float | None = None, md: Metadata = None
) -> Plan:
    """Visit the midpoints of a scanspec Spec; the run's uid.

    Snaked axes, products, masks by regions: whatever the Spec says. Durations in it become count times.

    Args:
        detectors: a list of readable devices.
        spec: a Spec whose axes are motors, or names of motors that `axes` resolves.
        axes: motors by the name that the Spec gives them.
        time: seconds that each point counts, in place of the Spec's durations.
        md: metadata of the run.

    Raises:
        MissingLibrary: scanspec is not installed.
        PlanError: it is no Spec, or one of its axes is no motor.
        LimitError: a point is out of limits, and nothing has moved.

    Example:
        ``RE(spec_scan([det], Linspace(samy, 0, 1, 5) * ~Linspace(samx, -2, 2, 11)))``
    """
    detectors = as_devices(detectors)
    points, times, shape, snaked = _points_of(spec, axes or {})
    motors = list(points[0])
    times = [float(time)] * len(points) if time is not None else times
    facts: RunMetadata = {
        **start_metadata("spec_scan", detectors, motors, len(points), spec=repr(spec), time=time),
        "shape": shape,
        "snaking": snaked,
        "hints": grid_hints(motors) if len(shape) == len(motors) else together_hints(motors),
        **(md or {}),
    }
    return (yield from visit_timed(detectors, points, times, facts))


def _points_of(
    spec: Any, axes: Mapping[str, Any]
) -> tuple[list[patterns.Point], list[float] | None, tuple[int, ...], tuple[bool, ...]]:
    """The points, their durations if it has any, and by dimension its length and whether it is snaked."""
    try:
        from scanspec.core import SnakedDimension, stack2dimension
        from scanspec.specs import Spec
    except ImportError as exc:
        raise MissingLibrary('scans from a Spec need scanspec: pip install "beamshell[scanspec]"') from exc
    if not isinstance(spec, Spec):
        raise PlanError(f"{spec!r} is no Spec: it is made of such as scanspec.specs.Linspace(motor, 0, 1, 5)")
    stack = spec.calculate(bounds=False)
    path = stack2dimension(stack)
    motors = {axis: _motor(axis, axes) for axis in path.axes()}
    patterns.unique(motors.values())
    columns = {motors[axis]: [float(value) for value in path.midpoints[axis]] for axis in path.axes()}
    points = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    times = None if path.duration is None else [float(value) for value in path.duration]
    if not points:
        raise PlanError(f"{spec!r} has no point")
    if times is not None and not all(map(math.isfinite, times)):
        times = None
    snaked = tuple(isinstance(dimension, SnakedDimension) for dimension in stack)
    return points, times, tuple(len(dimension) for dimension in stack), snaked


def _motor(axis: Any, axes: Mapping[str, Any]) -> Any:
    motor = axes.get(axis, axis) if isinstance(axis, str) else axis
    if not hasattr(motor, "set"):
        raise PlanError(f"the Spec's axis {axis!r} is no motor: give axes={{{axis!r}: motor}}")
    return motor
