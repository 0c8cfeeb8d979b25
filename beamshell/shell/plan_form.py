"""A plan as Python source that makes it again at the prompt: ``bp.scan([det], mono.energy, 8.95, 8.96, num=2)``.

It reads the call that a plan remembers, and never runs a plan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from beamshell.arrays import np
from beamshell.plans.unrun_plan_guard import PlanCall, call_of
from beamshell.protocols import Movable, Readable


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


def _call(call: PlanCall, devices: Mapping[str, Any]) -> str:
    arguments = [_argument(value, devices) for value in call.args]
    arguments += [f"{key}={_argument(value, devices)}" for key, value in call.kwargs.items()]
    return f"{call.name or _function(call.function)}({', '.join(arguments)})"


def _function(function: Callable[..., Any]) -> str:
    """The name of a plan's function at the prompt, such as "bp.scan" or "bps.mv"."""
    from beamshell import plans
    from beamshell.plans import preprocessors, stubs

    name = function.__name__
    for prefix, module in (("bp", plans), ("bps", stubs), ("bpp", preprocessors)):
        if name in module.__all__ and getattr(module, name) is function:
            return f"{prefix}.{name}"
    raise _NotWritableError


def _argument(value: Any, devices: Mapping[str, Any]) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int | str):
        return int.__repr__(value) if isinstance(value, int) else str.__repr__(value)  # an enum's own is no Python
    if isinstance(value, float) and math.isfinite(value):
        short = float.__repr__(value).removesuffix(".0")
        return "-0.0" if short == "-0" else short
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
        return f"{_device(parent, devices)}.{device.attr_name}"
    for prompt_name, other in devices.items():
        if other is device:
            return prompt_name
    raise _NotWritableError
