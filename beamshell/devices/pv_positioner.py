"""PVPositioner: a positioner made of a set point, and of the signals that show its arrival.

Its parts may be signals of any control system.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from typing_extensions import override

from beamshell.channels.timers import Timer, call_later
from beamshell.channels.updates import completions
from beamshell.devices.epics_signal import pv_of
from beamshell.devices.part import Fact
from beamshell.devices.positioner import MoveStatus, Positioner, PositionState
from beamshell.devices.status import Status
from beamshell.devices.values import begin_values
from beamshell.errors import BadValue, DeviceError, MoveFailed


class PVPositioner(Positioner):
    """A device with a set point, declared in a subclass by parts of these names; only `setpoint` must be there.

    - `setpoint`: the target.
    - `readback`: the position; recorded under the name of the device.
    - `done`: is `done_value` when the target is reached.
    - `actuate`: the "Go" button; gets `actuate_value` after the set point.
    - `stop_signal`: gets `stop_value` for a stop.

    A move has ended when `done` says so; without a `done`, when the readback is within `tolerance` of the target;
    without that either, when the control system says that the write has ended. With both, both must hold.

    A stop writes to `stop_signal`. Without one the device cannot be stopped. A class whose devices may be sent to any
    place on their way says so by `holds_on_stop`: a stop then sends them to where they are. For any other, a stop ends
    the wait and says that the device goes on: some take no second set point before they have reached the first.

    Args:
        prefix: the beginning of the addresses of its parts.
        name: its name.
        tolerance: how near the readback must be, in its units; None keeps that of the class.
        holds_on_stop: True if a stop sends it to where it is; None keeps that of the class.
        kwargs: those of Positioner and Device.

    Raises:
        TypeError: the class has no `setpoint`, or a `tolerance` without a `readback`.

    Example:
        >>> class Decay(PVPositioner):
        ...     readback = Component(EpicsSignalRO, ":I")
        ...     setpoint = Component(EpicsSignal, ":SP")
        ...     done = Component(EpicsSignalRO, ":done")
        >>> status = Decay("decay", name="decay").set(140)
    """

    readback: Any = None
    setpoint: Any = None
    done: Any = None
    actuate: Any = None
    stop_signal: Any = None

    done_value: ClassVar[Any] = 1
    actuate_value: ClassVar[Any] = 1
    stop_value: ClassVar[Any] = 1
    tolerance: float | None = None
    holds_on_stop: bool = False
    done_grace_s: ClassVar[float] = 0.5
    """Seconds that `done` may still be that of the last move, before it is taken for that of this one."""

    def __init__(
        self,
        prefix: str = "",
        *,
        name: str = "",
        tolerance: float | None = None,
        holds_on_stop: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if tolerance is not None:
            if not tolerance > 0:
                raise BadValue(f"{name}: a tolerance of {tolerance} is not above 0")
            self.tolerance = tolerance
        if holds_on_stop is not None:
            self.holds_on_stop = holds_on_stop
        super().__init__(prefix, name=name, **kwargs)
        if self.setpoint is None:
            raise TypeError(f"{type(self).__name__} has no part called setpoint; declare one")
        if self.tolerance is not None and self.readback is None:
            raise TypeError(f"{type(self).__name__} has a tolerance, but no part called readback to hold it against")
        self.readback_signal.kind = "hinted"

    def part_name(self, attr: str) -> str:
        """The signal of the position has the name of the device itself."""
        position = "readback" if "readback" in self.component_names else "setpoint"
        return self.name if attr == position and self.name else super().part_name(attr)

    @property
    def readback_signal(self) -> Any:
        """The signal of its position."""
        return self.setpoint if self.readback is None else self.readback

    @property
    def setpoint_signal(self) -> Any:
        """The signal of its set point."""
        return self.setpoint

    @override
    def begin_tolerance(self) -> Callable[[], float | None]:
        return lambda: self.tolerance

    @property
    def enum_strs(self) -> tuple[str, ...]:
        """The names of the positions, if they are states; () if they are numbers."""
        return tuple(self.setpoint.enum_strs)

    def check_value(self, position: Any) -> None:
        """Return if a move to `position` would be accepted; nothing moves.

        Raises:
            BadValue: the set point takes no such value.
            LimitError: it is outside the limits.
        """
        if not self.enum_strs:  # states have no limits
            super().check_value(position)
        self.setpoint.check_value(position)

    @override
    def _target_of(self, position: Any) -> Any:
        return position if self.enum_strs else super()._target_of(position)

    @override
    def start_move(self, move: MoveStatus) -> None:
        arrival = _Arrival(self, move)
        move.add_callback(lambda _: arrival.close())
        arrival.start()

    # ---- on its way --------------------------------------------------------------------------

    @property
    def moving(self) -> bool:
        """True while a move that was started here is under way, or `done`, by monitor, says that it moves."""
        latest = self.done.latest if self.done is not None else None
        return super().moving or (latest is not None and bool(latest["value"] != self.done_value))

    def _begin_motion(self) -> Callable[[], tuple[Any, Any, bool]]:
        """Request readback, set point, and whether it is on its way, whoever sent it; the result collects them."""
        done_signals = [] if self.done is None else [self.done]
        collect = begin_values(self.readback_signal, self.setpoint_signal, *done_signals)

        def collected() -> tuple[Any, Any, bool]:
            readback, setpoint, *done = collect()
            if self.is_under_way:
                return readback, setpoint, True
            if done:
                return readback, setpoint, bool(done[0] != self.done_value)
            return readback, setpoint, self.tolerance is not None and abs(readback - setpoint) > self.tolerance

        return collected

    @override
    def _begin_online_state(self) -> Callable[[], PositionState]:
        collect = self._begin_motion()

        def collected() -> PositionState:
            readback, setpoint, moving = collect()
            return {**self._state(readback, setpoint), "moving": moving, "words": ["moving"] if moving else []}

        return collected

    @property
    def can_stop(self) -> bool:
        """True if it has a `stop_signal`, or may be sent to where it is."""
        return self.stop_signal is not None or self.holds_on_stop

    @override
    def stop_motion(self) -> None:
        if self.stop_signal is not None:
            self.stop_signal.put(self.stop_value)
            return
        readback, _, moving = self._begin_motion()()
        if moving:
            low, high = self.limits
            self.setpoint.put(min(max(readback, low), high) if low < high else readback)
            if self.actuate is not None:
                self.actuate.put(self.actuate_value)

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """A set point, and a readback that arrives there some time later."""
        parts = {"readback": self.readback, "done": self.done, "stop": self.stop_signal}
        pvs = {part: pv_of(signal) for part, signal in parts.items() if signal is not None}
        pvs["setpoint"] = pv_of(self.setpoint, written=True)
        yield {"is": "positioner", **pvs, "done_value": self.done_value, **self._simulated_limits, **settings}
        yield from super().simulation(settings)


class _Arrival:
    """Watches one move of a PVPositioner, from the write to its end."""

    def __init__(self, device: PVPositioner, move: MoveStatus) -> None:
        self._device = device
        self._move = move
        self._was_busy = False
        self._written = False
        self._grace: Timer | None = None
        self._watched = [
            (signal, callback)
            for signal, callback in ((device.done, self._on_done), (self._measured, self._on_readback))
            if signal is not None
        ]

    @property
    def _measured(self) -> Any:
        return self._device.readback if self._device.tolerance is not None else None

    def start(self) -> None:
        """Write the set point, and press the button if there is one.

        A write may last as long as the motion: only the time-out of the move ends it.
        """
        device = self._device
        for signal, callback in self._watched:
            signal.subscribe(callback, run=False)
        device.setpoint.set(self._move.target, timeout=math.inf).add_callback(self._on_set)

    def _on_set(self, status: Status) -> None:
        """Press the button after the set point is written. Completions worker, or for soft signals the caller."""
        if self._failed(status):
            return
        if self._device.actuate is None:
            self._on_written(status)
            return
        try:
            pressed = self._device.actuate.set(self._device.actuate_value, timeout=math.inf)
        except DeviceError as exc:
            self._move.fail(MoveFailed(f"{self._device.name}: {self._move.action}: {exc}"), exc)
        else:
            pressed.add_callback(self._on_written)

    def _on_written(self, status: Status) -> None:
        """Begin to watch after all is written; `done` and readback may still be those of the last move."""
        if self._failed(status):
            return
        self._written = True
        if self._device.done is not None and not self._was_busy:
            self._grace = call_later(self._device.done_grace_s, lambda: completions.post(self._on_grace_over))
        self._look()

    def _failed(self, status: Status) -> bool:
        failure = status.exception()
        if failure is not None and not self._is_over:
            self._move.fail(MoveFailed(f"{self._device.name}: {self._move.action}: {failure}"), failure)
        return self._is_over

    @property
    def _is_over(self) -> bool:
        return self._move.done or self._move.was_stopped

    def _on_grace_over(self) -> None:
        self._was_busy = True  # it was busy so briefly that no monitor showed it, or is so still
        self._look()

    def _on_done(self, value: Any, **_: Any) -> None:
        """Handle a change of `done`. Updates worker."""
        if value != self._device.done_value:
            self._was_busy = True
        else:
            self._look()

    def _on_readback(self, **_: Any) -> None:
        """Handle a change of the readback. Updates worker."""
        self._look()

    def _look(self) -> None:
        """End the move if the target is reached, by values read now: completions and monitors are not ordered."""
        if self._is_over or not self._written:
            return
        signals = [signal for signal, _ in self._watched]
        try:
            values = begin_values(*signals)()
        except DeviceError as exc:
            failure = MoveFailed(f"{self._device.name}: {self._move.action}: where it is is unknown: {exc}")
            self._move.fail(failure, exc)
            return
        if all(self._is_there(signal, value) for signal, value in zip(signals, values, strict=True)):
            self._move.arrive()

    def _is_there(self, signal: Any, value: Any) -> bool:
        device = self._device
        if signal is device.done:
            return self._was_busy and bool(value == device.done_value)
        assert device.tolerance is not None
        return math.fabs(value - self._move.target) <= device.tolerance

    def close(self) -> None:
        """Stop watching."""
        if self._grace is not None:
            self._grace.cancel()
        for signal, callback in self._watched:
            signal.clear_sub(callback)


class PVPositionerIsClose(PVPositioner):
    """A PVPositioner without a `done`: it is there when the readback is within `tolerance` of the target."""

    tolerance = 1e-6


class PVPositionerDone(PVPositioner):
    """A PVPositioner that is there as soon as the set point is written."""

    done = None
    tolerance = None
