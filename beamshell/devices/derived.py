"""Derived signals: computed from other signals, an attribute of the device, or an array with its shape.

It knows no control system; the input signals do.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np
from typing_extensions import override

from beamshell.channels.base import Collect, OnChange, OnConnection, OnDone
from beamshell.channels.soft import SoftChannel
from beamshell.devices.computed import ComputedChannel
from beamshell.devices.epics_signal import EpicsSignalRO
from beamshell.devices.part import Fact, Kind
from beamshell.devices.signal import Signal
from beamshell.devices.status import Status
from beamshell.documents.data_keys import dtype_of
from beamshell.errors import BadValue, ConfigError, NotConnected, ReadFailed, ReadOnlyError
from beamshell.protocols import DataKey, Reading

Forward: TypeAlias = Callable[..., Any]
"""The value, from the values of the inputs."""
Inverse: TypeAlias = Callable[[Any], Any]
"""The values of the inputs for a value: one value, or a tuple with one for each input (None: do not write it)."""
Part: TypeAlias = slice | tuple[slice | int | EllipsisType, ...]

_DESCRIBE_TIMEOUT_S = 5.0


class DerivedChannel(ComputedChannel):
    """A value computed by a function, and written through its inverse."""

    def __init__(self, inputs: Sequence[Any], forward: Forward, inverse: Inverse | None, **info: Any) -> None:
        super().__init__(lambda: inputs, forward)
        self._inverse = inverse
        self._info = SoftChannel("", **info)  # units, precision, limits and choices, and how values are held to them
        self.source = f"derived://{','.join(one.name for one in inputs)}"
        self._on_connection: OnConnection | None = None
        self._last_connected: bool | None = None

    # ---- connection

    @property
    def connected(self) -> bool:
        """True while every input answers."""
        return all(getattr(one, "connected", True) for one in self._inputs())

    @property
    def disconnected_since(self) -> float | None:
        """The time since which one of the inputs does not answer."""
        moments = (getattr(one, "disconnected_since", None) for one in self._inputs())
        return min((moment for moment in moments if moment is not None), default=None)

    def wait_connected(self, timeout: float) -> None:
        """Return once all inputs are connected; they share one time-out."""
        deadline = time.monotonic() + timeout
        for one in self._inputs():
            one.wait_for_connection(max(0.0, deadline - time.monotonic()))

    def on_connection(self, callback: OnConnection) -> None:
        """Call `callback(connected)` when the last input connects, or the first one is lost."""
        self._on_connection = callback
        for one in self._inputs():
            one.subscribe(self._on_input_connection, event_type=one.SUB_META)

    def _on_input_connection(self, **_: Any) -> None:
        connected = self.connected
        if self._on_connection is not None and connected != self._last_connected:
            self._last_connected = connected
            self._on_connection(connected)

    def close(self) -> None:
        """Stop following its inputs."""
        super().close()
        for one in self._inputs():
            one.clear_sub(self._on_input_connection)

    # ---- writing

    def check(self, value: Any) -> Any:
        """`value`, if the inverse has values for it that the inputs accept."""
        checked = self._info.check(value) if self._info.choices else value
        for one, part in self._writes(checked):
            one.check_value(part)
        return checked

    def put(self, value: Any, on_done: OnDone | None = None, timeout_s: float | None = None) -> None:
        """Write the values of the inverse to the inputs; done with the last, failed with the first failure.

        Each write may take `timeout_s`; None leaves that to the input.
        """
        writes = self._writes(value)
        if on_done is None:
            for one, part in writes:
                one.put(part)
            return
        together = _Together(len(writes), on_done)
        for one, part in writes:
            one.set(part, timeout=timeout_s).add_callback(together.note)

    def _writes(self, value: Any) -> list[tuple[Any, Any]]:
        """Each input that is written, with its value."""
        if self._inverse is None:
            raise ReadOnlyError("it is computed and has no inverse: write to what it is computed from")
        try:
            parts = self._inverse(value)
        except (ArithmeticError, LookupError, TypeError, ValueError) as exc:
            raise BadValue(f"{value!r} cannot be turned into {self._names()}: {exc}") from exc
        if not isinstance(parts, tuple):
            parts = (parts,)
        if len(parts) != len(self._inputs()):
            raise BadValue(f"the inverse of {value!r} has {len(parts)} values for {self._names()}: return one for each")
        return [(one, part) for one, part in zip(self._inputs(), parts, strict=True) if part is not None]

    def _names(self) -> str:
        return ", ".join(one.name for one in self._inputs())

    # ---- what it is

    def describe(self) -> DataKey:
        """Dtype and shape of the value now, with the units and limits it was given."""
        dtype, shape, dtype_numpy = dtype_of(self.get(_DESCRIBE_TIMEOUT_S)["value"])
        value: DataKey = {"source": self.source, "dtype": dtype, "shape": shape, "dtype_numpy": dtype_numpy}
        return {**self._info.describe(), **value}

    @property
    def limits(self) -> tuple[float, float]:
        """As given when it was made."""
        return self._info.limits

    @property
    def choices(self) -> tuple[str, ...]:
        """As given when it was made."""
        return self._info.choices

    @property
    def units(self) -> str:
        """The unit of the value."""
        return self._info.units

    @property
    def precision(self) -> int | None:
        """Digits worth showing."""
        return self._info.precision


class _Together:
    """Calls `on_done` once, when several writes have ended."""

    def __init__(self, number: int, on_done: OnDone) -> None:
        self._pending = number
        self._on_done = on_done
        self._lock = threading.Lock()
        if number == 0:
            on_done(None)

    def note(self, status: Any) -> None:
        """One of them has ended."""
        failure = status.exception()
        with self._lock:
            was_ended = self._pending <= 0
            self._pending = 0 if failure is not None else self._pending - 1
            is_over = self._pending == 0 and not was_ended
        if is_over:
            self._on_done(failure)


class DerivedSignal(Signal):
    """A signal computed from others, read in one round trip with everything else at a point.

    Args:
        inputs: signals, or dotted names of the parent's parts: ``("x", "y.user_readback")``.
        forward: its value from theirs.
        inverse: what to write to them for a value (a tuple, if there are several); None makes it read-only.
        units: of the value.
        precision: digits worth showing.
        limits: lowest and highest value that may be written; equal ones are none.
        choices: names of the states, if the value is the index of one.
        kwargs: name, parent, kind, attr_name, labels, doc: those of every signal.

    Example:
        >>> class Slit(Device):
        ...     left = Component(EpicsSignal, "left")
        ...     right = Component(EpicsSignal, "right")
        ...     gap = Component(DerivedSignal, inputs=("left", "right"), forward=lambda left, right: right - left)
    """

    def __init__(
        self,
        inputs: Iterable[Any] | str,
        *,
        forward: Forward,
        inverse: Inverse | None = None,
        parent: Any = None,
        units: str = "",
        precision: int | None = None,
        limits: tuple[float, float] = (0.0, 0.0),
        choices: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        signals = [_resolved(one, parent) for one in ([inputs] if isinstance(inputs, str) else inputs)]
        if not signals:
            raise ConfigError(f"{kwargs.get('name', 'a derived signal')}: it is computed from nothing; give its inputs")
        channel = DerivedChannel(
            signals, forward, inverse, units=units, precision=precision, limits=limits, choices=choices
        )
        self.writable = inverse is not None
        self._derived = channel
        self._set_up(channel, channel, parent=parent, **kwargs)
        self._enforces_limits = True

    @property
    def counted_by(self) -> tuple[Any, ...]:
        """The detectors that count its inputs."""
        return counters_of(self._derived.inputs)

    @override
    def _start_write(self, value: Any, status: Status) -> None:
        def on_done(failure: BaseException | None) -> None:
            status.end(None if failure is None else type(failure)(f"{self.name}: {failure}"))

        self._derived.put(value, on_done, status.timeout)


class AttributeSignal(Signal):
    """Any Python attribute of the parent, as a signal.

    Subscribers are called for writes through the signal, not when the attribute is changed otherwise.

    Args:
        attribute: its dotted path from the parent: "camera.serial_number".
        write: whether it may be written.
        parent: the device.
        kwargs: units, precision, limits, choices; name, kind, attr_name, labels, doc.
    """

    def __init__(self, attribute: str, *, parent: Any, write: bool = True, **kwargs: Any) -> None:
        info: dict[str, Any] = {
            key: kwargs.pop(key) for key in ("units", "precision", "limits", "choices") if key in kwargs
        }
        channel = _AttributeChannel(parent, attribute, info)
        self.writable = write
        self._set_up(channel, channel, parent=parent, **kwargs)
        self._enforces_limits = True


class _AttributeChannel(SoftChannel):
    """A value that lives in an attribute."""

    def __init__(self, parent: Any, attribute: str, info: dict[str, Any]) -> None:
        super().__init__(f"attribute://{attribute}", None, **info)
        self._parent = parent
        self._path = attribute
        self._ask = attrgetter(attribute)

    def _now(self) -> Reading:
        try:
            value = self._ask(self._parent)
        except AttributeError as exc:
            raise NotConnected(f"{self._parent.name} has no attribute {self._path!r}: {exc}") from exc
        if value is not self._reading["value"]:
            self._reading = {"value": value, "timestamp": self._clock()}
        return self._reading

    def begin_get(self) -> Collect:
        """The value at this moment."""
        reading = self._now().copy()
        return lambda _timeout: reading

    def get(self, timeout: float) -> Reading:  # noqa: ARG002 - nothing to wait for
        """The value now."""
        return self._now().copy()

    def subscribe(self, on_change: OnChange) -> None:
        """Call `on_change` now and in each later `put`."""
        self._now()
        super().subscribe(on_change)

    def check(self, value: Any) -> Any:
        """`value`, if it is of the attribute's sort."""
        self._now()
        return super().check(value)

    def put(self, value: Any, on_done: OnDone | None = None) -> None:
        """Set the attribute, then call the subscriber."""
        above, _, last = self._path.rpartition(".")
        owner = attrgetter(above)(self._parent) if above else self._parent
        try:
            setattr(owner, last, value)
        except AttributeError as exc:
            raise ReadOnlyError(f"{self._path} cannot be set: {exc}") from exc
        self._now()
        self.repeat()
        if on_done is not None:
            on_done(None)

    def describe(self) -> DataKey:
        """Source, type, shape, unit and limits of the value."""
        self._now()
        return super().describe()


