"""SoftPositioner: a positioner in this process, for computed or simulated positions.

It knows no control system; a thread is at work only if a delay was asked for.
"""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from beamshell.channels.timers import call_later
from beamshell.channels.updates import completions
from beamshell.devices.component import Component
from beamshell.devices.part import Kind
from beamshell.devices.positioner import MoveStatus, Positioner
from beamshell.devices.signal import Signal, SignalRO
from beamshell.protocols import DataKey


class SoftPositioner(Positioner):
    """A positioner in this process: it is where it is sent, at once or after a delay. A stop leaves it where it was.

    Args:
        prefix: unused; there for device files.
        name: its name.
        value: where it is at first.
        delay: seconds that a move takes.
        units: of its position.
        precision: digits after the decimal point worth showing.
        kwargs: those of Positioner.

    Example:
        >>> gap = SoftPositioner(name="gap", limits=(0, 10), units="mm")
        >>> gap.set(12)
        Traceback (most recent call last):
        ...
        beamshell.errors.LimitError: gap: 12 mm is above the limit 10 mm
    """

    readback = Component(SignalRO, kind=Kind.hinted)
    setpoint = Component(Signal, kind=Kind.normal)

    def __init__(
        self,
        prefix: str = "",
        *,
        name: str = "",
        value: float = 0.0,
        delay: float = 0.0,
        units: str = "",
        precision: int | None = 3,
        **kwargs: Any,
    ) -> None:
        self.delay = delay
        self._units = units
        self._precision = precision
        super().__init__(prefix, name=name, **kwargs)
        self._put(value, value)

    def part_name(self, attr: str) -> str:
        """The readback has the name of the device itself."""
        return self.name if attr == "readback" and self.name else super().part_name(attr)

    def estimate_time_s(self, start: float, stop: float) -> float:  # noqa: ARG002  # the same for any way
        """Seconds that a move takes."""
        return self.delay + self.settle_time

    @property
    def readback_signal(self) -> SignalRO:
        """The signal of its position."""
        return self.readback

    @property
    def setpoint_signal(self) -> Signal:
        """The signal of its set point."""
        return self.setpoint

    @property
    def units(self) -> str:
        """The unit of its position, such as "mm"."""
        return self._units

    @property
    def precision(self) -> int | None:
        """Digits after the decimal point worth showing."""
        return self._precision

    def describe(self) -> dict[str, DataKey]:
        """The data key of each key of `read`."""
        described = super().describe()
        for key in (self.readback.name, self.setpoint.name):
            if key in described and self._units:
                described[key]["units"] = self._units
            if key in described and self._precision is not None:
                described[key]["precision"] = self._precision
        return described

    def _put(self, setpoint: float, readback: float) -> None:
        self.setpoint.put(float(setpoint))
        self.readback.put(self._measured(float(readback)), force=True)

    def _measured(self, position: float) -> float:
        """The readback at `position`; a subclass may add noise."""
        return position

    @override
    def start_move(self, move: MoveStatus) -> None:
        move.start = self.position
        self.setpoint.put(float(move.target))
        if self.delay > 0:
            call_later(self.delay, lambda: completions.post(lambda: self._arrive(move)))
        else:
            self._arrive(move)

    @override
    def stop_motion(self) -> None:
        self.setpoint.put(float(self.position))

    def _arrive(self, move: MoveStatus) -> None:
        if move is self._move and not move.done:
            self._put(move.target, move.target)
            move.arrive()
