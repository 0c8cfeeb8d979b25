"""A plan as Python source that makes it again at the prompt: ``bp.scan([det], mono.energy, 8.95, 8.96, num=2)``.

It reads the call that a plan remembers, and makes the plan of a recorded form, but never runs one. Of a form, nothing
is called but plans and commands, with devices, numbers, texts and lists.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from beamshell.arrays import np
from beamshell.errors import PlanError
from beamshell.messages import Plan
from beamshell.plans.unrun_plan_guard import PlanCall, call_of
from beamshell.protocols import Movable, Readable
from beamshell.shell.device_parts import name_in_parent
from beamshell.shell.tokens import find_device

_MOST_ITEMS = 10_000
"""Items of a list that is written; it would take longer, and fill the start document once more."""


class _NotWritableError(Exception):
    """An argument has no name and no literal."""


def plan_form(plan: Any, devices: Mapping[str, Any]) -> str:
    """The call that made a plan; "" if it is unknown, or has an argument that cannot be written.

    Args:
        plan: as the plan's function has returned it.
        devices: the devices by the names that they have at the prompt.
    """
    call = call_of(plan)
    try:
        return "" if call is None else _call(call, devices)
    except _NotWritableError:
        return ""


def recorded_form(plan: Any, devices: Mapping[str, Any]) -> dict[str, str]:
    """What the start document of a run says of the form of its plan; {} if it has none."""
    form = plan_form(plan, devices)
    return {"plan_form": form} if form else {}


def plan_of(form: str, devices: Mapping[str, Any], plan_of_command: Callable[[str], Callable[..., Plan]]) -> Plan:
    """The plan of a form that `plan_form` has written, also for another console.

    Args:
        form: the Python source.
        devices: the devices by the names that they have at the prompt.
        plan_of_command: gives the function that makes the plan of the command of a name.

    Raises:
        PlanError: it is no such form.
        UnknownName: it has a device or a command that is not here.
    """
    try:
        plan = _Maker(devices, plan_of_command).value(ast.parse(form, mode="eval").body)
    except (SyntaxError, TypeError) as exc:
        raise PlanError(f"'{form}' makes no plan: {exc}") from exc
    if call_of(plan) is None:
        raise PlanError(f"'{form}' is no plan")
    return cast(Plan, plan)


def literal(value: Any, devices: Mapping[str, Any]) -> str:
    """One argument as source; "" if it cannot be written."""
    try:
        return _argument(value, devices)
    except _NotWritableError:
        return ""


def as_word(token: Any, devices: Mapping[str, Any]) -> str:
    """A typed word, or a Python object as one would type it: a device by its name, a region as start:stop:step."""
    if isinstance(token, tuple):
        return ":".join(as_word(item, devices) for item in token)
    return token if isinstance(token, str) else literal(token, devices) or repr(token)


class _Maker:
    """Makes what the nodes of a plan's form stand for."""

    def __init__(self, devices: Mapping[str, Any], plan_of_command: Callable[[str], Callable[..., Plan]]) -> None:
        self._devices = devices
        self._plan_of_command = plan_of_command

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return -number
            case ast.List(elts=items):
                return [self.value(item) for item in items]
            case ast.Tuple(elts=items):
                return tuple(self.value(item) for item in items)
            case ast.Dict(keys=keys, values=values):
                return {self.value(key): self.value(item) for key, item in zip(keys, values, strict=True) if key}
            case ast.Call(func=function, args=args, keywords=keywords):
                named = {keyword.arg: self.value(keyword.value) for keyword in keywords if keyword.arg}
                return self._function(ast.unparse(function))(*map(self.value, args), **named)
            case ast.Name() | ast.Attribute():
                return find_device(ast.unparse(node), self._devices)
        raise PlanError(f"'{ast.unparse(node)}' stands in the form of a plan, where it means nothing")

    def _function(self, dotted: str) -> Callable[..., Plan]:
        room, _, name = dotted.partition(".")
        if name == "plan":
            return self._plan_of_command(room)
        module = _modules().get(room)
        if module is None or name not in module.__all__:
            raise PlanError(f"there is no plan '{dotted}'")
        return cast(Callable[..., Plan], getattr(module, name))


def _modules() -> dict[str, Any]:
    """The modules of plans, by their names at the prompt."""
    from beamshell import plans
    from beamshell.plans import preprocessors, stubs

    return {"bp": plans, "bps": stubs, "bpp": preprocessors}


def _call(call: PlanCall, devices: Mapping[str, Any]) -> str:
    arguments = [_argument(value, devices) for value in call.args]
    arguments += [f"{key}={_argument(value, devices)}" for key, value in call.kwargs.items()]
    return f"{call.name or _function(call.function)}({', '.join(arguments)})"


def _function(function: Callable[..., Any]) -> str:
    """The name of a plan's function at the prompt, such as "bp.scan" or "bps.mv"."""
    name = function.__name__
    for prefix, module in _modules().items():
        if name in module.__all__ and getattr(module, name) is function:
            return f"{prefix}.{name}"
    raise _NotWritableError


def _argument(value: Any, devices: Mapping[str, Any]) -> str:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int | str):
        return int.__repr__(value) if isinstance(value, int) else str.__repr__(value)  # an enum's own is no Python
    if isinstance(value, float) and math.isfinite(value):
        short = float.__repr__(value).removesuffix(".0")
        return "-0.0" if short == "-0" else short
    if isinstance(value, list | tuple | dict) and len(value) > _MOST_ITEMS:
        raise _NotWritableError
    if isinstance(value, list):
        return f"[{', '.join(_argument(item, devices) for item in value)}]"
    if type(value) is tuple:
        items = [_argument(item, devices) for item in value]
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_argument(k, devices)}: {_argument(v, devices)}' for k, v in value.items())}}}"
    if (call := call_of(value)) is not None:
        return _call(call, devices)
    return _device(value, devices)


def _device(device: Any, devices: Mapping[str, Any]) -> str:
    """The device's Python name at the prompt, such as "mono.energy" for a part; its recorded name may differ."""
    name: Any = getattr(device, "name", None)
    if isinstance(name, str) and devices.get(name) is device:
        return name
    parent: Any = getattr(device, "parent", None)
    is_device: bool = isinstance(device, Readable | Movable) and isinstance(name, str)
    if not is_device:
        raise _NotWritableError
    if parent is not None:
        part = name_in_parent(device)
        return f"{_device(parent, devices)}{f'[{part}]' if part.isdecimal() else f'.{part}'}"
    for prompt_name, other in devices.items():
        if other is device:
            return prompt_name
    raise _NotWritableError
