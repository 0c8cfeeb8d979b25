"""The interpreter of one plan: it takes the plan's messages one by one and does what they say.

Pure: it waits, tells the time and hears of the world only through its World. It runs until the plan has
ended or rests; `start`, `resume` and `leave` each say which.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, MutableSequence
from types import MethodType
from typing import Any

from beamshell.engine import _cleanup, _interruption
from beamshell.engine._bundler import RunBundler
from beamshell.engine._commands import ACTIONS, COMMANDS
from beamshell.engine._plan_stack import PlanStack
from beamshell.engine._replay import NOT_REPEATED, Replay
from beamshell.engine._requests import (
    EndWanted,
    Interrupted,
    Kind,
    Look,
    MonitorUpdate,
    PauseWanted,
    StatusDone,
    Suspender,
    Task,
    World,
    name_of,
)
from beamshell.engine._state import ENDING, State, check
from beamshell.errors import (
    DeviceError,
    FailedPause,
    FailedStatus,
    InvalidCommand,
    PlanHalt,
    RequestAbort,
    RequestStop,
)

MANY = 64
NEWS_S = 0.25
"""How much later than the failure of a device the news may come that the conditions have turned bad."""
RANK = {State.STOPPING: 1, State.ABORTING: 2, State.HALTING: 3}


class Interpreter:
    """One call of the engine, from the first message to idle.

    Args:
        world: threads, clocks and people.
        posts: the queue that `world.post` fills.
        suspenders: those installed; the list is looked at, and plans add to it.
        commands: further commands by name, as ``f(msg)``.
        on_state: told ``(new, old)`` at each change of state.
        on_msg: told each message before it is done.
        on_waiting: told the statuses when a wait begins, and None when it ends.
        record_interruptions: whether pauses go into a stream of the run.
        strict: whether a wait for a group that no message named is an error.
    """

    def __init__(
        self,
        world: World,
        posts: deque[Any],
        *,
        suspenders: MutableSequence[Suspender] | None = None,
        commands: Mapping[str, Callable[[Any], Any]] | None = None,
        on_state: Callable[[str, str], None] | None = None,
        on_msg: Callable[[Any], None] | None = None,
        on_waiting: Callable[[set[Any] | None], None] | None = None,
        record_interruptions: bool = False,
        strict: bool = False,
        engine_class: type | None = None,
    ) -> None:
        self.world = world
        self.posts = posts
        self.suspenders: MutableSequence[Suspender] = suspenders if suspenders is not None else []
        self.commands: dict[str, Callable[[Any], Any]] = {k: MethodType(f, self) for k, f in COMMANDS.items()}
        for name, function in (commands or {}).items():
            self.commands[name] = self._user_command(function)
        self.on_state, self.on_msg, self.on_waiting = on_state, on_msg, on_waiting
        self.record_interruptions, self.strict = record_interruptions, strict
        self.engine_class = engine_class
        # where the plan is
        self.state = State.IDLE
        self.stack = PlanStack()
        self.replay = Replay()
        self.suspension: list[Suspender] | None = None  # those that made the present episode
        self.finishing = False  # the plan is over; the engine puts things back
        self.cleanup_depth = 0
        self.after_cleanup: Exception | None = None  # how the plan ends, once it has cleaned up
        self.foreign = False  # True while device, plan or subscriber code runs: an operator may break in
        self.polled = False  # True if a suspender cannot tell of its changes and must be asked
        self.checkpoint_at: float | None = None
        # what the world wants of it
        self.end_wanted: EndWanted | None = None
        self.pause_now: PauseWanted | None = None
        self.pause_later: PauseWanted | None = None
        self.failures: deque[Task] = deque()
        # what it must put back
        self.runs: dict[Any, RunBundler] = {}
        self.groups: dict[Any, list[Task]] = {}
        self.waited: set[Any] = set()  # groups waited for since the checkpoint: a rewind waits for them again
        self.touched: dict[int, Any] = {}
        self.stopped: set[int] = set()
        self.seen: dict[int, Any] = {}
        self.pausable: dict[int, Any] = {}  # of those seen
        self.staged: list[Any] = []
        self.tokens: list[int] = []
        self.prefetched: dict[int, Callable[[], Any]] = {}
        # what came of it
        self.run_uids: list[str] = []
        self.result: Any = None
        self.error: BaseException | None = None
        self.interrupted = False
        self.exit_status = "success"
        self.reason = ""
        self.problems: list[str] = []
        self._answers: set[type] = set()  # classes of what devices return that need not be awaited
        self._plain: set[type] = set()  # classes of devices that are known to speak no asyncio
        self._take: dict[type, Callable[[Any], None]] = {
            StatusDone: self._take_status,
            PauseWanted: self._take_pause,
            EndWanted: self._take_end,
            Look: lambda _: None,
            MonitorUpdate: self._take_update,
        }
        self.time, self.uid, self.clock = world.time, world.uid, world.clock

    # ---- from outside ----------------------------------------------------------------------------

    def start(self, plan: Any) -> bool:
        """Run `plan`; True when it has ended, False when it rests."""
        self.stack.push(plan)
        self.look_at_suspenders()
        self.go(State.RUNNING)
        self.checkpoint_at = self.clock()
        if self.any_tripped():
            _interruption.begin_suspension(self)
        return self._drive()

    def resume(self) -> bool:
        """Go on after a pause; True when the plan has ended, False when it rests again."""
        self.look_at_suspenders()
        self.go(State.RUNNING)
        _interruption.resume(self)
        return self._drive()

    def leave(self, how: State, reason: str = "") -> bool:
        """End a plan that rests: STOPPING, ABORTING or HALTING; True, unless cleaning up rests again."""
        self._begin_end(EndWanted(how, reason))
        return self._drive()

    def wreck(self, error: BaseException) -> None:
        """Put everything back after an exception that no plan may have: nothing of this is left for a resume."""
        self.state, self.interrupted = State.HALTING, True
        self.exit_status, self.reason = "abort", f"{type(error).__name__}: {error}".rstrip(": ")
        _interruption.stop_touched(self)
        _cleanup.halt_plans(self)
        _cleanup.finish(self)

    # ---- the loop --------------------------------------------------------------------------------

    def _drive(self) -> bool:
        while True:
            try:
                if self.stack:
                    self._run_messages()
                self.take_all()
                wanted = self.pause_now or self.pause_later
                if wanted is not None and self.state not in ENDING and self.error is None:
                    _interruption.rest_at_end(self)
                    return False
                _cleanup.finish(self)
                return True
            except Interrupted as interruption:
                if self._interrupt(interruption):
                    return False

    def _run_messages(self) -> None:
        """Run until the stack is empty. Leaves early by Interrupted alone."""
        stack = self.stack
        while stack:
            frame = stack.top
            plan, reply, error = frame.plan, frame.reply, frame.error
            frame.error = None
            send, posts, replay, commands = plan.send, self.posts, self.replay, self.commands
            while True:
                self.foreign = True
                try:
                    msg = send(reply) if error is None else plan.throw(error)
                    self.foreign = False
                except StopIteration as end:
                    self.foreign = False
                    self._frame_ended(end.value)
                    break
                except BaseException as exc:
                    self.foreign = False
                    self._frame_raised(exc)
                    break
                reply = error = None
                frame.msg = msg
                try:
                    command = msg.command
                    recording = replay.recording
                    if recording is not None and command not in NOT_REPEATED:
                        recording.append(msg)
                    if posts or self.polled:
                        self.attend()
                    if self.on_msg is not None:
                        self.on_msg(msg)
                    do = commands.get(command)
                    if do is None:
                        self._unknown(command)
                    else:
                        reply = do(msg)
                except Interrupted:
                    frame.reply = None
                    raise
                except KeyboardInterrupt:
                    self._broken_in(msg)
                except Exception as exc:
                    error = self._command_failed(msg, exc)

    def _frame_ended(self, value: Any) -> None:
        frame = self.stack.pop()
        if not self.stack:
            self.result = value
        elif frame.answers:
            self.stack.top.reply = value

    def _frame_raised(self, exc: BaseException) -> None:
        """The top plan let `exc` out, or an operator broke into it."""
        frame = self.stack.top
        if isinstance(exc, KeyboardInterrupt):
            self._operator_ends(f"interrupted in the plan {getattr(frame.plan, '__name__', '')}".rstrip())
            if frame.alive():
                frame.error = RequestAbort(self.reason)
                return
        self.stack.pop()
        if self.stack:
            self.stack.throw(exc)
        else:
            self.error = exc

    def _operator_ends(self, reason: str) -> None:
        if self.state not in ENDING:
            self.go(State.ABORTING)
            self.interrupted, self.exit_status, self.reason = True, "abort", reason

    def _unknown(self, command: str) -> None:
        raise InvalidCommand(f"the engine knows no command {command!r}; RE.register_command adds one")

    def _command_failed(self, msg: Any, exc: Exception) -> Exception | None:
        """What the plan is told. Cleaning up is not disturbed by an action that fails."""
        if msg.command == "begin_cleanup":
            self.cleanup_depth += 1
        if self.unwinding and (msg.command in ACTIONS or isinstance(exc, FailedStatus)):
            self.problems.append(f"{name_of(msg.obj)}: {msg.command} failed while cleaning up: {exc}")
            return None
        if isinstance(exc, FailedStatus | DeviceError) and not isinstance(exc, ValueError) and self._is_excused():
            for tasks in self.groups.values():
                for task in tasks:
                    task.cut = task.cut or (task.failed and not task.pardoned)
            raise Interrupted(Kind.SUSPEND)
        if isinstance(exc, FailedStatus):
            for tasks in self.groups.values():
                for task in tasks:
                    task.pardoned = True
        return exc

    def _is_excused(self) -> bool:
        """True if a suspender trips as a device fails: what took the beam took the device along, and both come back."""
        if not self.suspenders or self.suspension is not None or self.unwinding or not self.replay.possible:
            return False
        deadline = self.clock() + NEWS_S
        while not (tripped := self.any_tripped()) and self.clock() < deadline:
            if self.pause_now is not None or self.end_wanted is not None:
                break
            self.world.wait(deadline)
            self.take_all()
        self.posts.append(Look())  # what was noted meanwhile is acted on with the next message
        return tripped

    def _broken_in(self, msg: Any) -> None:
        """An operator broke into a device's method that did not return."""
        if self.unwinding:
            self.problems.append(f"{name_of(msg.obj)}: {msg.command} was interrupted while cleaning up")
            return
        self.pause_now = None
        raise Interrupted(Kind.PAUSE)

    # ---- interruptions ---------------------------------------------------------------------------

    @property
    def unwinding(self) -> bool:
        """True while failures are gathered rather than thrown: the plan cleans up."""
        return self.cleanup_depth > 0 or self.state in ENDING

    def _interrupt(self, interruption: Interrupted) -> bool:
        """Act on it; True if the engine rests now."""
        kind = interruption.kind
        if kind is Kind.END and self.end_wanted is not None:
            wanted, self.end_wanted = self.end_wanted, None
            if self.stack.top.msg.command == "begin_cleanup":
                self.cleanup_depth += 1  # the cleanup has as good as begun: it is not skipped
            self._begin_end(wanted)
            return False
        if not self.replay.possible:
            self._no_pause_here(kind)
            return False
        if kind is Kind.PAUSE:
            _interruption.pause(self, interruption)
            return not self._end_came_meanwhile()
        _interruption.suspend(self, interruption)
        return False

    def _end_came_meanwhile(self) -> bool:
        """True if somebody wanted the plan to end while it was coming to rest; that has begun now."""
        self.take_all()
        wanted, self.end_wanted = self.end_wanted, None
        if wanted is None:
            return False
        self._begin_end(wanted)
        return True

    def _no_pause_here(self, kind: Kind) -> None:
        word = "pause" if kind is Kind.PAUSE else "suspension"
        self._operator_ends(f"a {word} came where the plan has no checkpoint to go back to")
        self.stack.throw(FailedPause(self.reason))

    def _begin_end(self, wanted: EndWanted) -> None:
        """Let the plan know that it ends, and how."""
        if self.state not in ENDING:
            self.exit_status = "success" if wanted.how is State.STOPPING else "abort"
            self.reason = wanted.reason
        elif wanted.how is not State.STOPPING:
            self.exit_status, self.reason = "abort", wanted.reason or self.reason
        self.go(wanted.how)
        self.interrupted = True
        self.pause_now = self.pause_later = None
        self.failures.clear()
        if wanted.how is State.HALTING:
            _interruption.stop_touched(self)
            _cleanup.halt_plans(self)
            self.error = PlanHalt(self.reason)
            return
        error = RequestStop("stop") if wanted.how is State.STOPPING else RequestAbort(self.reason)
        if self.cleanup_depth:
            self.after_cleanup = error  # what the plan is putting back must arrive
            return
        _interruption.stop_touched(self)
        if self.stack:
            self.stack.throw(error)

    def go(self, new: State) -> None:
        """Change the state, if that is legal."""
        old = self.state
        check(old, new)
        self.state = new
        if self.on_state is not None:
            self.on_state(new, old)

    # ---- what the world has posted ---------------------------------------------------------------

    def attend(self) -> None:
        """Take all posts, then act on the most urgent.

        Raises:
            Interrupted: the message in progress is left.
            FailedStatus: an action has failed; goes to the plan.
        """
        self.take_all()
        if self.finishing:
            if self.end_wanted is not None:
                self.end_wanted = None
                raise Interrupted(Kind.END)  # whoever waits for a device gives up
            return
        if self.end_wanted is not None:
            if RANK[self.end_wanted.how] > RANK.get(self.state, 0):
                if not self.cleanup_depth or self.end_wanted.how is State.HALTING:
                    raise Interrupted(Kind.END)
                self._begin_end(self.end_wanted)
            self.end_wanted = None
        if self.state in ENDING:
            return
        if self.failures:
            task = self.failures.popleft()
            self.posts.append(Look())  # whatever else is pending is looked at with the next message
            self.raise_failure(task)
        if self.pause_now is not None:
            reason, self.pause_now, self.pause_later = self.pause_now.reason, None, None
            raise Interrupted(Kind.PAUSE, reason=reason)
        if self.suspension is None and self.suspenders and self.any_tripped():
            raise Interrupted(Kind.SUSPEND)

    def take_all(self) -> None:
        """Note what was posted, without acting on it."""
        while self.posts:
            post = self.posts.popleft()
            self._take[type(post)](post)

    def raise_failure(self, task: Task) -> None:
        """Tell the plan that `task` failed."""
        task.raised = True
        cause = task.status.exception(0)
        error = FailedStatus(f"{task.describe()} failed: {cause if str(cause) else type(cause).__name__}")
        error.status = task.status  # type: ignore[attr-defined]  # a plan may look at what failed
        raise error from cause

    def look_at_suspenders(self) -> None:
        """Their number has changed, or time has passed."""
        self.polled = any(getattr(suspender, "polls", False) for suspender in self.suspenders)

    def any_tripped(self) -> bool:
        """Whether any suspender wants plans to wait."""
        return any(suspender.tripped for suspender in self.suspenders)

    def _take_status(self, post: StatusDone) -> None:
        task = post.task
        if task.dropped or not task.failed or task.raised:
            return
        if self.unwinding or task.pardoned:
            if id(task.msg.obj) not in self.stopped:
                task.raised = self.unwinding
                self.problems.append(f"{task.describe()} failed: {task.status.exception(0)}")
            return
        self.failures.append(task)

    def _take_pause(self, post: PauseWanted) -> None:
        if self.state in ENDING:
            self.world.say(f"The plan is ending already ({self.state}).")
        elif post.defer and self.suspension is None:
            self.pause_later = self.pause_later or post
        else:
            self.pause_now = post

    def _take_end(self, post: EndWanted) -> None:
        if self.end_wanted is None or RANK[post.how] > RANK[self.end_wanted.how]:
            self.end_wanted = post

    def _take_update(self, post: MonitorUpdate) -> None:
        monitor = post.monitor
        if monitor.active:
            readings = post.readings if post.readings is not None else self.device(monitor.obj.read)
            data = {key: reading["value"] for key, reading in readings.items()}
            stamps = {key: reading["timestamp"] for key, reading in readings.items()}
            monitor.run.emit_event(monitor.stream, data, stamps)

    # ---- what commands are made of -----------------------------------------------------------------

    def until(self, ready: Callable[[], bool], deadline: float | None = None) -> bool:
        """Wait until `ready()`; False if `deadline` (on the world's clock) came first."""
        while not ready():
            if deadline is not None and self.clock() >= deadline:
                return False
            self.world.wait(deadline)
            if self.posts or self.polled:
                self.attend()
        return True

    def device(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call device code; the operator may break into it, and a coroutine is awaited."""
        owner = type(getattr(method, "__self__", None))
        if owner not in self._plain:
            if self.world.speaks_asyncio(owner):
                return self._awaited(lambda: method(*args, **kwargs))
            self._plain.add(owner)
        self.foreign = True
        try:
            result = method(*args, **kwargs)
        finally:
            self.foreign = False
        if type(result) not in self._answers:
            if hasattr(result, "__await__") and not hasattr(result, "add_callback"):
                return self._awaited(lambda: result)
            self._answers.add(type(result))
        return result

    def _awaited(self, call: Callable[[], Any]) -> Any:
        """The result of `call`, made and awaited on the event loop."""
        status = self.world.on_loop(call)
        status.add_callback(lambda _: self.world.post(Look()))
        try:
            self.until(lambda: bool(status.done))
        except BaseException:
            status.cancel()
            raise
        error = status.exception(0)
        if error is not None:
            raise error
        return status.result

    def emit(self, name: str, doc: dict[str, Any]) -> None:
        """Hand a document to the subscribers; the operator may break into one that hangs."""
        self.foreign = True
        try:
            self.world.emit(name, doc)
        except KeyboardInterrupt:
            self.problems.append(f"a subscriber of {name} documents was interrupted")
        finally:
            self.foreign = False

    def track(self, msg: Any, status: Any, group: Any) -> None:
        """Hear of the end of an action."""
        tasks = self.groups.get(group)
        if tasks is None:
            tasks = self.groups[group] = []
        if status is None or (status.done and status.success):
            return
        if len(tasks) >= MANY:  # a group that nobody waits for must not grow for ever
            tasks[:] = [task for task in tasks if not (task.status.done and task.status.success)]
        task = Task(msg, status, group)
        tasks.append(task)
        post = StatusDone(task)
        status.add_callback(lambda _: self.world.post(post))

    def mark(self) -> None:
        """From here on a rewind comes back to here, unless an event is half read."""
        if any(run.bundle is not None for run in self.runs.values()):
            return
        self.replay.begin_again()
        for run in self.runs.values():
            run.mark()

    def touch(self, obj: Any) -> None:
        """Remember a device that may have to be told of a pause."""
        self.seen[id(obj)] = obj
        if hasattr(obj, "pause"):
            self.pausable[id(obj)] = obj

    def _user_command(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def command(msg: Any) -> Any:
            result = function(msg)
            return self._awaited(lambda: result) if hasattr(result, "__await__") else result

        return command
