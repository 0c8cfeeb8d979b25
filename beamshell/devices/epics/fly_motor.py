"""MotorFlyer: a motor rides past its points while a multichannel scaler counts.

No special hardware is needed: the motor's read-backs bear time stamps, and so does the start of the counter. It knows
nothing of plans.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from beamshell.channels.timers import Timer, call_later
from beamshell.channels.updates import completions
from beamshell.devices.component import Component
from beamshell.devices.epics.fly_profile import FlightLog, FlyProfile, understand
from beamshell.devices.epics.mcs import MultichannelScaler, allowed_bins_s
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.flyer import Flight, Flyer, Points, end_with, latest
from beamshell.devices.part import Kind
from beamshell.devices.signal import SignalRO
from beamshell.devices.status import DeviceStatus, Status
from beamshell.errors import BadValue, DeviceError, LimitError, NotConnected, WaitTimeoutError
from beamshell.protocols import DataKey, Hints

_WRITE_S = 5.0
"""How long a setting may take to be written."""


class MotorFlyer(Flyer):
    """A fly scan of one motor: ``RE(fly_scan(th_fly, -1, 1, 101, 0.05))``, or ``fscan th -1 1 101 0.05``.

    `prepare` takes the motor, at its own speed, to where it has room to speed up before the first point. `kickoff` sets
    the speed of the flight and sends it past all points; the counter is started when the motor comes by the beginning
    of the first bin, and its bins follow at equal times, so that each point lies in the middle of its bin. However the
    flight ends, the motor gets its own speed back; should its IOC be gone, when it is unstaged or prepared again.

    Where the motor really was in the middle of each bin is told by its read-backs and their time stamps, or by the
    counter, if one of its arrays holds the position.

    Args:
        prefix: unused; there for device files.
        name: its name.
        motor: what moves; its device, in a device file its name.
        counter: what counts, likewise.
        encoder: the counter's array that holds the motor's position in each bin; None: from the read-backs.
        kwargs: those of Flyer.

    Example:
        >>> th_fly = MotorFlyer(name="th_fly", motor=th, counter=mcs)
        >>> th_fly.prepare({"start": -1, "stop": 1, "num": 101, "time": 0.05}).wait()
        >>> th_fly.kickoff().wait()
        >>> th_fly.complete().wait()
        >>> next(th_fly.collect_pages())["data"].keys()
        dict_keys(['th', 'mcs_i0', 'mcs_it'])
    """

    device_arguments: ClassVar[tuple[str, ...]] = ("motor", "counter")
    """The arguments that a device file gives as the names of other devices."""
    lands_on_pause: ClassVar[bool] = True

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
        self._filled: dict[str, Any] | None = None
        self._not_started: DeviceError | None = None
        self._is_landing = False
        self._is_whole = False  # the motor came to its end: all bins were counted on its way there
        self._counting: DeviceStatus | None = None
        self._started = (
            threading.Lock()
        )  # taken, for good, by whoever starts the counter or sees to it that nobody does
        self._timer: Timer | None = None
        self._own_speed: float | None = None  # what the motor is to get back
        super().__init__(prefix, name=name, **kwargs)

    @property
    def motors(self) -> list[EpicsMotor]:
        """What it moves."""
        return [self.motor]

    # ---- before the flight -------------------------------------------------------------------

    def _understand(self, path: Mapping[str, Any]) -> FlyProfile:
        ride = understand(self.name, path)
        for place in (ride.begin - self._room(ride), ride.end + self._room(ride)):
            try:
                self.motor.check_value(place)
            except LimitError as exc:
                needed = self.motor.shown(abs(self._room(ride) + ride.step / 2))
                raise LimitError(
                    f"{exc}; at this speed a flight needs {needed} beside its first and last point"
                ) from exc
        self._check_speed(ride)
        self.counter.check_bins(ride.bins)
        return ride

    def planned(self, path: Mapping[str, Any]) -> tuple[float, dict[str, list[float]]]:
        """Seconds from kickoff to landing, and where its motor would be at each point; nothing moves.

        Raises:
            The same as `prepare`.
        """
        ride = self._understand(path)
        way = np.linspace(ride.start, ride.stop, ride.num)[ride.first :]
        beside_s = 2 * abs(self._room(ride)) / ride.speed + latest(self.motor.acceleration)
        return ride.bins * ride.time_s + beside_s, {self.motor.name: way.tolist()}

    def _room(self, ride: FlyProfile) -> float:
        return ride.run_up(latest(self.motor.acceleration))

    def _check_speed(self, ride: FlyProfile) -> None:
        slowest, fastest = self.motor.velocity.limits  # VBAS and VMAX of the record
        unit = f"{self.motor.units}/s"
        if slowest < fastest and not slowest <= ride.speed <= fastest:
            limit, word = (fastest, "above") if ride.speed > fastest else (slowest, "below")
            raise LimitError(
                f"{self.motor.name}: {ride.speed:.4g} {unit} is {word} the limit {limit:g} {unit}; "
                f"take {'more' if word == 'above' else 'less'} time for each point"
            )

    def _make_ready(self, ready: DeviceStatus) -> None:
        ride: FlyProfile = self._path
        self._give_speed_back()
        for signal, value in ((self.speed, ride.speed), (self.dwell, ride.time_s), (self.run_up, self._room(ride))):
            signal.put(value, force=True)
        waiting: list[Status] = [
            *self.counter.prepare_bins(ride.bins, ride.time_s),
            self.motor.set(ride.begin - self._room(ride)),
        ]
        end_with(ready, waiting)

    def _cut_preparation_short(self) -> None:
        self.motor.stop()

    # ---- the flight --------------------------------------------------------------------------

    def _take_off(self, flight: Flight) -> None:
        ride: FlyProfile = self._path
        self._refuse_elsewhere(ride)
        self._log, self._filled, self._counting, self._not_started = FlightLog(ride.time_s), None, None, None
        self._is_landing = self._is_whole = False
        self._started = threading.Lock()
        self._listen()
        try:
            self._own_speed = float(self.motor.velocity.get())
            self.motor.velocity.set(ride.speed).wait(_WRITE_S)
            move = self.motor.set(ride.end + self._room(ride))
        except BaseException:
            self._hush()
            self._give_speed_back()
            raise
        move.add_callback(lambda _: completions.post(lambda: self._on_moved(flight, move)))

    def _refuse_elsewhere(self, ride: FlyProfile) -> None:
        ready, here = ride.begin - self._room(ride), self.motor.position
        if abs(here - ready) > abs(self._room(ride)) / 2:
            raise DeviceError(
                f"{self.name}: {self.motor.name} is at {self.motor.shown(here)}, not at {self.motor.shown(ready)} "
                "where it was got ready: prepare it again"
            )

    def _listen(self) -> None:
        self.motor.readback_signal.subscribe(self._on_position, run=False)
        self.counter.acquiring.subscribe(self._on_acquiring, run=False)
        self.counter.bins.subscribe(self._on_bins, run=False)

    def _hush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.motor.readback_signal.clear_sub(self._on_position)
        self.counter.acquiring.clear_sub(self._on_acquiring)
        self.counter.bins.clear_sub(self._on_bins)

    def _on_acquiring(self, value: Any, timestamp: float, **_: Any) -> None:
        if value and self._started.locked():
            self._log.began(timestamp)

    def _on_bins(self, value: Any, timestamp: float, **_: Any) -> None:
        self._log.filled(int(value), timestamp)

    def _on_position(self, value: Any, timestamp: float, **_: Any) -> None:
        """The motor is on its way: aim at the moment when it will be where the first bin begins. Updates worker."""
        self._log.saw(float(value), timestamp)
        ride: FlyProfile = self._path
        ahead, speed = (ride.begin - value) * np.sign(ride.step), self._log.speed() * np.sign(ride.step)
        if self._started.locked() or (ahead > 0 and speed <= 0):
            return
        if self._timer is not None:
            self._timer.cancel()
        flight = self._flight
        assert flight is not None
        start = partial(completions.post, partial(self._start_counting, flight))
        self._timer = call_later(max(0.0, ahead / speed) if ahead > 0 else 0.0, start)

    def _start_counting(self, flight: Flight) -> None:
        """The first bin begins. Completions worker."""
        if flight.done or flight.told or not self._started.acquire(blocking=False):
            return
        ride: FlyProfile = self._path
        try:
            self._counting = self.counter.begin_bins(allowed_bins_s(ride.bins, ride.time_s))
        except DeviceError as exc:
            self._not_started = exc
            with contextlib.suppress(DeviceError):  # likewise gone
                self.motor.stop(success=True)
        else:
            self._counting.add_callback(lambda counting: self._on_counted(flight, counting))

    def _on_counted(self, flight: Flight, counting: DeviceStatus) -> None:
        """All bins are full, or somebody else has stopped the counter: then there is nothing left to fly for."""
        ride: FlyProfile = self._path
        if self._is_landing or flight.done:
            return
        with contextlib.suppress(DeviceError):  # their IOC is gone, and with it the move
            if not counting.success or self.counter.bins.get() < ride.bins:
                self.motor.stop(success=True)

    def _cut_short(self, flight: Flight) -> None:  # noqa: ARG002  # its move tells it
        self.motor.stop(success=True)

    # ---- the landing -------------------------------------------------------------------------

    def _on_moved(self, flight: Flight, move: Status) -> None:
        """The motor stands. Completions worker."""
        counting = self._counting
        if move.success and not flight.told and counting is not None and not counting.done:
            counting.add_callback(lambda _: completions.post(lambda: self._land(flight, None)))
            return
        self._land(flight, move.exception())

    def _land(self, flight: Flight, failure: BaseException | None) -> None:
        """Take what was counted, and give the motor its speed back. Completions worker."""
        if flight.done:
            return
        self._is_landing = True
        self._is_whole = failure is None and not flight.told  # else some were counted after it had been stopped
        for step in (self._end_counting, self._keep_counts, self._give_speed_back):
            try:
                step()
            except Exception as exc:  # noqa: BLE001  # whatever fails, the others are done and it lands; the first is told
                failure = failure or exc
        self._hush()
        flight.land(failure or self._shortfall())

    def _end_counting(self) -> None:
        if self._started.acquire(blocking=False):  # nobody may start it any more
            return
        if self._counting is not None and not self._counting.done and self.counter.stop_all.connected:
            self.counter.stop_all.set(1).wait(_WRITE_S)

    def _keep_counts(self) -> None:
        if self._counting is not None and self.counter.bins.connected:
            self._filled = self.counter.begin_filled()()

    def _shortfall(self) -> DeviceError | None:
        """Why the flight is none, though the motor arrived."""
        ride: FlyProfile = self._path
        counted = self._full_bins(self._filled)
        if self._counting is None:
            reason = str(self._not_started or f"{self.motor.name} did not tell where it was")
            return DeviceError(f"{self.name}: {self.counter.name} was not started: {reason}")
        if counted < ride.bins:
            reason = str(self._counting.exception() or "it was stopped")
            return DeviceError(f"{self.name}: {self.counter.name} has counted {counted} of {ride.bins} bins: {reason}")
        return None

    def _give_speed_back(self) -> None:
        """Let the motor have its own speed again, if it has not.

        Raises:
            DeviceError: it could not be written; the next landing, unstaging or preparation tries again.
        """
        if self._own_speed is None:
            return
        velocity = self.motor.velocity
        try:
            if not velocity.connected:
                raise NotConnected(f"{velocity.name} does not answer")
            velocity.set(self._own_speed).wait(_WRITE_S)
        except (DeviceError, WaitTimeoutError) as exc:
            raise DeviceError(
                f"{self.name}: {self.motor.name} could not get its speed {self._own_speed:g} back: {exc}"
            ) from exc
        self._own_speed = None

    def unstage(self) -> list[Any]:
        """Land, if it flies, and give the motor its own speed back; all that was unstaged."""
        unstaged = super().unstage()
        self._give_speed_back()
        return unstaged

    # ---- what it saw -------------------------------------------------------------------------

    @property
    def hints(self) -> Hints:
        """What to show first: the hinted counters."""
        return {"fields": [self._key(counter) for counter in self.counter.hinted if counter != self._encoder]}

    def _key(self, counter: str) -> str:
        return str(self.counter.part(counter).name)

    def _describe_points(self) -> dict[str, DataKey]:
        return {**self.motor.readback_signal.describe(), **self.counter.describe_bins(self._counts_recorded())}

    def _counts_recorded(self) -> list[str]:
        return [counter for counter in self.counter.counters if counter != self._encoder]

    def _full_bins(self, filled: dict[str, Any] | None) -> int:
        return len(next(iter(filled.values()))) if filled else 0

    def _seen(self) -> Points:
        if self.flying and self._counting is not None:
            with contextlib.suppress(DeviceError):  # its landing says why; what was counted before is kept
                self._filled = self.counter.begin_filled()()
        filled = self._filled or {}
        full = self._full_bins(filled)
        if not self._is_whole:
            full = self._log.covered(full)
        times, places = self._log.points(full)
        if self._encoder is not None:
            places = filled.get(self._encoder, places)[: len(times)]
        counts = {self._key(name): filled[name][: len(times)].tolist() for name in self._counts_recorded()}
        return Points({self.motor.name: places.tolist(), **counts}, times.tolist()) if full else Points({})
