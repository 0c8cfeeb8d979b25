"""Random experiments for the engine, as data: the same one can be played twice, with and without trouble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st
from virtual_world import VirtualDetector, VirtualMotor, VirtualSignal, VirtualSuspender, VirtualWorld

from beamshell.engine.interpreter import Interpreter
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.state import State
from beamshell.errors import TransitionError
from beamshell.messages import Msg
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import finalize_wrapper, run_wrapper, set_run_key_wrapper, stage_wrapper

MOTORS = 3


@dataclass(frozen=True)
class Point:
    """One point of an experiment: where to go, how long to wait, whether to read."""

    moves: dict[int, float]
    sleep: float = 0.0
    read: bool = True
    together: bool = True
    stream: str = "primary"


@dataclass(frozen=True)
class Program:
    """An experiment."""

    points: tuple[Point, ...]
    background: float | None = None  # a slow move, begun first and waited for last
    monitored: bool = False
    finalized: bool = True
    staged: bool = True
    not_rewindable: bool = False
    declared: bool = False
    beside: tuple[int, int] | None = None  # before which points a second run is opened, and closed

    def beside_at(self, number: int) -> bool:
        """Whether the second run is open at a point."""
        return self.beside is not None and self.beside[0] <= number < self.beside[1]


points = st.builds(
    Point,
    moves=st.dictionaries(st.integers(0, MOTORS - 1), st.sampled_from([-2.0, -0.5, 0.0, 1.0, 3.0]), max_size=2),
    sleep=st.sampled_from([0.0, 0.0, 0.3]),
    read=st.booleans(),
    together=st.booleans(),
    stream=st.sampled_from(["primary", "primary", "other"]),
)
programs = st.builds(
    Program,
    points=st.lists(points, min_size=1, max_size=6).map(tuple),
    background=st.sampled_from([None, None, 4.0]),
    monitored=st.booleans(),
    finalized=st.booleans(),
    staged=st.booleans(),
    not_rewindable=st.booleans(),
    declared=st.booleans(),
    beside=st.one_of(st.none(), st.tuples(st.integers(0, 4), st.integers(1, 4)).map(lambda t: (t[0], t[0] + t[1]))),
)


@dataclass
class Beamline:
    """A virtual world with a few devices in it."""

    world: VirtualWorld = field(default_factory=VirtualWorld)

    def __post_init__(self) -> None:
        world = self.world
        self.motors = [VirtualMotor(world, f"m{i}") for i in range(MOTORS)]
        self.slow = VirtualMotor(world, "slow", speed=0.5)
        self.home = VirtualMotor(world, "home")
        self.det = VirtualDetector(world, "det", motor=self.motors[0])
        self.det2 = VirtualDetector(world, "det2", motor=self.motors[1], time=0.0)
        self.signal = VirtualSignal(world, "signal")
        self.suspenders = [VirtualSuspender(world, "beam", sleep=0.5), VirtualSuspender(world, "vacuum")]
        self.events: list[str] = []

    @property
    def devices(self) -> list[Any]:
        return [*self.motors, self.slow, self.home, self.det, self.det2]

    def plan(self, program: Program) -> Any:
        """The experiment on these devices; returns what it read."""
        inner: Any = self._points(program)
        if program.staged:
            inner = stage_wrapper(inner, [self.det, self.det2, *self.motors])
        if program.finalized:
            inner = finalize_wrapper(inner, lambda: bps.mv(self.home, 1.0))
        return inner

    def _points(self, program: Program) -> Any:
        record: list[Any] = []

        def measure() -> Any:
            if program.monitored:
                yield Msg("monitor", self.signal, name="watched")
            if program.not_rewindable:
                yield Msg("rewindable", None, False)
            if program.declared:
                yield Msg("declare_stream", None, self.det, self.det2, *self.motors, name="primary")
            if program.background is not None:
                yield Msg("set", self.slow, program.background, group="background")
            for number, point in enumerate(program.points):
                yield from self._begin_or_end_beside(program, number)
                record.append((yield from self._point(point)))
                if program.beside_at(number):
                    record.append((yield from self._beside()))
            if program.background is not None:
                yield Msg("wait", None, group="background")
            yield Msg("checkpoint")

        yield from run_wrapper(measure())
        return record

    def _begin_or_end_beside(self, program: Program, number: int) -> Any:
        """A second run that begins and ends in the midst of the first, or is left for the engine to close."""
        if program.beside is not None and number == program.beside[0]:
            yield Msg("open_run", None, run="beside")
        if program.beside is not None and number == program.beside[1]:
            yield Msg("close_run", None, exit_status=None, reason=None, run="beside")

    def _beside(self) -> Any:
        """One event of the second run: what the first one has just moved, seen again."""
        return (yield from set_run_key_wrapper(bps.trigger_and_read([self.det2, *self.motors], "beside"), "beside"))

    def _point(self, point: Point) -> Any:
        yield Msg("checkpoint")
        for number, position in point.moves.items():
            if point.together:
                yield Msg("set", self.motors[number], position, group="go")
            else:
                yield from bps.mv(self.motors[number], position)
        if point.together and point.moves:
            yield Msg("wait", None, group="go")
        if point.sleep:
            yield Msg("sleep", None, point.sleep)
        if not point.read:
            return None
        return (yield from bps.trigger_and_read([self.det, self.det2, *self.motors], point.stream))


def side_plans(beamline: Beamline) -> None:
    """Let the suspenders' plans write down when they run."""
    for suspender in beamline.suspenders:

        def side(word: str, name: str = suspender.name) -> Callable[[], Any]:
            def plan() -> Any:
                beamline.events.append(f"{word} {name}")
                yield Msg("null")

            return plan

        suspender.pre_plan, suspender.post_plan = side("pre"), side("post")


