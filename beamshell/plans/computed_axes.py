"""Axes that a device computes from its motors: whose they are, which motors they move, and their targets as one.

The device may be ours or ophyd's: it has `pseudo_positioners` and `real_positioners`, each a named tuple of axes. Ours
joins the moves of its axes by itself. Of any other, a second axis that is set ends the move of the first; so their
targets go out as one target of the device. It knows no engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from beamshell.errors import NotConnected, PlanError

Target = tuple[Any, Any]
"""(device, position)."""


def computed_axes(device: Any) -> dict[str, Any]:
    """The computed axes of a device by attribute, such as ``{"gap": slits.gap}``; {} if it computes none."""
    axes: Any = getattr(device, "pseudo_positioners", None)
    return axes._asdict() if hasattr(axes, "_asdict") else {}


def axis_of(device: Any) -> tuple[Any, str]:
    """The device that moves and, if this is a computed axis, its attribute there; "" if it is none."""
    parent = getattr(device, "parent", None)
    if parent is not None:
        for attr, axis in computed_axes(parent).items():
            if axis is device:
                return parent, attr
    return device, ""


def must_be_joined(device: Any) -> bool:
    """True for an axis that is sent with the others of its device, as their moves do not join; asked at each point."""
    parent = getattr(device, "parent", None)
    return (
        parent is not None and not getattr(parent, "axes_join", False) and hasattr(type(parent), "pseudo_positioners")
    )


def joined(targets: Iterable[Target], *, also_ours: bool = False) -> list[Target]:
    """The same targets, with those of axes that must be sent together as one target of their device.

    Such a target is a dict of positions by attribute.

    Args:
        targets: each device once.
        also_ours: True also joins axes that would join their moves by themselves.
    """
    by_device: dict[int, Target] = {}
    alone: dict[int, Target] = {}
    for device, position in targets:
        owner, attr = axis_of(device) if also_ours or must_be_joined(device) else (device, "")
        if not attr:
            by_device[id(device)] = (device, position)
            continue
        _, positions = by_device.get(id(owner), (owner, {}))
        by_device[id(owner)] = (owner, {**positions, attr: position})
        alone[id(owner)] = (device, position)
    return [alone[key] if key in alone and len(target[1]) == 1 else target for key, target in by_device.items()]


def joined_columns(columns: Mapping[Any, Any]) -> dict[Any, Any]:
    """The columns of points by motor, with those of axes that are sent together as one of dicts, by their device."""
    if len(columns) == 1:
        return dict(columns)
    length = len(next(iter(columns.values()), ()))
    joint: dict[Any, Any] = {}
    for device, of_axes in joined((motor, motor) for motor in columns):
        joint[device] = (
            [{attr: columns[axis][number] for attr, axis in of_axes.items()} for number in range(length)]
            if isinstance(of_axes, dict)
            else columns[of_axes]
        )
    return joint


def separated(device: Any, position: Any) -> list[Target]:
    """The axes and their positions of a target that `joined` has made; [] for any other target."""
    if not isinstance(position, Mapping) or getattr(device, "axes_join", False):
        return []
    axes = computed_axes(device)
    return [(axes[attr], value) for attr, value in position.items() if attr in axes]


def whole_position(device: Any, position: Any) -> Any:
    """A target that `joined` has made, with the axes that it leaves out where they were sent; any other as it is.

    ophyd's devices complete such a target when they are set, and not when they check it.
    """
    if not separated(device, position):
        return position
    latest = getattr(device, "target", None) or device.position
    return latest._replace(**position)


def require_motors(device: Any) -> None:
    """Return unless a motor that this axis, or device of axes, is computed from is offline.

    ophyd's devices compute with None in its place, and fail with an error of the computation.

    Raises:
        NotConnected: the message names the motors.
    """
    lost = [motor.name for motor in _motors(axis_of(device)[0]) if getattr(motor, "connected", True) is False]
    if lost:
        answers = "do not answer" if len(lost) > 1 else "does not answer"
        raise NotConnected(f"{device.name}: {', '.join(lost)} {answers} (type offline for the addresses)")


def refuse_overlaps(devices: Iterable[Any]) -> None:
    """Return if no motor is moved by two of these devices.

    Raises:
        PlanError: a computed axis and a motor of its own are among them; the message names them.
    """
    movers: dict[int, Any] = {}
    for device in devices:
        owner, _ = axis_of(device)
        for motor in _motors(owner):
            other = movers.setdefault(id(motor), owner)
            if other is not owner:
                computed, plain = (owner, other) if computed_axes(owner) else (other, owner)
                also = "too" if plain is motor else f"and so does {plain.name}"
                raise PlanError(f"{computed.name} moves {motor.name} {also}: leave one of them out")


def _motors(device: Any) -> list[Any]:
    """The motors that a device moves: itself, if it computes nothing."""
    if not computed_axes(device):
        return [device]
    return [motor for real in device.real_positioners for motor in _motors(axis_of(real)[0])]
