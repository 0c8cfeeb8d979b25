"""Prints as JSON which of our plans bluesky-queueserver and blueapi see. It imports bluesky first, as they do."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Generator
from typing import Any

import pydantic
from bluesky import RunEngine
from bluesky.utils import Msg, is_plan
from bluesky_queueserver.manager.profile_ops import existing_plans_and_devices_from_nspace, prepare_plan, validate_plan

from beamshell import plans
from beamshell.devices.sim import det, motor
from beamshell.plans import stubs

NAMESPACE = {
    **{name: getattr(plans, name) for name in plans.__all__},
    **{f"bps_{name}": getattr(stubs, name) for name in stubs.__all__},
    "motor": motor,
    "det": det,
}
SCAN = {"name": "scan", "args": [["det"], "motor", -1, 1], "kwargs": {"num": 3}, "user_group": "us"}


def main() -> None:
    """Print what they see."""
    seen, devices, plans_there, devices_there = existing_plans_and_devices_from_nspace(nspace=NAMESPACE)
    untyped = [
        f"{name}.{parameter['name']}"
        for name, described in seen.items()
        for parameter in described["parameters"]
        if "annotation" not in parameter
    ]
    allowed = {"allowed_plans": seen, "allowed_devices": devices}
    wrong = SCAN | {"kwargs": {"num": "many"}}
    prepared = prepare_plan(
        SCAN,
        plans_in_nspace=plans_there,
        devices_in_nspace=devices_there,
        allowed_plans={"us": seen},
        allowed_devices={"us": devices},
        nspace=NAMESPACE,
    )
    documents: list[str] = []
    engine = RunEngine()
    engine(prepared["callable"](*prepared["args"], **prepared["kwargs"]), lambda name, _: documents.append(name))
    answer = {
        "plans": [name for name, value in NAMESPACE.items() if is_plan(value)],
        "seen": list(seen),
        "untyped": untyped,
        "devices": {name: [kind for kind in about if about[kind] is True] for name, about in devices.items()},
        "motor of ascan": next(p["annotation"] for p in seen["ascan"]["parameters"] if p["name"] == "motor"),
        "valid": [validate_plan(item, **allowed)[0] for item in (SCAN, wrong)],
        "documents": documents,
        "by keyword": [name for name, value in NAMESPACE.items() if is_plan(value) and is_for_blueapi(value)],
    }
    print(json.dumps(answer))


def is_for_blueapi(plan: Callable[..., Any]) -> bool:
    """True if blueapi lists a plan: it returns bluesky's messages. Each parameter has a type then that JSON can say."""
    hints = typing.get_type_hints(plan)
    returned = hints.get("return")
    if typing.get_origin(returned) is not Generator or typing.get_args(returned)[0] is not Msg:
        return False
    fields = {name: (_for_json(hints[name]), ...) for name in inspect.signature(plan).parameters}
    pydantic.create_model(plan.__name__, **fields).model_json_schema()  # type: ignore[call-overload]
    return True


def _for_json(hint: Any) -> Any:
    """A type in which devices are names, and what may be None is not asked for."""
    if getattr(hint, "__module__", "") == "bluesky.protocols":
        return str
    parts = typing.get_args(hint)
    if type(None) in parts:
        return Any
    return typing.get_origin(hint)[tuple(map(_for_json, parts))] if parts else hint


if __name__ == "__main__":
    main()