WAYS_OUT = {"stop": State.STOPPING, "abort": State.ABORTING, "halt": State.HALTING}


@dataclass
class Trouble:
    """What goes wrong, by number of the message."""

    at: dict[int, str]
    decisions: tuple[str, ...] = ()  # at the first pause, the second ...; then resume
    hands_on: bool = False  # at each pause somebody moves every motor that the plan has moved
    beside: Program | None = None  # at each pause this one runs, as far as it moves motors that the plan has moved

    def hook(self, beamline: Beamline) -> Callable[[Msg], None]:
        """To be called with each message."""
        world, record = beamline.world, [0]

        def on_msg(_: Msg) -> None:
            what = self.at.get(record[0])
            record[0] += 1
            if what is not None:
                cause(world, beamline, what)

        return on_msg


def cause(world: VirtualWorld, beamline: Beamline, what: str) -> None:
    """Let one thing go wrong now."""
    if what == "pause":
        world.post(PauseRequest(False))
    elif what == "soft pause":
        world.post(PauseRequest(True))
    elif what in WAYS_OUT:
        world.post(EndRequest(WAYS_OUT[what], f"{what} by a test"))
    elif what == "suspend":
        beamline.suspenders[0].trip()
        world.at(1.0, lambda: beamline.suspenders[0].trip(False))
    elif what == "suspend both":
        beamline.suspenders[1].trip()
        world.at(0.2, beamline.suspenders[0].trip)
        world.at(0.9, lambda: beamline.suspenders[1].trip(False))
        world.at(1.4, lambda: beamline.suspenders[0].trip(False))
    elif what == "status fails":
        for device in beamline.devices:
            device.failing_statuses += 1
    elif what == "unstage fails":
        for device in beamline.devices:
            device.faults["unstage"] = [RuntimeError("unstage broke")]
    elif what == "stop fails":
        for device in beamline.devices:
            device.faults["stop"] = [RuntimeError("stop broke")]
    elif what == "read fails":
        beamline.det.faults["read"] = [RuntimeError("read broke")]
    elif what == "subscriber raises":
        world.dispatcher.subscribe(_raises)
    else:
        raise AssertionError(what)


def _raises(name: str, doc: Any) -> None:
    raise ValueError("a subscriber broke")


def play(beamline: Beamline, program: Program, trouble: Trouble | None = None, **kwargs: Any) -> Interpreter:
    """Run a program to its end, with trouble on the way and a decision at each pause."""
    world = beamline.world
    world.suspenders.extend(beamline.suspenders)
    hook = trouble.hook(beamline) if trouble is not None else None
    core = world.interpreter(on_msg=hook, **kwargs)
    decisions = list(trouble.decisions) if trouble is not None else []
    over = core.start(as_generator(beamline.plan(program)))
    pauses = 0
    while not over:
        pauses += 1
        assert pauses < 50, "it pauses for ever"
        assert core.state is State.PAUSED
        assert not any(motor.moving for motor in (*beamline.motors, beamline.slow) if not motor.faults.get("stop"))
        world.pass_time(0.35)
        if trouble is not None and trouble.hands_on:
            for motor in [msg.obj for msg in core.ctx.resources.moved.values()]:
                motor.set(motor.position + 3.7)
            world.pass_time(30)
        if trouble is not None and trouble.beside is not None:
            _play_beside(beamline, trouble.beside, core)
        decision = decisions.pop(0) if decisions else "resume"
        over = core.resume() if decision == "resume" else core.leave(WAYS_OUT[decision], decision)
    return core


def _play_beside(beamline: Beamline, program: Program, paused: Any) -> None:
    """Run a program on the devices of the paused one; it may be refused, and leaves that one as it was."""
    moved = [number for number, motor in enumerate(beamline.motors) if id(motor) in paused.ctx.resources.moved]
    points = [
        replace(point, moves={number: place for number, place in point.moves.items() if number in moved})
        for point in program.points
    ]
    staged = [list(device.log).count("stage") for device in paused.staged]
    nested = beamline.world.interpreter(paused=paused.ctx.resources)
    plan = beamline.plan(replace(program, points=tuple(points), background=None, finalized=False))
    assert nested.start(as_generator(plan)), "a plan beside a paused one is never paused"
    assert nested.state is State.IDLE
    assert paused.state is State.PAUSED
    assert staged == [list(device.log).count("stage") for device in paused.staged]
    refused = isinstance(nested.error, TransitionError)
    assert refused or nested.exit_status == "success", nested.error
    assert refused == paused.ctx.resources.holds_point
