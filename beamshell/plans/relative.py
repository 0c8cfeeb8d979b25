"""Plans relative to where the motors are: find the origins, shift the positions, go back at the end.

It knows nothing of the measurement.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans import stubs, unrun_plan_guard
from beamshell.plans.computed_axes import separated
from beamshell.plans.preprocessors import MakePlan, finalize_wrapper, msg_mutator
from beamshell.plans.start_metadata import ORIGINS, RunMetadata, recordable, recordable_arguments
from beamshell.plans.stubs.moving import send_back


def origins_of(motors: Iterable[Any]) -> Plan:
    """The present setpoint of each motor: a dict by motor."""
    origins = {}
    for motor in motors:
        origins[motor] = yield from stubs.setpoint(motor)
    return origins


def origins_metadata(origins: Mapping[Any, Any]) -> RunMetadata:
    """What the start document says of `origins`, by motor: without it, nobody knows later where the points were."""
    return {ORIGINS: {str(motor.name): recordable(origin) for motor, origin in origins.items()}}


def returning(plan: Plan, origins: dict[Any, Any], *, after_success: bool = True) -> Plan:
    """Run `plan`, then send the motors that it moved back to `origins`, however it ends; what `plan` returned.

    Args:
        plan: the plan to run.
        origins: by motor, its position before.
        after_success: False lets the motors stay where a plan that has ended well has sent them.
    """
    moved: set[Any] = set()

    def note_moved(msg: Msg) -> Msg:
        if msg.command == "set":
            moved.update(axis for axis, _ in separated(msg.obj, *msg.args[:1]) or [(msg.obj, None)])
        return msg

    def go_back() -> Plan:
        return send_back([(motor, origin) for motor, origin in origins.items() if motor in moved], "return")

    def and_stay(plan: Plan) -> Plan:
        result = yield from plan
        moved.clear()
        return result

    plan = msg_mutator(plan, note_moved)
    return finalize_wrapper(plan if after_success else and_stay(plan), go_back)


def relative(absolute: MakePlan, motor_of: Mapping[str, str], *, centred: bool = False) -> MakePlan:
    """The plan ``rel_...`` of an absolute plan: positions become distances, and the motors return at the end.

    Args:
        absolute: a plan with an argument `md`.
        motor_of: by argument that is a position, the argument that is its motor.
        centred: True if these positions are a centre: the motors' present positions, no longer arguments.
    """
    name = f"rel_{absolute.__name__}"
    signature = inspect.signature(absolute)
    if centred:
        parameters = [parameter for parameter in signature.parameters.values() if parameter.name not in motor_of]
        signature = signature.replace(parameters=parameters)

    def relative_plan(*args: Any, **kwargs: Any) -> Plan:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = bound.arguments
        origins = yield from origins_of(dict.fromkeys(arguments[motor] for motor in motor_of.values()))
        positions = {
            word: stubs.moved_by(arguments[motor], origins[arguments[motor]], arguments.get(word, 0.0))
            for word, motor in motor_of.items()
        }
        md = {
            "plan_name": name,
            "plan_args": recordable_arguments(**arguments),
            **origins_metadata(origins),
            **(arguments["md"] or {}),
        }
        return (yield from returning(absolute(**{**arguments, **positions, "md": md}), origins))

    relative_plan.__name__ = relative_plan.__qualname__ = name
    relative_plan.__module__ = absolute.__module__
    relative_plan.__signature__ = signature  # type: ignore[attr-defined]  # what help and completion show
    kept = {*signature.parameters, "return"}
    relative_plan.__annotations__ = {key: hint for key, hint in absolute.__annotations__.items() if key in kept}
    relative_plan.__wrapped__ = absolute  # type: ignore[attr-defined]  # in whose module its annotations have a meaning
    relative_plan.__doc__ = (
        f"As `{absolute.__name__}`, from where the motors are; they return there at the end, "
        "and also if it is interrupted."
    )
    return unrun_plan_guard.plan(relative_plan)
