"""MotorFlyer: a fly scan of one motor, which moves past its points while a multichannel scaler counts.

No special hardware is needed: the motor's read-backs have time stamps, and so has the start of the counter. It knows
nothing of plans.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
from typing_extensions import override

from beamshell.channels.timers import Timer, call_later
from beamshell.channels.updates import completions
from beamshell.devices.component import Component
from beamshell.devices.epics.flight_log import FlightLog
from beamshell.devices.epics.fly_profile import FlyProfile, profile_from
from beamshell.devices.epics.mcs import MultichannelScaler, allowed_bins_s
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.flyer import Flight, Points, end_with
from beamshell.devices.part import Kind
from beamshell.devices.path_flyer import Numbers, PathFlyer
from beamshell.devices.signal import SignalRO
from beamshell.devices.status import DeviceStatus, Status
from beamshell.devices.values import begin_values, recent_value
from beamshell.errors import BadValue, DeviceError, LimitError, NotConnected, WaitTimeoutError
from beamshell.protocols import DataKey, Hints

_WRITE_S = 5.0
"""Seconds that a setting may take to be written."""


class MotorFlyer(PathFlyer):
    """A fly scan of one motor: ``RE(fly_scan(th_fly, -1, 1, 101, 0.05))``, or ``fscan th -1 1 101 0.05``.

    `prepare` takes the motor, at its own speed, to where it has room to speed up before the first point. `kickoff` sets
    the speed of the flight and sends it past all points; the counter is started when the motor comes by the beginning
    of the first bin, and its bins follow at equal times, so that each point lies in the middle of its bin. However the
    flight ends, the motor gets its own speed back; should its IOC be gone, when it is unstaged or prepared again.

    The position of the motor in the middle of each bin comes from its read-backs and their time stamps, or from the
    counter, if one of its arrays holds the position.

    Args:
        prefix: unused; there for device files.
        name: its name.
        motor: what moves; its device, in a device file its name.
        counter: what counts, likewise.
        encoder: the counter's array that holds the motor's position in each bin; None: from the read-backs.
        kwargs: those of PathFlyer: tolerance, ...

    Example:
        >>> th_fly = MotorFlyer(name="th_fly", motor=th, counter=mcs, tolerance=1)
        >>> th_fly.prepare({"start": -1, "stop": 1, "num": 101, "time": 0.2}).wait()
        >>> th_fly.kickoff().wait()
        >>> th_fly.complete().wait()
        >>> next(th_fly.collect_pages())["data"].keys()
        dict_keys(['th', 'mcs_i0', 'mcs_it', 'th_fly_off_path'])
    """

    device_arguments: ClassVar[tuple[str, ...]] = ("motor", "counter")
    """The arguments that a device file gives as the names of other devices."""
    ends_on_pause: ClassVar[bool] = True

    speed = Component(SignalRO, value=0.0, kind=Kind.config, doc="of the last flight that was prepared, units/s")
    dwell = Component(SignalRO, value=0.0, kind=Kind.config, units="s", doc="how long each of its bins lasts")
    run_up = Component(SignalRO, value=0.0, kind=Kind.config, doc="how far it goes ahead of the first bin")

    def __init__(
        self,
        prefix: str = "",
        *,
        name: str = "",
        motor: EpicsMotor,
        counter: MultichannelScaler,
        encoder: str | None = None,
        **kwargs: Any,
    ) -> None:
        for argument, device, kind in (("motor", motor, EpicsMotor), ("counter", counter, MultichannelScaler)):
            if not isinstance(device, kind):
                raise BadValue(f"{name}: its {argument} is {device!r}, and must be of the class {kind.__name__}")
        if encoder is not None and encoder not in counter.counters:
            raise BadValue(f"{name}: {counter.name} has no array {encoder}, only {', '.join(counter.counters)}")
        self.motor, self.counter, self._encoder = motor, counter, encoder
        self._log = FlightLog(0.0)
        self._counts: dict[str, Any] | None = None
        self._start_failure: DeviceError | None = None
        self._is_ending = False
        self._is_complete = False  # the motor came to its end, so it was on its way during all bins
        self._counting: DeviceStatus | None = None
        self._start_lock = (
            threading.Lock()
        )  # taken, for good, by the thread that starts the counter or keeps it from being started
        self._timer: Timer | None = None
        self._speed_before: float | None = None  # the motor's own speed, to be restored
        super().__init__(prefix, name=name, **kwargs)

    @property
    def motors(self) -> list[EpicsMotor]:
        """The motors that it moves."""
        return [self.motor]

    # ---- before the flight -------------------------------------------------------------------

    @override
    def parse_path(self, path: Mapping[str, Any]) -> FlyProfile:
        profile = profile_from(self.name, path)
        for place in (profile.begin - self._room(profile), self._farthest_place(profile)):
            try:
                self.motor.check_value(place)
            except LimitError as exc:
                run_up = self.motor.with_unit(abs(self._farthest_place(profile) - profile.stop))
                raise LimitError(
                    f"{exc}; at this speed a flight needs {run_up} beside its first and last point"
                ) from exc
        self._check_speed(profile)
        start, target = profile.begin - self._room(profile), self._target(profile)
        self.motor.check_speed(self.motor.move_settings(profile.speed), start, target)
        self.counter.check_bins(profile.bins, profile.time_s)
        return profile

    def planned(self, path: Mapping[str, Any]) -> tuple[float, dict[str, list[float]]]:
        """Seconds from kickoff to the end of the flight, and the motor's position at each point; nothing moves.

        Raises:
            The same as `prepare`.
        """
        profile = self.parse_path(path)
        flight_s = self.motor.move_settings(profile.speed).duration_s(
            profile.begin - self._room(profile), self._target(profile)
        )
        return flight_s, {self.motor.name: profile.places.tolist()}

    def _room(self, profile: FlyProfile) -> float:
        return profile.run_up(recent_value(self.motor.acceleration))

    def _farthest_place(self, profile: FlyProfile) -> float:
        """Where it turns at the latest: a motor with backlash passes its target, or comes to it more slowly."""
        backlash = abs(self.motor.move_settings().backlash)
        return profile.end + self._room(profile) + math.copysign(backlash, profile.step)

    def _target(self, profile: FlyProfile) -> float:
        """Where the motor is sent: it has passed all bins before it does anything about its backlash."""
        is_preferred = self.motor.move_settings().backlash * profile.step > 0
        return self._farthest_place(profile) if is_preferred else profile.end + self._room(profile)

    def _check_speed(self, profile: FlyProfile) -> None:
        slowest, fastest = self.motor.velocity.limits  # VBAS and VMAX of the record
        unit = f"{self.motor.units}/s"
        if slowest < fastest and not slowest <= profile.speed <= fastest:
            limit, word = (fastest, "above") if profile.speed > fastest else (slowest, "below")
            raise LimitError(
                f"{self.motor.name}: {profile.speed:.4g} {unit} is {word} the limit {limit:g} {unit}; "
                f"take {'more' if word == 'above' else 'less'} time for each point"
            )

    @override
    def make_ready(self, ready: DeviceStatus) -> None:
        profile: FlyProfile = self._path
        self._restore_speed()
        for signal, value in (
            (self.speed, profile.speed),
            (self.dwell, profile.time_s),
            (self.run_up, self._room(profile)),
        ):
            signal.put(value, force=True)
        self.read_tolerances(is_new_path=profile.first == 0)
        waiting: list[Status] = [
            *self.counter.prepare_bins(profile.bins, profile.time_s),
            self.motor.set(profile.begin - self._room(profile)),
        ]
        end_with(ready, waiting)

    @override
    def stop_preparation(self) -> None:
        self.motor.stop()

    # ---- the flight --------------------------------------------------------------------------

    @override
    def start_flight(self, flight: Flight) -> None:
        profile: FlyProfile = self._path
        self._check_start_position(profile)
        speed_before, dwell_s = begin_values(self.motor.velocity, self.counter.dwell)()
        self._log, self._counts, self._counting, self._start_failure = FlightLog(float(dwell_s)), None, None, None
        self._is_ending = self._is_complete = False
        self._start_lock = threading.Lock()
        self._subscribe()
        try:
            self._speed_before = float(speed_before)
            self.motor.velocity.set(profile.speed).wait(_WRITE_S)
            move = self.motor.set(self._target(profile))
        except BaseException:
            self._unsubscribe()
            self._restore_speed()
            raise
        move.add_callback(lambda _: completions.post(lambda: self._on_moved(flight, move)))

    def _check_start_position(self, profile: FlyProfile) -> None:
        begin, position = profile.begin - self._room(profile), self.motor.position
        if abs(position - begin) > abs(self._room(profile)) / 2:
            raise DeviceError(
                f"{self.name}: {self.motor.name} is at {self.motor.with_unit(position)}, not at "
                f"{self.motor.with_unit(begin)}, where the flight begins: prepare it again"
            )

    def _subscribe(self) -> None:
        self.motor.readback_signal.subscribe(self._on_position, run=False)
        self.counter.acquiring.subscribe(self._on_acquiring, run=False)
        self.counter.bins.subscribe(self._on_bins, run=False)

    def _unsubscribe(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.motor.readback_signal.clear_sub(self._on_position)
        self.counter.acquiring.clear_sub(self._on_acquiring)
        self.counter.bins.clear_sub(self._on_bins)

    def _on_acquiring(self, value: Any, timestamp: float, **_: Any) -> None:
        if value and self._start_lock.locked():
            self._log.note_start(timestamp)

    def _on_bins(self, value: Any, timestamp: float, **_: Any) -> None:
        self._log.add_full_bins(int(value), timestamp)

    def _on_position(self, value: Any, timestamp: float, **_: Any) -> None:
        """Set a timer for the moment at which the motor reaches the beginning of the first bin. Updates worker."""
        self._log.add_position(float(value), timestamp, time.monotonic())
        profile: FlyProfile = self._path
        if self._start_lock.locked():
            return
        seconds = self._log.seconds_until(profile.begin, float(np.sign(profile.step)), time.monotonic())
        if seconds is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        flight = self._flight
        assert flight is not None
        start = partial(completions.post, partial(self._start_counting, flight))
        self._timer = call_later(seconds, start)

    def _start_counting(self, flight: Flight) -> None:
        """Start the counter: the first bin begins. Completions worker."""
        if flight.done or flight.ended_by or not self._start_lock.acquire(blocking=False):
            return
        profile: FlyProfile = self._path
        self._log.note_command(time.monotonic())
        try:
            self._counting = self.counter.begin_bins(allowed_bins_s(profile.bins, profile.time_s))
        except DeviceError as exc:
            self._start_failure = exc
            with contextlib.suppress(DeviceError):  # likewise gone
                self.motor.stop(success=True)
        else:
            self._counting.add_callback(lambda counting: self._on_counted(flight, counting))

    def _on_counted(self, flight: Flight, counting: DeviceStatus) -> None:
        """Note that all bins are full; stop the motor if the counter was stopped before."""
        moment, profile = time.monotonic(), self._path
        if self._is_ending or flight.done:
            return
        with contextlib.suppress(DeviceError):  # their IOC is gone, and with it the move
            if counting.success and self.counter.bins.get() >= profile.bins:
                self._log.note_end(profile.bins, moment)
            else:
                self.motor.stop(success=True)

    @override
    def end_flight(self, flight: Flight) -> None:  # the end of its move ends the flight
        self.motor.stop(success=True)

    # ---- the end of the flight ------------------------------------------------------------------

    def _on_moved(self, flight: Flight, move: Status) -> None:
        """Finish the flight when the motor is at rest and the counter is done. Completions worker."""
        counting = self._counting
        if move.success and not flight.ended_by and counting is not None and not counting.done:
            counting.add_callback(lambda _: completions.post(lambda: self._finish(flight, None)))
            return
        self._finish(flight, move.exception())

    def _finish(self, flight: Flight, failure: BaseException | None) -> None:
        """Collect the counts, and restore the motor's speed. Completions worker."""
        if flight.done:
            return
        self._is_ending = True
        self._is_complete = failure is None and not flight.ended_by  # else some were counted after it had been stopped
        for step in (self._end_counting, self._collect_counts, self._restore_speed):
            try:
                step()
            except Exception as exc:  # noqa: BLE001  # the other steps are done all the same; the first failure counts
                failure = failure or exc
        self._unsubscribe()
        off_path = self.compare_with_path(self._points().data)
        flight.finish(failure or self._shortfall() or off_path)

    def _end_counting(self) -> None:
        if self._start_lock.acquire(blocking=False):  # it was not started, and cannot be any more
            return
        if self._counting is not None and not self._counting.done and self.counter.stop_all.connected:
            self.counter.stop_all.set(1).wait(_WRITE_S)

    def _collect_counts(self) -> None:
        if self._counting is not None and self.counter.bins.connected:
            self._counts = self.counter.begin_filled()()

    def _shortfall(self) -> DeviceError | None:
        """The failure of a flight whose motor has arrived; None if all bins were counted."""
        profile: FlyProfile = self._path
        counted = self._full_bins(self._counts)
        if self._counting is None:
            reason = str(self._start_failure or f"{self.motor.name} sent no position")
            return DeviceError(f"{self.name}: {self.counter.name} was not started: {reason}")
        if counted < profile.bins:
            reason = str(self._counting.exception() or "it was stopped")
            return DeviceError(
                f"{self.name}: {self.counter.name} has counted {counted} of {profile.bins} bins: {reason}"
            )
        return None

    def _restore_speed(self) -> None:
        """Restore the motor's own speed, unless that is done.

        Raises:
            DeviceError: it could not be written; the next end of a flight, unstaging or preparation tries again.
        """
        if self._speed_before is None:
            return
        velocity = self.motor.velocity
        try:
            if not velocity.connected:
                raise NotConnected(f"{velocity.name} does not answer")
            velocity.set(self._speed_before).wait(_WRITE_S)
        except (DeviceError, WaitTimeoutError) as exc:
            raise DeviceError(
                f"{self.name}: {self.motor.name} could not get its speed {self._speed_before:g} back: {exc}"
            ) from exc
        self._speed_before = None

    def unstage(self) -> list[Any]:
        """End a flight under way, and restore the motor's own speed; the unstaged devices."""
        unstaged = super().unstage()
        self._restore_speed()
        return unstaged

    # ---- results -----------------------------------------------------------------------------

    @property
    def hints(self) -> Hints:
        """The fields to show first: the hinted counters."""
        return {"fields": [self._key(counter) for counter in self.counter.hinted if counter != self._encoder]}

    def _key(self, counter: str) -> str:
        return str(self.counter.part(counter).name)

    @override
    def describe_points(self) -> dict[str, DataKey]:
        counts = self.counter.describe_bins(self._counts_recorded())
        return {**self.motor.readback_signal.describe(), **counts, **self.describe_mark()}

    @override
    def places(self) -> dict[str, Numbers]:
        profile: FlyProfile = self._path
        return {self.motor.name: profile.places}

    @override
    def bin_widths(self) -> dict[str, float]:
        return {self.motor.name: abs(self._path.step)}

    def _counts_recorded(self) -> list[str]:
        return [counter for counter in self.counter.counters if counter != self._encoder]

    def _full_bins(self, filled: dict[str, Any] | None) -> int:
        return len(next(iter(filled.values()))) if filled else 0

    @override
    def points_so_far(self) -> Points:
        if not self.flying or self._counting is None:
            return self._points()
        if self._log.start_uncertainty_s > self._log.bin_s:
            return Points({})  # handed over now, they could not be corrected by news that is still to come
        with contextlib.suppress(DeviceError):  # its end says why; what was counted before is kept
            self._counts = self.counter.begin_filled()()
        return self._points()

    def _points(self) -> Points:
        """The points that the counts and positions known so far make."""
        filled = self._counts or {}
        full = self._full_bins(filled)
        if not self._is_complete:
            full = self._log.covered(full)
        if not full:
            return Points({})
        times, places = self._log.points(full)
        if self._encoder is not None:
            places = filled.get(self._encoder, places)[: len(times)]
        counts = {self._key(name): filled[name][: len(times)].tolist() for name in self._counts_recorded()}
        measured = {self.motor.name: places.tolist()}
        return Points({**measured, **counts, **self.mark_off_path(measured)}, times.tolist())
