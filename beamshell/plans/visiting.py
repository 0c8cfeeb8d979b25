"""How a scan visits its points: all are checked, then each is gone to and recorded.

It knows nothing of where the points come from.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import patterns, stubs, unrun_plan_guard
from beamshell.plans.preprocessors import MakePlan, finalize_wrapper, msg_mutator, run_wrapper, stage_wrapper
from beamshell.plans.start_metadata import RunMetadata, shown_arguments

PerStep = Callable[..., Plan] | None


def visit(detectors: list[Any], points: list[patterns.Point], per_step: PerStep, md: RunMetadata) -> Plan:
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


def visit_and_return(detectors: list[Any], points: list[patterns.Point], per_step: PerStep, md: RunMetadata) -> Plan:
    """As `visit`, from where the motors are; they go back there however it ends."""
    origins = yield from origins_of(points[0] if points else [])
    there = [{motor: stubs.moved_by(motor, origins[motor], way) for motor, way in point.items()} for point in points]
    return (yield from returning(visit(detectors, there, per_step, md), origins))


def origins_of(motors: Iterable[Any]) -> Plan:
    """Where motors were sent last, by motor."""
    origins = {}
    for motor in motors:
        origins[motor] = yield from stubs.setpoint(motor)
    return origins


def returning(plan: Plan, origins: dict[Any, Any]) -> Plan:
    """Run `plan`, then send the motors that it moved to their origins, however it ended; what it returned."""
    moved: set[Any] = set()

    def noting(msg: Msg) -> Msg:
        if msg.command == "set":
            moved.add(msg.obj)
        return msg

    def put_back() -> Plan:
        targets = [(motor, origin) for motor, origin in origins.items() if motor in moved]
        for motor, origin in targets:
            yield Msg("set", motor, origin, group="return")
        if targets:
            yield Msg("wait", None, group="return")

    return (yield from finalize_wrapper(msg_mutator(plan, noting), put_back))


def relative(absolute: MakePlan, shifted: Mapping[str, str], *, centred: bool = False) -> MakePlan:
    """The plan ``rel_...`` that does the same from where the motors are, and returns them.

    Args:
        absolute: a plan with an argument `md`.
        shifted: by argument that is a position, the argument that is the motor.
        centred: True for positions that are a centre: it is where the motors are, and is not given.
    """
    name = f"rel_{absolute.__name__}"
    whole = inspect.signature(absolute)
    own = whole.replace(parameters=[p for p in whole.parameters.values() if not (centred and p.name in shifted)])

    def from_here(*args: Any, **kwargs: Any) -> Plan:
        given = own.bind(*args, **kwargs)
        given.apply_defaults()
        arguments = given.arguments
        origins = yield from origins_of(dict.fromkeys(arguments[motor] for motor in shifted.values()))
        there = {
            word: stubs.moved_by(arguments[motor], origins[arguments[motor]], arguments.get(word, 0.0))
            for word, motor in shifted.items()
        }
        md = {"plan_name": name, "plan_args": shown_arguments(**arguments), **(arguments["md"] or {})}
        return (yield from returning(absolute(**{**arguments, **there, "md": md}), origins))

    from_here.__name__ = from_here.__qualname__ = name
    from_here.__module__ = absolute.__module__
    from_here.__signature__ = own  # type: ignore[attr-defined]  # what help and completion show
    from_here.__doc__ = (
        f"As `{absolute.__name__}`, from where the motors are; they return there at the end, "
        "and also if it is interrupted."
    )
    return unrun_plan_guard.plan(from_here)
