"""Scans over grids: grid_scan, list_grid_scan and their rel_ forms; the first motor is the slowest.

Each checks every point against the motors' limits before anything moves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Plan
from beamshell.plans import patterns
from beamshell.plans.arguments import Detectors, require_detectors, require_not_too_many, whole_number
from beamshell.plans.start_metadata import (
    Metadata,
    RunMetadata,
    as_devices,
    grid_hints,
    pattern_metadata,
    start_metadata,
)
from beamshell.plans.step_scan import PerStep, relative_step_scan, step_scan
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import NamedMovable

Snakes = bool | Iterable[Any] | None


@plan
def grid_scan(
    detectors: Detectors,
    *args: NamedMovable | Any,
    snake_axes: Snakes = None,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """Visit every point of a grid; the first motor is the slowest. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        args: motor, start, stop, num, motor, start, stop, num ...
        snake_axes: True lets all motors but the slowest go back and forth; or a list of motors that do.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Example:
        ``RE(grid_scan([det], samy, 0, 1, 5, samx, 0, 2, 11, snake_axes=True))``
    """
    return (yield from step_scan(*_grid("grid_scan", detectors, args, snake_axes, per_step, md)))


@plan
def rel_grid_scan(
    detectors: Detectors,
    *args: NamedMovable | Any,
    snake_axes: Snakes = None,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """As `grid_scan`, around where the motors are; they return there at the end."""
    return (yield from relative_step_scan(*_grid("rel_grid_scan", detectors, args, snake_axes, per_step, md)))


@plan
def list_grid_scan(
    detectors: Detectors,
    *args: NamedMovable | Any,
    snake_axes: Snakes = False,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """Visit every combination of listed positions; the first motor is the slowest. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        args: motor, [positions], motor, [positions] ...
        snake_axes: True lets all motors but the slowest go back and forth; or a list of motors that do.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Example:
        ``RE(list_grid_scan([det], samy, [0, 1, 5], samx, [0, 0.1, 3]))``
    """
    return (yield from step_scan(*_list_grid("list_grid_scan", detectors, args, snake_axes, per_step, md)))


@plan
def rel_list_grid_scan(
    detectors: Detectors,
    *args: NamedMovable | Any,
    snake_axes: Snakes = False,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """As `list_grid_scan`, around where the motors are; they return there at the end."""
    return (yield from relative_step_scan(*_list_grid("rel_list_grid_scan", detectors, args, snake_axes, per_step, md)))


def _grid(
    name: str, detectors: Any, args: tuple[Any, ...], snake_axes: Snakes, per_step: PerStep, md: Metadata
) -> tuple[list[Any], Sequence[patterns.Point], PerStep, RunMetadata]:
    require_detectors(name, detectors, args, "motor, start, stop, num, ...")
    quads = patterns.chunked(args, 4, "motor, start, stop, num, ...")
    axes = [
        (motor, patterns.line(start, stop, whole_number(num, f"num of {motor.name}")))
        for motor, start, stop, num in quads
    ]
    return _combined(name, detectors, axes, args, snake_axes, "rectilinear", per_step, md)


def _list_grid(
    name: str, detectors: Any, args: tuple[Any, ...], snake_axes: Snakes, per_step: PerStep, md: Metadata
) -> tuple[list[Any], Sequence[patterns.Point], PerStep, RunMetadata]:
    require_detectors(name, detectors, args, "motor, [positions], ...")
    axes = [(motor, patterns.listed(values)) for motor, values in patterns.chunked(args, 2, "motor, [positions], ...")]
    flat = [item for axis in axes for item in axis]
    return _combined(name, detectors, axes, flat, snake_axes, None, per_step, md)


def _combined(
    name: str,
    detectors: Any,
    axes: Sequence[tuple[Any, patterns.Column]],
    args: Sequence[Any],
    snake_axes: Snakes,
    gridding: str | None,
    per_step: PerStep,
    md: Metadata,
) -> tuple[list[Any], Sequence[patterns.Point], PerStep, RunMetadata]:
    detectors = as_devices(detectors)
    motors = patterns.unique(motor for motor, _ in axes)
    for motor, values in axes:
        if not len(values):
            raise PlanError(f"the list of positions of {motor.name} is empty")
    snaking = patterns.snakes(motors, snake_axes)
    require_not_too_many(math.prod(len(values) for _, values in axes))
    points = patterns.grid(axes, snaking)
    run_md = {
        **start_metadata(name, detectors, motors, len(points), args=args, per_step=per_step),
        **pattern_metadata("grid", args=args),
        "shape": tuple(len(values) for _, values in axes),
        "snaking": tuple(snaking),
        "hints": grid_hints(motors, gridding),
        **(md or {}),
    }
    return detectors, points, per_step, run_md
