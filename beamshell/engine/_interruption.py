"""Pause, suspend, rewind, resume: how a plan comes to rest and goes on with nothing lost.

Pure functions of an interpreter. The order is: record it, drop monitors, stop what moves, tell the devices;
then, to go on: devices, monitors, and every message since the checkpoint once more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from beamshell.engine._plan_stack import as_generator
from beamshell.engine._replay import send_again
from beamshell.engine._requests import Interrupted, Suspender, name_of
from beamshell.engine._state import State
from beamshell.errors import NoReplayAllowed
from beamshell.messages import Msg

if TYPE_CHECKING:
    from beamshell.engine._interpreter import Interpreter


def pause(core: Interpreter, interruption: Interrupted) -> None:
    """Come to rest; the operator decides how to go on."""
    core.go(State.PAUSING)
    if interruption.reason:
        core.world.say(interruption.reason)
    _come_to_rest(core, "pause")
    _plan_rewind(core, finished=interruption.finished)
    core.go(State.PAUSED)


def rest_at_end(core: Interpreter) -> None:
    """The plan ended before its next checkpoint: pause here, as was asked."""
    core.pause_now = core.pause_later = None
    core.go(State.PAUSING)
    core.world.say("The plan has come to its end; 'resume' finishes it.")
    core.go(State.PAUSED)


def resume(core: Interpreter) -> None:
    """Wake devices and monitors after a pause; a condition that is tripped now suspends at once."""
    core.take_all()  # presses that came while it was coming to rest have had their way
    core.pause_now = core.pause_later = None
    _record(core, "resume")
    if core.suspension is not None:
        core.go(State.SUSPENDING)  # it goes on waiting for what it waited for
        return
    _wake(core)
    if core.stack and core.replay.possible and core.any_tripped():
        begin_suspension(core)


def suspend(core: Interpreter, interruption: Interrupted) -> None:
    """Come to rest until the suspenders let the plan go on."""
    core.go(State.SUSPENDING)
    tripped = [suspender for suspender in core.suspenders if suspender.tripped]
    _come_to_rest(core, "; ".join(suspender.reason for suspender in tripped) or "suspended")
    _plan_rewind(core, finished=interruption.finished)
    core.suspension = []
    core.stack.push(_suspension(core, core.suspension))


def begin_suspension(core: Interpreter) -> None:
    """Wait for the suspenders before the next message."""
    core.go(State.SUSPENDING)
    core.suspension = []
    core.stack.push(_suspension(core, core.suspension))


def _suspension(core: Interpreter, episode: list[Suspender]) -> Generator[Msg, Any, None]:
    """One episode: pre-plans in order, wait for all, post-plans in reverse; again if one trips meanwhile."""
    while tripped := [suspender for suspender in core.suspenders if suspender.tripped]:
        del episode[:]
        while tripped:
            for suspender in tripped:
                core.world.say(f"Suspended: {suspender.reason}. It goes on by itself; Ctrl+C pauses.")
                episode.append(suspender)
                yield from _side_plan(suspender.pre_plan)
            yield Msg("wait_for_release", None, tuple(episode))
            tripped = [s for s in core.suspenders if s.tripped and s not in episode]
        _wake(core)
        for suspender in reversed(episode):
            yield from _side_plan(suspender.post_plan)
    core.world.say("The conditions are good again: going on.")
    core.suspension = None
    core.go(State.RUNNING)
    _record(core, "resume")


def _side_plan(plan: Any) -> Generator[Msg, Any, Any]:
    if plan is not None:
        yield from as_generator(plan() if callable(plan) else plan)


def wait_for_release(core: Interpreter, msg: Any) -> None:
    """Wait until no suspender of this episode is tripped and their rests are over, or another one trips."""
    episode: tuple[Suspender, ...] = msg.args[0]

    def clear() -> bool:
        return not any(s.tripped for s in episode if s in core.suspenders)  # one that was taken away releases

    def joined() -> bool:
        return any(s.tripped and s not in episode for s in core.suspenders)

    while True:
        core.until(lambda: clear() or joined())
        if joined():
            return
        deadline = core.clock() + max(suspender.sleep for suspender in episode)
        if not core.until(lambda: not clear() or joined(), deadline):
            return


# ---- coming to rest ------------------------------------------------------------------------------


def _come_to_rest(core: Interpreter, what: str) -> None:
    _record(core, what)
    with _told_at_once(core):
        for run in core.runs.values():
            for monitor in run.monitored.values():
                isolated(core, monitor.drop, f"{name_of(monitor.obj)}: cannot end the monitor")
        stop_touched(core)
        for obj in list(core.pausable.values()):
            try:
                isolated(core, partial(core.device, obj.pause), f"{name_of(obj)}: pause", NoReplayAllowed)
            except NoReplayAllowed:
                core.mark()


@contextlib.contextmanager
def _told_at_once(core: Interpreter) -> Iterator[None]:
    """What fails in this block is said now: the plan may go on and end well all the same."""
    before = len(core.problems)
    yield
    news = core.problems[before:]
    del core.problems[before:]
    for problem in news:
        core.world.say(problem)


def _record(core: Interpreter, what: str) -> None:
    if core.record_interruptions:
        for run in core.runs.values():
            run.record_interruption(what)


def stop_touched(core: Interpreter, *, moving_only: bool = False, success: bool = True) -> None:
    """Stop what this call has set. A device that will not stop is reported, and the others are stopped."""
    under_way = [t for tasks in core.groups.values() for t in tasks if not t.status.done and t.msg.command == "set"]
    moving = {id(task.msg.obj) for task in under_way}
    for key, obj in list(core.touched.items()):
        if hasattr(obj, "stop") and (key in moving or not moving_only):
            core.stopped.add(key)
            for task in under_way:
                task.cut = task.cut or task.msg.obj is obj
            isolated(core, partial(core.device, obj.stop, success=success), f"{name_of(obj)}: cannot stop")


def isolated(
    core: Interpreter, call: Callable[[], Any], what: str, let_through: type[Exception] | tuple[()] = ()
) -> None:
    """Call, and note a failure instead of raising it."""
    try:
        call()
    except let_through:
        raise
    except (KeyboardInterrupt, Interrupted):
        core.problems.append(f"{what}: interrupted by the operator")
    except Exception as exc:
        core.problems.append(f"{what}: {exc}")


def _wake(core: Interpreter) -> None:
    with _told_at_once(core):
        for obj in list(core.pausable.values()):
            if hasattr(obj, "resume"):
                isolated(core, partial(core.device, obj.resume), f"{name_of(obj)}: resume")
        for run in core.runs.values():
            for monitor in run.monitored.values():
                isolated(core, monitor.begin, f"{name_of(monitor.obj)}: cannot monitor again")
    core.stopped.clear()


# ---- the rewind ----------------------------------------------------------------------------------


def _plan_rewind(core: Interpreter, *, finished: bool) -> None:
    """Put on the stack what must be sent again, the message in flight last: its answer goes to the plan."""
    repeats = core.replay.rewindable  # else the plan goes on where it is, with its event half read
    marks = [(run, run.cancel_bundle()) for run in core.runs.values()] if repeats else []
    core.prefetched.clear()
    messages = core.replay.take()
    if core.stack:
        if finished:
            core.stack.top.reply = None
        elif not messages or messages[-1] is not core.stack.top.msg:
            messages.append(core.stack.top.msg)
    messages = _moves_to_begin_again(core, messages) + messages

    def rewind() -> Generator[Msg, Any, Any]:
        for run, mark in marks:
            run.rewind(mark)
        return (yield from send_again(messages))

    core.stack.push(rewind(), answers=not finished)


def _moves_to_begin_again(core: Interpreter, messages: list[Any]) -> list[Any]:
    """Moves from before the checkpoint that were stopped on their way, and forget all that is sent again."""
    repeated = {id(msg) for msg in messages}
    stopped = []
    for group, tasks in core.groups.items():
        kept = []
        for task in tasks:
            if id(task.msg) in repeated:
                task.dropped = True
            elif task.cut:
                task.dropped = True
                stopped.append(task)
            else:
                kept.append(task)
        core.groups[group] = kept
    core.failures.clear()
    core.failures.extend(t for tasks in core.groups.values() for t in tasks if t.failed and not t.raised)
    return [task.msg for task in stopped]
