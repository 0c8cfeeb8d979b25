"""Checks of the names that a class of devices gives to its parts, made with the class.

They build no part.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from types import CodeType
from typing import Any

from beamshell.devices.component import Component
from beamshell.devices.part import Kind

_NAME = "NAME"
"""Stands for the name of a device, which its class does not know."""


def check_part_names(cls: Any, components: Mapping[str, Component[Any]]) -> None:
    """Return if the parts of a class of devices can have their names.

    Args:
        cls: the class.
        components: its parts by attribute, or those of one device if it has more.

    Raises:
        TypeError: a name is that of something that every such device has, or two parts would be recorded as one key:
            give the part that the message names another name.
    """
    for attr in components:
        for base in cls.__mro__:
            if _has_otherwise(base, attr):
                raise TypeError(
                    f"{cls.__name__}.{attr}: every {base.__name__} has a {attr} already; give this part another name"
                )
    dotted_by_key: dict[str, str] = {}
    for dotted, key in _recorded_keys(cls, components, "", _NAME):
        other = dotted_by_key.setdefault(key, dotted)
        if other != dotted:
            raise TypeError(
                f"{cls.__name__}: {other} and {dotted} would both be recorded as {key}; give one of them another name"
            )


def _has_otherwise(base: type, attr: str) -> bool:
    """Whether a class defines the attribute as something else than a part, or sets it when a device is made."""
    if not isinstance(vars(base).get(attr), Component | None):
        return True
    init = vars(base).get("__init__")
    code = getattr(init, "__code__", None)
    return code is not None and attr in code.co_names and attr in _set_on_self(code)


@cache
def _set_on_self(code: CodeType) -> frozenset[str]:
    """The attributes that a method sets on its first argument."""
    this = code.co_varnames[0] if code.co_varnames else ""
    names = set()
    for load, store in pairwise(dis.get_instructions(code)):
        if store.opname == "STORE_ATTR" and load.opname.startswith("LOAD_FAST"):
            loaded = load.argval[-1] if isinstance(load.argval, tuple) else load.argval
            if loaded == this:
                names.add(str(store.argval))
    return frozenset(names)


def _recorded_keys(
    cls: Any, components: Mapping[str, Component[Any]], dotted: str, name: str
) -> Iterator[tuple[str, str]]:
    """(dotted name, key) of each recorded signal that a device of this class and name has."""
    for attr, component in components.items():
        if component.kind in (Kind.omitted, "omitted"):
            continue
        part_name = _part_name(cls, attr, name)
        path = f"{dotted}.{attr}" if dotted else attr
        nested = getattr(component.cls, "_components", None)
        if nested is not None:
            yield from _recorded_keys(component.cls, nested, path, part_name)
            continue
        yield path, part_name
        if isinstance(component.kwargs.get("write_pv"), str):
            yield f"the set point of {path}", f"{part_name}_setpoint"
        if component.kwargs.get("record_alarm"):
            yield f"the severity of {path}", f"{part_name}_severity"


def _part_name(cls: Any, attr: str, name: str) -> str:
    """The name of a part of a device of this class and name, as the class says it without a device."""
    device = object.__new__(cls)
    device._name = name
    try:
        return str(device.part_name(attr))
    except (AttributeError, KeyError):  # it depends on more than the name, or this part is one device's own
        return f"{name}_{attr}"
