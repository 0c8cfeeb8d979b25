"""A world without threads or clocks: time passes only while the interpreter waits.

Tests of the engine's pure half run in it; what happens when is data, so every failure repeats itself.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from beamshell.engine.assets import KnownFiles
from beamshell.engine.context import CallOptions
from beamshell.engine.dispatcher import Dispatcher
from beamshell.engine.interpreter import Interpreter
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import WakeUp
from beamshell.engine.state import State
from beamshell.errors import MoveFailed


class WaitsForEver(AssertionError):
    """The engine waits, and nothing will ever happen."""


class VirtualInterpreter(Interpreter):
    """An interpreter that shows tests what it knows."""

    @property
    def state(self) -> State:
        return self.modes.state

    @property
    def runs(self) -> dict[Any, Any]:
        return self.ctx.resources.runs

    @property
    def staged(self) -> list[Any]:
        return self.ctx.resources.staged

    def __getattr__(self, name: str) -> Any:
        """What came of the call: error, result, exit_status, reason, interrupted, problems, run_uids."""
        return getattr(self.__dict__["outcome"], name)


class VirtualWorld:
    """The interpreter's world: a clock that jumps to the next event."""

    def __init__(self) -> None:
        self.now = 0.0
        self.posts: deque[Any] = deque()
        self.docs: list[tuple[str, dict[str, Any]]] = []
        self.said: list[str] = []
        self.recorded: list[tuple[str, dict[str, Any]]] = []
        self.complaints: list[str] = []
        self.dispatcher = Dispatcher(lambda sub, name, exc: self.complaints.append(f"{name}: {exc}"))
        self.suspenders: list[Any] = []
        self.metadata: dict[str, Any] = {}
        self.files = KnownFiles()
        self.suspenders_off = ""
        self.answer_wait_s = 60.0
        self.reminders: list[Callable[[], str | None]] = []
        self.look_around: Callable[[], dict[str, Any]] = dict
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._uids = itertools.count()

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Let something happen so many seconds from now."""
        heapq.heappush(self._events, (self.now + seconds, next(self._count), action))

    def pass_time(self, seconds: float) -> None:
        """Let time go by while nobody runs, as during a pause."""
        self._run_until(self.now + seconds)

    def _run_until(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self._next_event()
        self.now = max(self.now, until)

    def _next_event(self) -> None:
        when, _, action = heapq.heappop(self._events)
        self.now = max(self.now, when)
        action()

    # ---- the interpreter's World -------------------------------------------------------------

    def record(self, kind: str, **facts: Any) -> None:
        self.recorded.append((kind, facts))

    def clock(self) -> float:
        return self.now

    def time(self) -> float:
        return 1.7e9 + self.now

    def uid(self) -> str:
        return f"uid-{next(self._uids)}"

    def wait(self, until: float | None) -> None:
        if self.posts:
            return
        if self._events and (until is None or self._events[0][0] <= until):
            self._next_event()
        elif until is None:
            raise WaitsForEver("nothing is scheduled and there is no deadline")
        else:
            self.now = max(self.now, until)

    def process_gui_events(self, now: float) -> None:
        pass

    def post(self, post: Any) -> None:
        self.posts.append(post)

    def emit(self, name: str, doc: dict[str, Any]) -> None:
        self.docs.append((name, doc))
        self.dispatcher.process(name, doc)

    def say(self, text: str) -> None:
        self.said.append(text)

    def remind(self, seconds: float, words: Callable[[], str | None]) -> None:
        self.reminders.append(words)

    def ask(self, prompt: str) -> str:
        return f"answer to {prompt}"

    def speaks_asyncio(self, kind: type) -> bool:
        return False

    def on_loop(self, function: Callable[[], Any]) -> Any:
        raise AssertionError("no event loop here")

    def subscribe(self, function: Callable[..., Any], name: str) -> int:
        return self.dispatcher.subscribe(function, name)

    def unsubscribe(self, token: int) -> None:
        self.dispatcher.unsubscribe(token)

    def install_suspender(self, suspender: Any) -> None:
        self.suspenders.append(suspender)

    def remove_suspender(self, suspender: Any) -> None:
        self.suspenders.remove(suspender)

    def next_scan_id(self) -> int:
        return 1

    def open_metadata(self, metadata: Any, number: int) -> dict[str, Any]:
        return {"scan_id": number, **self.metadata, **metadata}

    # ---- for tests -----------------------------------------------------------------------------

    def interpreter(self, **kwargs: Any) -> VirtualInterpreter:
        """An interpreter in this world."""
        return VirtualInterpreter(self, self.posts, self.suspenders, CallOptions(**kwargs))

    def run(self, plan: Any, **kwargs: Any) -> VirtualInterpreter:
        """Run a plan until it ends or rests."""
        core = self.interpreter(**kwargs)
        core.start(as_generator(plan))
        return core

    def names(self) -> list[str]:
        """The kinds of documents so far."""
        return [name for name, _ in self.docs]

    def events(self, stream: str = "primary") -> list[dict[str, Any]]:
        """The events of a stream so far."""
        descriptors = {doc["uid"] for name, doc in self.docs if name == "descriptor" and doc["name"] == stream}
        return [doc for name, doc in self.docs if name == "event" and doc["descriptor"] in descriptors]

    def final_data(self, stream: str = "primary") -> dict[int, dict[str, Any]]:
        """By sequence number, the data of the last event that bears it."""
        return {doc["seq_num"]: doc["data"] for doc in self.events(stream)}


class VirtualStatus:
    """A status that a test finishes."""

    def __init__(self) -> None:
        self.done = False
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Any], None]] = []

    @property
    def success(self) -> bool:
        return self.done and self._error is None

    def exception(self, timeout: float | None = 0.0) -> BaseException | None:
        return self._error

    def add_callback(self, callback: Callable[[Any], None]) -> None:
        if self.done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def finish(self, error: BaseException | None = None) -> None:
        if self.done:
            return
        self.done, self._error = True, error
        for callback in self._callbacks:
            callback(self)


class VirtualDevice:
    """What all devices of the virtual world share: they write down what is done to them.

    Attributes:
        faults: by method, the exceptions that its next calls raise.
    """

    parent = None

    def __init__(self, world: VirtualWorld, name: str) -> None:
        self.world, self.name = world, name
        self.log: list[str] = []
        self.faults: dict[str, list[BaseException]] = {}
        self.staged = 0
        self.failing_statuses = 0

    def did(self, what: str) -> None:
        self.log.append(what)
        if self.faults.get(what):
            raise self.faults[what].pop(0)

    def status_in(self, seconds: float, then: Callable[[], None] = lambda: None) -> VirtualStatus:
        status = VirtualStatus()
        failing, self.failing_statuses = self.failing_statuses > 0, max(0, self.failing_statuses - 1)

        def end() -> None:
            if not status.done:
                then()
                status.finish(MoveFailed(f"{self.name}: it broke") if failing else None)

        if seconds > 0:
            self.world.at(seconds, end)
        else:
            end()
        return status

    def stage(self) -> list[Any]:
        self.did("stage")
        self.staged += 1
        return [self]

    def unstage(self) -> list[Any]:
        self.staged -= 1
        self.did("unstage")
        return [self]

    def read_configuration(self) -> dict[str, Any]:
        return {}

    def describe_configuration(self) -> dict[str, Any]:
        return {}

    def describe(self) -> dict[str, Any]:
        return {self.name: {"source": f"virtual://{self.name}", "dtype": "number", "shape": []}}

    def __repr__(self) -> str:
        return f"<{self.name}>"


class VirtualMotor(VirtualDevice):
    """Moves at one unit a second; a stop leaves it where it is."""

    def __init__(self, world: VirtualWorld, name: str = "motor", speed: float = 1.0) -> None:
        super().__init__(world, name)
        self.speed = speed
        self.position = 0.0
        self._start = (0.0, 0.0)
        self.target = 0.0
        self.status: VirtualStatus | None = None

    @property
    def moving(self) -> bool:
        return self.status is not None and not self.status.done

    def set(self, value: float) -> VirtualStatus:
        self.did("set")
        if self.status is not None and not self.status.done:
            self._hold()
            self.status.finish(MoveFailed(f"{self.name}: sent elsewhere"))
        self.target, self._start = value, (self.world.now, self.position)

        def arrive() -> None:
            self.position = value

        self.status = self.status_in(abs(value - self.position) / self.speed, arrive)
        return self.status

    def _hold(self) -> None:
        begun, origin = self._start
        way = min(abs(self.target - origin), (self.world.now - begun) * self.speed)
        self.position = origin + (way if self.target > origin else -way)

    def stop(self, success: bool = False) -> None:
        if self.moving:
            self._hold()
            self.target = self.position
            assert self.status is not None
            self.status.finish(None if success else MoveFailed(f"{self.name}: stopped"))
        self.did("stop")

    def locate(self) -> dict[str, float]:
        return {"setpoint": self.target, "readback": self.position}

    def read(self) -> dict[str, Any]:
        self.did("read")
        return {self.name: {"value": self.position, "timestamp": self.world.time()}}

    @property
    def hints(self) -> dict[str, Any]:
        return {"fields": [self.name]}


class VirtualDetector(VirtualDevice):
    """Counts for a time; reads a function of a motor's position."""

    def __init__(self, world: VirtualWorld, name: str = "det", motor: VirtualMotor | None = None, time: float = 0.1):
        super().__init__(world, name)
        self.motor, self.time = motor, time
        self.value = 0.0

    def trigger(self) -> VirtualStatus:
        self.did("trigger")
        return self.status_in(self.time)

    def read(self) -> dict[str, Any]:
        self.did("read")
        value = 10.0 * self.motor.position if self.motor is not None else self.value
        return {self.name: {"value": value, "timestamp": self.world.time()}}

    @property
    def hints(self) -> dict[str, Any]:
        return {"fields": [self.name]}


