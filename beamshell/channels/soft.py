"""SoftChannel: a value that lives in this process, for simulation, counters, settings and tests.

It knows no threads: subscribers are called in the thread that puts.
"""

from __future__ import annotations

import math
import reprlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from beamshell.arrays import np
from beamshell.channels.base import Channel, Collect, OnChange, OnConnection, OnDone
from beamshell.channels.value_info import completed, index_of
from beamshell.documents.data_keys import dtype_of
from beamshell.errors import BadValue
from beamshell.protocols import DataKey, Reading


class SoftChannel(Channel):
    """A value holder that is always connected; subscribers are called in the thread that puts.

    Args:
        source: such as "soft://gain".
        value: the first value; later ones must be of its type (number, string, bool or array).
        units: of the value.
        precision: digits worth showing.
        limits: lowest and highest value; (0, 0) is none.
        choices: names of the states, for a value that is their index.
        clock: where timestamps come from.
    """

    def __init__(
        self,
        source: str,
        value: Any = 0.0,
        *,
        units: str = "",
        precision: int | None = None,
        limits: tuple[float, float] = (0.0, 0.0),
        choices: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.source = source
        self._clock = clock
        self._reading: Reading = {"value": value, "timestamp": clock()}
        self._units = units
        self._precision = precision
        self._limits = limits
        self._choices = tuple(choices)
        self._on_change: OnChange | None = None

    connected = True

    def connect(self) -> None:
        """Nothing to do."""

    def wait_connected(self, timeout: float) -> None:
        """Return at once."""

    def close(self) -> None:
        """Forget the subscriber."""
        self._on_change = None

    def on_connection(self, callback: OnConnection) -> None:
        """Never called: nothing changes."""

    def begin_get(self) -> Collect:
        """The value at this moment, whenever it is collected."""
        reading = self._reading.copy()
        return lambda _timeout: reading

    def get(self, timeout: float) -> Reading:  # noqa: ARG002 - nothing to wait for
        """The value now."""
        return self._reading.copy()

    @property
    def latest(self) -> Reading:
        """The value now."""
        return self._reading

    def subscribe(self, on_change: OnChange) -> None:
        """Call `on_change` now and in each later `put`."""
        self._on_change = on_change
        on_change(self._reading)

    def unsubscribe(self) -> None:
        """Stop calling."""
        self._on_change = None

    def repeat(self) -> None:
        """Call the subscriber with the present value."""
        if self._on_change is not None:
            self._on_change(self._reading)

    def check(self, value: Any) -> Any:
        """`value`, or the index of the state that it names."""
        if self._choices:
            return index_of(value, self._choices)
        old = self._reading["value"]
        if value is None or (old is not None and isinstance(old, str) != isinstance(value, str)):
            kind = "text" if isinstance(old, str) else "a number"
            raise BadValue(f"{value!r} cannot be written: it holds {kind}, such as {old!r}")
        if isinstance(value, (str, bool, int, float)):  # first, since numpy is not needed for it
            return float(value) if isinstance(old, float) and isinstance(value, int) else value
        if isinstance(old, (bool, int, float, np.number)) and not isinstance(value, np.generic):
            raise BadValue(f"{reprlib.repr(value)} cannot be written: it holds one number, such as {old!r}")
        return value.copy() if isinstance(value, np.ndarray) else value  # the caller may change its array later

    def put(self, value: Any, on_done: OnDone | None = None) -> None:
        """Hold `value` from now on and tell the subscriber, then `on_done`."""
        self._reading = {"value": value, "timestamp": self._clock()}
        if self._on_change is not None:
            self._on_change(self._reading)
        if on_done is not None:
            on_done(None)

    def describe(self) -> DataKey:
        """Source, type, shape, unit and limits of the value."""
        dtype, shape, dtype_numpy = dtype_of(self._reading["value"])
        key: DataKey = {"source": self.source, "dtype": dtype, "shape": shape, "dtype_numpy": dtype_numpy}
        return completed(key, self._units, self._precision, self._choices, self._limits)

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value; (0, 0) if there are none."""
        return self._limits

    @property
    def choices(self) -> tuple[str, ...]:
        """The states by name."""
        return self._choices

    @property
    def units(self) -> str:
        """The unit of the value."""
        return self._units

    @property
    def precision(self) -> int | None:
        """Digits worth showing."""
        return self._precision


class NamedSoftChannel(SoftChannel):
    """A value behind an address, "soft://gain": all channels of one name hold the same value.

    It lives as long as one of them is open. A write tells the subscribers of all of them.

    Args:
        name: the address without the scheme.
        value: the first value, unless another channel of this name holds one; None is 0.0, "" or the first state.
        string: the value is text: the name of a state, if there are `choices`.
        allow_nan: let NaN and infinities be written.
        array_dtype: the type that arrays are to have; None: as they come.
        facts: units, precision, limits and choices, as for SoftChannel.
    """

    def __init__(
        self,
        name: str,
        *,
        value: Any = None,
        string: bool = False,
        allow_nan: bool = False,
        array_dtype: str | None = None,
        **info: Any,
    ) -> None:
        choices = info.get("choices", ())
        if value is None:
            value = 0 if choices else "" if string else 0.0
        elif choices:
            value = index_of(value, choices)
        elif isinstance(value, (list, tuple)):
            value = np.asarray(value, array_dtype)
        super().__init__(f"soft://{name}", value, **info)
        self.name = name
        self._string = string
        self._allow_nan = allow_nan
        self._peers = _named.setdefault(name, [])
        if self._peers:
            self._reading = self._peers[0]._reading
        self._peers.append(self)

    def close(self) -> None:
        """Forget the subscriber; with the last of its name the value is forgotten too."""
        super().close()
        if self in self._peers:
            self._peers.remove(self)
        if not self._peers and _named.get(self.name) is self._peers:
            del _named[self.name]

    def begin_get(self) -> Collect:
        """The value at this moment, whenever it is collected."""
        reading = self._as_read()
        return lambda _timeout: reading

    def get(self, timeout: float) -> Reading:  # noqa: ARG002 - nothing to wait for
        """The value now."""
        return self._as_read()

    def _as_read(self) -> Reading:
        reading = self._reading.copy()
        if self._string and self._choices:
            reading["value"] = self._choices[reading["value"]]
        return reading

    @property
    def latest(self) -> Reading:
        """The value now."""
        return self._as_read()

    def repeat(self) -> None:
        """Call the subscriber with the present value."""
        if self._on_change is not None:
            self._on_change(self._as_read())

    def subscribe(self, on_change: OnChange) -> None:
        """Call `on_change` now and in each later `put` to this name."""
        self._on_change = on_change
        self.repeat()

    def check(self, value: Any) -> Any:
        """`value` as it will be held; the index for the name of a state."""
        if isinstance(value, (list, tuple)) and isinstance(self._reading["value"], np.ndarray):
            value = np.asarray(value, self._reading["value"].dtype)
        checked = super().check(value)
        if not self._allow_nan and _is_float(checked) and not math.isfinite(checked):
            raise BadValue(f"{self.name}: {value!r} is not finite; nothing was written")
        return checked

    def put(self, value: Any, on_done: OnDone | None = None) -> None:
        """Hold `value` from now on, tell the subscribers of every channel of this name, then `on_done`."""
        reading: Reading = {"value": value, "timestamp": self._clock()}
        for peer in self._peers:
            peer._reading = reading
        for peer in tuple(self._peers):
            peer.repeat()
        if on_done is not None:
            on_done(None)

    def describe(self) -> DataKey:
        """Source, type, shape, unit and limits of the value; text, if it is shown as the name of a state."""
        key = super().describe()
        return {**key, "dtype": "string", "dtype_numpy": "<U40"} if self._string and self._choices else key


_named: dict[str, list[NamedSoftChannel]] = {}


def _is_float(value: Any) -> bool:
    return isinstance(value, float) or (not isinstance(value, (int, str)) and isinstance(value, np.floating))
