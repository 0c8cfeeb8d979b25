"""Runs a plan on device models: its points, its path, limits that refuse it, its duration. Nothing moves.

The plan's own code runs, and gets a response to each message as if all went well: a motor reads where it was sent, a
detector what it reads now. There is no engine; devices are read, but never sent anything.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from numbers import Real
from typing import Any

import numpy as np

from beamshell.engine.streams import Bundle
from beamshell.errors import BeamshellError, NoFit, PlanError
from beamshell.messages import Msg, explain_no_message
from beamshell.plans.arguments import MOST_POINTS
from beamshell.plans.computed_axes import axis_of, computed_axes, separated
from beamshell.plans.environment import ask_device, simulated, use_check, use_clock, use_turns
from beamshell.plans.patterns import Points, same_position
from beamshell.plans.preprocessors import as_plan, root_of, summary_line
from beamshell.plans.start_metadata import unit_of
from beamshell.simulate.device_model import DeviceModel
from beamshell.simulate.many_points import Floats, Joined, PointColumns, SimulatedPoint, move_durations, numbers_of
from beamshell.simulate.result import SimulationResult
from beamshell.timing.model import TimingModel

MAX_MESSAGES = 100_000
"""The largest number of messages in a simulation."""
_MAX_MESSAGES_ENDLESS = 500
"""The same for a plan that announces no number of points."""
_ONE_BY_ONE = 50
"""Points of a scan that are simulated one by one; the rest is computed in columns, if those were alike."""
_SAME_S = 1e-3
"""Points are alike if their durations without the moves differ by so many seconds, or so large a part, at the most."""
_MIN_WAIT_S = 1e-3
"""Simulated seconds of a wait with time-out 0: a plan that polls without waiting must come to an end."""


def rehearse(
    plan: Any,
    timing: TimingModel | None = None,
    most: int = MAX_MESSAGES,
    suspenders: Iterable[str] = (),
    most_of_scan: int | None = None,
) -> SimulationResult:
    """Simulate `plan`: its points, path, refusals and duration. This uses the plan up: make another one to run.

    Args:
        plan: a plan, a function that makes one, or a list of messages.
        timing: how long moves and counts take here; None uses what the devices say.
        most: the largest number of messages, since some plans go on for ever.
        suspenders: one line for each suspender, copied into the result.
        most_of_scan: the same while a scan runs that has checked all its points before its run; None for `most`.

    Example:
        ``print(rehearse(scan([det], th, -1, 1, 21)))``
    """
    simulator = PlanSimulator(timing or TimingModel(), most_of_scan)
    simulator.result.endless = not simulator.run(plan, most)
    return simulator.finished(suspenders)


def check_limits(plan: Any, most: int = MAX_MESSAGES) -> None:
    """Return if every position of `plan` is within the limits; nothing moves.

    Raises:
        BeamshellError: the first refusal, of its own kind, such as LimitError.
    """
    for problem in rehearse(plan, most=most).problems:
        raise problem


def summarize_plan(plan: Any, show: Callable[[str], object] = print, most: int = MAX_MESSAGES) -> None:
    """Print what `plan` would do, one line per step; nothing moves.

    Args:
        plan: a plan, a function that makes one, or a list of messages.
        show: called with each line.
        most: the largest number of messages.
    """

    def show_message(msg: Msg) -> None:
        if (line := summary_line(msg)) is not None:
            show(line)

    simulator = PlanSimulator(TimingModel())
    if not simulator.run(plan, most, show_message):
        show("... and so on")
    for problem in simulator.result.problems:
        show(f"cannot be done: {problem}")


class _Done:
    """The status of a simulated action, which succeeds at once."""

    done = success = True

    def add_callback(self, callback: Callable[[Any], None]) -> None:
        callback(self)

    def exception(self, timeout: float | None = 0.0) -> None:  # noqa: ARG002  # the signature of a status
        return None


_DONE = _Done()


class PlanSimulator:
    """Responds to the messages of a plan from device models; its clock advances by the time that actions would take."""

    def __init__(self, timing: TimingModel, most_of_scan: int | None = None) -> None:
        self.result = SimulationResult(learned_from=timing.runs, error=timing.error)
        self.now = 0.0
        self._most = self._most_of_run = MAX_MESSAGES  # messages
        self._most_of_scan = most_of_scan
        self._points_before_run = 0
        self._timing = timing
        self._models: dict[int, DeviceModel] = {}
        self._moved: dict[str, DeviceModel] = {}
        self._flights: dict[int, tuple[float, dict[str, list[float]]]] = {}  # by flyer: its duration and its path
        self._flight_ends: dict[int, float] = {}  # by flyer: when its flight ends
        self._staged: list[Any] = []
        self._ends: dict[Any, float] = {}  # by group: when the last of its actions ends
        self._stream = "primary"
        self._bundles: dict[Any, Bundle] = {}  # by run: the readings of its next event
        self._responses: dict[str, Callable[[Any], Any]] = {
            "set": self._set,
            "trigger": self._trigger,
            "wait": self._wait,
            "sleep": self._sleep,
            "locate": self._locate,
            "read": self._read,
            "stage": self._stage,
            "unstage": lambda msg: [msg.obj],
            "create": self._create,
            "save": self._save,
            "drop": lambda msg: self._bundles.pop(msg.run, None),
            "open_run": self._open_run,
            "close_run": self._close_run,
            "input": lambda _: "",
            "rewindable": lambda _: True,
            "configure": lambda _: ({}, {}),
            "prepare": self._prepare,
            "kickoff": lambda _: _DONE,
            "complete": self._complete,
            "collect": self._collect,
        }

    def finished(self, suspenders: Iterable[str]) -> SimulationResult:
        """The result, completed with its duration, the units of the motors, and the suspenders."""
        if self.result.endless:
            self._count_the_rest()
        self.result.duration_s = self.now
        self.result.suspenders = list(suspenders)
        self.result.units = {name: unit_of(model.device) for name, model in self._moved.items()}
        return self.result

    def run(self, plan: Any, most: int, on_message: Callable[[Msg], None] | None = None) -> bool:
        """Run `plan`; False if it did not come to its end within `most` messages.

        A refusal is raised in the plan, as the engine would do. `on_message` is called with each message.
        """
        generator, response = as_plan(plan), None
        error: BeamshellError | None = None
        number = 0
        self._most = self._most_of_run = most
        take_turns = self._turns if on_message is None else iter
        check = self.result.accepted.check_and_keep
        with simulated(), use_clock(lambda: self.now), use_check(check), use_turns(take_turns):
            while True:
                try:
                    msg = generator.send(response) if error is None else generator.throw(error)
                except StopIteration:
                    return True
                except BeamshellError as exc:
                    self._add_problem(exc)
                    return True
                response = error = None
                if not hasattr(msg, "command"):
                    error = PlanError(explain_no_message(msg, generator))
                    continue
                try:
                    if (respond := self._responses.get(msg.command)) is not None:
                        response = respond(msg)
                except BeamshellError as exc:
                    self._add_problem(exc)
                    error = exc
                if on_message is not None:
                    on_message(msg)
                number += 1
                if number > self._most_of_run:
                    return False

    def _add_problem(self, problem: BeamshellError) -> None:
        if isinstance(problem, NoFit):
            return  # only the real points can tell if there is a peak
        if problem not in self.result.problems:
            self.result.problems.append(problem)

    def _model(self, device: Any) -> DeviceModel:
        model = self._models.get(id(device))
        if model is None:
            model = self._models[id(device)] = DeviceModel(device)
        return model

    # ---- moving ------------------------------------------------------------------------------

    def _set(self, msg: Any) -> _Done:
        self._check(self._model(msg.obj), msg.args[0])
        for axis, position in separated(msg.obj, msg.args[0]) or [(msg.obj, msg.args[0])]:
            self._sent(msg._replace(obj=axis, args=(position,)))
        return _DONE

    def _sent(self, msg: Any) -> None:
        model, target = self._model(msg.obj), msg.args[0]
        if not model.is_motor:
            self.result.settings.setdefault(model.name, []).append(target)
            model.set(target)
            return
        begin = model.position()
        if model.name not in self._moved:
            self._moved[model.name] = model
            self.result.origins[model.name] = begin
        model.set(target)
        self._path(model).append(target)
        self._begin(msg, self._move_s(model, begin, target))

    def _path(self, model: DeviceModel) -> Joined[Any]:
        return self.result.path.setdefault(model.name, Joined())

    def _check(self, model: DeviceModel, target: Any) -> None:
        """Check the position as the device would; for a computed axis, with the plan's setpoints of the other axes."""
        if others := self._other_axes(model):
            ask_device(model.device.parent, {model.device.attr_name: target, **others})
        else:
            self.result.accepted.check_and_keep(model.device, target)

    def _other_axes(self, model: DeviceModel) -> dict[str, Any]:
        """The positions of the other axes of the same pseudo positioner, by name; {} for any other motor."""
        owner, attr = axis_of(model.device)
        return {key: self._model(axis).position() for key, axis in computed_axes(owner).items() if attr and key != attr}

    def _move_s(self, model: DeviceModel, begin: Any, target: Any) -> float:
        timing = self._timing.motor(model.name)
        self._note_unmeasured(model.name, self._timing.motors)
        if same_position(begin, target):
            return max(0.0, timing.extra_s)
        if timing.per_unit and isinstance(begin, Real) and isinstance(target, Real):
            return max(0.0, timing.seconds(abs(float(target) - float(begin))))
        nominal = self._nominal_s(model, begin, target)
        if nominal is None:
            self.result.untimed.add(model.name)
            return max(0.0, timing.extra_s)
        if model.name in self._timing.motors:  # the measured time contains the settle time
            nominal -= getattr(model.device, "settle_time", 0.0)
        return max(0.0, timing.seconds(nominal))

    def _nominal_s(self, model: DeviceModel, begin: Any, target: Any) -> float | None:
        """The time of a move by the motor's own estimate; None if it has none."""
        estimate = getattr(model.device, "estimate_time_s", None)
        if estimate is None or begin is None:
            return None
        seconds = estimate(begin, target, **self._other_axes(model))
        return None if seconds is None else float(seconds)

    def _note_unmeasured(self, name: str, measured: Any) -> None:
        if self._timing.runs and name not in measured:
            self.result.unmeasured.add(name)

    # ---- counting ----------------------------------------------------------------------------

    def _trigger(self, msg: Any) -> _Done:
        if self._staged:
            self._read_staged()
        model = self._model(msg.obj)
        self._begin(msg, self._count_s(model))
        if not model.has_reading and not model.recall():
            self._staged.append(msg.obj)  # outside of a run: read with the others that are triggered
        return _DONE

    def _count_s(self, model: DeviceModel) -> float:
        if model.is_motor:
            return 0.0  # it has arrived already
        self._note_unmeasured(model.name, self._timing.detectors)
        nominal = 0.0
        if model.count_time is not None:
            nominal = float(self._model(model.count_time).position() or 0.0)
        elif model.name not in self._timing.detectors:
            self.result.untimed.add(model.name)
        return max(0.0, self._timing.detector(model.name).seconds(nominal))

    # ---- flying ------------------------------------------------------------------------------

    def _prepare(self, msg: Any) -> _Done:
        """Send the motors of a flyer to the start of its flight."""
        flyer, path = msg.obj, msg.args[0] if msg.args else None
        self.result.accepted.check_and_keep(flyer, path)
        if not hasattr(flyer, "planned"):  # only the flyer knows its duration and its path
            return _DONE
        seconds, positions = flyer.planned(path)
        self._flights[id(flyer)] = (seconds, positions)
        for motor in flyer.motors:
            if motor.name in positions:
                self._set(msg._replace(obj=motor, args=(positions[motor.name][0],)))
        return _DONE

    def _complete(self, msg: Any) -> _Done:
        flight = self._flights.get(id(msg.obj))
        if flight is None:
            self.result.untimed.add(str(msg.obj.name))
        else:
            self._begin(msg, flight[0])
            self._flight_ends[id(msg.obj)] = self.now + flight[0]
        return _DONE

    def _collect(self, msg: Any) -> list[dict[str, Any]]:
        """One page with the positions of the flyer's motors, when its flight has ended."""
        if self.now < self._flight_ends.get(id(msg.obj), 0.0):
            return []
        seconds, by_motor = self._flights.pop(id(msg.obj), (0.0, {}))
        num = len(next(iter(by_motor.values()), ()))
        times = [self.now - seconds * (1 - (row + 1) / num) for row in range(num)]
        stream = msg.kwargs.get("name") or str(msg.obj.name)
        for row, time_s in enumerate(times):
            positions = {name: places[row] for name, places in by_motor.items()}
            self.result.points.append(SimulatedPoint(stream, time_s, positions))
        for motor in getattr(msg.obj, "motors", ()):
            if motor.name in by_motor:
                model = self._model(motor)
                model.set(by_motor[motor.name][-1])
                self._path(model).append(model.setpoint)
        return [{"data": by_motor, "timestamps": dict.fromkeys(by_motor, times), "time": times}] if num else []

    # ---- time --------------------------------------------------------------------------------

    def _begin(self, msg: Any, seconds: float) -> None:
        group = msg.kwargs.get("group")
        if group is not None:
            self._ends[group] = max(self._ends.get(group, 0.0), self.now + seconds)

    def _wait(self, msg: Any) -> bool:
        group = msg.kwargs.get("group", msg.args[0] if msg.args else None)
        timeout = msg.kwargs.get("timeout")
        end = self._ends.get(group, 0.0)
        if timeout is not None and not msg.kwargs.get("error_on_timeout", True) and end > self.now + timeout:
            self.now += max(timeout, _MIN_WAIT_S)
            return False
        self.now = max(self.now, self._ends.pop(group, 0.0))
        return True

    def _sleep(self, msg: Any) -> None:
        self.now += float(msg.args[0])

    # ---- reading -----------------------------------------------------------------------------

    def _locate(self, msg: Any) -> Any:
        devices = [msg.obj] if msg.obj is not None else list(msg.args)
        positions = [self._model(device).position() for device in devices]
        locations = [{"setpoint": position, "readback": position} for position in positions]
        return locations[0] if len(locations) == 1 and msg.kwargs.get("squeeze", True) else locations

    def _read(self, msg: Any) -> dict[str, Any]:
        if self._staged:
            self._read_staged()
        reading = self._model(msg.obj).reading()
        if (bundle := self._bundles.get(msg.run)) is not None:
            bundle.add(msg.obj, reading)  # refused if two devices have one name
        return reading

    def _read_staged(self) -> None:
        """Read all staged devices in one round trip: they will be read anyway."""
        staged, self._staged = self._staged, []
        reads = []
        for staged_model in map(self._model, staged):
            timer = [] if staged_model.count_time is None else [self._model(staged_model.count_time)]
            for model in (staged_model, *timer):
                model.require_connection()
                begin = getattr(model.device, "begin_read", None)
                if not model.has_reading and begin is not None and not inspect.iscoroutinefunction(begin):
                    reads.append((model, begin()))
        for model, collect in reads:
            model.keep(collect())

    def _stage(self, msg: Any) -> list[Any]:
        self._staged.append(msg.obj)
        name = root_of(msg.obj).name
        if name not in self.result.staged:
            self.result.staged.append(name)
        return [msg.obj]

    # ---- many points -------------------------------------------------------------------------

    def _turns(self, turns: Sequence[Any]) -> Iterator[Any]:
        """The turns of a loop: of many the first ones, if the rest can be computed from them."""
        if len(turns) < 2 * _ONE_BY_ONE:
            yield from turns
            return
        yield turns[0]
        first_point, others = len(self.result.points), self._sent_to_others(turns)
        yield from turns[1:_ONE_BY_ONE]
        are_alike = self._sent_to_others(turns) == others
        if not (are_alike and self._compute_the_rest(turns, self.result.points[first_point - 1 :])):
            yield from turns[_ONE_BY_ONE:]

    def _sent_to_others(self, turns: Sequence[Any]) -> int:
        """The number of positions and settings that were sent to devices which are not moved by the points."""
        scanned = {motor.name for motor in turns.columns} if isinstance(turns, Points) else set()
        paths = [path for name, path in self.result.path.items() if name not in scanned]
        return sum(map(len, (*paths, *self.result.settings.values())))

    def _compute_the_rest(self, turns: Sequence[Any], points: list[SimulatedPoint]) -> bool:
        """Add the rest of the points in columns; False, and nothing is added, if they are not like the first ones.

        Args:
            turns: all of them; more than have points.
            points: those of the first turns.
        """
        streams = {point.stream for point in points}
        if len(points) != _ONE_BY_ONE or len(streams) != 1 or self.result.problems:
            return False
        arrays: dict[DeviceModel, Floats] = {}
        for motor, column in turns.columns.items() if isinstance(turns, Points) else ():
            model, positions = self._model(motor), numbers_of(column)
            if positions is None or self._other_axes(model):
                return False
            if [point.positions.get(model.name) for point in points] != positions[:_ONE_BY_ONE].tolist():
                return False  # a wrapper sends it elsewhere
            arrays[model] = positions
        times_s = np.array([point.time_s for point in points])
        if not np.isfinite(times_s).all():
            return False
        rest_s = np.diff(times_s) - self._moves_s(arrays, slice(0, _ONE_BY_ONE))
        if not np.allclose(rest_s, rest_s[0], rtol=_SAME_S, atol=_SAME_S):
            return False
        point_s, num_later = float(np.median(rest_s)), len(turns) - _ONE_BY_ONE
        if not arrays and num_later > MOST_POINTS:  # a count may have any number of points: too many for columns
            self.result.more_points += num_later
            self.now = float(times_s[-1] + num_later * point_s)
            return True
        moves_s = self._moves_s(arrays, slice(_ONE_BY_ONE - 1, len(turns)))
        if not np.isfinite(moves_s).all():
            return False
        later_s = times_s[-1] + np.cumsum(moves_s + point_s)
        for model, positions in arrays.items():
            is_sent = positions[_ONE_BY_ONE:] != positions[_ONE_BY_ONE - 1 : -1]
            self._path(model).add(positions[_ONE_BY_ONE:][is_sent])
            model.set(float(positions[-1]))
        columns = {model.name: positions[_ONE_BY_ONE:] for model, positions in arrays.items()}
        self.result.points.add(PointColumns(streams.pop(), later_s, columns, points[-1].positions))
        self.now = float(later_s[-1])
        return True

    def _moves_s(self, columns: dict[DeviceModel, Floats], points: slice) -> Floats:
        """Seconds from each of these points to the next for the motor that arrives last, float64 [points - 1]."""
        slowest_s = np.zeros(points.stop - points.start - 1)
        for model, column in columns.items():
            durations_s = move_durations(column[points], partial(self._move_s, model))
            slowest_s = np.maximum(slowest_s, durations_s)
        return slowest_s

    # ---- runs --------------------------------------------------------------------------------

    def _create(self, msg: Any) -> None:
        self._stream = msg.kwargs.get("name", "primary")
        self._bundles[msg.run] = Bundle(self._stream)

    def _save(self, msg: Any) -> None:
        self._bundles.pop(msg.run, None)
        self.now += self._timing.point_s
        positions = {name: model.setpoint for name, model in self._moved.items()}
        self.result.points.append(SimulatedPoint(self._stream, self.now, positions))

    def _open_run(self, msg: Any) -> str:
        self.now += self._timing.run_s
        if "num_points" in msg.kwargs and msg.kwargs["num_points"] is None:
            self._most_of_run = min(self._most, _MAX_MESSAGES_ENDLESS)
        elif self._most_of_scan is not None and "extents" in msg.kwargs:  # it has checked all its points
            self._most_of_run = min(self._most, self._most_of_scan)
        self._points_before_run = len(self.result.points)
        self.result.runs.append(dict(msg.kwargs))
        return f"simulated-{len(self.result.runs)}"

    def _close_run(self, _: Any) -> str:
        self._most_of_run = self._most
        return f"simulated-{len(self.result.runs)}"

    def _count_the_rest(self) -> None:
        """Add the points that the last run announced and that were not simulated, at the pace of those that were."""
        result = self.result
        announced = result.runs[-1].get("num_points") if result.runs else None
        times = [point.time_s for point in result.points[self._points_before_run :] if point.stream == self._stream]
        if not isinstance(announced, int) or not 1 < len(times) < announced:
            return
        result.more_points = announced - len(times)
        self.now = times[-1] + result.more_points * (times[-1] - times[0]) / (len(times) - 1)
        result.endless = len(result.runs) > 1
