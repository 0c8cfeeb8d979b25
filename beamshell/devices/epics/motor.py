"""EpicsMotor: the motor record; a move succeeds only if the motor has reached its target.

It knows the record's fields, and nothing of plans or of the prompt.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from typing_extensions import override

from beamshell.analysis.move_times import trapezoid_s
from beamshell.channels.timers import call_later
from beamshell.channels.updates import completions, updates
from beamshell.devices.epics.arrival import Arrival, MotorReadings, tolerance
from beamshell.devices.epics.foreign_motion_guard import ForeignMotionGuard
from beamshell.devices.epics.motor_move import (
    MotorMove,
    ReadyRecord,
    allowed_s,
    check_switches,
    of_direction,
)
from beamshell.devices.epics.motor_record import MotorRecord
from beamshell.devices.epics.motor_scale import (
    MotorScale,
    begin_scale,
    change_limits,
    redefine_dial,
    redefine_position,
)
from beamshell.devices.epics.move_result import MoveResult, Snapshot, msta_words
from beamshell.devices.epics.move_targets import Home, Jog, MoveTarget, Position
from beamshell.devices.epics_signal import EpicsSignal
from beamshell.devices.limits import as_number
from beamshell.devices.positioner import MoveStatus
from beamshell.devices.status import Status
from beamshell.devices.values import begin_current_values, begin_readings, begin_values, recent_value
from beamshell.errors import DeviceError, MoveFailed, NotConnected
from beamshell.protocols import ForeignMotion

_CHECK_AGAIN_S = 0.05
_NOTHING_COMES_S = 0.01  # what an IOC has sent by several subscriptions in one go has then come
_SMALLEST = 1e-9

Direction = Literal["forward", "reverse"]


class EpicsMotor(MotorRecord):
    """A motor record.

    A move succeeds only if the record says that it is done, its readback of then is within the record's tolerance of
    the target, and nobody else has sent the motor elsewhere. Everything else is a MoveFailed that says why. Recorded
    are `name` (the readback) and `name_user_setpoint`.

    Args:
        prefix: the record: "BL:th".
        name: its name.
        limits: (low, high) that narrow the record's own, in user coordinates.
        timeout: seconds until a move has failed; None: three times what the distance should take, and 10 s.
        kwargs: those of Positioner and Device.

    Example:
        >>> th = EpicsMotor("BL:th", name="th")
        >>> th.set(1.5).wait()
        >>> th.set(1e9)
        Traceback (most recent call last):
        ...
        beamshell.errors.LimitError: th: 1e+09 deg is above the limit 90 deg
    """

    def __init__(self, prefix: str, *, name: str = "", **kwargs: Any) -> None:
        self._last_move: MotorMove | None = None  # the last move whose command was written to the record
        self._requested_stop: tuple[MoveStatus, bool] | None = None
        self._is_foreign_motion = False  # at the start of a move: another client's move is under way
        self._guard = ForeignMotionGuard(self)
        super().__init__(prefix, name=name, **kwargs)
        self.user_setpoint.subscribe(self._on_setpoint, run=False)
        self.motor_done_move.subscribe(self._on_done_move, run=False)
        self.motor_done_move.subscribe(self._on_connection, self.motor_done_move.SUB_META)

    # ---- moving ------------------------------------------------------------------------------

    def set(self, position: Any, *, timeout: float | None = None, settle_time: float | None = None) -> MoveStatus:
        """Start to go to `position`, in user coordinates; the status ends when it is there, or fails if it is not.

        A move under way is superseded: the motor goes on to the new position, and the old status fails.

        Raises:
            BadValue: it is no finite number.
            LimitError: it is outside the limits, as they are now in the record; nothing has moved.
            DeviceError: the record would not move: SPMG, Set mode, a speed of 0; the message says how to change that.
            NotConnected: the record does not answer.
        """
        as_number(self.name, position)
        start, target, done, settings = self._ready_without_asking(position) or self._ready_for(position, begin_values)
        at_rest = self.motor_done_move.current
        move = MotorMove(
            self,
            Position(float(target)),
            self.user_setpoint,
            target,
            start=start,
            timeout=next(
                allowed
                for allowed in (timeout, self.timeout, allowed_s(settings.duration_s(start, target)))
                if allowed is not None
            ),
            settle_time=self.settle_time if settle_time is None else settle_time,
            from_rest=at_rest is not None and bool(at_rest["value"]),
        )
        self._is_foreign_motion = not done and (self._last_move is None or self._last_move.done)
        self._begin(move)
        return move

    def _ready_without_asking(self, position: Any) -> ReadyRecord | None:
        """The record by what it has sent, if it rests and would move by that; None otherwise: then it is asked."""
        try:
            ready = self._ready_for(position, begin_current_values)
        except NotConnected:
            raise
        except DeviceError:
            return None
        return ready if ready.done else None

    def _ready_for(self, position: Any, begin: Callable[..., Callable[[], list[Any]]]) -> ReadyRecord:
        """The record before a move to `position`.

        Args:
            position: in user coordinates.
            begin: `begin_values`, or `begin_current_values` to ask only for what has not come by subscription.

        Raises:
            The same as `set`.
        """
        start, low, high, done, spmg, calibrating, velocity, ramp_s, *_ = begin(
            self.user_readback,
            self.low_limit_travel,
            self.high_limit_travel,
            self.motor_done_move,
            self.motor_spg,
            self.set_use_switch,
            self.velocity,
            self.acceleration,
            *self._tolerance_signals,  # followed from the first move on: its end is judged by them
        )()
        target = self._within_limits(position, (low, high))
        self._check_ready(int(spmg), bool(calibrating))
        settings = self.move_settings(velocity, ramp_s)
        self.check_speed(settings, start, target)
        return ReadyRecord(start, target, bool(done), settings)

    def _check_ready(self, spmg: int, calibrating: bool) -> None:
        check_switches(self.name, spmg, calibrating)
        if self._last_move is not None and not self._last_move.done and not isinstance(self._last_move.aim, Position):
            raise DeviceError(
                f"{self.name}: a {self._last_move.action} is under way; wait for it, or {self.name}.stop()"
            )

    @override
    def start_move(self, move: MoveStatus) -> None:
        assert isinstance(move, MotorMove)
        move.add_callback(self._guard.leave)  # however it ends, also if nobody has looked at the record
        if self._is_foreign_motion:
            # A write with completion would be kept by the record until the other client's has ended, and would then set
            # off a motor that we may have stopped meanwhile. A plain one is taken at once.
            move.command.put(move.value)
            self._last_move = move
            self._check_end_later(move)
            return
        written = move.command.set(move.value)
        self._last_move = move
        written.add_callback(lambda status: self._on_written(move, status))

    def _on_written(self, move: MotorMove, written: Status) -> None:
        """Check the end of the move: the write has completed. Completions worker."""
        failure = written.exception()
        if failure is None:
            move.is_written = True
            self._check_end(move)
        else:
            move.fail(MoveFailed(f"{self.name}: {move.action}: {failure}"), failure)

    def _on_setpoint(self, value: Any, timestamp: float, **_: Any) -> None:
        """Fail the move under way if another client has changed VAL. Updates worker."""
        self._guard.note_setpoint(value, timestamp)
        move = self._last_move
        if (
            move is None
            or move.done
            or move.target is None
            or abs(value - move.target) <= _SMALLEST * max(1.0, abs(move.target))
        ):
            return
        snapshot = self._read_snapshot(move)
        if snapshot is not None and move.aim.result(snapshot) is MoveResult.SENT_ELSEWHERE and move is self._move:
            self._fail(move, snapshot)

    def _on_done_move(self, value: Any, timestamp: float, **_: Any) -> None:
        """Note that the motor has left its rest, or come to rest. Updates worker."""
        self._guard.note_done(bool(value), timestamp)
        move = self._last_move
        if move is not None and not move.done:
            move.evidence.note_done(bool(value), timestamp)
            self._end_if_arrived(move)

    def _on_connection(self, connected: bool, **_: Any) -> None:
        """Note that the record answers, or does not. Updates worker."""
        self._guard.note_connection(connected)

    def _end_if_arrived(self, move: MotorMove, enough: Arrival = Arrival.PROVED) -> None:
        """End the move if its write has completed and what came by subscription is `enough`: no need to read."""
        if not move.is_written or not isinstance(move.aim, Position):
            return
        signals = (self.user_readback, self.user_setpoint, *self._tolerance_signals)
        arrival = move.evidence.of_arrival(move.aim.target, MotorReadings(*(signal.current for signal in signals)))
        if arrival >= enough:
            self._arrive(move, move.evidence.rests_since or 0.0)
        elif enough is Arrival.PROVED and move.evidence.rests_since is not None:  # its position may come a little later
            call_later(_NOTHING_COMES_S, lambda: updates.post(lambda: self._end_if_arrived(move, Arrival.LIKELY)))

    def _check_end(self, move: MotorMove, *, again: bool = True) -> None:
        """End the move as the record says: by what it has sent, or by a reading now. Completions worker."""
        self._end_if_arrived(move)
        if move.done or (snapshot := self._read_snapshot(move)) is None:
            return
        result = move.aim.result(snapshot)
        if result is MoveResult.UNDER_WAY:  # superseding another move, the completion may have been that one's
            self._check_end_later(move)
        elif result is MoveResult.ARRIVED or self._was_stopped_as_success(move):
            self._arrive(move, snapshot.time)
        elif again and result is MoveResult.MISSED and not self._was_stopped(move):
            self._check_end_later(move, again=False)  # a controller may send its last position a little late
        else:
            self._fail(move, snapshot)

    def _check_end_later(self, move: MotorMove, *, again: bool = True) -> None:
        call_later(_CHECK_AGAIN_S, lambda: completions.post(lambda: self._check_end(move, again=again)))

    def _read_snapshot(self, move: MotorMove) -> Snapshot | None:
        """The fields of the record now; None if it does not answer, and then the move has failed."""
        try:
            readings = begin_readings(
                self.user_readback,
                self.user_setpoint,
                self.motor_done_move,
                self.high_limit_switch,
                self.low_limit_switch,
                self.motor_spg,
                self.limit_violation,
                self.msta,
                *self._tolerance_signals,
                self.set_use_switch,
            )()
        except DeviceError as exc:
            move.fail(MoveFailed(f"{self.name}: {move.action}: where it ended is unknown: {exc}"), exc)
            return None
        readback, setpoint, done, high, low, spmg, lvio, msta, deadband, resolution, calibrating = (
            reading["value"] for reading in readings
        )
        if calibrating:
            move.fail(MoveFailed(f"{self.name}: {move.action}: in Set mode its position was redefined, nothing moved"))
            return None
        limit = tolerance(deadband, resolution, setpoint)
        switches = (bool(high), bool(low), int(spmg), bool(lvio))
        at = min(reading["timestamp"] for reading in readings)
        return Snapshot(readback, setpoint, bool(done), *switches, int(msta), limit, at)

    def _arrive(self, move: MotorMove, at: float) -> None:
        """End a move well; `at` is the time of a look at the record after its end."""
        self._guard.end(move, at)
        move.arrive()

    def _fail(self, move: MotorMove, snapshot: Snapshot) -> None:
        was_stopped_here = self._was_stopped(move) and snapshot.done
        if was_stopped_here:
            reason = f"was stopped at {self.with_unit(snapshot.readback)}"
        else:
            reason = move.aim.reason(snapshot, self.with_unit)
        is_by_others = move.target is not None and not was_stopped_here and snapshot.is_by_others(move.target)
        words = f"{move.action} {reason}" if is_by_others else ""
        self._guard.end(move, snapshot.time, words, is_obstructed=snapshot.is_obstructed and not is_by_others)
        move.fail(MoveFailed(f"{self.name}: {move.action} {reason}"))

    # ---- who moves it ------------------------------------------------------------------------

    @override
    def note_own_command(self, field: str, value: Any) -> None:
        is_at_rest = (reading := self.motor_done_move.latest) is not None and reading["value"]
        if field == "motor_stop" and is_at_rest and not self.is_under_way:
            return  # it stops nothing
        target = float(value) if field == "user_setpoint" else None
        self._guard.begin(target, self._move if self.is_under_way else None)

    def begin_driven(self, driver: Any) -> None:
        """Note that another device of this console is about to move it without a command to its record."""
        self._guard.begin(None, driver)

    def end_driven(self, driver: Any) -> None:
        """Note that this device has brought it to rest.

        Raises:
            NotConnected, ReadFailed: the record does not answer; what it does next says nothing then.
        """
        self._guard.end(driver, begin_readings(self.motor_done_move)()[0]["timestamp"])

    def on_foreign_motion(self, callback: Callable[[ForeignMotion], None]) -> Callable[[], None]:
        """Call `callback` whenever somebody else moves it; see protocols.NoticesForeignMotion."""
        return self._guard.subscribe(callback)

    def has_noticed(self, time: float) -> bool:
        """True if each motion until then, on the record's clock, was noticed; see protocols.NoticesForeignMotion."""
        if time <= (noted := self._guard.noted):
            return True
        commands = (self.user_setpoint.latest, self.motor_done_move.latest)
        sent = [reading["timestamp"] for reading in (*commands, self.user_readback.latest) if reading is not None]
        is_delivered = all(reading is None or reading["timestamp"] <= noted for reading in commands)
        return is_delivered and max(sent, default=0.0) >= time

    @property
    def last_foreign_motion(self) -> ForeignMotion | None:
        """The last time that somebody else has moved it, as far as it was noticed; None if nobody has."""
        return self._guard.last

    # ---- stopping ----------------------------------------------------------------------------

    @override
    def stop_motion(self) -> None:
        self.motor_stop.put(1)  # a plain write on a channel of its own: no write that is under way delays it

    def _end_stopped(self, move: MoveStatus, success: bool) -> None:
        is_jog = isinstance(move, MotorMove) and isinstance(move.aim, Jog)  # a stop is how a jog ends
        self._requested_stop = (move, success or is_jog)  # the move ends when the motor has come to rest, as always

    def _was_stopped(self, move: MoveStatus) -> bool:
        return self._requested_stop is not None and self._requested_stop[0] is move

    def _was_stopped_as_success(self, move: MoveStatus) -> bool:
        return self._requested_stop == (move, True)

    # ---- by hand -----------------------------------------------------------------------------

    def home(self, direction: Direction = "forward", wait: bool = True, timeout: float | None = None) -> MoveStatus:
        """Search for home in this direction; the status succeeds only if the record then says that it is at home.

        Raises:
            The same as `set` and, when waiting, MoveFailed and StatusTimeoutError.
        """
        command = self._button("home", direction)
        low, high, velocity, ramp_s, msta = begin_values(
            self.low_limit_travel, self.high_limit_travel, self.home_velocity, self.acceleration, self.msta
        )()
        if velocity == 0:
            self._refuse_zero_speed("home_velocity")
        if timeout is None:
            travel_s = trapezoid_s(high - low, velocity, ramp_s) if low < high else math.inf
            expected_s = travel_s + recent_value(self.readback_settle_time)
            timeout = self.timeout if self.timeout is not None else allowed_s(expected_s)
        aim = Home(was_homed="homed" in msta_words(int(msta)))
        return self._waited(self._press(command, aim, f"search for home ({direction})", timeout), wait)

    def jog(self, direction: Direction = "forward") -> MoveStatus:
        """Move in this direction until `stop()`, which ends the status well; any other end is a failure.

        Raises:
            The same as `set`.
        """
        button = self._button("jog", direction)
        if self.jog_velocity.get() == 0:
            self._refuse_zero_speed("jog_velocity")
        return self._press(button, Jog(), f"jog ({direction})")

    def tweak(self, direction: Direction = "forward", wait: bool = True) -> MoveStatus:
        """Move by one step of `tweak_value`, as a relative move does: from the set point, or from where it stands.

        Raises:
            The same as `set` and, when waiting, MoveFailed and StatusTimeoutError.
        """
        sign = of_direction(self.name, direction, {"forward": 1, "reverse": -1})
        collect, collect_location = begin_values(self.tweak_value), self.begin_location()
        (step,) = collect()
        return self.move(collect_location()["setpoint"] + sign * step, wait=wait)

    def _button(self, action: str, direction: Direction) -> EpicsSignal:
        forward, reverse = f"{action}_forward", f"{action}_reverse"
        button: EpicsSignal = self.part(of_direction(self.name, direction, {"forward": forward, "reverse": reverse}))
        return button

    def _press(self, button: EpicsSignal, aim: MoveTarget, action: str, timeout: float | None = None) -> MotorMove:
        start, done, spmg, calibrating = begin_values(
            self.user_readback, self.motor_done_move, self.motor_spg, self.set_use_switch
        )()
        self._check_ready(int(spmg), bool(calibrating))
        if not done:
            raise DeviceError(f"{self.name}: it moves; wait until it stands, or {self.name}.stop()")
        move = MotorMove(self, aim, button, 1, start=start, timeout=timeout, action=action)
        self._is_foreign_motion = False
        self._begin(move)
        return move

    # ---- calibration -------------------------------------------------------------------------

    def begin_scale(self) -> Callable[[], MotorScale]:
        """Request position, dial position, offset and limits; the function returned collects them."""
        return begin_scale(self)

    def set_current_position(self, position: float) -> None:
        """Give its present place the user position `position`, by changing the offset; nothing moves.

        Its limits stay where they are: as numbers they change with the offset.

        Raises:
            BadValue: it is no finite number.
            DeviceError: it moves, is in Set mode, or its offset is frozen; the message says how to change that.
        """
        redefine_position(self, position)

    def set_dial_position(self, dial: float) -> None:
        """Give its present place the dial position `dial`, in the controller; nothing moves.

        Its dial limits stay as numbers, so they are at other places afterwards.

        Raises:
            BadValue: it is no finite number.
            DeviceError: it moves, or is in Set mode; the message says how to change that.
        """
        redefine_dial(self, dial)

    def set_limits(self, low: float, high: float) -> None:
        """Write its user limits, for everybody who moves it; 0 and 0 mean that there are none.

        Raises:
            BadValue: they are no finite numbers with the low one first.
            DeviceError: the record does not take them.
        """
        change_limits(self, low, high)
