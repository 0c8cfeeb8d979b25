"""EpicsShutter: a shutter; opening and closing are done when the read-back says so.

It knows the records of a two-state shutter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from beamshell.channels.timers import call_later
from beamshell.channels.updates import completions
from beamshell.devices.component import FormattedComponent
from beamshell.devices.device import Device
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO, pv_of
from beamshell.devices.part import Fact
from beamshell.devices.positioner import PositionState, no_state
from beamshell.devices.status import DeviceStatus, Status
from beamshell.devices.values import begin_values
from beamshell.errors import BadValue, DeviceError, MoveFailed, NotConnected, ReadFailed
from beamshell.protocols import Location


class EpicsShutter(Device):
    """A shutter: ``shutter.open()``, ``shutter.set("Close")``, ``shutter.state``.

    A stop does nothing: a shutter is on its way for less than a second, and must not be left half open.

    Args:
        prefix: the switch, a record with two states: "BL:shutter".
        name: its name; the state is recorded under it, 1 for open.
        readback: the rest of the read-back's address.
        timeout: seconds until an opening or closing has failed.
        travel_time: seconds for which the read-back is not used after a command that was superseded by its opposite.
        kwargs: those of Device.
    """

    HIDDEN = ("begin_state",)

    command = FormattedComponent(EpicsSignal, "{prefix}", kind="omitted")
    status = FormattedComponent(EpicsSignalRO, "{prefix}{readback_suffix}", kind="normal", auto_monitor=True)

    def __init__(
        self,
        prefix: str,
        *,
        name: str = "",
        readback: str = ":rbv",
        timeout: float = 10.0,
        travel_time: float = 0.5,
        **kwargs: Any,
    ) -> None:
        self.readback_suffix = readback
        self.timeout = timeout
        self.travel_time = travel_time
        self._travel: _Travel | None = None
        super().__init__(prefix, name=name, **kwargs)

    def part_name(self, attr: str) -> str:
        """The state has the name of the device itself."""
        return self.name if attr == "status" and self.name else super().part_name(attr)

    @property
    def state(self) -> str:
        """Its present state: "Open" or "Closed"."""
        return str(self.status.get(as_string=True))

    @property
    def is_open(self) -> bool:
        """True when it is open."""
        return bool(self.status.get())

    @property
    def enum_strs(self) -> tuple[str, ...]:
        """The states that `set` takes, by their names in the record."""
        return tuple(self.command.enum_strs) or ("Close", "Open")

    def locate(self) -> Location:
        """Its command and its state, in words: "Open", "Closed"."""
        setpoint, readback = begin_values(self.command, self.status)()
        return {"setpoint": _word(self.command, setpoint), "readback": _word(self.status, readback)}

    def begin_state(self) -> Callable[[], PositionState]:
        """Request its row in a table of positions; the function returned collects it."""
        collect = begin_values(self.command, self.status) if self.connected else lambda: [None, None]

        def collected() -> PositionState:
            try:
                setpoint, readback = collect()
            except (NotConnected, ReadFailed):  # it was lost at this moment, which a table shows
                setpoint = readback = None
            state = no_state(self.name)
            if readback is None:
                return state
            position, target = _word(self.status, readback), _word(self.command, setpoint)
            return {**state, "connected": True, "position": position, "setpoint": target, "words": []}

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
        self.refuse_if_read_only(str(value))
        self._index(value)

    def set(self, value: Any, *, timeout: float | None = None) -> Status:
        """Open or close it: "Open", "Close", 1, 0, True or False; done when it really is.

        The same command again, while it is under way, is one command. If the opposite is under way, that one fails as
        superseded, and the read-back is not used before `travel_time`: until then it may be that of before both.

        Raises:
            BadValue: there is no such state.
            NotConnected: the control system does not answer.
        """
        self.refuse_if_read_only(str(value))
        target = self._index(value)
        before = self._travel if self._travel is not None and not self._travel.done else None
        if before is not None and before.target == target:
            return before
        travel = self._travel = _Travel(self, target, timeout=self.timeout if timeout is None else timeout)
        if before is not None:
            before.end(MoveFailed(f"{self.name}: {before.action} was superseded by {travel.action}"))
        try:
            written = self.command.set(target, timeout=math.inf)  # the travel has a time-out of its own
        except DeviceError as exc:
            travel.end(exc)
            raise
        written.add_callback(lambda status: travel.on_written(status, self.travel_time if before is not None else 0.0))
        return travel

    def _index(self, value: Any) -> int:
        words = {"open": 1, "opened": 1, "close": 0, "closed": 0}
        index = words.get(value.strip().lower()) if isinstance(value, str) else value
        if index in (0, 1):
            return int(index)
        raise BadValue(f"{self.name}: {value!r} is no state of a shutter; write Open or Close")

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """A shutter that opens and closes."""
        yield {"is": "shutter", "command": pv_of(self.command), "status": pv_of(self.status)}
        yield from super().simulation(settings)


class _Travel(DeviceStatus):
    """The status of one opening or closing."""

    def __init__(self, shutter: EpicsShutter, target: int, *, timeout: float) -> None:
        self.target = target
        super().__init__(shutter, timeout=timeout, action="open" if target else "close")
        self.add_callback(lambda _: shutter.status.clear_sub(self._on_state))

    def on_written(self, written: Status, delay_s: float) -> None:
        """Watch the read-back, from `delay_s` seconds after the write on. Completions worker."""
        if (failure := written.exception()) is not None:
            self.end(failure)
        elif delay_s > 0:
            call_later(delay_s, lambda: completions.post(self._watch))
        else:
            self._watch()

    def _watch(self) -> None:
        if not self.done:
            self.obj.status.subscribe(self._on_state)
        if self.done:  # it ended while the subscription was made
            self.obj.status.clear_sub(self._on_state)

    def _on_state(self, **_: Any) -> None:
        """The state has changed, or is checked for the first time: it is read now, as monitors may be late."""
        if self.done:
            return
        try:
            if int(self.obj.status.get()) == self.target:
                self.end()
        except DeviceError as exc:
            self.end(exc)


def _word(signal: EpicsSignalRO, index: Any) -> str:
    return signal.enum_strs[int(index)] if signal.enum_strs else str(index)
