"""ProfileMove: a simulated controller that drives motors together through points at given times.

Its records are named as those of the EPICS motor module (profileMoveController.template, profileMoveAxis.template). It
knows no receiver of its pulses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt

from beamshell.ioc.base import ArrayField, Base
from beamshell.ioc.motor_record import MotorRecord
from beamshell.ioc.record import Record
from beamshell.ioc.simulation_clock import SimulationClock
from beamshell.ioc.small_records import BusyRecord

MAX_POINTS = 2000
LOOK_S = 0.02
"""Real seconds between two checks of moving axes."""

_BUTTONS = ("Build", "Execute", "Abort", "Readback")
_UNDEFINED, _SUCCESS, _FAILURE, _ABORTED = range(4)
_AT_REST, _MOVE_START, _EXECUTING = range(3)
_RELATIVE = 0
_BY_ARRAY = 1
_RAMP_PARTS = 8  # straight pieces that a ramp is made of

Numbers = npt.NDArray[np.float64]


def records(prefix: str, axes: int) -> str:
    """Its database, such as for "BL:traj1:" and two axes, M1 and M2."""
    array = f'field(FTVL, "DOUBLE") field(NELM, "{MAX_POINTS}") field(PREC, "4") field(PINI, "YES")'
    text = 'field(FTVL, "CHAR") field(NELM, "256") field(PINI, "YES")'
    count = f'field(PINI, "YES") field(DRVL, "0") field(DRVH, "{MAX_POINTS}")'
    lines = [f'record(busy, "{prefix}{name}") {{ }}' for name in _BUTTONS]
    lines += [
        f'record(longout, "{prefix}{name}") {{ field(VAL, "1") {count} }}'
        for name in ("NumPoints", "NumPulses", "StartPulses", "EndPulses")
    ]
    lines += [
        f'record(longin, "{prefix}{name}") {{ field(VAL, "{value}") field(PINI, "YES") }}'
        for name, value in (("NumAxes", axes), ("MaxPoints", MAX_POINTS), ("CurrentPoint", 0), ("ActualPulses", 0))
    ]
    lines += [
        f'record(ao, "{prefix}{name}") {{ field(VAL, "{value}") field(EGU, "s") field(PREC, "3") }}'
        for name, value in (("Acceleration", 0.2), ("FixedTime", 0.1))
    ]
    lines.append(f'record(waveform, "{prefix}Times") {{ {array} field(EGU, "s") }}')
    lines.append(_choice("mbbo", f"{prefix}MoveMode", 1, "Relative", "Absolute", "Hybrid"))
    lines.append(_choice("mbbo", f"{prefix}TimeMode", 0, "Fixed", "Array"))
    for part, states in (("Build", 2), ("Execute", 3), ("Readback", 2)):
        words = ("Done", "Move start", "Executing")[:states] if part == "Execute" else ("Done", "Busy")
        lines.append(_choice("mbbi", f"{prefix}{part}State", 0, *words))
        lines.append(_choice("mbbi", f"{prefix}{part}Status", 0, "Undefined", "Success", "Failure", "Abort"))
        lines.append(f'record(waveform, "{prefix}{part}Message") {{ {text} }}')
    for axis in range(1, axes + 1):
        lines.append(_choice("mbbo", f"{prefix}M{axis}UseAxis", 0, "No", "Yes"))
        lines += [
            f'record(waveform, "{prefix}M{axis}{name}") {{ {array} }}'
            for name in ("Positions", "Readbacks", "FollowingErrors")
        ]
    return "\n".join(lines) + "\n"


def _choice(kind: str, name: str, value: int, *words: str) -> str:
    fields = ("ZR", "ON", "TW", "TH")
    states = " ".join(
        f'field({name}VL, "{i}") field({name}ST, "{words[i]}")' for i, name in enumerate(fields[: len(words)])
    )
    return f'record({kind}, "{name}") {{ {states} field(VAL, "{value}") field(PINI, "YES") }}'


def with_ramps(times: Numbers, way: Numbers, ramp_s: float) -> tuple[list[float], list[float]]:
    """The path of one axis from rest to rest: `way` at `times` (from 0), with a ramp of `ramp_s` at each end."""
    if ramp_s <= 0:
        return times.tolist(), way.tolist()
    first, last = np.diff(way[:2]) / np.diff(times[:2]), np.diff(way[-2:]) / np.diff(times[-2:])
    part = np.linspace(0.0, ramp_s, _RAMP_PARTS + 1)
    up = way[0] - first * ramp_s / 2 + first * part**2 / (2 * ramp_s)
    down = way[-1] + last * (part - part**2 / (2 * ramp_s))
    moments = np.concatenate([part[:-1], ramp_s + times, ramp_s + times[-1] + part[1:]])
    return moments.tolist(), np.concatenate([up[:-1], way, down[1:]]).tolist()


@dataclass
class _Profile:
    """A profile that was built: the times of its points, and the path of each axis."""

    times: Numbers
    ways: dict[int, Numbers]
    pulses: Numbers
    """When each pulse comes, counted as the times are."""
    ramp_s: float
    readbacks: dict[int, list[float]] = field(default_factory=dict)
    """By axis, where it was at each pulse."""


class _FailureError(Exception):
    """An action was not done; the message goes into a record."""


class ProfileMove:
    """The controller behind the records: all it does, it does in the simulation's thread.

    Args:
        prefix: the prefix of its records, "BL:traj1:".
        base: EPICS base, running.
        clock: the clock of the simulation.
        busy: the busy records of the process by name.
        motors: its axes, M1 first.
        pulse: called at each pulse, with the moment when it was due.
    """

    def __init__(
        self,
        prefix: str,
        base: Base,
        clock: SimulationClock,
        busy: dict[str, Record],
        motors: list[MotorRecord],
        pulse: Callable[[float], None],
    ) -> None:
        self._base, self._prefix, self._clock, self._pulse = base, prefix, clock, pulse
        self._motors = dict(enumerate(motors, start=1))
        self._buttons: dict[str, BusyRecord] = {}
        self._profile: _Profile | None = None
        self._round = 0  # an action of an execution that was aborted has another number
        actions = (self._build, self._execute, self._abort, self._read_back)
        for name, action in zip(_BUTTONS, actions, strict=True):
            button = busy[f"{prefix}{name}"]
            assert isinstance(button, BusyRecord)
            button.begin = partial(clock.after, 0.0, action)
            button.cancel = partial(clock.after, 0.0, self._abort)
            self._buttons[name] = button

    def _get(self, name: str) -> float:
        return self._base.field(f"{self._prefix}{name}").get()

    def _put(self, name: str, value: float) -> None:
        self._base.field(f"{self._prefix}{name}").put(value)

    def _array(self, name: str) -> ArrayField:
        return ArrayField(self._base, f"{self._prefix}{name}")

    def _end_action(self, part: str, status: int, message: str = "") -> None:
        """End `Build`, `Execute` or `Readback`."""
        self._array(f"{part}Message").put_array([*message.encode()[:255], 0])
        self._put(f"{part}Status", status)
        self._put(f"{part}State", _AT_REST)
        self._buttons[part].done()

    # ---- building ----------------------------------------------------------------------------

    def _build(self) -> None:
        self._put("BuildState", 1)
        try:
            self._profile = self._read_profile()
        except _FailureError as exc:
            self._profile = None
            self._end_action("Build", _FAILURE, str(exc))
        else:
            self._end_action("Build", _SUCCESS)

    def _read_profile(self) -> _Profile:
        points = int(self._get("NumPoints"))
        if points < 2:
            raise _FailureError(f"{points} points make no profile")
        if int(self._get("TimeMode")) == _BY_ARRAY:
            durations = self._full_array("Times", points - 1)
        else:
            durations = np.full(points - 1, self._get("FixedTime"))
        if not np.all(durations > 0):
            raise _FailureError("every point needs a time above 0 s")
        times = np.concatenate([[0.0], np.cumsum(durations)])
        first, last = int(self._get("StartPulses")), int(self._get("EndPulses"))
        if not 1 <= first <= last <= points:
            raise _FailureError(f"pulses from point {first} to {last} of {points}")
        pulses = np.linspace(times[first - 1], times[last - 1], int(self._get("NumPulses")))
        ways = {n: self._full_array(f"M{n}Positions", points) for n in self._motors if self._get(f"M{n}UseAxis")}
        if not ways:
            raise _FailureError("no axis is used")
        profile = _Profile(times, ways, pulses, self._get("Acceleration"), {n: [] for n in ways})
        for axis, way in ways.items():
            self._check_axis(axis, times, way)
        return profile

    def _full_array(self, name: str, size: int) -> Numbers:
        values = self._array(name).get_array()
        if values.size < size:
            raise _FailureError(f"{name} has {values.size} of {size} values")
        return values[:size]

    def _check_axis(self, axis: int, times: Numbers, way: Numbers) -> None:
        motor = self._motors[axis]
        speed = float(np.max(np.abs(np.diff(way) / np.diff(times))))
        if motor["VMAX"] and speed > motor["VMAX"] * (1 + 1e-9):
            raise _FailureError(f"M{axis}: {speed:g}/s is above VMAX {motor['VMAX']:g}/s")
        low, high = motor["LLM"], motor["HLM"]
        if low < high and not (low <= way.min() and way.max() <= high) and self._get("MoveMode") != _RELATIVE:
            raise _FailureError(f"M{axis}: the profile goes beyond the limits {low:g} and {high:g}")

    # ---- executing ---------------------------------------------------------------------------

    def _execute(self) -> None:
        profile = self._profile
        if profile is None:
            self._end_action("Execute", _FAILURE, "nothing was built")
            return
        self._round += 1
        relative = self._get("MoveMode") == _RELATIVE
        ways = {n: with_ramps(profile.times, way, profile.ramp_s) for n, way in profile.ways.items()}
        if relative:
            ways = {n: (t, [p + self._motors[n].position_at() for p in way]) for n, (t, way) in ways.items()}
        for readbacks in profile.readbacks.values():
            readbacks.clear()
        self._put("CurrentPoint", 0)
        self._put("ExecuteStatus", _UNDEFINED)
        self._put("ExecuteState", _MOVE_START)
        for axis, (_, way) in ways.items():
            motor = self._motors[axis]
            position = motor.position_at()
            travel_s = abs(way[0] - position) / max(motor["VELO"], 1e-9)
            if travel_s > 0 and not motor.follow([0.0, travel_s], [position, way[0]], self._clock.now()):
                self._stop_all(_FAILURE, f"M{axis} does not move: it moves already, or its SPMG does not let it")
                return
        self._when_at_rest(self._round, lambda: self._drive(profile, ways))

    def _when_at_rest(self, round_number: int, then: Callable[[], None]) -> None:
        if round_number != self._round:
            return
        if any(self._motors[axis].is_busy() for axis in self._axes_in_use()):
            self._clock.after(LOOK_S * self._clock.speed, lambda: self._when_at_rest(round_number, then))
            return
        then()

    def _axes_in_use(self) -> list[int]:
        return list(self._profile.ways) if self._profile is not None else []

    def _drive(self, profile: _Profile, ways: dict[int, tuple[list[float], list[float]]]) -> None:
        for axis, (_, way) in ways.items():
            if abs(self._motors[axis].position_at() - way[0]) > max(self._motors[axis]["RDBD"], 1e-9):
                self._stop_all(_FAILURE, f"M{axis} did not come to where the profile begins")
                return
        self._put("ExecuteState", _EXECUTING)
        began = self._clock.now()
        for axis, (times, way) in ways.items():
            if not self._motors[axis].follow(times, way, began):
                self._stop_all(_FAILURE, f"M{axis} did not take off")
                return
        round_number = self._round
        for moment in profile.pulses:
            due = began + profile.ramp_s + float(moment)
            self._clock.after(due - self._clock.now(), partial(self._send_pulse, round_number, profile, due))
        end_s = max(times[-1] for times, _ in ways.values())
        self._check_motion(round_number, began, end_s, profile)

    def _send_pulse(self, round_number: int, profile: _Profile, due: float) -> None:
        """Note the positions of the axes at the time `due` of a pulse, since this thread may be late."""
        if round_number == self._round:
            for axis, readbacks in profile.readbacks.items():
                readbacks.append(self._motors[axis].position_at(due))
            self._pulse(due)

    def _check_motion(self, round_number: int, began: float, end_s: float, profile: _Profile) -> None:
        if round_number != self._round:
            return
        elapsed_s = self._clock.now() - began
        self._put("CurrentPoint", int(np.searchsorted(profile.times + profile.ramp_s, elapsed_s, "right")))
        moving = [axis for axis in profile.ways if self._motors[axis].is_busy()]
        stopped = [axis for axis in profile.ways if axis not in moving]
        if stopped and elapsed_s < end_s:
            self._stop_all(_FAILURE, f"M{stopped[0]} stopped before its end")
        elif not moving:
            self._end_action("Execute", _SUCCESS)
        else:
            again = partial(self._check_motion, round_number, began, end_s, profile)
            self._clock.after(LOOK_S * self._clock.speed, again)

    def _stop_all(self, status: int, message: str) -> None:
        self._round += 1
        for axis in self._axes_in_use():
            self._motors[axis].halt()
        self._end_action("Execute", status, message)

    def _abort(self) -> None:
        if int(self._get("ExecuteState")) != _AT_REST:
            self._stop_all(_ABORTED, "aborted")
        self._buttons["Abort"].done()

    # ---- reading back ------------------------------------------------------------------------

    def _read_back(self) -> None:
        profile = self._profile
        if profile is None:
            self._end_action("Readback", _FAILURE, "nothing was built")
            return
        self._put("ReadbackState", 1)
        for axis, way in profile.ways.items():
            readbacks = np.asarray(profile.readbacks[axis])
            ideal = np.interp(profile.pulses[: readbacks.size], profile.times, way)
            self._array(f"M{axis}Readbacks").put_array(readbacks)
            self._array(f"M{axis}FollowingErrors").put_array(readbacks - ideal)
        self._put("ActualPulses", max(map(len, profile.readbacks.values())))
        self._end_action("Readback", _SUCCESS)
