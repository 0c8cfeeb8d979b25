"""Positioner: the base of all devices that are sent to a position: limits, moves, position, state.

It knows no control system, and nothing of plans.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any, TypedDict

from beamshell.devices.device import Device
from beamshell.devices.limits import NO_LIMITS, as_limits, as_number, refusal, step_of, without_rounding
from beamshell.devices.permission import WRITING
from beamshell.devices.status import DeviceStatus
from beamshell.devices.values import begin_values
from beamshell.errors import LimitError, MoveFailed, NotConnected, ReadFailed
from beamshell.protocols import Location
from beamshell.text.numbers import in_full

logger = logging.getLogger(__name__)


class PositionState(TypedDict):
    """The row of one device in a table of positions: positions in its units, None for values that it does not have."""

    name: str
    connected: bool
    position: Any
    """A number, or the name of a state."""
    dial: float | None
    setpoint: Any
    low_limit: float | None
    """None if there is no limit."""
    high_limit: float | None
    units: str
    precision: int | None
    moving: bool
    words: list[str]
    """What is unusual, such as ["moving"] or ["high limit switch", "SPMG Stop"]; [] if all is well."""


def no_state(name: str) -> PositionState:
    """The row of a device that does not answer, in a table of positions."""
    return {
        "name": name,
        "connected": False,
        "position": None,
        "dial": None,
        "setpoint": None,
        "low_limit": None,
        "high_limit": None,
        "units": "",
        "precision": None,
        "moving": False,
        "words": ["offline"],
    }


class MoveStatus(DeviceStatus):
    """The status of one move.

    Args:
        device: the device that moves.
        target: its target.
        start: the position before the move, None if unknown.
        timeout: seconds until it has failed.
        settle_time: seconds between arrival and done.
        action: the name of the action in messages, if it is not "move to 5 mm".
    """

    def __init__(
        self,
        device: Any,
        target: Any,
        *,
        start: Any = None,
        timeout: float | None = None,
        settle_time: float = 0.0,
        action: str = "",
    ) -> None:
        self.target = target
        self.start = start
        self.was_stopped = False
        self.started = time.monotonic()
        action = action or f"move to {device.with_unit(target)}"
        super().__init__(device, timeout=timeout, settle_time=settle_time, action=action)

    def arrive(self) -> None:
        """The move has ended well, unless it has ended already."""
        self.end()

    def fail(self, failure: BaseException, cause: BaseException | None = None) -> None:
        """The move has failed, unless it has ended already.

        Args:
            failure: the exception of this status.
            cause: the one that it comes from.
        """
        failure.__cause__ = cause
        self.end(failure)


class Positioner(Device):
    """The base of all devices that go to a position.

    A subclass names the signals of position (`readback_signal`) and set point (`setpoint_signal`), starts a move
    (`start_move`), and ends the MoveStatus of the move. This class does the rest.

    Args:
        prefix: the beginning of the addresses of its parts.
        name: its name; the readback is recorded under it.
        limits: (low, high) that narrow those of the hardware; None narrows nothing.
        settle_time: seconds to wait after each move.
        timeout: seconds until a move has failed; None lets the class decide.
        kwargs: those of Device.

    Raises:
        BadValue: the limits are no pair of numbers with the low one first.
    """

    HIDDEN = (
        *("begin_location", "begin_state", "begin_tolerance", "hardware_limits", "limit_switch", "missed"),
        *("can_stop", "is_under_way", "readback_signal", "setpoint_signal"),
        *("start_move", "stop_motion", "with_unit"),
    )

    def __init__(
        self,
        prefix: str = "",
        *,
        name: str = "",
        limits: Iterable[float] | None = None,
        settle_time: float = 0.0,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> None:
        self._narrowed = as_limits(name, limits)
        self._move: MoveStatus | None = None
        self.settle_time = settle_time
        self.timeout = timeout
        super().__init__(prefix, name=name, **kwargs)

    # ---- what a subclass says ----------------------------------------------------------------

    @property
    def readback_signal(self) -> Any:
        """The signal of its position."""
        raise NotImplementedError

    @property
    def setpoint_signal(self) -> Any:
        """The signal of its set point."""
        raise NotImplementedError

    @property
    def hardware_limits(self) -> tuple[float, float]:
        """(low, high) of the hardware; equal ones mean that there are none."""
        low, high = self.setpoint_signal.limits
        return (low, high)

    def start_move(self, move: MoveStatus) -> None:
        """Start to go to `move.target`; call `move.arrive()` or `move.fail(...)` when that has ended."""
        raise NotImplementedError

    def stop_motion(self) -> None:
        """Send the hardware its STOP. A class without this method says, where it should stop, that it goes on."""

    @property
    def can_stop(self) -> bool:
        """True if `stop_motion` stops it."""
        return type(self).stop_motion is not Positioner.stop_motion

    # ---- where it is -------------------------------------------------------------------------

    @property
    def position(self) -> Any:
        """Its present position, in its units."""
        return self.readback_signal.get()

    def locate(self) -> Location:
        """Its set point and its position, read in one round trip.

        A relative move starts from this set point. It is the position, if the device is not where it was sent: it was
        stopped, it failed, or somebody else moved it.
        """
        return self.begin_location()()

    def begin_location(self) -> Callable[[], Location]:
        """Request all values of `locate`; the function returned collects them."""
        collect = begin_values(self.readback_signal, self.setpoint_signal)
        collect_tolerance = self.begin_tolerance()

        def collected() -> Location:
            readback, setpoint = collect()
            is_valid = self._is_target(setpoint, readback, collect_tolerance())
            return {"setpoint": setpoint if is_valid else readback, "readback": readback}

        return collected

    def begin_tolerance(self) -> Callable[[], float | None]:
        """Request the largest distance between set point and position after a move that has succeeded.

        The function returned collects it; None if the device does not say.
        """
        return lambda: None

    def _is_target(self, setpoint: Any, readback: Any, tolerance: float | None) -> bool:
        """True if the set point is where it goes to or has arrived."""
        if self.is_under_way:
            return True
        return not self.missed if tolerance is None else abs(readback - setpoint) <= tolerance

    @property
    def is_under_way(self) -> bool:
        """True while a move that was started here has not ended; it asks no hardware."""
        return self._move is not None and not self._move.done

    @property
    def units(self) -> str:
        """The unit of its position, such as "mm"."""
        return str(self.readback_signal.units)

    @property
    def egu(self) -> str:
        """The same as `units`."""
        return self.units

    @property
    def precision(self) -> int | None:
        """Digits after the decimal point worth showing; None if that is unknown."""
        digits: int | None = self.readback_signal.precision
        return digits

    @property
    def moving(self) -> bool:
        """True while a move that was started here is under way."""
        return self.is_under_way

    def limit_switch(self) -> str:
        """The limit switch that it is at, "high" or "low", by what has come by subscription; "" if none, or unknown."""
        return ""

    @property
    def missed(self) -> bool:
        """True if the last move that was started here did not reach its target; a stop may count as a success."""
        move = self._move
        return move is not None and move.done and (move.was_stopped or not move.success)

    def state(self) -> PositionState:
        """Its row in a table of positions."""
        return self.begin_state()()

    def begin_state(self) -> Callable[[], PositionState]:
        """Request all values of `state`; the function returned collects them, and says "offline" if nothing answers."""
        if not self.connected:
            return lambda: self._state(None, None)
        collect = self._begin_online_state()

        def collected() -> PositionState:
            try:
                return collect()
            except (NotConnected, ReadFailed):  # it was lost at this moment, which a table shows
                return self._state(None, None)

        return collected

    def _begin_online_state(self) -> Callable[[], PositionState]:
        collect = begin_values(self.readback_signal, self.setpoint_signal)
        return lambda: self._state(*collect())

    def _state(self, readback: Any, setpoint: Any) -> PositionState:
        if readback is None:
            return no_state(self.name)
        low, high = self.limits
        return {
            "name": self.name,
            "connected": True,
            "position": readback,
            "dial": None,
            "setpoint": setpoint,
            "low_limit": low if low < high and math.isfinite(low) else None,
            "high_limit": high if low < high and math.isfinite(high) else None,
            "units": self.units,
            "precision": self.precision,
            "moving": self.moving,
            "words": ["moving"] if self.moving else [],
        }

    def known_state(self) -> list[str]:
        """Its last position by monitor, and whether it moves, in words."""
        latest = self.readback_signal.latest if self.connected else None
        if latest is None:
            return super().known_state()
        return [f"{'moving, ' if self.moving else ''}at {self.with_unit(latest['value'])}"]

    def subscribe(self, callback: Callable[..., Any], event_type: str | None = None, run: bool = True) -> int:
        """Call `callback(value=..., ...)` at each change of the position; the token to end it with."""
        token: int = self.readback_signal.subscribe(callback, event_type=event_type, run=run)
        return token

    def unsubscribe(self, token: int) -> None:
        """End one subscription."""
        self.readback_signal.unsubscribe(token)

    def clear_sub(self, callback: Callable[..., Any], event_type: str | None = None) -> None:
        """End every subscription of `callback`."""
        self.readback_signal.clear_sub(callback, event_type)

    # ---- where it may go ---------------------------------------------------------------------

    @property
    def limits(self) -> tuple[float, float]:
        """(low, high) that hold: the hardware's, narrowed by our own; equal ones mean that there are none.

        Setting them narrows the hardware's for this session; None takes that back.
        """
        return self._narrow(self.hardware_limits)

    @limits.setter
    def limits(self, limits: Iterable[float] | None) -> None:
        self._narrowed = as_limits(self.name, limits)

    @property
    def _simulated_limits(self) -> dict[str, list[float]]:
        """The limits of a simulated one: those it was given, if any."""
        return {"limits": list(self._narrowed)} if self._narrowed else {}

    def _narrow(self, hardware: tuple[float, float]) -> tuple[float, float]:
        """`hardware` limits and our own, both of which must hold; equal hardware limits are none."""
        if self._narrowed is None:
            return hardware
        low, high = self._narrowed
        return (max(low, hardware[0]), min(high, hardware[1])) if hardware[0] < hardware[1] else (low, high)

    @property
    def low_limit(self) -> float:
        """The lowest position allowed."""
        return self.limits[0]

    @property
    def high_limit(self) -> float:
        """The highest position allowed."""
        return self.limits[1]

    def check_value(self, position: Any) -> None:
        """Return if a move to `position` would be accepted; nothing moves.

        Raises:
            BadValue: it is no finite number.
            LimitError: it is outside the limits.
        """
        self._within_limits(position, self.hardware_limits)

    @property
    def accepts_all_between(self) -> bool:
        """True if it accepts each position between two that it accepts: nothing but its limits decides."""
        return type(self).check_value is Positioner.check_value

    def _within_limits(self, position: Any, hardware: tuple[float, float]) -> Any:
        """The target of a move to `position`: the limit, if it exceeds one by rounding alone.

        Raises:
            The same as `check_value`.
        """
        target = as_number(self.name, position)
        if self.read_only:
            self.refuse_if_read_only(self.with_unit(target))
        for limits in (hardware, self._narrowed or NO_LIMITS):
            low, high = limits
            if low == high or low <= target <= high:  # nearly always
                continue
            target = without_rounding(target, limits, self._resolution)
            if problem := refusal(target, limits, self.with_unit):
                raise LimitError(f"{self.name}: {problem}")
        return position if target == position else target

    def _target_of(self, position: Any) -> Any:
        """The target of a move to a position that `check_value` has accepted."""
        return self._within_limits(position, self.hardware_limits)

    def _resolution(self) -> float:
        """The smallest step that matters, in its units; 0.0 if that is unknown."""
        return step_of(self.precision)

    def with_unit(self, position: Any) -> str:
        """A position with its unit, for messages: "1.5 mm"."""
        text = in_full(float(position), 9) if isinstance(position, Real) else str(position)
        return f"{text} {self.units}".rstrip()

    # ---- going there -------------------------------------------------------------------------

    def set(self, position: Any, *, timeout: float | None = None, settle_time: float | None = None) -> MoveStatus:
        """Start to go to `position`, in its units; the status ends when it is there, or fails if it cannot be.

        A move under way is superseded: it goes on to the new position, and its own status fails.

        Raises:
            BadValue: it is no finite number.
            LimitError: it is outside the limits; nothing has moved.
            NotConnected: the control system does not answer.
        """
        self.check_value(position)
        move = MoveStatus(
            self,
            self._target_of(position),
            timeout=timeout if timeout is not None else self.timeout,
            settle_time=self.settle_time if settle_time is None else settle_time,
        )
        self._begin(move)
        return move

    def _begin(self, move: MoveStatus) -> None:
        """Make `move` the one under way, and start it."""
        if not WRITING.is_open:
            try:
                WRITING.require(self.name)
            except BaseException as exc:
                move.fail(exc)
                raise
        before, self._move = self._move, move
        if before is not None:
            before.fail(MoveFailed(f"{self.name}: {before.action} was superseded by a {move.action}"))
        try:
            self.start_move(move)
        except BaseException as exc:
            move.fail(exc)
            raise

    def move(self, position: Any, wait: bool = True, timeout: float | None = None) -> MoveStatus:
        """Go to `position` and, unless `wait` is False, wait; Ctrl+C stops it.

        Raises:
            The same as `set` and, when waiting, MoveFailed and StatusTimeoutError.
        """
        return self._waited(self.set(position, timeout=timeout), wait)

    def _waited(self, move: MoveStatus, wait: bool = True) -> MoveStatus:
        """`move`, ended if `wait`; Ctrl+C stops it."""
        if wait:
            try:
                move.wait()
            except KeyboardInterrupt:
                self.stop()
                raise
        return move

    def stop(self, success: bool = False) -> None:
        """Stop now; an unfinished move then has failed, or succeeded if `success`."""
        move = self._move
        if move is not None and not move.done:
            move.was_stopped = True  # before the hardware is told, so that what fails by it is no failure of the move
        if not self.read_only:  # otherwise others have sent it, and it is not ours to stop
            if self.can_stop:
                self.stop_motion()
            else:
                self._say_that_it_goes_on()
        if move is not None and not move.done:
            self._end_stopped(move, success)

    def _end_stopped(self, move: MoveStatus, success: bool) -> None:
        if success:
            move.arrive()
        else:
            end = "was stopped" if self.can_stop else "goes on unwatched: it cannot be stopped"
            move.fail(MoveFailed(f"{self.name}: {move.action} {end}"))

    def _say_that_it_goes_on(self) -> None:
        state = self.state()
        if state["moving"]:
            readback = state["position"]
            position = in_full(float(readback), 9) if isinstance(readback, Real) else str(readback)
            logger.warning(
                "%s: goes on to %s, as it cannot be stopped; to hold it: mov %s %s",
                *(self.name, self.with_unit(state["setpoint"]), self.name, position),
            )
