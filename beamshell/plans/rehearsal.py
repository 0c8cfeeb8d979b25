"""A plan's rehearsal: where it would go, whether it may, and how long it would take. Nothing moves.

The plan's own code is run, and each message is answered as if all went well: a motor reads where it was sent, a
detector what it reads now. It talks to no engine; devices are asked where they are, but never told anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from beamshell.errors import BeamshellError, DeviceError
from beamshell.messages import Msg
from beamshell.plans.preprocessors import as_plan, root_of, summary_line
from beamshell.protocols import Checkable, Locatable

DEFAULT_MOST = 100_000


@dataclass(frozen=True)
class Overheads:
    """What a beamline needs beside moving and counting, in seconds.

    Attributes:
        run_s: a run.
        point_s: an event: reading, and writing it down.
        move_s: the start of a move, besides the way.
        trigger_s: an acquisition, besides its count time.
        by_device: what one move or acquisition of a device takes, by its name, in place of what the device says.
    """

    run_s: float = 0.0
    point_s: float = 0.0
    move_s: float = 0.0
    trigger_s: float = 0.0
    by_device: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class RehearsedPoint:
    """One event that the plan would record.

    Attributes:
        stream: its stream.
        time_s: when, in seconds from the start.
        positions: where each motor that the plan moves would be by then, by name.
    """

    stream: str
    time_s: float
    positions: dict[str, Any]


@dataclass
class Rehearsal:
    """What came of a rehearsal.

    Attributes:
        points: the events, in order.
        path: by motor, each position it is sent to, in order.
        staged: the names of the devices that are staged.
        runs: the metadata of each run.
        duration_s: how long it takes, if moves and counts take as long as the devices say.
        untimed: the names of devices that were moved or triggered and cannot say how long that takes.
        problems: why it cannot be done; empty if it can.
        endless: True if it had not ended after the greatest number of messages.
    """

    points: list[RehearsedPoint] = field(default_factory=list)
    path: dict[str, list[Any]] = field(default_factory=dict)
    staged: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    duration_s: float = 0.0
    untimed: set[str] = field(default_factory=set)
    problems: list[BeamshellError] = field(default_factory=list)
    endless: bool = False

    def __str__(self) -> str:
        lines = [f"runs: {len(self.runs)}, points: {len(self.points)}, about {self.duration_s:.3g} s"]
        if self.endless:
            lines[0] += " so far: it goes on until it is stopped"
        if self.untimed:
            lines.append(f"not counted, since nobody knows how long they take: {', '.join(sorted(self.untimed))}")
        for name, places in self.path.items():
            lines.append(f"{name}: {len(places)} moves, {_range(places)}")
        lines += [f"cannot be done: {problem}" for problem in self.problems]
        return "\n".join(lines)


def _range(places: list[Any]) -> str:
    try:
        return f"from {min(places):g} to {max(places):g}"
    except (TypeError, ValueError):
        return ", ".join(dict.fromkeys(str(place) for place in places))


def rehearse(plan: Any, overheads: Overheads | None = None, most: int = DEFAULT_MOST) -> Rehearsal:
    """What `plan` would do: points, path, limits and time. The plan is used up by it: make another to run.

    Args:
        plan: a plan, a function that makes one, or a list of messages.
        overheads: what the beamline needs beside moving and counting.
        most: how many messages are looked at, since some plans go on for ever.

    Example:
        ``print(rehearse(scan([det], th, -1, 1, 21)))``
    """
    stage = _Stage(overheads or Overheads())
    for number, _ in enumerate(stage.messages(plan)):
        if number >= most:
            stage.rehearsal.endless = True
            break
    stage.rehearsal.duration_s = stage.now
    return stage.rehearsal


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
    stage = _Stage(Overheads())
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


class _Stage:
    """Where a plan is rehearsed: a clock that runs by what actions would take, and devices thought to be elsewhere."""

    def __init__(self, overheads: Overheads) -> None:
        self.rehearsal = Rehearsal()
        self.now = 0.0
        self._overheads = overheads
        self._setpoints: dict[int, tuple[Any, Any]] = {}  # by id: the device, and where it was sent
        self._readings: dict[int, dict[str, Any]] = {}
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
            "kickoff": lambda _: _Done(),
            "complete": lambda _: _Done(),
            "prepare": lambda _: _Done(),
        }

    def messages(self, plan: Any) -> Iterator[Msg]:
        """The messages of `plan`, each after it was answered; the first refusal ends it as it would the plan."""
        generator, answer, error = as_plan(plan), None, None
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
                respond = self._answers.get(msg.command)
                answer = None if respond is None else respond(msg)
            except BeamshellError as exc:
                self._note(exc)
                error = exc
            yield msg

    def _note(self, problem: BeamshellError) -> None:
        if problem not in self.rehearsal.problems:
            self.rehearsal.problems.append(problem)

    # ---- answers -----------------------------------------------------------------------------

    def _set(self, msg: Any) -> _Done:
        device, target = msg.obj, msg.args[0]
        if isinstance(device, Checkable):
            device.check_value(target)
        begin = self._where(device)
        self._setpoints[id(device)] = (device, target)
        self.rehearsal.path.setdefault(device.name, []).append(target)
        self._begin(msg, self._overheads.move_s + self._way_s(device, begin, target))
        return _Done()

    def _way_s(self, device: Any, begin: Any, target: Any) -> float:
        if (known := self._overheads.by_device.get(device.name)) is not None:
            return known
        if hasattr(device, "estimate_time_s"):
            return float(device.estimate_time_s(begin, target)) if begin != target else 0.0
        self.rehearsal.untimed.add(device.name)
        return 0.0

    def _trigger(self, msg: Any) -> _Done:
        name = msg.obj.name
        seconds = self._overheads.by_device.get(name)
        if seconds is None and hasattr(msg.obj, "count_time"):
            seconds = float(self._value(msg.obj.count_time))
        if seconds is None and id(msg.obj) not in self._setpoints:  # what moves does not count as well
            self.rehearsal.untimed.add(name)
        self._begin(msg, self._overheads.trigger_s + (seconds or 0.0))
        return _Done()

    def _begin(self, msg: Any, seconds: float) -> None:
        group = msg.kwargs.get("group")
        if group is not None:
            self._ends[group] = max(self._ends.get(group, 0.0), self.now + seconds)

    def _wait(self, msg: Any) -> bool:
        group = msg.kwargs.get("group", msg.args[0] if msg.args else None)
        self.now = max(self.now, self._ends.pop(group, 0.0))
        return True

    def _sleep(self, msg: Any) -> None:
        self.now += float(msg.args[0])

    def _locate(self, msg: Any) -> Any:
        devices = [msg.obj] if msg.obj is not None else list(msg.args)
        places = [{"setpoint": place, "readback": place} for place in map(self._where, devices)]
        return places[0] if len(places) == 1 and msg.kwargs.get("squeeze", True) else places

    def _read(self, msg: Any) -> dict[str, Any]:
        device = msg.obj
        if id(device) not in self._readings:
            self._readings[id(device)] = device.read()  # once: where it is does not change while we think
        reading = dict(self._readings[id(device)])
        if id(device) in self._setpoints:
            target = self._setpoints[id(device)][1]
            for key in reading.keys() & _position_keys(device):
                reading[key] = {**reading[key], "value": target}
        return reading

    def _stage(self, msg: Any) -> list[Any]:
        name = root_of(msg.obj).name
        if name not in self.rehearsal.staged:
            self.rehearsal.staged.append(name)
        return [msg.obj]

    def _create(self, msg: Any) -> None:
        self._stream = msg.kwargs.get("name", "primary")

    def _save(self, _: Any) -> None:
        self.now += self._overheads.point_s
        positions = {device.name: target for device, target in self._setpoints.values()}
        self.rehearsal.points.append(RehearsedPoint(self._stream, self.now, positions))

    def _open_run(self, msg: Any) -> str:
        self.now += self._overheads.run_s
        self.rehearsal.runs.append(dict(msg.kwargs))
        return f"rehearsed-{len(self.rehearsal.runs)}"

    # ---- where devices are thought to be -------------------------------------------------------

    def _where(self, device: Any) -> Any:
        """Where the plan sent it; where it really was sent, if the plan did not; None if nobody knows."""
        if id(device) in self._setpoints:
            return self._setpoints[id(device)][1]
        try:
            return device.locate()["setpoint"] if isinstance(device, Locatable) else self._value(device)
        except DeviceError as exc:
            self._note(exc)
            return None

    def _value(self, signal: Any) -> Any:
        if id(signal) in self._setpoints:
            return self._setpoints[id(signal)][1]
        return next(iter(signal.read().values()))["value"]


def _position_keys(device: Any) -> set[str]:
    """The keys under which a device records where it is and where it was sent."""
    hinted = (getattr(device, "hints", None) or {}).get("fields", [])
    return {device.name, f"{device.name}_setpoint", f"{device.name}_user_setpoint", *hinted}
