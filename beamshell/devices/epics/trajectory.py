"""TrajectoryFlyer: a fly scan of several motors through points, by a profile move of the EPICS motor module.

It knows the records of profileMoveController.template and profileMoveAxis.template, and nothing of plans.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from beamshell.channels.updates import completions
from beamshell.devices.component import Component
from beamshell.devices.epics.flight_log import BinTimes
from beamshell.devices.epics.mcs import MultichannelScaler, allowed_bins_s
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.epics.trajectory_path import Path, path_from
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.flyer import Flight, Points, end_with
from beamshell.devices.part import Fact, Kind
from beamshell.devices.path_flyer import Numbers, PathFlyer
from beamshell.devices.status import DeviceStatus, Status
from beamshell.devices.values import begin_values, recent_value
from beamshell.errors import BadValue, DeviceError, LimitError, MoveFailed, WaitTimeoutError
from beamshell.protocols import DataKey, Hints

_WRITE_S = 5.0
"""Seconds that a setting may take to be written."""

_SUCCESS = 1
_TIME_ARRAY, _ABSOLUTE = 1, 1


class TrajectoryFlyer(PathFlyer):
    """A flight of several motors through points: ``RE(fly_path(traj, {th: [0, 1, 2], tth: [0, 2, 4]}, 0.2))``.

    `prepare` checks each point and the speed to it, has the controller build the profile, and takes the motors to
    where it begins. `kickoff` executes it; the controller drives straight from point to point, and its pulses begin the
    counter's bins, half-way between the points. A point where a motor turns so sharply that it would pass further away
    than the tolerance is refused before. The points are handed over when the flight has ended, since the controller has
    the positions only then.

    Args:
        prefix: the beginning of the controller's addresses, "BL:traj1:" for BL:traj1:Build and the others.
        name: its name.
        motors: the controller's axes M1, M2, ... in this order; devices, in a device file their names.
        counter: what counts, likewise; its bins are advanced by the controller's pulses.
        kwargs: those of PathFlyer: tolerance, ...

    Example:
        >>> traj = TrajectoryFlyer("BL:traj1:", name="traj", motors=[th, tth], counter=mcs)
        >>> traj.prepare({"positions": {"th": [0, 1, 2], "tth": [0, 2, 4]}, "time": 0.2}).wait()
    """

    device_arguments: ClassVar[tuple[str, ...]] = ("motors", "counter")
    """The arguments that a device file gives as the names of other devices."""
    ends_on_pause: ClassVar[bool] = True

    acceleration = Component(EpicsSignal, "Acceleration", kind=Kind.config, auto_monitor=True)
    times = Component(EpicsSignal, "Times", kind=Kind.omitted)
    time_mode = Component(EpicsSignal, "TimeMode", kind=Kind.omitted)
    move_mode = Component(EpicsSignal, "MoveMode", kind=Kind.omitted)
    num_points = Component(EpicsSignal, "NumPoints", kind=Kind.omitted)
    num_pulses = Component(EpicsSignal, "NumPulses", kind=Kind.omitted)
    start_pulses = Component(EpicsSignal, "StartPulses", kind=Kind.omitted)
    end_pulses = Component(EpicsSignal, "EndPulses", kind=Kind.omitted)
    most_points = Component(EpicsSignalRO, "MaxPoints", kind=Kind.omitted, auto_monitor=True)
    build = Component(EpicsSignal, "Build", kind=Kind.omitted)
    build_status = Component(EpicsSignalRO, "BuildStatus", kind=Kind.omitted)
    build_message = Component(EpicsSignalRO, "BuildMessage", kind=Kind.omitted, string=True)
    execute = Component(EpicsSignal, "Execute", kind=Kind.omitted, write_timeout=None)
    execute_status = Component(EpicsSignalRO, "ExecuteStatus", kind=Kind.omitted)
    execute_message = Component(EpicsSignalRO, "ExecuteMessage", kind=Kind.omitted, string=True)
    abort = Component(EpicsSignal, "Abort", kind=Kind.omitted)
    read_back = Component(EpicsSignal, "Readback", kind=Kind.omitted)
    current_point = Component(EpicsSignalRO, "CurrentPoint", kind=Kind.omitted)

    def __init__(
        self, prefix: str, *, name: str = "", motors: list[EpicsMotor], counter: MultichannelScaler, **kwargs: Any
    ) -> None:
        if not isinstance(motors, list) or not motors or not all(isinstance(motor, EpicsMotor) for motor in motors):
            raise BadValue(f"{name}: its motors are {motors!r}, and must be a list of EpicsMotors")
        if not isinstance(counter, MultichannelScaler):
            raise BadValue(f"{name}: its counter is {counter!r}, and must be a MultichannelScaler")
        self._motors, self.counter = motors, counter
        self._readbacks: dict[str, npt.NDArray[np.float64]] = {}
        self._counts: dict[str, Any] = {}
        self._times = BinTimes(0.0)
        self._counted_at = 0.0  # by the console's clock
        self._counting: DeviceStatus | None = None
        parts: dict[str, Component[Any]] = {}
        for axis in range(1, len(motors) + 1):
            parts[f"m{axis}_use"] = Component(EpicsSignal, f"M{axis}UseAxis", kind=Kind.omitted)
            parts[f"m{axis}_positions"] = Component(EpicsSignal, f"M{axis}Positions", kind=Kind.omitted)
            parts[f"m{axis}_readbacks"] = Component(EpicsSignalRO, f"M{axis}Readbacks", kind=Kind.omitted)
        super().__init__(prefix, name=name, own_parts=parts, **kwargs)

    @property
    def motors(self) -> list[EpicsMotor]:
        """The motors that it can move, in the order of the controller's axes."""
        return self._motors

    # ---- before the flight -------------------------------------------------------------------

    @override
    def parse_path(self, path: Mapping[str, Any]) -> Path:
        way = path_from(self.name, path, [motor.name for motor in self.motors])
        for motor in self._moving_motors(way):
            self._check_places(motor, way)
            self._check_speeds(motor, way)
            self._check_corners(motor, way)
        max_points = self.most_points.latest if self.most_points.connected else None
        if max_points is not None and way.bins + 2 > max_points["value"]:
            raise BadValue(
                f"{self.name}: {way.bins} points and two ends are more than the {max_points['value']:g} that it holds"
            )
        self.counter.check_bins(way.bins, way.time_s)
        return way

    def planned(self, path: Mapping[str, Any]) -> tuple[float, dict[str, list[float]]]:
        """Seconds from kickoff to the end of the flight, and each motor's position at each point; nothing moves.

        Raises:
            The same as `prepare`.
        """
        way = self.parse_path(path)
        ways = {motor: points[way.first :].tolist() for motor, points in way.positions.items()}
        return way.bins * way.time_s + 2 * recent_value(self.acceleration), ways

    def _moving_motors(self, way: Path) -> list[EpicsMotor]:
        return [motor for motor in self.motors if motor.name in way.positions]

    def _check_places(self, motor: EpicsMotor, way: Path) -> None:
        """Check each point, and the distance to speed up and slow down beyond the ends, against the limits."""
        for number, place in enumerate(way.positions[motor.name], start=1):
            try:
                motor.check_value(place)
            except LimitError as exc:
                raise LimitError(f"point {number} of {way.num}: {exc}") from exc
        edges, ramp_s, velocities = way.edges(motor.name), recent_value(self.acceleration), way.velocities(motor.name)
        first, last = velocities[0], velocities[-1]
        for place in (edges[0] - first * ramp_s / 2, edges[-1] + last * ramp_s / 2):
            try:
                motor.check_value(float(place))
            except LimitError as exc:
                raise LimitError(f"{exc}; the flight needs room to speed up and slow down beyond its ends") from exc

    @staticmethod
    def _check_speeds(motor: EpicsMotor, way: Path) -> None:
        _, fastest = motor.velocity.limits  # VMAX of the record
        speeds, unit = np.abs(way.velocities(motor.name)), f"{motor.units}/s"
        if fastest > 0 and speeds.max() > fastest:
            number = min(int(speeds.argmax()) + way.first + 1, way.num)  # the point that it goes to
            raise LimitError(
                f"point {number} of {way.num}: {motor.name}: {speeds.max():.4g} {unit} is above the limit "
                f"{fastest:g} {unit}; take more time for each point"
            )

    def misses(self, path: Mapping[str, Any]) -> dict[str, list[float]]:
        """By motor, how far it will pass from each point because it cannot turn in no time; nothing moves.

        Its acceleration is that of its record, VELO / ACCL.

        Raises:
            The same as `prepare`.
        """
        way = self.parse_path(path)
        return {motor.name: self._misses(motor, way).tolist() for motor in self._moving_motors(way)}

    @staticmethod
    def _misses(motor: EpicsMotor, way: Path) -> Numbers:
        ramp_s = recent_value(motor.acceleration)
        return way.misses(motor.name, recent_value(motor.velocity) / ramp_s if ramp_s > 0 else math.inf)

    def _check_corners(self, motor: EpicsMotor, way: Path) -> None:
        misses, limit = self._misses(motor, way), self.tolerance or self._bin_width(motor.name, way)
        if misses.max() > limit:
            raise LimitError(
                f"point {int(misses.argmax()) + way.first + 1} of {way.num}: {motor.name} turns there and misses it by "
                f"{misses.max():.2g} {motor.units}, above {limit:.2g} {motor.units}; take more time for each point"
            )

    @override
    def make_ready(self, ready: DeviceStatus) -> None:
        way: Path = self._path
        motors = self._moving_motors(way)
        profile_points = way.bins + 2
        settings: list[tuple[EpicsSignal, Any]] = [
            (self.num_points, profile_points),
            (self.num_pulses, way.bins + 1),
            (self.start_pulses, 1),
            (self.end_pulses, profile_points),
            (self.time_mode, _TIME_ARRAY),
            (self.times, way.durations),
            (self.move_mode, _ABSOLUTE),
        ]
        for axis, motor in enumerate(self.motors, start=1):
            settings.append((self.part(f"m{axis}_use"), int(motor in motors)))
            if motor in motors:
                settings.append((self.part(f"m{axis}_positions"), way.profile(motor.name)))
        self.read_tolerances(is_new_path=way.first == 0)
        statuses = [signal.set(value) for signal, value in settings]
        statuses += self.counter.prepare_bins(way.bins, way.time_s, pulses=True)
        for status in statuses:
            status.wait(_WRITE_S)
        waiting: list[Status] = [
            self._build_profile(),
            *(motor.set(float(way.edges(motor.name)[0])) for motor in motors),
        ]
        end_with(ready, waiting)

    def _build_profile(self) -> DeviceStatus:
        """Have the controller build the profile; done when it says that the profile can be driven."""
        built = DeviceStatus(self, action="build the profile")
        put = self.build.set(1, timeout=_WRITE_S + 0.01 * self._path.bins)
        put.add_callback(lambda put: completions.post(partial(self._on_profile_built, built, put)))
        return built

    def _on_profile_built(self, built: DeviceStatus, put: Status) -> None:
        built.end(put.exception() or self._failure_of("build", self.build_status, self.build_message))

    def _failure_of(self, action: str, status: EpicsSignalRO, message: EpicsSignalRO) -> DeviceError | None:
        """The failure of an action of the controller; None if it succeeded."""
        try:
            result, text = begin_values(status, message)()
        except DeviceError as exc:
            return exc
        return None if int(result) == _SUCCESS else MoveFailed(f"{self.name}: {action}: {text or 'no reason given'}")

    @override
    def stop_preparation(self) -> None:
        for motor in self._moving_motors(self._path):
            motor.stop()

    # ---- the flight --------------------------------------------------------------------------

    @override
    def start_flight(self, flight: Flight) -> None:
        way: Path = self._path
        self._readbacks, self._counts, self._times = {}, {}, BinTimes(way.time_s)
        self.counter.bins.subscribe(self._on_bins, run=False)
        try:
            allowed_s = allowed_bins_s(way.bins, way.time_s) + 2 * recent_value(self.acceleration)
            self._counting = self.counter.begin_bins(allowed_s)
            self._counting.add_callback(lambda _: self._note_counted(time.monotonic()))
            self._times.note_command(time.monotonic())
            for motor in self._moving_motors(way):
                motor.begin_driven(flight)
            executed = self.execute.set(1, timeout=allowed_s)
        except BaseException:
            self.counter.bins.clear_sub(self._on_bins)
            self.counter.stop(success=True)
            raise
        executed.add_callback(lambda executed: completions.post(partial(self._finish, flight, executed)))

    def _on_bins(self, value: Any, timestamp: float, **_: Any) -> None:
        self._times.compare_clocks(timestamp, time.monotonic())
        self._times.add_full_bins(int(value), timestamp)

    @override
    def end_flight(self, flight: Flight) -> None:  # the end of the execution ends the flight
        self.abort.put(1)

    def _finish(self, flight: Flight, executed: Status) -> None:
        """Collect read-backs and counts after the motors have stopped. Completions worker."""
        failure = executed.exception() or self._failure_of("execute", self.execute_status, self.execute_message)
        steps = (
            partial(self._release_motors, flight),
            self._end_counting,
            self._collect_readbacks,
            self._collect_counts,
        )
        for step in steps:
            try:
                step()
            except Exception as exc:  # noqa: BLE001  # the other steps are done all the same; the first failure counts
                failure = failure or exc
        self.counter.bins.clear_sub(self._on_bins)
        self._note_times()
        off_path = self.compare_with_path(self._points().data)
        flight.finish(failure or self._shortfall() or off_path)

    def _release_motors(self, flight: Flight) -> None:
        for motor in self._moving_motors(self._path):
            motor.end_driven(flight)

    def _note_counted(self, moment: float) -> None:
        self._counted_at = moment

    def _note_times(self) -> None:
        """Note when the last bin was full; without any news of the counter the clock of the console has to do."""
        if not self._times.edges(1).size:
            self._times.compare_clocks(time.time(), time.monotonic())
        if self._complete_bins() == self._path.bins:
            self._times.note_end(self._path.bins, self._counted_at)

    def _end_counting(self) -> None:
        """Stop the counter if the last pulse, which ends the last bin, did not come."""
        assert self._counting is not None
        with contextlib.suppress(WaitTimeoutError):
            self._counting.wait(0.5)
        if not self._counting.done:
            self.counter.stop(success=True)
            self.counter.stop_all.set(1).wait(_WRITE_S)

    def _collect_readbacks(self) -> None:
        self.read_back.set(1).wait(_WRITE_S)
        motors = self._moving_motors(self._path)
        signals = [self.part(f"m{self.motors.index(motor) + 1}_readbacks") for motor in motors]
        arrays = begin_values(*signals)()
        self._readbacks = {motor.name: np.atleast_1d(array) for motor, array in zip(motors, arrays, strict=True)}

    def _collect_counts(self) -> None:
        self._counts = self.counter.begin_filled()()

    def _shortfall(self) -> DeviceError | None:
        way: Path = self._path
        counted = self._complete_bins()
        if counted == way.bins:
            return None
        return DeviceError(f"{self.name}: {counted} of {way.bins} bins were counted: do its pulses reach the counter?")

    # ---- results -----------------------------------------------------------------------------

    @property
    def hints(self) -> Hints:
        """The fields to show first: the hinted counters."""
        return {"fields": [str(self.counter.part(counter).name) for counter in self.counter.hinted]}

    @override
    def describe_points(self) -> dict[str, DataKey]:
        motors = self.motors if self._path is None else self._moving_motors(self._path)
        described: dict[str, DataKey] = {}
        for motor in motors:
            described.update(motor.readback_signal.describe())
        return {**described, **self.counter.describe_bins(self.counter.counters), **self.describe_mark()}

    @override
    def places(self) -> dict[str, Numbers]:
        way: Path = self._path
        return {name: points[way.first :] for name, points in way.positions.items()}

    @override
    def bin_widths(self) -> dict[str, float]:
        way: Path = self._path
        return {name: self._bin_width(name, way) for name in way.positions}

    @staticmethod
    def _bin_width(motor: str, way: Path) -> float:
        return float(np.abs(way.velocities(motor)).max() * way.time_s)

    def _complete_bins(self) -> int:
        lengths = [len(column) for column in self._counts.values()]
        lengths += [len(places) - 1 for places in self._readbacks.values()]
        return max(0, min(lengths)) if self._counts and self._readbacks else 0

    @override
    def points_so_far(self) -> Points:
        return Points({}) if self.flying else self._points()

    def _points(self) -> Points:
        bins = self._complete_bins()
        if not bins:
            return Points({})
        times = self._times.middles(bins)
        places = {name: self._places_measured(name, edges)[:bins].tolist() for name, edges in self._readbacks.items()}
        counts = {str(self.counter.part(name).name): column[:bins].tolist() for name, column in self._counts.items()}
        return Points({**places, **counts, **self.mark_off_path(places)}, times.tolist())

    def _places_measured(self, motor: str, readbacks: Numbers) -> Numbers:
        """Where a motor was in the middle of each bin: at the point, but for the errors at both edges of the bin.

        Args:
            motor: its name.
            readbacks: where it was at the edges of the bins, as far as it came.
        """
        way: Path = self._path
        errors = readbacks - way.edges(motor)[: len(readbacks)]
        return way.positions[motor][way.first :][: max(0, len(readbacks) - 1)] + (errors[:-1] + errors[1:]) / 2

    # ---- simulation --------------------------------------------------------------------------

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """A controller of profile moves, with its motors and the counter that it triggers."""
        motors = [motor.prefix for motor in self.motors]
        yield {"is": "profile_move", "prefix": self.prefix, "motors": motors, "counter": self.counter.prefix}
        yield from super().simulation(settings)
