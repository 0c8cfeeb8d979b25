"""Scans along spirals from the centre outwards: spiral, spiral_fermat, spiral_square and their rel_ forms.

Each checks every point against the motors' limits before anything moves.
"""

from __future__ import annotations

from typing import Any

from beamshell.arrays import np
from beamshell.messages import Plan
from beamshell.plans import patterns
from beamshell.plans.arguments import Detectors, require_not_too_many, whole_number
from beamshell.plans.relative import relative
from beamshell.plans.start_metadata import (
    Metadata,
    RunMetadata,
    as_devices,
    grid_hints,
    pattern_metadata,
    start_metadata,
)
from beamshell.plans.step_scan import PerStep, step_scan
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import NamedMovable


@plan
def spiral(
    detectors: Detectors,
    x_motor: NamedMovable,
    y_motor: NamedMovable,
    x_start: float,
    y_start: float,
    x_range: float,
    y_range: float,
    dr: float,
    nth: float,
    *,
    dr_y: float | None = None,
    tilt: float = 0.0,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """Visit points on rings around a centre, from the inside out. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        x_motor: moves along x.
        y_motor: moves along y.
        x_start: x of the centre.
        y_start: y of the centre.
        x_range: width of the region.
        y_range: its height.
        dr: distance between rings along x.
        nth: number of points on the first ring; ring n has n times as many.
        dr_y: distance between rings along y; None takes `dr`.
        tilt: angle by which the region's sides lean, in radians.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Example:
        ``RE(spiral([det], samx, samy, 0, 0, 2, 2, 0.1, 5))``
    """
    region = {"x_range": x_range, "y_range": y_range, "dr": dr, "nth": nth, "dr_y": dr_y, "tilt": tilt}
    centre = {"x_motor": x_motor, "y_motor": y_motor, "x_start": x_start, "y_start": y_start}
    return (yield from _spiral("spiral", patterns.spiral, detectors, centre, region, per_step, md))


@plan
def spiral_fermat(
    detectors: Detectors,
    x_motor: NamedMovable,
    y_motor: NamedMovable,
    x_start: float,
    y_start: float,
    x_range: float,
    y_range: float,
    dr: float,
    factor: float,
    *,
    dr_y: float | None = None,
    tilt: float = 0.0,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """Visit points spread evenly like the seeds of a sunflower, from the centre outwards. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        x_motor: moves along x.
        y_motor: moves along y.
        x_start: x of the centre.
        y_start: y of the centre.
        x_range: width of the region.
        y_range: its height.
        dr: the radius of point n is sqrt(n) * dr / factor, along x.
        factor: divides `dr`.
        dr_y: the same along y; None takes `dr`.
        tilt: angle by which the region's sides lean, in radians.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Example:
        ``RE(spiral_fermat([det], samx, samy, 0, 0, 2, 2, 0.1, 1))``
    """
    region = {"x_range": x_range, "y_range": y_range, "dr": dr, "factor": factor, "dr_y": dr_y, "tilt": tilt}
    centre = {"x_motor": x_motor, "y_motor": y_motor, "x_start": x_start, "y_start": y_start}
    return (yield from _spiral("spiral_fermat", patterns.fermat_spiral, detectors, centre, region, per_step, md))


def _spiral(
    name: str, pattern: Any, detectors: Any, centre: RunMetadata, region: RunMetadata, per_step: PerStep, md: Metadata
) -> Plan:
    detectors = as_devices(detectors)
    x_motor, y_motor, x, y = centre.values()
    motors = patterns.unique([x_motor, y_motor])
    dx, dy = pattern(**region).T
    points = patterns.Points({x_motor: x + dx, y_motor: y + dy})
    run_md = {
        **start_metadata(name, detectors, motors, len(points), **centre, **region, per_step=per_step),
        **pattern_metadata(pattern.__name__, **region),
        "hints": grid_hints(motors),
        **(md or {}),
    }
    return (yield from step_scan(detectors, points, per_step, run_md))


@plan
def spiral_square(
    detectors: Detectors,
    x_motor: NamedMovable,
    y_motor: NamedMovable,
    x_center: float,
    y_center: float,
    x_range: float,
    y_range: float,
    x_num: int,
    y_num: int,
    *,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """Visit every point of a grid, from the middle outwards. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        x_motor: moves along x.
        y_motor: moves along y.
        x_center: x of the middle.
        y_center: y of the middle.
        x_range: distance from the first column to the last.
        y_range: distance from the first row to the last.
        x_num: number of columns.
        y_num: number of rows.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Example:
        ``RE(spiral_square([det], samx, samy, 0, 0, 2, 2, 5, 5))``
    """
    detectors, motors = as_devices(detectors), patterns.unique([x_motor, y_motor])
    x_num, y_num = whole_number(x_num, "x_num"), whole_number(y_num, "y_num")
    require_not_too_many(x_num * y_num)
    x_positions, y_positions = patterns.around(x_center, x_range, x_num), patterns.around(y_center, y_range, y_num)
    columns, rows = patterns.square_spiral(x_num, y_num).T
    # y comes first so that the extents have the order of the shape and the dimensions
    points = patterns.Points({y_motor: np.array(y_positions)[rows], x_motor: np.array(x_positions)[columns]})
    centre = {"x_motor": x_motor, "y_motor": y_motor, "x_center": x_center, "y_center": y_center}
    region = {"x_range": x_range, "y_range": y_range, "x_num": x_num, "y_num": y_num}
    run_md = {
        **start_metadata("spiral_square", detectors, motors, len(points), **centre, **region, per_step=per_step),
        **pattern_metadata("square_spiral", x_num=x_num, y_num=y_num),
        "shape": (y_num, x_num),
        "hints": grid_hints([y_motor, x_motor], "rectilinear_nonsequential"),
        **(md or {}),
    }
    return (yield from step_scan(detectors, points, per_step, run_md))


# The centre is where the motors are.
rel_spiral = relative(spiral, {"x_start": "x_motor", "y_start": "y_motor"}, centred=True)
rel_spiral_fermat = relative(spiral_fermat, {"x_start": "x_motor", "y_start": "y_motor"}, centred=True)
rel_spiral_square = relative(spiral_square, {"x_center": "x_motor", "y_center": "y_motor"}, centred=True)
