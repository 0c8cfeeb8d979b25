"""EpicsShutter: a switch that says when it has really opened or closed.

It knows the records of a two-state shutter, and nothing of what it protects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.devices.component import FormattedComponent
from beamshell.devices.device import Device
from beamshell.devices.position_state import PositionState, no_state
from beamshell.devices.positioner import begin_values
from beamshell.devices.signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.status import Status, SubscriptionStatus
from beamshell.errors import BadValue, NotConnected, ReadFailed
from beamshell.protocols import Location


class EpicsShutter(Device):
    """A shutter: ``shutter.open()``, ``shutter.set("Close")``, ``shutter.state``.

    Args:
        prefix: the switch, a record with two states: "BL:shutter".
        name: its name; the state is recorded under it, 1 for open.
        readback: how the address of the read-back goes on.
        timeout: seconds until an opening or closing has failed.
        kwargs: those of Device.
    """

    command = FormattedComponent(EpicsSignal, "{prefix}", kind="omitted")
    status = FormattedComponent(EpicsSignalRO, "{prefix}{readback_suffix}", kind="normal", auto_monitor=True)

    def __init__(
        self, prefix: str, *, name: str = "", readback: str = ":rbv", timeout: float = 10.0, **kwargs: Any
    ) -> None:
        self.readback_suffix = readback
        self.timeout = timeout
        super().__init__(prefix, name=name, **kwargs)

    def part_name(self, attr: str) -> str:
        """The state has the name of the device itself."""
        return self.name if attr == "status" and self.name else super().part_name(attr)

    @property
    def state(self) -> str:
        """What it is now: "Open" or "Closed"."""
        return str(self.status.get(as_string=True))

    @property
    def is_open(self) -> bool:
        """True when it is open."""
        return bool(self.status.get())

    @property
    def enum_strs(self) -> tuple[str, ...]:
        """What `set` takes, by the names of the record's states."""
        return tuple(self.command.enum_strs) or ("Close", "Open")

    def locate(self) -> Location:
        """What it was told and what it is, in words: "Open", "Closed"."""
        setpoint, readback = begin_values(self.command, self.status)()
        return {"setpoint": _word(self.command, setpoint), "readback": _word(self.status, readback)}

    def begin_state(self) -> Callable[[], PositionState]:
        """Ask for what a table of positions shows; the function returned collects it."""
        collect = begin_values(self.command, self.status) if self.connected else lambda: [None, None]

        def collected() -> PositionState:
            try:
                setpoint, readback = collect()
            except (NotConnected, ReadFailed):  # it was lost this very moment, and a table shows just that
                setpoint = readback = None
            state = no_state(self.name)
            if readback is None:
                return state
            position, wanted = _word(self.status, readback), _word(self.command, setpoint)
            return {**state, "connected": True, "position": position, "setpoint": wanted, "words": []}

        return collected

    def open(self) -> Status:
        """Open it; done when it is open."""
        return self.set(1)

    def close(self) -> Status:
        """Close it; done when it is closed."""
        return self.set(0)

    def check_value(self, value: Any) -> None:
        """Return if `set(value)` would be accepted.

        Raises:
            BadValue: there is no such state.
        """
        self._index(value)

    def set(self, value: Any, *, timeout: float | None = None) -> Status:
        """Open or close it: "Open", "Close", 1, 0, True or False; done when it really is.

        Raises:
            BadValue: there is no such state.
            NotConnected: the control system does not answer.
        """
        wanted = self._index(value)
        action = "open" if wanted else "close"
        written = self.command.set(wanted)
        reached = SubscriptionStatus(
            self.status,
            lambda value, **_: value == wanted,
            timeout=self.timeout if timeout is None else timeout,
            action=action,
        )
        return written & reached

    def _index(self, value: Any) -> int:
        words = {"open": 1, "opened": 1, "close": 0, "closed": 0}
        index = words.get(value.strip().lower()) if isinstance(value, str) else value
        if index in (0, 1):
            return int(index)
        raise BadValue(f"{self.name}: {value!r} is no state of a shutter; write Open or Close")


def _word(signal: EpicsSignalRO, index: Any) -> str:
    return signal.enum_strs[int(index)] if signal.enum_strs else str(index)
