"""CommandContext: what a command of a plan uses to call devices, wait, emit documents and keep records.

It knows the world, and neither the commands nor the interpreter that runs them.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from beamshell.engine.outcome import Outcome
from beamshell.engine.plan_cursor import PlanCursor
from beamshell.engine.requests import (
    ForeignMotionNoticed,
    Interrupted,
    InterruptReason,
    Requests,
    StatusDone,
    WakeUp,
)
from beamshell.engine.resources import Resources
from beamshell.engine.state import Modes, State
from beamshell.engine.unanswered import DeviceSilences
from beamshell.engine.world import Suspender, World
from beamshell.protocols import ForeignMotion

POLL_S = 0.5
"""Seconds between two polls of a suspender that does not report its changes, while the engine waits."""


@dataclass(slots=True)
class CallOptions:
    """The options of one call of the engine.

    Attributes:
        commands: further commands by name, as ``f(msg)``.
        on_msg: called with each message before it is done.
        on_state: called as ``f(new, old)`` at each change of state.
        on_waiting: called with the statuses when a wait begins, and with None when it ends.
        record_interruptions: whether pauses go into a stream of the run.
        strict: whether a wait for a group that no message named is an error.
        engine_class: the answer to the message RE_class.
        paused: what belongs to a paused plan beside which this one runs; this one is ended where others are paused.
    """

    commands: Mapping[str, Callable[[Any], Any]] | None = None
    on_msg: Callable[[Any], None] | None = None
    on_state: Callable[[str, str], None] | None = None
    on_waiting: Callable[[set[Any] | None], None] | None = None
    record_interruptions: bool = False
    strict: bool = False
    engine_class: type | None = None
    paused: Resources | None = None


class CommandContext:
    """One call of the engine, as its commands see it.

    Args:
        world: threads, clocks and people.
        posts: the queue that `world.post` fills.
        suspenders: those that are installed, now and later.
        options: of this call.
        attend: acts on the posts; may raise, to leave the message in progress.

    Attributes:
        modes, cursor, requests, resources, outcome: the records of this call; see their classes.
        paused: see CallOptions.
        only_moves: the plan has not begun to measure.
        is_bare: the plan has opened no run, staged nothing and passed no checkpoint: there is nothing to go back to.
        polled: a suspender is installed that does not report its changes.
        silences: the devices that do not answer.
    """

    def __init__(
        self,
        world: World,
        posts: deque[Any],
        suspenders: Sequence[Suspender],
        options: CallOptions,
        attend: Callable[[], None],
    ) -> None:
        self.world, self.posts, self.suspenders, self.options, self.attend = world, posts, suspenders, options, attend
        self.clock, self.time, self.uid = world.clock, world.time, world.uid
        self.polled = False
        on_state = options.on_state
        self.modes = Modes(on_state and partial(self.inform, "RE.state_hook", on_state))
        self.cursor = PlanCursor()
        self.requests = Requests()
        self.resources = Resources()
        self.outcome = Outcome()
        self.only_moves = True
        self.is_bare = True
        self.paused = options.paused
        self.silences = DeviceSilences(world)
        self._plain: set[type] = set()  # classes of devices whose methods are no coroutines
        self._not_awaitable: set[type] = set()  # classes of what devices have returned

    # ---- waiting -------------------------------------------------------------------------------

    def until(self, ready: Callable[[], bool], deadline: float | None = None) -> bool:
        """Wait until `ready()`; False if `deadline` (on the world's clock) came first."""
        while not ready():
            if deadline is not None and self.clock() >= deadline:
                return False
            self.wait(deadline)
            if self.posts or self.polled:
                self.attend()
        return True

    def wait(self, deadline: float | None) -> None:
        """Wait once: for a post, for `deadline`, or for the next poll of a suspender."""
        if self.polled:
            next_look = self.clock() + POLL_S
            deadline = next_look if deadline is None else min(deadline, next_look)
        self.world.wait(deadline)

    # ---- code of others ------------------------------------------------------------------------

    def device(self, method: Callable[..., Any], args: Sequence[Any] = ()) -> Any:
        """Call a device's method; the operator may break into it, and a coroutine is awaited.

        It takes no keywords, which would cost more than all the rest: it runs twice for each detector of each point.

        Args:
            method: of the device.
            args: its positional arguments.
        """
        owner = type(getattr(method, "__self__", None))
        if owner not in self._plain:
            if self.world.speaks_asyncio(owner):
                return self.awaited(lambda: method(*args))
            self._plain.add(owner)
        modes = self.modes
        modes.foreign = True
        try:
            result = method(*args) if args else method()  # a call without arguments is cheaper
        finally:
            modes.foreign = False
        if type(result) not in self._not_awaitable:
            if hasattr(result, "__await__") and not hasattr(result, "add_callback"):
                return self.awaited(lambda: result)
            self._not_awaitable.add(type(result))
        return result

    def device_with(self, method: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """As `device`, with keyword arguments."""

        def call() -> Any:
            return method(*args, **kwargs)

        owner = type(getattr(method, "__self__", None))
        if owner not in self._plain and self.world.speaks_asyncio(owner):
            return self.awaited(call)
        return self.device(call)

    def awaited(self, call: Callable[[], Any]) -> Any:
        """The result of `call`, made and awaited on the event loop."""
        return self.result_of(self.world.on_loop(call))

    def result_of(self, status: Any) -> Any:
        """The result of a call that was begun on the event loop."""
        status.add_callback(lambda _: self.world.post(WakeUp()))
        try:
            self.until(lambda: bool(status.done))
        except BaseException:
            status.cancel()
            raise
        return status.result()

    def isolated(
        self, step: str, call: Callable[..., Any], *args: Any, let_through: type[Exception] | tuple[()] = ()
    ) -> None:
        """Call; a failure becomes a problem of the outcome and is not raised, so that the next step is taken.

        Args:
            step: the step in words, such as "th: cannot stop"; the cause is added to it.
            let_through: raised all the same.
        """
        self.modes.step = step
        try:
            call(*args)
        except let_through:
            raise
        except (KeyboardInterrupt, Interrupted):
            self.outcome.problems.append(f"{step}: interrupted by the operator")
        except Exception as exc:
            self.outcome.problems.append(f"{step}: {exc}")

    def emit(self, name: str, doc: dict[str, Any]) -> None:
        """Hand a document to the subscribers; the operator may break into one that hangs."""
        modes = self.modes
        modes.foreign = True
        try:
            self.world.emit(name, doc)
        except KeyboardInterrupt:
            self.outcome.problems.append(f"a subscriber of {name} documents was interrupted")
        finally:
            modes.foreign = False

    def call_hook(self, name: str, hook: Callable[..., Any], *args: Any) -> Any:
        """Call a hook of the engine whose answer is needed; the operator may break into it as into a device's method.

        Args:
            name: of the hook, for the operator.
            hook: the function.
            args: its arguments.
        """
        modes = self.modes
        before = modes.foreign, modes.hook  # a suspension records inside a plan of the engine's own
        modes.foreign, modes.hook = True, name
        try:
            return hook(*args)
        finally:
            modes.foreign, modes.hook = before

    def inform(self, name: str, hook: Callable[..., Any], *args: Any) -> bool:
        """As `call_hook`, for a hook that only watches; False if the operator broke into it, which is said."""
        try:
            self.call_hook(name, hook, *args)
        except KeyboardInterrupt:
            self.world.say(f"{name} was interrupted; the engine goes on without it.")
            return False
        return True

    def record(self, kind: str, **facts: Any) -> bool:
        """Tell the log what has happened, see RunEngine.log_hook; False if the operator broke into it."""
        return self.inform("RE.log_hook", partial(self.world.record, kind, **facts))

    # ---- records -------------------------------------------------------------------------------

    def add_device(self, obj: Any) -> None:
        """Note a device that a message names for the first time; it is posted when somebody else moves it."""
        self.resources.add_device(obj)
        if not hasattr(obj, "on_foreign_motion"):
            return

        def post(motion: ForeignMotion) -> None:
            if self.modes.state is not State.PAUSED:  # what is moved in a pause is put back at its end
                self.world.post(ForeignMotionNoticed(obj, motion))

        self.resources.watched.append(obj.on_foreign_motion(post))

    def track(self, msg: Any, status: Any, group: Any) -> None:
        """Have the end of an action posted to the interpreter."""
        task = self.resources.add_task(msg, status, group, keep=self.options.on_waiting is not None)
        if task is not None:
            post, done = self.world.post, StatusDone(task)
            status.add_callback(lambda _: post(done))

    def mark(self) -> None:
        """Make this the place to which a rewind goes back, unless an event is half read."""
        runs = self.resources.runs.values()
        if any(run.bundle is not None for run in runs):
            return
        self.cursor.record_anew()
        for run in runs:
            run.mark()

    def begin_scan(self) -> None:
        """Called by the first message that makes a place to go back to: from here on the plan can be paused.

        Raises:
            Interrupted: as `begin_measurement`.
        """
        self.is_bare = False
        if self.only_moves:
            self.begin_measurement()

    def begin_measurement(self) -> None:
        """Called by the first message that measures: from here on all suspenders count.

        Raises:
            Interrupted: one of them is tripped; the message is sent again when it is released.
        """
        self.only_moves = False
        if self.tripped and self.modes.episode is None and not self.modes.unwinding:
            self.mark()  # a move that was done before is not done again
            raise Interrupted(InterruptReason.SUSPEND)

    def count_suspenders(self) -> None:
        """Set `polled` after a change of the installed suspenders."""
        self.polled = any(getattr(suspender, "polls", False) for suspender in self.holding)

    @property
    def holding(self) -> list[Suspender]:
        """All that may hold the plan: the suspenders, and the devices that do not answer."""
        return [*self.suspenders, *self.silences.waiting]

    @property
    def tripped(self) -> list[Suspender]:
        """The suspenders that are tripped now and count for this plan."""
        return [suspender for suspender in (*self._counting, *self.silences.waiting) if suspender.tripped]

    @property
    def last_trip(self) -> float:
        """When a suspender that counts has last tripped, on the clock; it may be good again."""
        return max((getattr(suspender, "tripped_at", -math.inf) for suspender in self._counting), default=-math.inf)

    @property
    def _counting(self) -> Sequence[Suspender]:
        if not self.only_moves:
            return self.suspenders
        return [suspender for suspender in self.suspenders if getattr(suspender, "suspend_moves", False)]
