"""SignalInfo: the data of a signal that need no access to hardware: names, kind, unit, limits, states, connection.

It knows no control system. Reading and writing are in `signal.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from beamshell.arrays import np
from beamshell.channels.base import Channel
from beamshell.devices.part import Kind, Part
from beamshell.protocols import Hints, Reading
from beamshell.text.numbers import in_full


class SignalInfo(Part):
    """The base of every signal: its names, kind, unit, limits, states and connection.

    Args:
        reader: the channel that is read.
        writer: the channel that is written, mostly the same.
        name: its name in documents and at the prompt.
        parent: the device it is a part of.
        kind: whether it is recorded in events, in the configuration, or not.
        attr_name: its name within the parent.
        labels: words to find it by.
        doc: one line about it.
    """

    def __init__(
        self,
        reader: Channel,
        writer: Channel,
        *,
        name: str = "",
        parent: Any = None,
        kind: Kind | str = Kind.normal,
        attr_name: str = "",
        labels: Iterable[str] = (),
        doc: str = "",
    ) -> None:
        self._channel = reader
        self._writer = writer
        self.name = name
        self.parent = parent
        self.kind = kind
        self.attr_name = attr_name
        self.labels = set(labels)
        self.doc = doc
        self._own_limits: tuple[float, float] | None = None
        self._own_units = ""
        self._own_precision: int | None = None

    @property
    def source(self) -> str:
        """The address of the value: "soft://gain", "ca://BL:th.RBV"."""
        return self._channel.source or f"soft://{self.name}"

    @property
    def units(self) -> str:
        """The unit of the value; "" if none is known."""
        return self._own_units or self._channel.units

    @property
    def precision(self) -> int | None:
        """Digits after the decimal point worth showing; None if that is unknown."""
        return self._channel.precision if self._own_precision is None else self._own_precision

    @property
    def enum_strs(self) -> tuple[str, ...]:
        """The names of the states; () if the value is not a state."""
        return self._channel.choices

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value that may be written; equal ones mean that there are none."""
        return self._own_limits if self._own_limits is not None else self._writer.limits

    @property
    def low_limit(self) -> float:
        """Lowest value that may be written."""
        return self.limits[0]

    @property
    def high_limit(self) -> float:
        """Highest value that may be written."""
        return self.limits[1]

    @property
    def connected(self) -> bool:
        """True while it can be read and written."""
        return self._channel.connected and self._writer.connected

    @property
    def disconnected_since(self) -> float | None:
        """The time since which it does not answer, in seconds since 1970; None while it answers."""
        return self._channel.disconnected_since or self._writer.disconnected_since

    @property
    def latest(self) -> Reading | None:
        """The last reading that came by subscription, without asking; None if none did."""
        return self._channel.latest

    @property
    def keeps_order_with(self) -> str:
        """The server that carries out writes to its signals in the order in which they are sent; "" if none does."""
        return self._writer.keeps_order_with

    @property
    def metadata(self) -> dict[str, Any]:
        """Connected, units, precision, enum_strs, limits, timestamp and severity, as far as they are known."""
        low, high = self.limits
        latest = self._channel.latest
        return {
            "connected": self.connected,
            "units": self.units,
            "precision": self.precision,
            "enum_strs": self.enum_strs,
            "lower_ctrl_limit": low,
            "upper_ctrl_limit": high,
            "timestamp": None if latest is None else latest["timestamp"],
            "severity": None if latest is None else latest.get("alarm_severity", 0),
        }

    @property
    def hints(self) -> Hints:
        """Its name as a field to show: if its kind is hinted, or if it is recorded on its own."""
        least_kind = Kind.normal if self.parent is None else Kind.hinted
        return {"fields": [self.name]} if least_kind in self._kind else {"fields": []}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.source})"


def value_text(value: Any) -> str:
    """`value` as a message shows it: an array by its length."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return f"an array of {len(value)}"
    return in_full(value, 10) if isinstance(value, float) else str(value)
