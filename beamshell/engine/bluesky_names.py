"""Names that scripts written for bluesky use on an engine, besides those that a person types at the prompt.

Tab does not offer them. Where one does something else than in bluesky, docs/explanations/deviations says so. It knows
nothing of bluesky itself.
"""

from __future__ import annotations

import inspect
import logging
import time
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from beamshell.engine.asyncio_devices import LoopStatus
from beamshell.engine.commands import COMMANDS, control
from beamshell.engine.context import CommandContext
from beamshell.engine.dispatcher import Dispatcher
from beamshell.engine.outcome import NO_PLAN_RETURN, RunEngineResult
from beamshell.engine.real_world import RealWorld, Settings
from beamshell.errors import PlanError, TransitionError
from beamshell.messages import Msg
from beamshell.text.own_code import with_place
from beamshell.text.times import clock_time

_NOTHING = nullcontext()
_MANAGERS = "RE.context_managers"


@dataclass(eq=False, repr=False)
class RequestedSuspension:
    """The suspender of `RE.request_suspend`. It is tripped as long as it is installed: at most until the plan ends.

    Attributes:
        reason: why plans wait, in words.
        pre_plan, post_plan: as of any suspender.
        since: when it was requested, in seconds since 1970-01-01 UTC.
        wait: what it waits for, on the event loop; None before that has begun.
    """

    reason: str
    pre_plan: Any
    post_plan: Any
    since: float = field(default_factory=time.time)
    wait: LoopStatus | None = None
    name = "request_suspend"
    signal = None
    tripped = True
    suspend_moves = True
    sleep = 0.0

    def __repr__(self) -> str:
        return f"<{self.name}: TRIPPED since {clock_time(self.since, time.time())}: {self.reason}>"

    def install(self, notify: Callable[[], None]) -> None:
        """Nothing: it never changes."""

    def remove(self) -> None:
        """Nothing, too."""


