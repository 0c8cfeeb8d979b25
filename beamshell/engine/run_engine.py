"""RunEngine: runs plans in the calling thread, and can be interrupted at any moment.

This is where the pure interpreter meets threads, clocks, signals and people; the rules are in `_interpreter`.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from beamshell._version import __version__
from beamshell.engine._asyncio_devices import LoopStatus, loop_thread, speaks_asyncio
from beamshell.engine._inbox import Inbox, Pump
from beamshell.engine._interpreter import Interpreter
from beamshell.engine._plan_stack import as_generator
from beamshell.engine._requests import EndWanted, Look, PauseWanted
from beamshell.engine._sigint import OperatorInterrupts
from beamshell.engine._state import State
from beamshell.engine.dispatcher import Dispatcher, Subscription
from beamshell.errors import EngineError, RunEngineInterrupted, TransitionError

logger = logging.getLogger(__name__)

VERSIONS = {"beamshell": __version__, "python": platform.python_version()}
"""What a run was made with; it stands in every start document."""

BREATH_S = 0.1
"""How long a plan that never waits may keep windows from being drawn."""

POLL_S = 0.5
"""How often a suspender that cannot tell of its changes is asked while the engine waits."""


@dataclass(frozen=True)
class RunEngineResult:
    """What came of a call.

    Attributes:
        run_start_uids: of the runs that it opened, in order.
        plan_result: what the plan returned.
        exit_status: "success", "abort" or "fail".
        interrupted: whether it was stopped, aborted or halted.
        reason: why, in words.
        exception: what the plan let out.
    """

    run_start_uids: tuple[str, ...]
    plan_result: Any
    exit_status: str
    interrupted: bool
    reason: str
    exception: BaseException | None


def announce(text: str) -> None:
    """Show the operator one line. Safe in a signal handler: nothing is locked or buffered."""
    line = f"{text}\n"
    try:
        os.write(sys.stderr.fileno(), line.encode(errors="replace"))
    except (OSError, ValueError, AttributeError):  # no descriptor behind it: a notebook, a test
        sys.stderr.write(line)


def default_scan_id(md: MutableMapping[str, Any]) -> int:
    """The number after the last one."""
    return int(md.get("scan_id", 0) or 0) + 1


class RunEngine:
    """Runs plans: ``RE(plan)``.

    Args:
        md: metadata that go into every run; anything dict-like. If it has a `next_scan_id()`, that numbers the runs.
        preprocessors: functions that take a plan and give a plan, applied to each.
        md_validator: ``f(md)``, raises to refuse a run before anything is used up.
        md_normalizer: ``f(md) -> md``.
        scan_id_source: ``f(md) -> int``.
        record_interruptions: whether pauses go into a stream of their run.
        call_returns_result: whether ``RE(plan)`` gives a RunEngineResult instead of uids.
        strict: whether a failing subscriber, or a wait for nothing, is an error.
        pump: see `pump`.

    Attributes:
        md: as given.
        pump: ``f(inbox, timeout_s)``, waits in the engine's stead so that windows stay alive; or None.
        say: how the operator is told one line.
        msg_hook, state_hook, waiting_hook: called with each message, ``(new, old)`` state, and the statuses of a wait.
    """

    def __init__(
        self,
        md: MutableMapping[str, Any] | None = None,
        *,
        preprocessors: Iterable[Callable[[Any], Any]] = (),
        md_validator: Callable[[Mapping[str, Any]], Any] | None = None,
        md_normalizer: Callable[[dict[str, Any]], Mapping[str, Any]] | None = None,
        scan_id_source: Callable[[MutableMapping[str, Any]], int] | None = None,
        record_interruptions: bool = False,
        call_returns_result: bool = False,
        strict: bool = False,
        pump: Pump | None = None,
        ask: Callable[[str], str] = input,
    ) -> None:
        self.md: MutableMapping[str, Any] = {} if md is None else md
        self.preprocessors = list(preprocessors)
        self.md_validator, self.md_normalizer, self.scan_id_source = md_validator, md_normalizer, scan_id_source
        self.record_interruptions = record_interruptions
        self.call_returns_result = call_returns_result
        self.strict = strict
        self.pump = pump
        self.ask = ask
        self.say: Callable[[str], None] = announce
        self.msg_hook: Callable[[Any], None] | None = None
        self.state_hook: Callable[[str, str], None] | None = None
        self.waiting_hook: Callable[[set[Any] | None], None] | None = None
        self.last_result: RunEngineResult | None = None
        self._dispatcher = Dispatcher(self._subscriber_failed)
        self._inbox = Inbox()
        self._suspenders: list[Any] = []
        self._commands: dict[str, Callable[[Any], Any]] = {}
        self._core: Interpreter | None = None
        self._call_md: dict[str, Any] = {}
        self._computed: dict[str, Any] = {}
        self._complained: set[int] = set()
        self._breathed = 0.0
        self._strict_error: BaseException | None = None

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
            TransitionError: another plan is paused or running.
            RunEngineInterrupted: paused, stopped, aborted or halted; says how to go on.
            Exception: whatever the plan let out.
        """
        generator = as_generator(plan)  # first, so that a plan that is refused has not been forgotten
        self._must_be_idle()
        typed = generator if hasattr(plan, "send") else plan
        self._computed = {"plan_type": type(typed).__name__, "plan_name": getattr(typed, "__name__", "")}
        self._call_md = md
        for preprocessor in self.preprocessors:
            generator = preprocessor(generator)
        self._inbox.posts.clear()
        self._complained.clear()
        core = self._core = Interpreter(
            self,
            self._inbox.posts,
            suspenders=self._suspenders,
            commands=self._commands,
            on_state=self._state_changed,
            on_msg=self.msg_hook,
            on_waiting=self.waiting_hook,
            record_interruptions=self.record_interruptions,
            strict=self.strict,
            engine_class=type(self),
        )
        core.tokens.extend(self._subscribe_for_call(subs))
        return self._drive(lambda: core.start(generator))

    def resume(self) -> Any:
        """Go on with a paused plan, from its last checkpoint; what the call would have returned."""
        core = self._paused("resume")
        return self._drive(core.resume)

    def stop(self) -> Any:
        """End the plan as a success; its cleanup is done."""
        return self._end(State.STOPPING, "")

    def abort(self, reason: str = "") -> Any:
        """End the plan as aborted; its cleanup is done."""
        return self._end(State.ABORTING, reason)

    def halt(self) -> Any:
        """End the plan where it is, without its cleanup. Devices are stopped and unstaged all the same."""
        return self._end(State.HALTING, "halted")

    def request_pause(self, defer: bool = False) -> None:
        """Ask for a pause, from any thread or callback: now, or at the next checkpoint."""
        if self.state in (State.IDLE, State.PAUSED):
            raise TransitionError(f"the engine is {self.state}: there is nothing to pause")
        self._inbox.post(PauseWanted(defer))

    @property
    def state(self) -> State:
        """idle, running, pausing, paused, suspending, stopping, aborting or halting; equals the plain string."""
        return State.IDLE if self._core is None else self._core.state

    def _end(self, how: State, reason: str) -> Any:
        state = self.state
        if state is State.IDLE:
            raise TransitionError("the engine is idle: there is nothing to end")
        core = self._core
        if state is State.PAUSED and core is not None:
            return self._drive(lambda: core.leave(how, reason), asked=True)
        self._inbox.post(EndWanted(how, reason))
        return ()

    def _must_be_idle(self) -> None:
        if self.state is State.PAUSED:
            raise TransitionError("a plan is paused: type resume to go on with it, or stop, abort or halt to end it")
        if self.state is not State.IDLE:
            raise TransitionError(
                f"the engine is {self.state}: a plan cannot start another; use `yield from` in a plan"
            )

    def _paused(self, wish: str) -> Interpreter:
        if self.state is not State.PAUSED or self._core is None:
            raise TransitionError(f"cannot {wish}: the engine is {self.state}, not paused")
        return self._core

    def _drive(self, run: Callable[[], bool], *, asked: bool = False) -> Any:
        """Let the interpreter run until it rests or has ended, and say which."""
        core = self._core
        assert core is not None
        try:
            with OperatorInterrupts(core, self._inbox, self.say):
                over = run()
        except BaseException as exc:  # the process is told to end, or a bug of ours: put everything back all the same
            self._core = None
            core.wreck(exc)
            raise
        if not over:
            raise RunEngineInterrupted("Paused. Type resume to go on, or stop, abort or halt to end the plan.")
        return self._outcome(core, asked)

    def _outcome(self, core: Interpreter, asked: bool) -> Any:
        self._core = None
        uids = tuple(core.run_uids)
        result = RunEngineResult(uids, core.result, core.exit_status, core.interrupted, core.reason, core.error)
        self.last_result = result
        for problem in core.problems:
            self.say(f"While ending: {problem}")
        if core.interrupted:
            if not asked:
                raise RunEngineInterrupted(_ended_words(core)) from None
        elif core.error is not None:
            raise core.error
        return result if self.call_returns_result else uids

    # ---- documents -------------------------------------------------------------------------------

    def subscribe(self, function: Callable[..., Any], name: str = "all", *, writer: bool = False) -> int:
        """Send documents to ``function(name, doc)`` from now on.

        Args:
            name: "all", or one kind of document.
            writer: it stores data: it is served first, and the engine pauses if it fails.

        Returns:
            A token for `unsubscribe`.
        """
        return self._dispatcher.subscribe(function, name, writer=writer)

    def unsubscribe(self, token: int) -> None:
        """Send no more documents there."""
        self._dispatcher.unsubscribe(token)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Who listens, in the order in which they are served."""
        return self._dispatcher.listing()

    def emit(self, name: str, doc: dict[str, Any]) -> None:
        """Hand a document to the subscribers (the interpreter calls this)."""
        self._dispatcher.process(name, doc)
        if self._strict_error is not None:
            error, self._strict_error = self._strict_error, None
            raise error

    def _subscribe_for_call(self, subs: Any) -> list[int]:
        return [self.subscribe(function, name) for name, function in _normal_subs(subs)]

    def _subscriber_failed(self, subscription: Subscription, name: str, exc: BaseException) -> None:
        logger.debug("%r failed with a %s document", subscription, name, exc_info=exc)
        if subscription.writer:
            self._inbox.post(PauseWanted(False, f"Data cannot be written: {exc}"))
        elif subscription.token not in self._complained:
            self._complained.add(subscription.token)
            self.say(f"{subscription!r} failed with a {name} document: {type(exc).__name__}: {exc}")
        if self.strict:
            self._strict_error = self._strict_error or exc

    # ---- suspenders and commands -----------------------------------------------------------------

    @property
    def suspenders(self) -> tuple[Any, ...]:
        """The conditions under which plans wait."""
        return tuple(self._suspenders)

    def install_suspender(self, suspender: Any) -> None:
        """Let plans wait while `suspender` is tripped."""
        if suspender not in self._suspenders:
            suspender.install(self._look)
            self._suspenders.append(suspender)

    def remove_suspender(self, suspender: Any) -> None:
        """Let plans no longer wait for it."""
        if suspender in self._suspenders:
            self._suspenders.remove(suspender)
            suspender.remove()
            self._look()

    def clear_suspenders(self) -> None:
        """Remove all suspenders."""
        for suspender in self.suspenders:
            self.remove_suspender(suspender)

    def _look(self) -> None:
        if self._core is not None:
            self._inbox.post(Look())

    def register_command(self, name: str, function: Callable[[Any], Any]) -> None:
        """Teach the engine a command: ``function(msg)``, plain or a coroutine function."""
        self._commands[name] = function

    def unregister_command(self, name: str) -> None:
        """Forget a command that was registered."""
        if name not in self._commands:
            raise EngineError(f"no command {name!r} was registered")
        del self._commands[name]

    # ---- the interpreter's world -------------------------------------------------------------------

    clock = staticmethod(time.monotonic)
    time = staticmethod(time.time)

    @staticmethod
    def uid() -> str:
        """A random UUID (version 4)."""
        digits = os.urandom(16).hex()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def wait(self, until: float | None) -> None:
        """Wait for a post (the interpreter calls this)."""
        timeout = None if until is None else max(0.0, until - self.clock())
        if self._core is not None and self._core.polled:
            timeout = POLL_S if timeout is None else min(timeout, POLL_S)
        self._inbox.wait(timeout, self.pump)
        self._breathed = self.clock()

    def breathe(self, now: float) -> None:
        """Let windows live though the plan never waits (the interpreter calls this)."""
        if self.pump is not None and now - self._breathed > BREATH_S:
            self.pump(self._inbox, 0.0)
            self._breathed = now

    def post(self, post: Any) -> None:
        """Tell the interpreter something, from any thread."""
        self._inbox.post(post)

    def speaks_asyncio(self, kind: type) -> bool:
        """True if methods of this class are coroutines."""
        return speaks_asyncio(kind)

    def on_loop(self, function: Callable[[], Any]) -> LoopStatus:
        """Call `function` on the event loop."""
        return loop_thread().call(function)

    def open_metadata(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The metadata of a new run: the call's own, then the plan's, then what is computed, then `md`.

        The number of the scan is used up only when nothing refused the run.
        """
        md = self.md
        number = (self.scan_id_source or default_scan_id)(md)
        merged = {**md, **self._computed, **metadata, **self._call_md}
        merged.setdefault("versions", dict(VERSIONS))
        merged["scan_id"] = metadata.get("scan_id", self._call_md.get("scan_id", number))
        if self.md_validator is not None:
            self.md_validator(dict(merged))
        if self.md_normalizer is not None:
            merged = dict(self.md_normalizer(merged))
        if merged["scan_id"] == number:
            merged["scan_id"] = self._commit_scan_id(number)
        return merged

    def _commit_scan_id(self, number: int) -> int:
        if self.scan_id_source is None and hasattr(self.md, "next_scan_id"):
            return int(self.md.next_scan_id())
        self.md["scan_id"] = number
        return number

    def _state_changed(self, new: str, old: str) -> None:
        if self.state_hook is not None:
            try:
                self.state_hook(new, old)
            except Exception:  # a hook is a looker-on: it must not stop the engine
                logger.exception("the state hook failed")

    def __repr__(self) -> str:
        return f"<RunEngine: {self.state}>"


def _normal_subs(subs: Any) -> list[tuple[str, Any]]:
    """(name, function) pairs from what may be given as the subscribers of one call."""
    if subs is None:
        return []
    if isinstance(subs, Mapping):
        return [(name, f) for name, fs in subs.items() for f in (fs if isinstance(fs, list | tuple) else [fs])]
    if isinstance(subs, list | tuple):
        return [("all", function) for function in subs]
    return [("all", subs)]


def _ended_words(core: Interpreter) -> str:
    how = {"success": "Stopped", "abort": "Aborted"}.get(core.exit_status, "Ended")
    reason = f": {core.reason}" if core.reason else ""
    return f"{how}{reason}. The engine is idle."