class ArraySignal(DerivedSignal):
    """An array in the control system with the shape it is meant to have, or a part of it.

    Args:
        read_pv: the address of the array.
        shape: the lengths of its axes, slowest first: numbers, signals, or dotted names of the parent's parts, which
            are read with it: ``("height", "width")``. One length may be -1: whatever is left.
        part: what to keep: ``(slice(10, 20), slice(None))`` for ten rows; None keeps all.
        array_dtype: "uint16" for an array that is known to hold unsigned 16-bit numbers.
        timeout: seconds until a read has failed.
        kwargs: those of DerivedSignal, less its inputs.
    """

    def __init__(
        self,
        read_pv: str,
        *,
        shape: Sequence[Any] = (-1,),
        part: Part | None = None,
        array_dtype: str | None = None,
        timeout: float = 5.0,
        name: str = "",
        parent: Any = None,
        kind: Kind | str = Kind.normal,
        **kwargs: Any,
    ) -> None:
        self.pvname = read_pv
        self.part = part
        self._shape = [None if not isinstance(length, int) else length for length in shape]
        lengths = [_resolved(length, parent) for length in shape if not isinstance(length, int)]
        self._array = EpicsSignalRO(read_pv, name=name or read_pv, array_dtype=array_dtype, timeout=timeout)
        super().__init__(
            [self._array, *lengths], forward=self._shaped, name=name or read_pv, parent=parent, kind=kind, **kwargs
        )

    @property
    def source(self) -> str:
        """The address of the array."""
        return self._array.source

    def destroy(self) -> None:
        """Give its channels back."""
        super().destroy()
        self._array.destroy()

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """The array that it is made of."""
        yield from self._array.simulation(settings)

    def _shaped(self, array: Any, *lengths: Any) -> Any:
        read = iter(lengths)
        shape = [int(next(read)) if length is None else length for length in self._shape]
        array = np.asarray(array)
        if -1 not in shape and math.prod(shape) < array.size:
            array = array[: math.prod(shape)]  # records have room for the largest image
        try:
            whole = array.reshape(shape)
        except ValueError as exc:
            lengths_text = " x ".join(map(str, shape))
            raise ReadFailed(f"{self.pvname} sent {array.size} elements, not {lengths_text}: check its shape") from exc
        return whole if self.part is None else whole[self.part]


def counters_of(parts: Iterable[Any]) -> tuple[Any, ...]:
    """The devices that count what these parts record, each once."""
    counters = {id(counter): counter for part in parts for counter in getattr(part, "counted_by", ())}
    return tuple(counters.values())


def _resolved(one: Any, parent: Any) -> Any:
    """A signal given by itself or by its dotted name in the parent."""
    if not isinstance(one, str):
        return one
    if parent is None:
        raise ConfigError(f"{one!r} names a part of a device, and this signal has no parent; give the signal itself")
    return parent.part(one)