class VirtualSignal(VirtualDevice):
    """A value with subscribers."""

    def __init__(self, world: VirtualWorld, name: str = "signal", value: float = 0.0) -> None:
        super().__init__(world, name)
        self.value = value
        self.callbacks: list[Callable[..., None]] = []

    def subscribe(self, callback: Callable[..., None]) -> None:
        self.callbacks.append(callback)
        callback(value=self.value, timestamp=self.world.time())

    def clear_sub(self, callback: Callable[..., None]) -> None:
        self.callbacks.remove(callback)

    def change(self, value: float) -> None:
        self.value = value
        for callback in list(self.callbacks):
            callback(value=value, timestamp=self.world.time())

    def read(self) -> dict[str, Any]:
        return {self.name: {"value": self.value, "timestamp": self.world.time()}}


class VirtualSuspender:
    """A condition that tests trip and release."""

    def __init__(self, world: VirtualWorld, name: str = "beam", sleep: float = 0.0, pre: Any = None, post: Any = None):
        self.world, self.name, self.sleep = world, name, sleep
        self.pre_plan, self.post_plan = pre, post
        self.tripped, self.tripped_at = False, -math.inf

    @property
    def reason(self) -> str:
        return f"{self.name} is bad"

    def trip(self, tripped: bool = True) -> None:
        self.tripped = tripped
        if tripped:
            self.tripped_at = self.world.now
        self.world.post(WakeUp())
