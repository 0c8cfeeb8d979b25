"""How a scan visits its points: all are checked, then each is gone to and recorded.

It knows nothing of where the points come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.facts import Facts
from beamshell.plans.preprocessors import finalize_wrapper, run_wrapper, stage_wrapper

PerStep = Callable[..., Plan] | None


def visit(detectors: list[Any], points: list[patterns.Point], per_step: PerStep, md: Facts) -> Plan:
    """Check all points, then visit and record each; the run's uid.

    Raises:
        PlanError: there is no point.
        LimitError: a point is out of limits, and nothing has moved; the message says which.
    """
    if not points:
        raise PlanError("there is no point to visit")
    patterns.check_points(points, stubs.check)
    step = per_step or stubs.one_nd_step
    md = {"extents": patterns.extents(points), **md}

    def steps() -> Plan:
        pos_cache: dict[Any, Any] = {}
        for point in points:
            yield from step(detectors, point, pos_cache)

    return (yield from stage_wrapper(run_wrapper(steps(), md=md), [*detectors, *points[0]]))


def visit_and_return(detectors: list[Any], points: list[patterns.Point], per_step: PerStep, md: Facts) -> Plan:
    """As `visit`, from where the motors are; they go back there however it ends."""
    origins = yield from origins_of(points[0] if points else [])
    return (yield from returning(visit(detectors, patterns.moved(points, origins), per_step, md), origins))


def origins_of(motors: Iterable[Any]) -> Plan:
    """Where motors were sent last, by motor."""
    origins = {}
    for motor in motors:
        origins[motor] = yield from stubs.setpoint(motor)
    return origins


def returning(plan: Plan, origins: dict[Any, Any]) -> Plan:
    """Run `plan`, then send the motors to their origins, however it ended; what it returned."""

    def put_back() -> Plan:
        for motor, origin in origins.items():
            yield Msg("set", motor, origin, group="return")
        yield Msg("wait", None, group="return")

    return (yield from finalize_wrapper(plan, put_back))
