"""RunEngine: runs plans in the calling thread, and can be interrupted at any moment.

It makes one Interpreter for each call, and returns or raises the outcome. The rules of interruption are in
`interpreter`.
"""

from __future__ import annotations

import threading
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from typing_extensions import override

from beamshell.engine.activity import PlanActivity
from beamshell.engine.bluesky_loop import share_loop
from beamshell.engine.bluesky_names import BlueskyNames
from beamshell.engine.context import CallOptions, CommandContext
from beamshell.engine.dispatcher import Subscription, subscribers_of_call
from beamshell.engine.inbox import Pump
from beamshell.engine.interpreter import Interpreter
from beamshell.engine.interrupts import OWNER, PlanInterrupts
from beamshell.engine.outcome import RunEngineResult
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.real_world import CallMetadata, RealWorld, Settings
from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.resources import name_of
from beamshell.engine.state import END_STATES, State
from beamshell.errors import EngineError, TransitionError, UnknownName

WHEN_MADE: list[Callable[[RunEngine], Any]] = []
"""Each is called with every engine that is made: a console keeps the runs of all engines of its process."""


def _setting(name: str, doc: str) -> Any:
    """An attribute of the engine that its settings hold: a property, so that ``RE.name?`` shows what it is for."""

    def get(engine: RunEngine) -> Any:
        return getattr(engine._settings, name)

    def set_(engine: RunEngine, value: Any) -> None:
        setattr(engine._settings, name, value)

    return property(get, set_, doc=doc)


class _Call(NamedTuple):
    """A call of the engine that has not ended.

    Attributes:
        interpreter: of its plan.
        metadata: of its runs.
        then: called with its result when it has ended.
    """

    interpreter: Interpreter
    metadata: CallMetadata
    then: Callable[[RunEngineResult], Any] | None


