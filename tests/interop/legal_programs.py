"""Random programs of messages, as data, and devices so plain that two engines can do nothing different with them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

STREAMS = {"primary": ("det", "motor"), "second": ("det2",), "third": ("det2", "motor")}


class Done:
    """A status that has ended."""

    done = True

    def __init__(self, error: BaseException | None = None) -> None:
        self._error = error
        self.success = error is None

    def exception(self, timeout: float | None = 0.0) -> BaseException | None:
        return self._error

    def add_callback(self, callback: Callable[[Any], None]) -> None:
        callback(self)


class Plain:
    """A detector. It writes down what is done to it."""

    parent = None

    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log = name, log
        self.count, self.gain = 0, 1
        self.fails = False

    def did(self, what: str) -> Done:
        self.log.append(f"{self.name}.{what}")
        failed, self.fails = self.fails, False
        return Done(OSError(f"{self.name} broke") if failed else None)

    @property
    def hints(self) -> dict[str, Any]:
        return {"fields": [self.name]}

    def trigger(self) -> Done:
        self.count += 1
        return self.did("trigger")

    def read(self) -> dict[str, Any]:
        return {self.name: {"value": self.count, "timestamp": 1.0}}

    def describe(self) -> dict[str, Any]:
        return {self.name: {"source": f"plain://{self.name}", "dtype": "integer", "shape": []}}

    def read_configuration(self) -> dict[str, Any]:
        return {f"{self.name}_gain": {"value": self.gain, "timestamp": 1.0}}

    def describe_configuration(self) -> dict[str, Any]:
        return {f"{self.name}_gain": {"source": "plain://gain", "dtype": "integer", "shape": []}}

    def configure(self, gain: int) -> tuple[dict[str, Any], dict[str, Any]]:
        old = self.read_configuration()
        self.gain = gain
        self.did(f"configure {gain}")
        return old, self.read_configuration()

    def stage(self) -> list[Any]:
        self.did("stage")
        return [self]

    def unstage(self) -> list[Any]:
        self.did("unstage")
        return [self]


class PlainMotor(Plain):
    """A motor that is where it was sent."""

    position = 0.0

    def set(self, value: float) -> Done:
        self.position = value
        return self.did(f"set {value}")

    def read(self) -> dict[str, Any]:
        return {self.name: {"value": self.position, "timestamp": 1.0}}

    def describe(self) -> dict[str, Any]:
        return {self.name: {"source": f"plain://{self.name}", "dtype": "number", "shape": []}}

    def locate(self) -> dict[str, float]:
        return {"setpoint": self.position, "readback": self.position}

    def stop(self, success: bool = False) -> None:
        self.did("stop")


class PlainSignal(Plain):
    """A value with subscribers."""

    def __init__(self, name: str, log: list[str]) -> None:
        super().__init__(name, log)
        self.subscribers: list[Callable[..., None]] = []

    def subscribe(self, function: Callable[..., None]) -> None:
        self.subscribers.append(function)

    def clear_sub(self, function: Callable[..., None]) -> None:
        self.subscribers.remove(function)

    def change(self) -> None:
        self.count += 1
        for function in list(self.subscribers):
            function(value=self.count, timestamp=1.0)


class PlainFlyer(Plain):
    """Has three points after each flight."""

    points = 0

    def prepare(self, value: Any) -> Done:
        return self.did(f"prepare {value}")

    def kickoff(self) -> Done:
        self.points = 3
        return self.did("kickoff")

    def complete(self) -> Done:
        return self.did("complete")

    def describe_collect(self) -> dict[str, Any]:
        return {"flown": {"fly_x": {"source": "plain://fly", "dtype": "number", "shape": []}}}

    def collect(self) -> Iterator[dict[str, Any]]:
        points, self.points = self.points, 0
        for i in range(points):
            yield {"data": {"fly_x": i}, "timestamps": {"fly_x": 1.0}, "time": 1.0}


@dataclass
class Devices:
    """One set of them for each engine."""

    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.det, self.det2 = Plain("det", self.log), Plain("det2", self.log)
        self.motor, self.home = PlainMotor("motor", self.log), PlainMotor("home", self.log)
        self.signal, self.flyer = PlainSignal("signal", self.log), PlainFlyer("flyer", self.log)


@dataclass(frozen=True)
class Step:
    """One message, or a few that belong together.

    Attributes:
        caught: the plan goes on if it raises.
    """

    command: str
    device: str | None = None
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()
    run: str | None = None
    caught: bool = False


def step(command: str, device: str | None = None, *args: Any, run: str | None = None, **kwargs: Any) -> Step:
    return Step(command, device, args, tuple(kwargs.items()), run)


@dataclass(frozen=True)
class Program:
    """Steps, whether the plan cleans up after itself, and what the operator decides at each pause."""

    steps: tuple[Step, ...]
    guarded: bool
    decisions: tuple[str, ...]


# ---- blocks: what makes sense together ---------------------------------------------------------------


@st.composite
def events(draw: Any, run: str | None) -> list[Step]:
    stream = draw(st.sampled_from(sorted(STREAMS)))
    steps = [step("checkpoint")] if draw(st.booleans()) else []
    for name in STREAMS[stream]:
        if name != "motor" and draw(st.booleans()):
            steps.append(step("trigger", name, group="t"))
    if steps and steps[-1].command == "trigger":
        steps.append(step("wait", None, group="t"))
    steps.append(step("create", None, run=run, name=stream))
    steps += [step("read", name, run=run) for name in draw(st.permutations(STREAMS[stream]))]
    steps.append(step(draw(st.sampled_from(["save", "save", "save", "drop"])), run=run))
    return steps


def moves(run: str | None) -> Any:
    return st.sampled_from([-1.0, 0.5, 2.0]).map(
        lambda x: [step("set", "motor", x, group="m"), step("wait", None, group="m")]
    )


def failure(device: str, command: str, *args: Any) -> list[Step]:
    return [step("fail and wait", device, command, *args)]


def fly(run: str | None) -> list[Step]:
    return [
        step("prepare", "flyer", 5, group="p"),
        step("wait", None, group="p"),
        step("kickoff", "flyer", run=run, group="k"),
        step("wait", None, group="k"),
        step("complete", "flyer", run=run, group="c"),
        step("wait", None, group="c"),
        step("collect", "flyer", run=run),
    ]


def monitored(run: str | None) -> Any:
    change = [step("change", "signal"), step("sleep", None, 0.0)]
    pause = [step("checkpoint"), step("pause", None, defer=False)]
    begun = [step("monitor", "signal", run=run, name="watched"), *change]
    ended = [step("unmonitor", "signal", run=run)]
    return st.sampled_from(
        [
            [*begun, *change, *ended],
            [*begun, *ended],
            begun,
            [*begun, *pause, *change, *ended],
            [*begun, *pause, *ended],
        ]
    )


def interrupted_event(run: str | None) -> Any:
    """An event that a pause cuts in two: all that came since the checkpoint is sent again."""
    whole = [
        step("checkpoint"),
        step("set", "motor", 4.0, group="m"),
        step("wait", None, group="m"),
        step("trigger", "det", group="t"),
        step("wait", None, group="t"),
        step("create", None, run=run, name="primary"),
        step("read", "det", run=run),
        step("read", "motor", run=run),
        step("save", run=run),
    ]
    pause = step("pause", None, defer=False)
    return st.integers(1, len(whole)).map(lambda i: [*whole[:i], pause, *whole[i:], step("checkpoint")])


def blocks(run: str | None, *, inside: bool) -> Any:
    """One block; `inside` a run, the things that need one too."""
    anywhere = [
        moves(run),
        st.just([step("stage", "det"), step("unstage", "det")]),
        st.just([step("stage", "det")]),
        st.just([step("null")]),
        st.just([step("sleep", None, 0.0)]),
        st.just([step("checkpoint")]),
        st.just([step("clear_checkpoint")]),
        st.just([step("checkpoint"), step("pause", None, defer=False)]),
        st.just([step("pause", None, defer=True), step("null"), step("checkpoint")]),
        st.just([step("stop", "motor")]),
        st.just([step("configure", "det", 7)]),
        st.just([step("read", "motor")]),
        st.just([step("rewindable", None, False), step("rewindable", None, True)]),
        st.just([step("subscribe"), step("unsubscribe")]),
        st.just([step("raise")]),
        st.just(failure("motor", "set", 3.0)),
        st.just(failure("det", "trigger")),
        st.just([step("dance")]),
        st.just([step("wait", None, group="nobody's")]),
        st.just([step("kickoff", "flyer", run="c")]),
        st.just([step("drop")]),
        st.just([step("set", "home", 2.0, group="h"), step("checkpoint"), step("pause", None, defer=False)]),
        st.just([step("set", "det", 1.0)]),
        st.just([step("locate_one")]),
        st.just([step("locate_two")]),
    ]
    in_a_run = [
        events(run),
        events(run),
        events(run),
        st.just(fly(run)),
        st.sampled_from([2, 3]).map(lambda i: fly(run)[i:-1]),  # the engine collects what the plan has not
        monitored(run),
        interrupted_event(run),
        interrupted_event(run),
        st.just([step("kickoff", "det", run=run)]),
        st.just([step("declare_stream", None, run=run, name="second")]),
        st.just([step("create", run=run, name="empty"), step("save", run=run)]),
        # what makes no sense must make the same trouble
        st.just([step("save", run=run)]),
        st.just([step("create", run=run, name="primary"), step("checkpoint")]),
        st.just([step("create", run=run, name="primary"), step("create", run=run, name="second")]),
        st.just([step("unmonitor", "signal", run=run)]),
        st.just([step("open_run", run=run)]),
        st.just([step("create", run=run, name="primary"), step("read", "det", run=run), step("read", "det", run=run)]),
    ]
    outside = [st.just([step("close_run", run=run)]), st.just([step("create", run=run, name="primary")])]
    return st.one_of(*anywhere, *(in_a_run * 2 if inside else outside))


caught = st.sampled_from([False, False, True])


@st.composite
def programs(draw: Any) -> Program:
    """A program: a run or two, one after the other or at the same time, with blocks before, in and after."""
    keys = draw(st.sampled_from([(None,), (None,), (None,), ("a", "b")]))
    steps: list[Step] = []

    def some(run: str | None, inside: bool, most: int) -> list[Step]:
        return list(itertools.chain(*draw(st.lists(blocks(run, inside=inside), max_size=most))))

    if draw(st.booleans()):
        steps += some(None, inside=False, most=2)
    for key in keys:
        steps.append(step("open_run", run=key, sample="s", **({"scan_id": 5} if draw(st.booleans()) else {})))
    for _ in range(draw(st.integers(1, 3))):
        steps += some(draw(st.sampled_from(keys)), inside=True, most=3)
    for key in keys:
        if draw(st.sampled_from([True, True, True, False])):
            steps.append(
                step("close_run", run=key, **draw(st.sampled_from([{}, {"exit_status": "fail", "reason": "r"}])))
            )
    if draw(st.booleans()):
        steps += some(None, inside=False, most=2)
    steps = [Step(**{**vars(s), "caught": draw(caught)}) for s in steps]
    decisions = draw(st.lists(st.sampled_from(["resume", "resume", "resume", "stop", "abort", "halt"]), max_size=3))
    return Program(tuple(steps), draw(st.booleans()), tuple(decisions))


# ---- a program as a plan -----------------------------------------------------------------------------


def plan(program: Program, devices: Devices, answers: list[Any], make_msg: Callable[..., Any]) -> Any:
    """The program for one engine; `answers` grows by what each step brought."""
    tokens: list[int] = []

    def body() -> Any:
        for one in program.steps:
            try:
                answers.append((one.command, (yield from _send(one, devices, tokens, make_msg))))
            except GeneratorExit:
                raise
            except Exception as exc:
                answers.append((one.command, exc))
                if not one.caught or type(exc).__name__ in ("RequestStop", "RequestAbort"):
                    raise
        return "the end"

    if not program.guarded:
        return (yield from body())
    try:
        return (yield from body())
    except GeneratorExit:
        answers.append(("halted", None))
        raise
    except BaseException as exc:
        answers.append(("cleanup", exc))
        yield make_msg("set", devices.home, 1.0, group="home")
        yield make_msg("wait", None, group="home")
        yield make_msg("prepare", devices.flyer, 0, group="cleanup")
        raise


def _send(one: Step, devices: Devices, tokens: list[int], make_msg: Callable[..., Any]) -> Any:
    device = getattr(devices, one.device) if one.device else None
    if one.command == "fail and wait":
        device.fails = True
        yield make_msg(one.args[0], device, *one.args[1:], group="f")
        return (yield make_msg("wait", None, group="f"))
    if one.command == "break":
        device.fails = True
        return None
    if one.command == "swallow":
        try:
            yield make_msg("pause", None, defer=False)
        except Exception:
            return "swallowed"
        return None
    if one.command == "change":
        device.change()
        return None
    if one.command == "raise":
        raise ZeroDivisionError("the plan broke")
    if one.command == "subscribe":
        tokens.append((yield make_msg("subscribe", None, lambda name, doc: None, "all")))
        return "a token"
    if one.command == "unsubscribe":
        return (yield make_msg("unsubscribe", None, token=tokens.pop() if tokens else 99))
    if one.command == "locate_one":
        return (yield make_msg("locate", devices.motor))
    if one.command == "locate_two":
        return (yield make_msg("locate", devices.motor, devices.home, squeeze=False))
    if one.command == "declare_stream":
        yield make_msg("declare_stream", None, devices.det2, run=one.run, **dict(one.kwargs))
        return None
    return (yield make_msg(one.command, device, *one.args, run=one.run, **dict(one.kwargs)))
