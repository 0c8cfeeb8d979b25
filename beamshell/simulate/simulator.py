"""A plan's rehearsal: where it would go, whether it may, and how long it would take. Nothing moves.

The plan's own code is run, and each message is answered as if all went well: a motor reads where it was sent, a
detector what it reads now. It talks to no engine; devices are asked where they are, but never told anything.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from beamshell.errors import BeamshellError, NoFit
from beamshell.messages import Msg
from beamshell.plans.clock import by_clock
from beamshell.plans.preprocessors import as_plan, root_of, summary_line
from beamshell.plans.start_metadata import unit_of
from beamshell.simulate.device_model import DeviceModel, anything, must_answer
from beamshell.simulate.result import SimulatedPoint, SimulationResult
from beamshell.timing.model import TimingModel

__all__ = [
    "DEFAULT_MOST",
    "SimulatedPoint",
    "SimulationResult",
    "TimingModel",
    "check_limits",
    "rehearse",
    "summarize_plan",
]

DEFAULT_MOST = 100_000
_MOST_OF_ENDLESS = 500
"""Messages of a plan that says that it has no end."""
_LEAST_WAIT_S = 1e-3


def rehearse(
    plan: Any, overheads: TimingModel | None = None, most: int = DEFAULT_MOST, suspenders: Iterable[str] = ()
) -> SimulationResult:
    """What `plan` would do: points, path, limits and time. The plan is used up by it: make another to run.

    Args:
        plan: a plan, a function that makes one, or a list of messages.
        overheads: what the beamline needs beside moving and counting.
        most: how many messages are looked at, since some plans go on for ever.
        suspenders: what may hold it up, a line each, to be told with the rest.

    Example:
        ``print(rehearse(scan([det], th, -1, 1, 21)))``
    """
    stage = _Stage(overheads or TimingModel())
    with by_clock(stage.time):
        for number, _ in enumerate(stage.messages(plan)):
            if number >= (_MOST_OF_ENDLESS if stage.has_no_end else most):
                stage.rehearsal.endless = True
                break
    return stage.told(suspenders)


def check_limits(plan: Any, most: int = DEFAULT_MOST) -> None:
    """Return if every position that `plan` would go to is allowed; nothing moves.

    Raises:
        BeamshellError: of the kind and with the words of the first refusal.
    """
    for problem in rehearse(plan, most=most).problems:
        raise problem


def summarize_plan(plan: Any, show: Callable[[str], object] = print, most: int = DEFAULT_MOST) -> None:
    """Tell what `plan` would do, a line a step; nothing moves.

    Args:
        plan: a plan, a function that makes one, or a list of messages.
        show: where the lines go.
        most: how many messages are looked at.
    """
    stage = _Stage(TimingModel())
    with by_clock(stage.time):
        for number, msg in enumerate(stage.messages(plan)):
            if (line := summary_line(msg)) is not None:
                show(line)
            if number >= most:
                show("... and so on")
                break
    for problem in stage.rehearsal.problems:
        show(f"cannot be done: {problem}")


class _Done:
    """The status of an action that is only thought of: it ends well, at once."""

    done = success = True

    def add_callback(self, callback: Callable[[Any], None]) -> None:
        callback(self)

    def exception(self, timeout: float | None = 0.0) -> None:  # noqa: ARG002  # as any status
        return None


_DONE = _Done()


class _Stage:
    """Where a plan is rehearsed: a clock that runs by what actions would take, and devices thought to be elsewhere."""

    def __init__(self, overheads: TimingModel) -> None:
        self.rehearsal = SimulationResult(learned_from=overheads.runs, error=overheads.error)
        self.now = 0.0
        self.has_no_end = False
        self._overheads = overheads
        self._actors: dict[int, DeviceModel] = {}
        self._moved: dict[str, DeviceModel] = {}
        self._flights: dict[int, tuple[float, dict[str, list[float]]]] = {}  # by flyer: how long, and where
        self._landings: dict[int, float] = {}  # by flyer, when its flight ends
        self._staged: list[Any] = []
        self._ends: dict[Any, float] = {}  # by group, when the last of its actions ends
        self._stream = "primary"
        self._answers: dict[str, Callable[[Any], Any]] = {
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
            "open_run": self._open_run,
            "input": lambda _: "",
            "rewindable": lambda _: True,
            "configure": lambda _: ({}, {}),
            "prepare": self._prepare,
            "kickoff": lambda _: _DONE,
            "complete": self._fly,
            "collect": self._collect,
        }

    def told(self, suspenders: Iterable[str]) -> SimulationResult:
        """What has come of it."""
        rehearsal = self.rehearsal
        rehearsal.duration_s = self.now
        rehearsal.suspenders = list(suspenders)
        for actor in self._moved.values():
            rehearsal.units[actor.name] = unit_of(actor.device)
        return rehearsal

    def messages(self, plan: Any) -> Iterator[Msg]:
        """The messages of `plan`, each after it was answered; the first refusal ends it as it would the plan."""
        generator, answer, error = as_plan(plan), None, None
        answers = self._answers
        while True:
            try:
                msg = generator.send(answer) if error is None else generator.throw(error)
            except StopIteration:
                return
            except BeamshellError as exc:
                self._note(exc)
                return
            answer = error = None
            try:
                respond = answers.get(msg.command)
                answer = None if respond is None else respond(msg)
            except BeamshellError as exc:
                self._note(exc)
                error = exc
            yield msg

    def time(self) -> float:
        """How many seconds of the rehearsed plan are over."""
        return self.now

    def _note(self, problem: BeamshellError) -> None:
        if isinstance(problem, NoFit):
            return  # what the real points will show, nobody knows yet
        if problem not in self.rehearsal.problems:
            self.rehearsal.problems.append(problem)

    def _actor(self, device: Any) -> DeviceModel:
        actor = self._actors.get(id(device))
        if actor is None:
            actor = self._actors[id(device)] = DeviceModel(device)
        return actor

    # ---- moving ------------------------------------------------------------------------------

    def _set(self, msg: Any) -> _Done:
        actor, target = self._actor(msg.obj), msg.args[0]
        self._check(actor, target)
        if not actor.is_motor:
            self.rehearsal.settings.setdefault(actor.name, []).append(target)
            actor.sent, actor.place = True, target
            return _DONE
        begin = self._where(actor)
        if actor.name not in self._moved:
            self._moved[actor.name] = actor
            self.rehearsal.origins[actor.name] = begin
        actor.sent, actor.place = True, target
        self.rehearsal.path.setdefault(actor.name, []).append(target)
        self._begin(msg, self._move_s(actor, begin, target))
        return _DONE

    def _check(self, actor: DeviceModel, target: Any) -> None:
        """As the device would, but with its sister axes where they are thought to be: they share real ones."""
        if sisters := self._sisters(actor):
            actor.device.parent.check_value({actor.device.attr_name: target, **sisters})
        else:
            actor.check(target)

    def _sisters(self, actor: DeviceModel) -> dict[str, Any]:
        """Where the other axes are thought to be that are computed from the same real ones; {} for any other motor."""
        owner, attr = getattr(actor.device, "parent", None), getattr(actor.device, "attr_name", "")
        axes: tuple[str, ...] = getattr(owner, "pseudo_names", ())
        if attr not in axes:
            return {}
        return {name: self._where(self._actor(getattr(owner, name))) for name in axes if name != attr}

    def _move_s(self, actor: DeviceModel, begin: Any, target: Any) -> float:
        known = self._overheads.by_device.get(actor.name)
        if known is not None:
            return known
        pace = self._overheads.motor(actor.name)
        self._doubt(actor.name, self._overheads.motors)
        if begin == target:
            return max(0.0, pace.extra_s)
        if pace.per_unit and begin is not None:
            return max(0.0, pace.seconds(abs(target - begin)))
        nominal = self._nominal_s(actor, begin, target)
        if nominal is None:
            self.rehearsal.untimed.add(actor.name)
            return max(0.0, pace.extra_s)
        if actor.name in self._overheads.motors:  # what was learned has the time for settling in it
            nominal -= getattr(actor.device, "settle_time", 0.0)
        return max(0.0, pace.seconds(nominal))

    def _nominal_s(self, actor: DeviceModel, begin: Any, target: Any) -> float | None:
        """What the motor itself says that it needs; None if it cannot tell."""
        estimate = getattr(actor.device, "estimate_time_s", None)
        if estimate is None or begin is None:
            return None
        seconds = estimate(begin, target, **self._sisters(actor))
        return None if seconds is None else float(seconds)

    def _doubt(self, name: str, learned: Any) -> None:
        if self._overheads.runs and name not in learned:
            self.rehearsal.unmeasured.add(name)

    # ---- counting ----------------------------------------------------------------------------

    def _trigger(self, msg: Any) -> _Done:
        self._ask_staged()
        self._begin(msg, self._count_s(self._actor(msg.obj)))
        return _DONE

    def _count_s(self, actor: DeviceModel) -> float:
        if actor.is_motor:
            return 0.0  # what moves is there already, and does not count as well
        known = self._overheads.by_device.get(actor.name)
        if known is not None:
            return known
        self._doubt(actor.name, self._overheads.detectors)
        nominal = 0.0
        if actor.count_time is not None:
            nominal = float(self._where(self._actor(actor.count_time)) or 0.0)
        elif actor.name not in self._overheads.detectors:
            self.rehearsal.untimed.add(actor.name)
        return max(0.0, self._overheads.detector(actor.name).seconds(nominal))

    # ---- flying ------------------------------------------------------------------------------

    def _prepare(self, msg: Any) -> _Done:
        """The motors of a flyer go to where its flight begins."""
        flyer, path = msg.obj, msg.args[0] if msg.args else None
        getattr(flyer, "check_value", anything)(path)
        if not hasattr(flyer, "planned"):  # who else knows where it would be, and for how long
            return _DONE
        seconds, ways = flyer.planned(path)
        self._flights[id(flyer)] = (seconds, ways)
        for motor in flyer.motors:
            if motor.name in ways:
                self._set(msg._replace(obj=motor, args=(ways[motor.name][0],)))
        return _DONE

    def _fly(self, msg: Any) -> _Done:
        flight = self._flights.get(id(msg.obj))
        if flight is None:
            self.rehearsal.untimed.add(str(msg.obj.name))
        else:
            self._begin(msg, flight[0])
            self._landings[id(msg.obj)] = self.now + flight[0]
        return _DONE

    def _collect(self, msg: Any) -> list[dict[str, Any]]:
        """What it would hand over when it has landed: a page with where its motors were, once."""
        if self.now < self._landings.get(id(msg.obj), 0.0):
            return []
        seconds, ways = self._flights.pop(id(msg.obj), (0.0, {}))
        num = len(next(iter(ways.values()), ()))
        times = [self.now - seconds * (1 - (row + 1) / num) for row in range(num)]
        stream = msg.kwargs.get("name") or str(msg.obj.name)
        for row, moment in enumerate(times):
            positions = {name: way[row] for name, way in ways.items()}
            self.rehearsal.points.append(SimulatedPoint(stream, moment, positions))
        for motor in getattr(msg.obj, "motors", ()):
            if motor.name in ways:
                actor = self._actor(motor)
                actor.sent, actor.place = True, ways[motor.name][-1]
                self.rehearsal.path.setdefault(actor.name, []).append(actor.place)
        return [{"data": ways, "timestamps": dict.fromkeys(ways, times), "time": times}] if num else []

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
            self.now += max(timeout, _LEAST_WAIT_S)  # who asks again and again without waiting would never be answered
            return False
        self.now = max(self.now, self._ends.pop(group, 0.0))
        return True

    def _sleep(self, msg: Any) -> None:
        self.now += float(msg.args[0])

    # ---- reading -----------------------------------------------------------------------------

    def _locate(self, msg: Any) -> Any:
        devices = [msg.obj] if msg.obj is not None else list(msg.args)
        places = [{"setpoint": place, "readback": place} for place in map(self._where, map(self._actor, devices))]
        return places[0] if len(places) == 1 and msg.kwargs.get("squeeze", True) else places

    def _read(self, msg: Any) -> dict[str, Any]:
        self._ask_staged()
        return self._actor(msg.obj).reading()

    def _ask_staged(self) -> None:
        """Ask all that is staged at once: it will be read too, and this is the only time that we wait for an answer."""
        asked, self._staged = self._staged, []
        begun = []
        for actor in map(self._actor, asked):
            timer = [] if actor.count_time is None else [self._actor(actor.count_time)]
            for wanted in (actor, *timer):
                must_answer(wanted.device)
                begin = getattr(wanted.device, "begin_read", None)
                if not wanted.is_read and begin is not None and not inspect.iscoroutinefunction(begin):
                    begun.append((wanted, begin()))
        for actor, collect in begun:
            actor.keep(collect())

    def _stage(self, msg: Any) -> list[Any]:
        self._staged.append(msg.obj)
        name = root_of(msg.obj).name
        if name not in self.rehearsal.staged:
            self.rehearsal.staged.append(name)
        return [msg.obj]

    def _where(self, actor: DeviceModel) -> Any:
        """Where it is thought to be; None if it does not tell."""
        if not actor.sent and actor.place is None:
            actor.place = actor.locate()
        return actor.place

    # ---- runs --------------------------------------------------------------------------------

    def _create(self, msg: Any) -> None:
        self._stream = msg.kwargs.get("name", "primary")

    def _save(self, _: Any) -> None:
        self.now += self._overheads.point_s
        positions = {name: actor.place for name, actor in self._moved.items()}
        self.rehearsal.points.append(SimulatedPoint(self._stream, self.now, positions))

    def _open_run(self, msg: Any) -> str:
        self.now += self._overheads.run_s
        self.has_no_end = "num_points" in msg.kwargs and msg.kwargs["num_points"] is None
        self.rehearsal.runs.append(dict(msg.kwargs))
        return f"rehearsed-{len(self.rehearsal.runs)}"
