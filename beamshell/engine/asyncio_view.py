"""PlainView: a device whose methods are coroutines, with the plain methods by which others are read and followed.

`plain_view(device)` gives it; any other device is its own view. It starts nothing: plans get the device itself.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from beamshell.awaiting import answer, errors_named
from beamshell.engine.asyncio_devices import loop_thread
from beamshell.protocols import has_position, speaks_asyncio

LOOK_S = 2.0
"""Seconds that a look at a device may take; a control system that answers takes milliseconds."""

Values = Mapping[str, Any]

_key_facts: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()
"""By device its unit and precision: they stay as they are."""


def plain_view(device: Any) -> Any:
    """The device; a view of it, if its methods are coroutines."""
    if not speaks_asyncio(type(device)):
        return device
    if has_position(device):
        return PlainMotorView(device)
    return PlainSignalView(device) if hasattr(device, "get_value") else PlainView(device)


class PlainView:
    """A device of coroutines, such as a detector.

    Args:
        device: of ophyd-async, or any other with coroutines.
    """

    def __init__(self, device: Any) -> None:
        self.of = device
        self._followers: dict[Callable[..., None], Callable[..., None]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.of, name)

    @property
    def units(self) -> str:
        """The unit of its value; "" if it has none or does not answer."""
        units = self._facts().get("units")
        return units if isinstance(units, str) else ""

    @property
    def precision(self) -> int | None:
        """The decimals of its value; None if nobody says."""
        precision = self._facts().get("precision")
        return precision if isinstance(precision, int) else None

    @property
    def enum_strs(self) -> tuple[str, ...]:
        """The words that it can have as a value."""
        return tuple(self._facts().get("choices") or ())

    def begin_read(self) -> Callable[[], dict[str, Any]]:
        """Ask for its readings; the function returned collects them."""
        return self._later(lambda: self.of.read())

    def read(self) -> dict[str, Any]:
        """Its readings."""
        return self.begin_read()()

    def subscribe(self, function: Callable[..., None]) -> Callable[..., None]:
        """Call ``function(value=, timestamp=, severity=)`` at each change, on the event loop; `unsubscribe` ends it."""

        def take(readings: Mapping[str, Mapping[str, Any]]) -> None:
            reading = readings.get(self.of.name) or next(iter(readings.values()))
            function(value=reading["value"], timestamp=reading["timestamp"], severity=reading.get("alarm_severity", 0))

        answer(self.of.subscribe, take)
        self._followers[function] = take
        return function

    def clear_sub(self, function: Callable[..., None]) -> None:
        """Call this function no more."""
        if (take := self._followers.pop(function, None)) is not None:
            answer(self.of.clear_sub, take)

    unsubscribe = clear_sub

    def _facts(self) -> dict[str, Any]:
        if self.of not in _key_facts:
            try:
                _key_facts[self.of] = self._later(lambda: _own_key(self.of))()
            except Exception:
                return {}
        return _key_facts[self.of]

    def _later(self, question: Callable[[], Any]) -> Callable[[], Any]:
        status = loop_thread().call(question)

        def collect() -> Any:
            with errors_named(self.of.name, LOOK_S):
                return status.result_within(LOOK_S)

        return collect


class PlainSignalView(PlainView):
    """A signal of coroutines."""

    def get(self) -> Any:
        """Its value.

        Raises:
            TimeoutError: it does not answer.
        """
        return self._later(lambda: self.of.get_value())()

    def begin_location(self) -> Callable[[], Values]:
        """Ask for its value, as setpoint and readback; the function returned collects them."""

        async def location() -> Values:
            value = await self.of.get_value()
            return {"setpoint": value, "readback": value}

        return self._later(location)


class PlainMotorView(PlainView):
    """A motor of coroutines."""

    @property
    def position(self) -> Any:
        """Where it is.

        Raises:
            TimeoutError: it does not answer.
        """
        return self.begin_location()()["readback"]

    @property
    def egu(self) -> str:
        """The unit of its position."""
        return self.units

    def begin_location(self) -> Callable[[], Values]:
        """Ask for setpoint and readback; the function returned collects them."""
        return self._later(lambda: self.of.locate())

    def begin_state(self) -> Callable[[], Values]:
        """Ask for what a table of positions shows; the function returned collects it."""
        return self._later(lambda: _state(self.of))


async def _state(device: Any) -> Values:
    """Position, limits, and whether it moves."""
    location, key, moves = await asyncio.gather(device.locate(), _own_key(device), _is_moving(device))
    control = (key.get("limits") or {}).get("control") or {}
    low, high = control.get("low"), control.get("high")
    low, high = (None, None) if low == high else (low, high)
    return {
        "connected": True,
        "position": location["readback"],
        "low_limit": low,
        "high_limit": high,
        "words": ["moving"] if moves else [],
    }


async def _is_moving(device: Any) -> bool:
    """Whether its motor record says so."""
    done = getattr(device, "motor_done_move", None)
    return done is not None and not await done.get_value()


async def _own_key(device: Any) -> dict[str, Any]:
    """The data key of its value or position: the one with its name, else that of what it shows first."""
    described = device.describe()
    keys: dict[str, Any] = await described if inspect.isawaitable(described) else described
    names = [device.name, *(getattr(device, "hints", None) or {}).get("fields", ())]
    return next((keys[name] for name in names if name in keys), {})


def parts_of(device: Any) -> Iterator[tuple[str, Any]]:
    """The parts of a device of coroutines by name; those of a vector by number."""
    children = getattr(device, "children", None)
    if speaks_asyncio(type(device)) and callable(children):
        yield from children()