class RunEngine(BlueskyNames):
    """Runs plans: ``RE(plan)``.

    Args:
        md: metadata that go into every run; anything dict-like. If it has a `next_scan_id()`, that numbers the runs.
        preprocessors: functions that take a plan and give a plan, applied to each.
        md_validator: ``f(md)``, raises to refuse a run before anything is used up.
        md_normalizer: ``f(md) -> md``.
        scan_id_source: ``f(md) -> int``, or a coroutine function.
        record_interruptions: whether pauses go into a stream of their run.
        call_returns_result: whether ``RE(plan)`` gives a RunEngineResult instead of uids.
        strict: whether a failing subscriber, or a wait for nothing, is an error.
        pump: ``f(inbox, timeout_s)``, waits in the engine's stead so that windows stay alive.
        ask: how the operator is asked for one line.
        loop: an event loop of its own for coroutines, run in a thread; None: the one of the process.
        context_managers: ``f(RE)``, contexts that are entered while a plan runs.
        during_task: taken, and not used: the engine waits in the calling thread.
    """

    def __init__(
        self,
        md: MutableMapping[str, Any] | None = None,
        *,
        preprocessors: Iterable[Callable[[Any], Any]] = (),
        md_validator: Callable[[Mapping[str, Any]], Any] | None = None,
        md_normalizer: Callable[[dict[str, Any]], Mapping[str, Any]] | None = None,
        scan_id_source: Callable[[MutableMapping[str, Any]], int | Awaitable[int]] | None = None,
        record_interruptions: bool = False,
        call_returns_result: bool = False,
        strict: bool = False,
        pump: Pump | None = None,
        ask: Callable[[str], str] = input,
        loop: AbstractEventLoop | None = None,
        context_managers: Iterable[Callable[[Any], AbstractContextManager[Any]]] | None = (),
        during_task: Any = None,  # noqa: ARG002  # scripts name it; see above
    ) -> None:
        super().__init__(context_managers or ())
        self._settings = Settings(
            {} if md is None else md,
            list(preprocessors),
            md_validator=md_validator,
            md_normalizer=md_normalizer,
            scan_id_source=scan_id_source,
            record_interruptions=record_interruptions,
            call_returns_result=call_returns_result,
            strict=strict,
            pump=pump,
            ask=ask,
        )
        self._world = RealWorld(self._settings, share_loop(loop))
        self._commands: dict[str, Callable[[Any], Any]] = {}
        self._call: _Call | None = None
        self._claim = threading.Lock()
        self._last_result: RunEngineResult | None = None
        for when_made in WHEN_MADE:
            when_made(self)

    preprocessors = _setting("preprocessors", "A list of functions that take a plan and give a plan, applied to each.")
    md_validator = _setting("md_validator", "``f(md)``, raises to refuse a run before anything is used up; or None.")
    md_normalizer = _setting("md_normalizer", "``f(md) -> md``, the last word on a run's metadata; or None.")
    scan_id_source = _setting(
        "scan_id_source", "``f(md) -> int``, or a coroutine function, numbers the runs; None counts up."
    )
    record_interruptions = _setting("record_interruptions", "Whether pauses go into a stream of their run.")
    call_returns_result = _setting("call_returns_result", "Whether ``RE(plan)`` gives a RunEngineResult, not uids.")
    pump = _setting("pump", "``f(inbox, timeout_s)``, waits in the engine's stead so that windows live; or None.")
    say = _setting("say", "``f(text)``, tells the operator one line.")
    ask = _setting("ask", "``f(prompt) -> str``, asks the operator for one line.")
    msg_hook = _setting("msg_hook", "``f(msg)``, called with each message before it is done; or None.")
    state_hook = _setting("state_hook", "``f(new, old)``, called at each change of state; or None.")
    look_around = _setting("look_around", "``f() -> {name: (device, place)}``, compared at a pause and at resume.")
    describe_plan = _setting("describe_plan", "``f(plan) -> md``, metadata of its runs that can be told from the plan.")
    answer_wait_s = _setting(
        "answer_wait_s", "Seconds that a plan waits for a device that does not answer; 0: it fails at once."
    )
    permission = _setting("permission", "``f()``, called before a plan begins or goes on; raises to refuse it.")
    check_call_metadata = _setting(
        "check_call_metadata",
        "``f(md)``, gets the metadata that a call hands over, before its plan begins; may raise.",
    )
    check_run_metadata = _setting(
        "check_run_metadata", "``f(md)``, gets the metadata of each run, before it is opened; may raise."
    )
    while_running = _setting(
        "while_running", "``f(activity)``, gives a context that is entered while a plan runs, to show it; or None."
    )
    log_hook = _setting(
        "log_hook",
        """``f(kind, facts)``, told what a log should keep; or None. Kinds, with their facts:

        - "plan": plan (name), command, and what `describe_plan` tells of it. A call begins.
        - "moving": device, target. A plan is about to send a device for the first time in its call.
        - "foreign": motion (a protocols.ForeignMotion), points (numbers of the events that were read after it).
        - "paused": reason, by_person (Ctrl+C), moved (the last `set` message of each device).
        - "resumed": nothing.
        - "ended": status, reason, error (the class of the plan's exception), problems, uids, by_person, moved.
        - "suspended", "released": reasons; seconds.
        """,
    )
    waiting_hook = _setting("waiting_hook", "``f(statuses)``, called as a wait begins, with None as it ends; or None.")

    @property
    def md(self) -> MutableMapping[str, Any]:
        """Metadata that go into every run; dict-like.

        Metadata that number the runs, as those that a console keeps on disk, stay: what is assigned replaces their
        contents, but not the number.
        """
        return self._settings.md

    @md.setter
    def md(self, metadata: MutableMapping[str, Any]) -> None:
        present = self._settings.md
        if metadata is present:  # RE.md |= {...}
            return
        if not hasattr(present, "next_scan_id"):
            self._settings.md = metadata
            return
        present.update(metadata)
        for key in set(present) - set(metadata) - {"scan_id"}:
            del present[key]

    # ---- running plans ---------------------------------------------------------------------------

    def __call__(self, plan: Any, subs: Any = None, /, **md: Any) -> Any:
        """Run a plan to its end.

        Args:
            plan: a generator of messages, such as ``count([det])``.
            subs: a subscriber for this call, a list of them, or ``{"event": f}``.
            md: metadata for the runs of this call, before any other.

        Returns:
            The uids of the runs, a tuple of str; a RunEngineResult with `call_returns_result`.

        Raises:
            TransitionError: another plan is running; beside a paused one what would spoil its data is refused.
            RunEngineInterrupted: paused, stopped, aborted or halted; says how to go on.
            Exception: whatever the plan let out.
        """
        self._check_depth()
        return self._answer(self._run(plan, subs, None, md))  # also `then` is metadata here

    def run(
        self, plan: Any, subs: Any = None, /, *, then: Callable[[RunEngineResult], Any] | None = None, **md: Any
    ) -> RunEngineResult:
        """Run a plan; a pause, a stop, an abort, a halt and a plan's error are results, and raise nothing.

        Args:
            plan: as for ``RE(plan)``.
            subs: as for ``RE(plan)``.
            then: ``f(result)``, called once when this call has really ended, in whatever way, with the engine idle:
                after a pause it waits for `resume`, `stop`, `abort` or `halt`. What it raises is raised.
            md: as for ``RE(plan)``.

        Raises:
            PlanError: `plan` is no plan.
            TransitionError: another plan is running; beside a paused one what would spoil its data is refused.
        """
        return self._run(plan, subs, then, md)

    def _run(
        self, plan: Any, subs: Any, then: Callable[[RunEngineResult], Any] | None, md: dict[str, Any]
    ) -> RunEngineResult:
        self._settings.permission()
        # First: a plan that is refused here can still be run later.
        generator = as_generator(plan, beside_paused=self._call is not None)
        self._settings.check_call_metadata(md)
        paused = self._must_be_free()
        typed = generator if hasattr(plan, "send") else plan
        settings, world = self._settings, self._world
        computed = {"plan_type": type(typed).__name__, "plan_name": getattr(typed, "__name__", "")}
        described = settings.describe_plan(plan)
        computed |= described
        for preprocessor in settings.preprocessors:
            generator = preprocessor(generator)
        options = CallOptions(
            commands=self._commands,
            on_msg=settings.msg_hook,
            on_state=world.state_changed,
            on_waiting=settings.waiting_hook,
            record_interruptions=settings.record_interruptions,
            strict=settings.strict,
            engine_class=type(self),
            paused=paused.interpreter.ctx.resources if paused else None,
        )
        interpreter = Interpreter(world, world.inbox.posts, world.suspenders.active, options)
        interpreter.cursor.rewindable = settings.rewindable
        call = _Call(interpreter, CallMetadata(md, computed), then)
        try:
            with self._claim:  # two threads must not both find the engine free
                self._must_be_free()
                self._call = call
            world.begin_call(call.metadata)
            interpreter.ctx.resources.tokens += [world.subscribe(f, name) for name, f in subscribers_of_call(subs)]
            world.record("plan", plan=computed["plan_name"], command=md.get("command", ""), **described)
            return self._drive(call, lambda: interpreter.start(generator), paused)
        finally:
            if self._call is call and interpreter.modes.state is State.IDLE:  # it was refused before it began
                self._end_call(paused)

    def proceed(self, action: str, reason: str = "") -> RunEngineResult:
        """Go on with the paused plan, or end it; as in `run`, the end is a result and is not raised.

        Args:
            action: "resume", "stop", "abort" or "halt".
            reason: why it is ended; goes into the stop document.

        Raises:
            UnknownName: `action` is none of the four.
            TransitionError: no plan is paused.
        """
        if action != "resume" and action not in END_STATES:
            raise UnknownName(f"a paused plan cannot {action!r}: it can resume, stop, abort or halt")
        call = self._call
        if call is None or self.state is not State.PAUSED:
            raise TransitionError(f"cannot {action}: the engine is {self.state}, not paused")
        interpreter = call.interpreter
        if action == "resume":
            self._settings.permission()
            self._world.record("resumed")
            return self._drive(call, interpreter.resume)
        if action == "halt":
            reason = reason or "halted"
        return self._drive(call, lambda: interpreter.leave(END_STATES[action], reason))

    def resume(self) -> Any:
        """Go on with a paused plan from its last checkpoint; returns as the call would have."""
        return self._answer(self.proceed("resume"))

    def stop(self) -> Any:
        """End the plan as a success; its cleanup is done."""
        return self._end("stop", "")

    def abort(self, reason: str = "") -> Any:
        """End the plan as aborted; its cleanup is done."""
        return self._end("abort", reason)

    @override
    def halt(self) -> Any:
        """End the plan where it is, without its cleanup. Devices are stopped and unstaged all the same."""
        return self._end("halt", "halted")

    def request_pause(self, defer: bool = False) -> None:
        """Ask for a pause, from any thread or callback: now, or at the next checkpoint."""
        if self.state in (State.IDLE, State.PAUSED):
            raise TransitionError(f"the engine is {self.state}: there is nothing to pause")
        self._world.post(PauseRequest(defer))

    @property
    def state(self) -> State:
        """idle, running, pausing, paused, suspending, stopping, aborting or halting; equals the plain string."""
        return State.IDLE if self._call is None else self._call.interpreter.modes.state

    @property
    @override
    def _ctx(self) -> CommandContext | None:
        return None if self._call is None else self._call.interpreter.ctx

    @property
    def last_result(self) -> RunEngineResult | None:
        """The result of the last call that has ended; None before the first."""
        return self._last_result

    def check_beside_paused(self, staged: Iterable[str]) -> None:
        """Return if a run that stages devices of these names can begin now; so it can if no plan is paused.

        Raises:
            TransitionError: it cannot beside the paused plan; the message says why.
        """
        if self._call is None or self.state is not State.PAUSED:
            return
        resources, names = self._call.interpreter.ctx.resources, set(staged)
        resources.refuse_measurement()
        for obj in resources.staged:
            if name_of(obj) in names:
                resources.refuse_count_of(obj)

    def _end(self, action: str, reason: str) -> Any:
        if self.state is State.PAUSED:
            return self._answer(self.proceed(action, reason), end_was_requested=True)
        if self.state is State.IDLE:
            raise TransitionError("the engine is idle: there is nothing to end")
        # from a callback or another thread: the running call acts on it
        self._world.post(EndRequest(END_STATES[action], reason))
        return ()

    def _must_be_free(self) -> _Call | None:
        """The paused call beside which another plan may run; None if the engine is idle.

        Raises:
            TransitionError: a plan runs.
        """
        call = self._call
        if call is None or call.interpreter.modes.state is State.PAUSED:
            return call
        raise TransitionError(
            f"the engine is {self.state}: a plan cannot start another; use `yield from` in a plan"
            if self.state is not State.IDLE
            else "the engine begins another plan at this moment"
        )

    def _end_call(self, paused: _Call | None) -> None:
        """Forget a call that has ended; one that was paused meanwhile waits for `proceed` again."""
        self._call = paused
        if paused is not None:
            self._world.call_md = paused.metadata
        else:
            self._end_requested_suspensions()

    def _drive(self, call: _Call, run: Callable[[], bool], paused: _Call | None = None) -> RunEngineResult:
        """Let the interpreter run until it is paused or has ended.

        Args:
            call: whose interpreter it is.
            run: starts it, or goes on with it.
            paused: the call that is paused meanwhile.
        """
        world, interpreter, ctx = self._world, call.interpreter, call.interpreter.ctx
        subject = PlanInterrupts(ctx, world.inbox, world.say)
        show = self._settings.while_running or nullcontext
        beside = world.dispatcher.without(paused.interpreter.ctx.resources.tokens) if paused else nullcontext()
        try:
            with OWNER.watch(subject), self._entered(ctx), show(PlanActivity(ctx, subject)), beside:
                has_ended = run()
        except BaseException as exc:  # SystemExit, or a bug of ours: put everything back all the same
            interpreter.emergency_cleanup(exc)
            self._record_end(interpreter)
            self._end_call(paused)
            raise
        outcome = interpreter.outcome
        if not has_ended:
            return outcome.as_result(paused=True)
        self._end_call(paused)
        self._last_result = result = outcome.as_result(beside_paused=paused is not None)
        self._record_end(interpreter)
        for problem in outcome.problems:
            world.say(f"While ending: {problem}")
        if call.then is not None:
            call.then(result)
        return result

    def _record_end(self, interpreter: Interpreter) -> None:
        outcome = interpreter.outcome
        self._world.record(
            "ended",
            status=outcome.exit_status,
            reason=outcome.reason,
            problems=outcome.problems,
            uids=outcome.run_uids,
            error=type(outcome.error).__name__ if outcome.error is not None else "",
            by_person=outcome.interrupted,
            moved=interpreter.ctx.resources.moves(),
        )

    def _answer(self, result: RunEngineResult, *, end_was_requested: bool = False) -> Any:
        result.raise_for_status(end_was_requested=end_was_requested)
        return result if self._settings.call_returns_result else result.run_start_uids

    # ---- documents -------------------------------------------------------------------------------

    def subscribe(self, function: Callable[..., Any], name: str = "all", *, writer: bool = False) -> int:
        """Send documents to ``function(name, doc)`` from now on.

        Args:
            name: "all", or one kind of document.
            writer: it stores data: it is served first, and the engine pauses if it fails.

        Returns:
            A token for `unsubscribe`.
        """
        return self._world.dispatcher.subscribe(function, name, writer=writer)

    def unsubscribe(self, token: int) -> None:
        """Send no more documents there."""
        self._world.unsubscribe(token)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """The subscribers, in the order in which they are served."""
        return self._world.dispatcher.listing()

    # ---- suspenders and commands -----------------------------------------------------------------

    @property
    def suspenders(self) -> tuple[Any, ...]:
        """The conditions under which plans wait."""
        return tuple(self._world.suspenders.installed)

    @property
    def unanswered(self) -> tuple[Any, ...]:
        """What the plan waits for besides the suspenders: devices that do not answer; each has a `reason`."""
        return () if self._call is None else tuple(self._call.interpreter.ctx.silences.waiting)

    def install_suspender(self, suspender: Any) -> None:
        """Let plans wait while `suspender` is tripped."""
        self._world.install_suspender(suspender)

    def remove_suspender(self, suspender: Any) -> None:
        """Let plans no longer wait for it."""
        self._world.remove_suspender(suspender)

    def clear_suspenders(self) -> None:
        """Remove all suspenders."""
        for suspender in self.suspenders:
            self._world.remove_suspender(suspender)

    def suspenders_off(self, seconds: float, *, on_again: Callable[[], None] = lambda: None) -> None:
        """Let plans wait for no suspender for some time; runs that begin or go on meanwhile record it.

        Args:
            seconds: after which they count again by themselves.
            on_again: called, in a thread, when that time is over.
        """
        self._world.suspenders.switch_off(seconds, on_again)

    def suspenders_on(self) -> None:
        """Let the suspenders count again."""
        self._world.suspenders.switch_on()

    @property
    def suspenders_off_until(self) -> float | None:
        """When the suspenders count again, in seconds since 1970-01-01 UTC; None while they count."""
        return self._world.suspenders.off_until

    def register_command(self, name: str, function: Callable[[Any], Any]) -> None:
        """Teach the engine a command: ``function(msg)``, plain or a coroutine function."""
        self._commands[name] = function

    def unregister_command(self, name: str) -> None:
        """Forget a command that was registered."""
        if name not in self._commands:
            raise EngineError(f"no command {name!r} was registered")
        del self._commands[name]

    def __repr__(self) -> str:
        return f"<RunEngine: {self.state}>"
