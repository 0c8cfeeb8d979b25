"""The parts of a device by name, and the axes among them; of any library.

It knows ophyd's `component_names`, as our devices have them, ophyd-async's `children`, and pseudo axes of both. It
asks no hardware, and builds no lazy part.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beamshell.engine.asyncio_view import parts_of
from beamshell.plans.computed_axes import computed_axes
from beamshell.protocols import Movable, has_position

_DEPTH = 4
"""Bundles of bundles so deep are looked into for axes."""


def part_names(device: Any) -> list[str]:
    """The names of its parts."""
    return [*getattr(device, "component_names", ()), *(name for name, _ in parts_of(device))]


def part(device: Any, name: str) -> Any:
    """The part of this name.

    Raises:
        AttributeError: there is none.
    """
    children = dict(parts_of(device))
    return children[name] if name in children else getattr(device, name)


def name_in_parent(device: Any) -> str:
    """The name by which its parent knows it, such as "x"; of a part of a vector its number."""
    if isinstance(name := getattr(device, "attr_name", None), str):
        return name
    return next(name for name, child in parts_of(device.parent) if child is device)


def is_motor(device: Any) -> bool:
    """True for a device with a position; a shutter or a plain signal has none."""
    return has_position(device) and isinstance(device, Movable)


def axes(name: str, device: Any) -> dict[str, Any]:
    """The axes of a device by the names that one types.

    Of a motor this is the motor itself; of one with computed axes, these and its real ones, such as "mono.energy" and
    "mono.bragg"; of a bundle, the axes of all its parts. {} if there is none.
    """
    return dict(_axes(name, device, _DEPTH))


def _axes(name: str, device: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if computed := computed_axes(device):
        of_device = {**computed, **device.real_positioners._asdict()}
        yield from ((f"{name}.{each}", axis) for each, axis in of_device.items())
    elif is_motor(device):
        yield name, device
    elif depth:
        for each, its_part in _parts_with_axes(device):
            yield from _axes(f"{name}.{each}", its_part, depth - 1)


def _parts_with_axes(device: Any) -> Iterator[tuple[str, Any]]:
    """The parts that are motors, or bundles that could have some."""
    yield from parts_of(device)
    for name in getattr(device, "component_names", ()):
        kind = getattr(getattr(type(device), name, None), "cls", None)
        may_have_axes = kind is None or hasattr(kind, "position") or hasattr(kind, "component_names")
        is_lazy = getattr(getattr(type(device), name, None), "lazy", False)  # to build it could take long
        if may_have_axes and not is_lazy and (its_part := getattr(device, name, None)) is not None:
            yield name, its_part