class BlueskyNames:
    """The part of a RunEngine that only scripts written for bluesky use.

    Attributes:
        context_managers: functions ``f(RE)`` whose contexts are entered while a plan runs; Ctrl+C needs none.
        max_depth: how many frames deep ``RE(plan)`` may be called, so that no function hides it; None: any.
        log: the engine's logger.
        NO_PLAN_RETURN: `plan_result` of a plan that has not come to its own end.
    """

    NO_PLAN_RETURN = NO_PLAN_RETURN
    log = logging.getLogger("beamshell.engine")

    _settings: Settings
    _world: RealWorld
    _commands: dict[str, Callable[[Any], Any]]
    _last_result: RunEngineResult | None

    def __init__(self, context_managers: Iterable[Callable[[Any], AbstractContextManager[Any]]]) -> None:
        self.context_managers = list(context_managers)
        self.max_depth: int | None = None

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in _NAMES]

    @property
    def _ctx(self) -> CommandContext | None:
        """That of the call in progress."""
        raise NotImplementedError

    def _check_depth(self) -> None:
        """Return if the engine is called from where `max_depth` allows it.

        Raises:
            TransitionError: it is called by a function of a function ...
        """
        if self.max_depth is not None and len(inspect.stack(0)) - 1 > self.max_depth:
            raise TransitionError(
                f"RE is called more than {self.max_depth} frames deep (RE.max_depth): call it at the prompt, and "
                "write `yield from` in functions"
            )

    def _entered(self, ctx: CommandContext) -> AbstractContextManager[Any]:
        """The contexts of `context_managers`, entered; it leaves them. The operator may break into each."""
        if not self.context_managers:
            return _NOTHING
        with ExitStack() as stack:
            for manager in self.context_managers:
                context = ctx.call_hook(_MANAGERS, manager, self)
                ctx.call_hook(_MANAGERS, context.__enter__)
                stack.push(partial(ctx.inform, _MANAGERS, context.__exit__))
            return stack.pop_all()

    # ---- the event loop --------------------------------------------------------------------------

    @property
    def loop(self) -> AbstractEventLoop:
        """The event loop on which coroutines of devices and of `wait_for` run; the engine itself needs none."""
        return self._world.loop_thread.loop

    _loop = loop  # bluesky's suspenders use it

    def request_suspend(
        self,
        fut: Callable[[], Awaitable[Any]] | Awaitable[Any],
        *,
        pre_plan: Any = None,
        post_plan: Any = None,
        justification: str | None = None,
    ) -> None:
        """Let the plan wait until something is done, or the plan ends; from any thread.

        Args:
            fut: a coroutine function, called on `loop`, or what it returns.
            pre_plan: messages, or a function that makes them, for the beginning of the wait.
            post_plan: the same for its end.
            justification: why, in words.

        Raises:
            PlanError: `fut` is neither.
        """
        if not callable(fut) and not hasattr(fut, "__await__"):
            raise PlanError(f"request_suspend waits for a coroutine, such as event.wait, and not for {fut!r}")
        suspension = RequestedSuspension(
            (justification or "").rstrip(". ") or "a script has asked for it", pre_plan, post_plan
        )

        def release(wait: LoopStatus) -> None:
            if suspension in self._world.suspenders.installed and (error := wait.exception()) is not None:
                self._world.say(f"The wait of a suspension has failed: {with_place(error)}")
            self._world.remove_suspender(suspension)

        self._world.install_suspender(suspension)
        suspension.wait = self._world.on_loop(fut if callable(fut) else lambda: fut)
        suspension.wait.add_callback(release)

    def _end_requested_suspensions(self) -> None:
        """Let none of them hold the next plan."""
        for suspension in list(self._world.suspenders.installed):
            if isinstance(suspension, RequestedSuspension):
                self._world.remove_suspender(suspension)
                if suspension.wait is not None:
                    suspension.wait.cancel()

    # ---- the state of the call -------------------------------------------------------------------

    @property
    def deferred_pause_requested(self) -> bool:
        """Whether a pause was requested for the next checkpoint, which has not come; also after the plan's end."""
        if self._ctx is not None:
            return self._ctx.requests.pause_later is not None
        return self._last_result is not None and self._last_result.pause_came_late

    @property
    def resumable(self) -> bool:
        """Whether a pause now could be resumed: not between `clear_checkpoint` and the next checkpoint."""
        return self._ctx is None or self._ctx.cursor.possible

    @property
    def rewindable(self) -> bool:
        """Whether messages since the last checkpoint are sent again after a pause; while idle, for the next plans."""
        return self._settings.rewindable if self._ctx is None else self._ctx.cursor.rewindable

    @rewindable.setter
    def rewindable(self, flag: bool) -> None:
        if self._ctx is None:
            self._settings.rewindable = bool(flag)
        else:
            control.rewindable(self._ctx, Msg("rewindable", None, flag))

    def reset(self) -> None:
        """Halt a plan that is paused. Subscribers stay: one of them writes the data."""
        if self._ctx is not None:
            self.halt()

    def halt(self) -> Any:
        """See RunEngine."""
        raise NotImplementedError

    # ---- commands and subscribers ----------------------------------------------------------------

    @property
    def commands(self) -> list[str]:
        """The names of all commands that a message may have."""
        return [*(COMMANDS | self._commands)]

    def print_command_registry(self, verbose: bool = False) -> str:
        """All commands with what they do, as a text.

        Args:
            verbose: with all that their docstrings say.
        """
        lines = ["List of available commands"]
        for name, function in (COMMANDS | self._commands).items():
            words = inspect.getdoc(function) or ""
            lines.append(f"{name} : {words if verbose else words.partition(chr(10))[0]}")
        return "\n".join(lines) + "\n"

    def print_commands(self, verbose: bool = False) -> None:
        """Print all commands with what they do."""
        self._world.say(self.print_command_registry(verbose).rstrip())

    @property
    def dispatcher(self) -> Dispatcher:
        """Hands documents to the subscribers."""
        return self._world.dispatcher

    def subscribe_lossless(self, function: Callable[..., Any], name: str = "all") -> int:
        """The same as `subscribe`: no document is ever left out."""
        return self.dispatcher.subscribe(function, name)

    def unsubscribe_lossless(self, token: int) -> None:
        """The same as `unsubscribe`."""
        self.dispatcher.unsubscribe(token)

    @property
    def ignore_callback_exceptions(self) -> bool:
        """Whether a plan goes on when a subscriber fails; False makes the engine strict."""
        return not self._settings.strict

    @ignore_callback_exceptions.setter
    def ignore_callback_exceptions(self, flag: bool) -> None:
        self._settings.strict = not flag

    @property
    def verbose(self) -> bool:
        """Whether the engine's logger is switched on."""
        return not self.log.disabled

    @verbose.setter
    def verbose(self, flag: bool) -> None:
        self.log.disabled = not flag


_NAMES = frozenset({"context_managers", "max_depth", *vars(BlueskyNames)} - {"halt", *dir(object)})
