"""The interpreter of one plan: it takes the plan's messages one by one, does them, and acts on interruptions.

It waits and reads clocks only through its World. Nobody but the RunEngine imports it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

from beamshell.engine import cleanup, foreign_motions, interruption
from beamshell.engine.commands import COMMANDS, MAY_FAIL_IN_CLEANUP, PUTTING_BACK, Command
from beamshell.engine.context import CallOptions, CommandContext
from beamshell.engine.plan_cursor import NOT_REPEATED, fields_of
from beamshell.engine.requests import (
    EndRequest,
    ForeignMotionNoticed,
    Interrupted,
    InterruptReason,
    MonitorUpdate,
    PauseRequest,
    StatusDone,
    WakeUp,
)
from beamshell.engine.resources import name_of
from beamshell.engine.state import SEVERITY, Phase, State
from beamshell.engine.world import Suspender, World
from beamshell.errors import (
    DeviceError,
    FailedPause,
    FailedStatus,
    InvalidCommand,
    LimitError,
    NotStopped,
    PlanError,
    PlanHalt,
    RequestAbort,
    RequestStop,
)
from beamshell.messages import Msg, explain_no_message

MOST_KEPT_MESSAGES = 2000
"""Of a plan that comes to no checkpoint: with more, the engine forgets those up to the last event."""
_LOOK_EVERY = 997  # messages, as a look costs more than a message; a prime, so as not to meet each loop at one place

SUSPENDER_GRACE_S = 1.0
"""Seconds to wait for a suspender to trip before the device is blamed for a failure."""


class Interpreter:
    """Runs the plan of one call of the engine, from its first message until the engine is idle.

    `start`, `resume` and `leave` return when the plan has ended or is paused, and say which.

    Args:
        world: threads, clocks and people.
        posts: the queue that `world.post` fills.
        suspenders: those that are installed, now and later.
        options: of this call.
    """

    def __init__(
        self,
        world: World,
        posts: deque[Any],
        suspenders: Sequence[Suspender],
        options: CallOptions,
    ) -> None:
        ctx = self.ctx = CommandContext(world, posts, suspenders, options, self._attend)
        self.modes, self.cursor, self.requests, self.outcome = ctx.modes, ctx.cursor, ctx.requests, ctx.outcome
        self._posts = posts
        self._excused_trip = -math.inf  # one trip of a suspender excuses a device once
        self._said_bound = False
        self._commands = COMMANDS
        if options.commands:
            own = {name: _as_command(function) for name, function in options.commands.items()}
            self._commands = {**COMMANDS, **own}
        self._take: dict[type, Callable[[Any], None]] = {
            StatusDone: self._take_status,
            PauseRequest: self._take_pause,
            EndRequest: self.requests.ask_end,
            WakeUp: lambda _: ctx.count_suspenders(),
            MonitorUpdate: lambda update: update.monitor.emit(update),
            ForeignMotionNoticed: lambda noticed: foreign_motions.note(ctx, noticed),
        }

    # ---- from outside ----------------------------------------------------------------------------

    def start(self, plan: Any) -> bool:
        """Run `plan`; True when it has ended, False when it is paused."""
        ctx = self.ctx
        self.cursor.push(plan)
        ctx.count_suspenders()
        self.modes.go(State.RUNNING)
        self.cursor.checkpoint_at = ctx.clock()
        if ctx.tripped:
            interruption.begin_suspension(ctx)
        return self._drive()

    def resume(self) -> bool:
        """Go on after a pause; True when the plan has ended, False when it is paused again."""
        self.ctx.count_suspenders()
        self.modes.go(State.RUNNING)
        self._take_all()  # presses that came while it was coming to rest have had their effect
        interruption.resume(self.ctx)
        return self._drive()

    def leave(self, state: State, reason: str = "") -> bool:
        """End a paused plan: STOPPING, ABORTING or HALTING; True, unless its cleanup is paused."""
        self._begin_end(EndRequest(state, reason))
        return self._drive()

    def emergency_cleanup(self, error: BaseException) -> None:
        """Put everything back after an exception that is no plan's, such as SystemExit; no resume is possible."""
        self.modes.emergency()
        self.outcome.abort(f"{type(error).__name__}: {error}".rstrip(": "))
        interruption.stop_devices(self.ctx)
        cleanup.halt_plans(self.ctx)
        cleanup.finish(self.ctx)

    # ---- the loop --------------------------------------------------------------------------------

    def _drive(self) -> bool:
        beside = self.ctx.paused is not None
        while True:
            try:
                if self.cursor:
                    self._run_messages()
                self._take_all()
                self._notice_failure()
                if self.requests.reason and not self.modes.ending and self.outcome.error is None and not beside:
                    interruption.pause_at_end(self.ctx)
                    return False
                cleanup.finish(self.ctx)
                self._take_all()
                if self.requests.reason:  # the end of a run could not be written, and nothing is left to pause
                    self.outcome.problems.append(self.requests.reason)
                self.outcome.pause_came_late = self.requests.pause
                return True
            except Interrupted as interrupted:
                if self._interrupt(interrupted):
                    return False

    def _notice_failure(self) -> None:
        """Let a plan that has come to its end fail with an action that has failed, and for which it did not wait."""
        if self.requests.failures and self.outcome.error is None and not self.modes.ending:
            try:
                self.requests.failures.popleft().raise_failure()
            except FailedStatus as exc:
                self.outcome.error = exc

    def _run_messages(self) -> None:
        """Run until no plan is left. Only Interrupted leaves it early."""
        ctx, cursor, modes, posts = self.ctx, self.cursor, self.modes, self._posts
        commands, on_msg = self._commands, ctx.options.on_msg
        while cursor.frames:
            frame = cursor.top
            plan, reply, error = frame.plan, frame.reply, frame.error
            frame.error = None
            send = plan.send
            for _ in repeat(None, _LOOK_EVERY):
                modes.foreign = True
                try:
                    msg = send(reply) if error is None else plan.throw(error)
                    modes.foreign = False
                except StopIteration as end:
                    modes.foreign = False
                    self._plan_returned(end.value)
                    break
                except BaseException as exc:
                    modes.foreign = False
                    self._plan_raised(exc)
                    break
                reply = error = None
                frame.msg = msg
                try:
                    command = msg.command
                except AttributeError:
                    error = PlanError(explain_no_message(msg, plan))
                    continue
                try:
                    recording = cursor.recording
                    if recording is not None and command not in NOT_REPEATED:
                        recording += msg if type(msg) is Msg else fields_of(msg)
                    if posts or ctx.polled:
                        self._attend()
                    if on_msg is not None and not ctx.inform("RE.msg_hook", on_msg, msg):
                        self._attend()  # the operator pauses it here: this message is not done
                    do = commands.get(command)
                    if do is None:
                        raise InvalidCommand(f"the engine knows no command {command!r}; RE.register_command adds one")
                    reply = do(ctx, msg)
                except Interrupted:
                    frame.reply = None
                    raise
                except KeyboardInterrupt:
                    self._command_interrupted(msg)
                except Exception as exc:
                    error = self._command_failed(msg, exc)
            else:
                frame.reply, frame.error = reply, error
                self._bound_record()

    def _bound_record(self) -> None:
        """Keep no more messages of a plan that comes to no checkpoint, and say so once."""
        cursor, runs = self.cursor, self.ctx.resources.runs.values()
        if cursor.number_recorded < MOST_KEPT_MESSAGES:
            return
        before = cursor.number_up_to("save")  # what was triggered since, for the next event, is triggered again
        if any(run.bundle is not None for run in runs) and (len(runs) > 1 or not before):
            return  # the message that began this event would be forgotten
        cursor.forget(before or cursor.number_recorded)
        for run in runs:
            run.mark()
        if not self._said_bound:
            self._said_bound = True
            self.ctx.world.say(
                f"{MOST_KEPT_MESSAGES} messages without a checkpoint: resume will repeat only the latest.\n"
                "To say how far it goes back, write in the plan's loop: yield from bps.checkpoint()"
            )

    def _plan_returned(self, value: Any) -> None:
        frame = self.cursor.pop()
        if not self.cursor:
            self.outcome.result = value
        elif frame.answers:
            self.cursor.top.reply = value

    def _plan_raised(self, exc: BaseException) -> None:
        """Handle an exception that the top plan raised, or the operator's Ctrl+C in its code."""
        frame = self.cursor.top
        if isinstance(exc, KeyboardInterrupt):
            self._abort(f"interrupted in the plan {getattr(frame.plan, '__name__', '')}".rstrip())
            if frame.alive():
                frame.error = RequestAbort(self.outcome.reason)
                return
        self.cursor.pop()
        if self.cursor:
            self.cursor.throw(exc)
        else:
            self.outcome.error = exc

    def _abort(self, reason: str) -> None:
        if not self.modes.ending:
            self.modes.go(State.ABORTING)
            self.outcome.abort(reason)

    def _command_failed(self, msg: Any, exc: Exception) -> Exception | None:
        """The exception to throw into the plan; None if an action of its cleanup failed, and the cleanup goes on."""
        modes = self.modes
        if msg.command == "begin_cleanup":
            modes.begin_cleanup()
        if modes.unwinding and (msg.command in MAY_FAIL_IN_CLEANUP or isinstance(exc, FailedStatus)):
            self.outcome.problems.append(f"{name_of(msg.obj)}: {msg.command} failed while cleaning up: {exc}")
            return None
        device_failed = isinstance(exc, FailedStatus | DeviceError) and not isinstance(exc, ValueError)
        if device_failed and (self._waits_for_answer(msg, exc) or self._suspender_trips_too()):
            for task in self.ctx.resources.tasks:
                if task.failed and not task.failure_suppressed:
                    task.stopped_by_engine = True
            self._excused_trip = self.ctx.last_trip
            raise Interrupted(InterruptReason.SUSPEND)
        if isinstance(exc, LimitError) and msg.command in ("set", "prepare") and self._can_pause_again:
            reason = f"It cannot go on: {exc}. The plan stays paused; resume tries again."
            raise Interrupted(InterruptReason.PAUSE, reason=reason)
        if isinstance(exc, FailedStatus):
            for task in self.ctx.resources.tasks:
                task.failure_suppressed = True
        return exc

    @property
    def _can_pause_again(self) -> bool:
        return self.ctx.resources.was_paused and self.cursor.possible and not self.modes.unwinding

    @property
    def _can_suspend(self) -> bool:
        return self.modes.episode is None and not self.modes.unwinding and self.cursor.possible

    def _waits_for_answer(self, msg: Any, exc: Exception) -> bool:
        """True if a device fails because it does not answer, or did not; the plan then waits until it does."""
        if not self._can_suspend:
            return False
        ctx = self.ctx
        device = exc.device if isinstance(exc, FailedStatus) else msg.obj
        unanswered = ctx.silences.excuse(device, exc, self.cursor.checkpoint_at, ctx.device)
        if unanswered is None:
            return False
        ctx.count_suspenders()
        if not unanswered.tripped:  # otherwise the suspension says it
            ctx.world.say(f"{unanswered.account}: what has failed meanwhile is done again.")
        return True

    def _suspender_trips_too(self) -> bool:
        """True if a suspender trips as a device fails: a beam dump takes devices along, and both come back.

        The suspender may be good again when the failure is known: the engine had to wait for the device.
        """
        ctx, requests = self.ctx, self.requests
        if not ctx.suspenders or not self._can_suspend:
            return False
        deadline = ctx.clock() + SUSPENDER_GRACE_S
        while not (tripped := bool(ctx.tripped) or self._excused_by(ctx.last_trip)) and ctx.clock() < deadline:
            if requests.pause_now is not None or requests.end is not None:
                break
            ctx.wait(deadline)
            self._take_all()
        self._posts.append(WakeUp())  # the next message acts on what was noted meanwhile
        return tripped

    def _excused_by(self, trip: float) -> bool:
        """Whether a trip at this time of the clock belongs to what the plan has done since its last checkpoint."""
        return trip != self._excused_trip and trip >= (self.cursor.checkpoint_at or 0.0)

    def _command_interrupted(self, msg: Any) -> None:
        """Handle the operator's Ctrl+C in a device's method that did not return."""
        if self.modes.unwinding:
            self.outcome.problems.append(f"{name_of(msg.obj)}: {msg.command} was interrupted while cleaning up")
            return
        self._take_all()
        self.requests.pause_now = None
        raise Interrupted(InterruptReason.PAUSE if self.requests.end is None else InterruptReason.END)

    # ---- interruptions ---------------------------------------------------------------------------

    def _interrupt(self, interrupted: Interrupted) -> bool:
        """Act on an interruption; True if the engine is paused now."""
        if interrupted.why is InterruptReason.END and (request := self.requests.take_end()) is not None:
            if self.cursor.top.msg.command == "begin_cleanup":
                self.modes.begin_cleanup()  # this message was next: the cleanup must not be skipped
            self._begin_end(request)
            return False
        if interrupted.why is InterruptReason.PAUSE and self.ctx.paused is not None:
            self._begin_end(EndRequest(State.STOPPING, interrupted.reason))
            return False
        if not self.cursor.possible:
            word = "pause" if interrupted.why is InterruptReason.PAUSE else "suspension"
            self._abort(f"a {word} came where the plan has no checkpoint to go back to")
            self.cursor.throw(FailedPause(self.outcome.reason))
            return False
        if interrupted.why is InterruptReason.SUSPEND:
            interruption.suspend(self.ctx, interrupted)
            return False
        interruption.pause(self.ctx, interrupted)
        self._take_all()
        if (request := self.requests.take_end()) is not None:  # it came while the engine was coming to rest
            self._begin_end(request)
            return False
        return True

    def _begin_end(self, request: EndRequest) -> None:
        """Throw the request to end into the plan, or into its cleanup's end."""
        self.outcome.ended_by(request, again=self.modes.ending)
        self.modes.go(request.state)
        interruption.name_what_is_waited_for(self.ctx)
        self.requests.forget_pauses()
        self.requests.failures.clear()
        if request.state is State.HALTING:
            interruption.stop_devices(self.ctx)
            cleanup.halt_plans(self.ctx)
            self.outcome.error = PlanHalt(self.outcome.reason)
            return
        error = RequestStop("stop") if request.state is State.STOPPING else RequestAbort(self.outcome.reason)
        if self.modes.cleanup_depth:
            self.outcome.after_cleanup = error  # what the plan is putting back must arrive
            return
        interruption.stop_devices(self.ctx)
        if self.cursor:
            self.cursor.throw(error)

    # ---- posts -----------------------------------------------------------------------------------

    def _attend(self) -> None:
        """Take all posts, then act on the most urgent request.

        Raises:
            Interrupted: the message in progress is left.
            FailedStatus: an action has failed; goes to the plan.
        """
        self._take_all()
        requests, modes = self.requests, self.modes
        if modes.phase is Phase.FINISHING:
            if requests.take_end() is not None:
                raise Interrupted(InterruptReason.END)  # the wait for a device that does not unstage ends
            return
        if requests.end is not None:
            if SEVERITY[requests.end.state] > SEVERITY.get(modes.state, 0):
                if not modes.cleanup_depth or requests.end.state is State.HALTING:
                    raise Interrupted(InterruptReason.END)
                self._begin_end(requests.end)
            requests.end = None
        if modes.ending:
            return
        if requests.failures:
            self._posts.append(WakeUp())  # the next message acts on whatever else is pending
            requests.failures.popleft().raise_failure()
        if requests.pause_now is not None and not self._pause_comes_late(requests.pause_now):
            request = requests.pause_now
            requests.forget_pauses()
            raise Interrupted(InterruptReason.PAUSE, reason=request.reason, pressed=request.pressed)
        if modes.episode is None and self.ctx.suspenders and self.ctx.tripped:
            raise Interrupted(InterruptReason.SUSPEND)

    def _pause_comes_late(self, request: PauseRequest) -> bool:
        """Whether a person's pause finds a plan that only puts devices back; it then counts for the next checkpoint."""
        msg, resources = self.cursor.top.msg, self.ctx.resources
        is_late = (
            request.pressed
            and msg is not None
            and msg.command in PUTTING_BACK
            and not resources.runs
            and all(task.status.done for tasks in resources.groups.values() for task in tasks)
        )
        if is_late:
            self.requests.put_off_pause()
        return is_late

    def _take_all(self) -> None:
        """Note all posts, without acting on them."""
        while self._posts:
            post = self._posts.popleft()
            self._take[type(post)](post)

    def _take_status(self, post: StatusDone) -> None:
        task, unwinding = post.task, self.modes.unwinding
        if task.superseded or not task.failed or task.raised:
            return
        if not any(other is task for other in self.ctx.resources.groups.get(task.group, ())):
            return  # of a paused plan, which notices it when it waits for it
        if not unwinding and not task.failure_suppressed:
            self.requests.failures.append(task)
        elif id(task.msg.obj) not in self.ctx.resources.stopped or isinstance(task.status.exception(0), NotStopped):
            task.raised = unwinding
            self.outcome.problems.append(f"{task.describe()} failed: {task.status.exception(0)}")

    def _take_pause(self, request: PauseRequest) -> None:
        if self.modes.ending:
            if request.reason:
                self.outcome.problems.append(request.reason)
            else:
                self.ctx.world.say(f"The plan is ending already ({self.modes.state}).")
        elif request.defer and self.modes.episode is None:
            self.requests.ask_pause_later(request)
        else:
            self.requests.pause_now = request


def _as_command(function: Callable[[Any], Any]) -> Command:
    """A command made of a user's ``function(msg)``, which may be a coroutine function."""

    def command(ctx: CommandContext, msg: Any) -> Any:
        return ctx.device(function, (msg,))

    return command
