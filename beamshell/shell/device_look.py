"""A short look at a device: its value and its state in words, for `devices`, and for a device typed alone.

It reads devices and never moves one. Any device will do, also one of another library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from beamshell.engine.asyncio_view import plain_view
from beamshell.plans.computed_axes import computed_axes
from beamshell.protocols import Readable
from beamshell.shell.positions import asked, no_answer, unit_of, value_text
from beamshell.text.lists import listed
from beamshell.text.numbers import in_full, number, with_unit

_DIGITS = 6
"""Digits of a number whose precision nobody says."""


class Look(NamedTuple):
    """What a short look shows."""

    value: str
    """With its unit, such as "400.019 mA" or "Open"; "" if the device has no single value."""
    state: str
    """Such as "moving"; "" for an ordinary one."""


def begin_look(device: Any, offline: str = "offline") -> Callable[[], Look]:
    """Ask a device for its value and state now; the function returned collects them.

    Args:
        device: of any kind.
        offline: the state of a device that does not answer.
    """
    device = plain_view(device)
    if not getattr(device, "connected", True):
        return lambda: Look("", offline)

    collect = asked(lambda device: _begin_state(device) or _begin_value(device), device)

    def collected() -> Look:
        try:
            look: Look = collect()
        except Exception as exc:  # noqa: BLE001  a device of others may fail in any way; it is one of many
            return Look("", no_answer(exc, offline))
        return look

    return collected


def _begin_state(device: Any) -> Callable[[], Look] | None:
    """Of what has a place in the table of positions: motors and shutters; of computed axes the first."""
    if computed := computed_axes(device):
        device = plain_view(next(iter(computed.values())))
    begin = getattr(device, "begin_state", None)
    if not callable(begin):
        return None
    collect: Callable[[], Mapping[str, Any]] = begin()

    def collected() -> Look:
        state = collect()
        return Look(value_text(device, state["position"]), listed(state.get("words") or ()))

    return collected


def _begin_value(device: Any) -> Callable[[], Look]:
    """Of what has one value to show: a signal, or a detector with one field."""
    hints = getattr(device, "hints", None) or {}
    fields = [device.name] if callable(getattr(device, "get", None)) else hints.get("fields", [])
    if not isinstance(device, Readable) or len(fields) != 1:
        return lambda: Look("", "")
    field = fields[0]
    begin = getattr(device, "begin_read", None)
    collect = begin() if callable(begin) else device.read

    def collected() -> Look:
        value = (collect().get(field) or {}).get("value")
        return Look("" if value is None else value_in_words(value, device), "")

    return collected


def value_in_words(value: Any, *sources: Any) -> str:
    """A value in words if it is one of several states, else as a number with its unit.

    Args:
        value: as the control system gives it.
        sources: the signal or device that it is of; the first that knows them says states, precision and unit.
    """
    states = states_of(*sources)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(states):
        return str(states[value])
    text = str(value)
    if isinstance(value, list | tuple) or getattr(value, "shape", None):
        text = f"an array of {len(value)}"
    elif isinstance(value, float):
        precisions = (getattr(source, "precision", None) for source in sources)
        precision = next((one for one in precisions if isinstance(one, int)), None)
        text = in_full(value, _DIGITS) if precision is None else number(value, precision)
    return with_unit(text, next(filter(None, map(unit_of, sources)), ""))


def states_of(*sources: Any) -> Sequence[str]:
    """The words for the states of a value; none if it is no state.

    Args:
        sources: the signal or device that it is of; the first that knows them says them.
    """
    return next(filter(None, (getattr(source, "enum_strs", ()) for source in sources)), ())
