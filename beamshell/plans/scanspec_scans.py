"""Step scans over the points of a scanspec Spec: spec_scan.

The library scanspec is an optional extra; it computes points, and has no part in the scan itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from beamshell.arrays import np
from beamshell.errors import MissingLibrary, PlanError
from beamshell.messages import Plan
from beamshell.plans import patterns
from beamshell.plans.arguments import Detectors
from beamshell.plans.start_metadata import Metadata, RunMetadata, as_devices, grid_hints, start_metadata, together_hints
from beamshell.plans.step_scan import timed_step_scan
from beamshell.plans.unrun_plan_guard import plan


@plan
def spec_scan(
    detectors: Detectors,
    spec: Any,
    *,
    axes: Mapping[str, Any] | None = None,
    time: float | None = None,
    md: Metadata = None,
) -> Plan:
    """Visit the midpoints of a scanspec Spec. Returns the run's uid.

    Snaked axes, products and regions of the Spec are kept. Its durations become count times.

    Args:
        detectors: a list of readable devices.
        spec: a Spec whose axes are motors, or names of motors that `axes` resolves.
        axes: by axis name of the Spec, its motor.
        time: count time of each point in seconds, in place of the Spec's durations.
        md: metadata of the run.

    Raises:
        MissingLibrary: scanspec is not installed.
        PlanError: `spec` is not a Spec, or one of its axes is not a motor; give axes={name: motor}.
        LimitError: a point is outside the limits; nothing has moved.

    Example:
        ``RE(spec_scan([det], Linspace(samy, 0, 1, 5) * ~Linspace(samx, -2, 2, 11)))``
    """
    detectors = as_devices(detectors)
    points, times, shape, snaked = _points_of(spec, axes or {})
    motors = list(points.columns)
    times = [float(time)] * len(points) if time is not None else times
    run_md: RunMetadata = {
        **start_metadata("spec_scan", detectors, motors, len(points), spec=repr(spec), time=time),
        "shape": shape,
        "snaking": snaked,
        "hints": grid_hints(motors) if len(shape) == len(motors) else together_hints(motors),
        **(md or {}),
    }
    return (yield from timed_step_scan(detectors, points, times, run_md))


def _points_of(
    spec: Any, axes: Mapping[str, Any]
) -> tuple[patterns.Points, list[float] | None, tuple[int, ...], tuple[bool, ...]]:
    """The Spec's points and their durations (None if it has none); of each dimension its length, and if it snakes."""
    try:
        from scanspec.core import SnakedDimension, stack2dimension
        from scanspec.specs import Spec
    except ImportError as exc:
        raise MissingLibrary('scans from a Spec need scanspec: pip install "beamshell[scanspec]"') from exc
    if not isinstance(spec, Spec):
        raise PlanError(f"{spec!r} is not a Spec: give one such as scanspec.specs.Linspace(motor, 0, 1, 5)")
    stack = spec.calculate(bounds=False)
    path = stack2dimension(stack)
    motors = {axis: _motor(axis, axes) for axis in path.axes()}
    patterns.unique(motors.values())
    points = patterns.Points({motors[axis]: np.asarray(path.midpoints[axis], dtype=float) for axis in path.axes()})
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
        raise PlanError(f"the Spec's axis {axis!r} is not a motor: give axes={{{axis!r}: motor}}")
    return motor
