"""The commands of plans: what each message does, and what it answers.

Each is a plain function of the interpreter and the message. It waits only through ``core.until`` and calls
devices only through ``core.device``; what it raises goes to the plan.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from beamshell.engine import _flying
from beamshell.engine._bundler import RunBundler
from beamshell.engine._interruption import wait_for_release
from beamshell.engine._monitors import Monitor
from beamshell.engine._requests import Interrupted, Kind, Look, PauseWanted, Task, name_of
from beamshell.errors import CommandTimeout, IllegalMessageSequence, PlanError

if TYPE_CHECKING:
    from beamshell.engine._interpreter import Interpreter

ACTIONS = frozenset(
    {"set", "trigger", "stage", "unstage", "stop", "kickoff", "complete", "prepare", "configure", "wait", "sleep"}
)
"""Commands that ask for something to be done: while cleaning up, one that fails does not keep the next from it."""


# ---- runs ----------------------------------------------------------------------------------------


def open_run(core: Interpreter, msg: Any) -> str:
    """Start document -> the run's uid."""
    if msg.run in core.runs:
        key = "" if msg.run is None else f" with the key {msg.run!r}"
        raise IllegalMessageSequence(f"a run{key} is open already: close it first, or open this one with run=...")
    run = RunBundler(core, core.world.open_metadata(msg.kwargs))
    core.runs[msg.run] = run
    core.run_uids.append(run.uid)
    return run.uid


def close_run(core: Interpreter, msg: Any) -> str:
    """Stop document -> the run's uid. While the plan is being ended, the engine's own word on how counts."""
    run = _run_of(core, msg)
    status, reason = msg.kwargs.get("exit_status") or "success", msg.kwargs.get("reason") or ""
    if core.interrupted:
        status, reason = core.exit_status, core.reason
    for monitor in run.monitored.values():
        monitor.drop()
    _flying.stop_and_collect(core, run)
    uid = run.close(status, reason)
    del core.runs[msg.run]
    core.replay.forget_run(msg.run)
    core.mark()
    return uid


def _run_of(core: Interpreter, msg: Any) -> RunBundler:
    try:
        return core.runs[msg.run]
    except KeyError:
        which = "no run is open" if msg.run is None else f"no run with the key {msg.run!r} is open"
        raise IllegalMessageSequence(f"{msg.command}: {which}; open_run comes first") from None


# ---- events --------------------------------------------------------------------------------------


def create(core: Interpreter, msg: Any) -> None:
    """Open an event. What the stream's last event read is asked for at once, to be collected one by one."""
    run = _run_of(core, msg)
    name = msg.kwargs.get("name") or (msg.args[0] if msg.args else "primary")
    run.create(name)
    stream = run.streams.get(name)
    if stream is not None:
        for obj in stream.beginners:
            core.prefetched[id(obj)] = core.device(obj.begin_read)


def read(core: Interpreter, msg: Any) -> Any:
    """Readings of a device, put into the open event of its run."""
    obj = msg.obj
    collect = core.prefetched.pop(id(obj), None) if core.prefetched else None
    readings = core.device(obj.read if collect is None else collect)
    if id(obj) not in core.seen:
        core.touch(obj)
    run = core.runs.get(msg.run)
    if run is not None and run.bundle is not None:
        run.bundle.add(obj, readings)
    return readings


def save(core: Interpreter, msg: Any) -> None:
    """Emit the open event."""
    _run_of(core, msg).save()
    core.prefetched.clear()


def drop(core: Interpreter, msg: Any) -> None:
    """Throw the open event away."""
    _run_of(core, msg).drop()
    core.prefetched.clear()


def declare_stream(core: Interpreter, msg: Any) -> Any:
    """Emit a descriptor ahead of the first event."""
    run, name = _run_of(core, msg), msg.kwargs.get("name")
    if name is None:
        raise PlanError("declare_stream needs the name of the stream")
    if msg.kwargs.get("collect"):
        return _flying.declare_flyers(core, run, msg.args, name).descriptor
    return run.declare_objects(name, msg.args).descriptor


def monitor(core: Interpreter, msg: Any) -> None:
    """Emit an event of its own stream at each change of a device, until unmonitor or the run's end."""
    run, obj = _run_of(core, msg), msg.obj
    kwargs = dict(msg.kwargs)
    name = kwargs.pop("name", None) or f"{obj.name}_monitor"
    if any(other.obj is obj for other in run.monitored.values()):
        raise IllegalMessageSequence(f"{obj.name} is monitored already in this run")
    stream = run.declare(name, {obj: core.device(obj.describe)}, rewinds=False)
    run.monitored[name] = Monitor(core, run, stream, obj, kwargs)
    run.monitored[name].begin()
    core.mark()


def unmonitor(core: Interpreter, msg: Any) -> None:
    """End a monitor."""
    run = _run_of(core, msg)
    for name, entry in list(run.monitored.items()):
        if entry.obj is msg.obj:
            entry.drop()
            del run.monitored[name]
            core.mark()
            return
    raise IllegalMessageSequence(f"unmonitor: {name_of(msg.obj)} is not monitored in this run")


def locate(core: Interpreter, msg: Any) -> Any:
    """Setpoint and readback of each device; of the only one, unless squeeze=False."""
    objects = (*(() if msg.obj is None else (msg.obj,)), *msg.args)
    found = [core.device(_able(obj, "locate")) for obj in objects]
    return found[0] if len(found) == 1 and msg.kwargs.get("squeeze", True) else found


# ---- actions -------------------------------------------------------------------------------------


def _action(core: Interpreter, msg: Any, method: Callable[..., Any]) -> Any:
    """Begin an action of a device: its status, which `wait` on the group waits for."""
    kwargs = msg.kwargs
    group = kwargs.get("group")
    if core.prefetched:
        core.prefetched.clear()  # a value is never older than the action before it
    if id(msg.obj) not in core.seen:
        core.touch(msg.obj)
    if "group" in kwargs and len(kwargs) == 1:  # nearly always, and at each point
        status = core.device(method, *msg.args)
    else:
        status = core.device(method, *msg.args, **{key: value for key, value in kwargs.items() if key != "group"})
    core.track(msg, status, group)
    return status


def _able(obj: Any, method: str) -> Callable[..., Any]:
    """The method of a device that this message asks for.

    Raises:
        PlanError: it has none.
    """
    found: Callable[..., Any] | None = getattr(obj, method, None)
    if found is None:
        raise PlanError(f"{name_of(obj)} cannot {method}: a {type(obj).__name__} has no such method")
    return found


def set_(core: Interpreter, msg: Any) -> Any:
    """Send a device to a value -> status."""
    method = _able(msg.obj, "set")
    core.touched[id(msg.obj)] = msg.obj
    return _action(core, msg, method)


def trigger(core: Interpreter, msg: Any) -> Any:
    """Start an acquisition -> status; None if the device has nothing to trigger."""
    method = getattr(msg.obj, "trigger", None)
    if method is None:
        core.groups.setdefault(msg.kwargs.get("group"), [])
        return None
    return _action(core, msg, method)


def prepare(core: Interpreter, msg: Any) -> Any:
    """Make a flyer ready -> status."""
    return _action(core, msg, _able(msg.obj, "prepare"))


def kickoff(core: Interpreter, msg: Any) -> Any:
    """Start a flyer -> status."""
    run = _run_of(core, msg)
    if msg.obj not in run.uncollected:
        run.uncollected.append(msg.obj)
    run.flights.pop(msg.obj, None)
    return _action(core, msg, _able(msg.obj, "kickoff"))


def complete(core: Interpreter, msg: Any) -> Any:
    """Ask a flyer to end -> status."""
    flight = _action(core, msg, _able(msg.obj, "complete"))
    if (run := core.runs.get(msg.run)) is not None:
        run.flights[msg.obj] = flight
    return flight


def collect(core: Interpreter, msg: Any) -> Any:
    """Emit what flyers have ready -> the pages, if the plan wants them."""
    objects = (msg.obj, *msg.args)
    payload = bool(msg.kwargs.get("return_payload", True))
    return _flying.collect(core, _run_of(core, msg), objects, msg.kwargs.get("name"), payload=payload)


def stop(core: Interpreter, msg: Any) -> Any:
    """Stop a device."""
    return core.device(_able(msg.obj, "stop"), *msg.args, **msg.kwargs)


def configure(core: Interpreter, msg: Any) -> Any:
    """Change settings -> (old, new); descriptors follow."""
    answer = core.device(_able(msg.obj, "configure"), *msg.args, **msg.kwargs)
    for run in core.runs.values():
        run.configured(msg.obj)
    return answer


def stage(core: Interpreter, msg: Any) -> Any:
    """Make a device ready -> what was staged, or a status; [] if it has nothing to stage."""
    obj, group = msg.obj, msg.kwargs.get("group")
    core.groups.setdefault(group, [])
    core.touch(obj)
    answer: Any = []
    if hasattr(obj, "stage"):
        if not any(other is obj for other in core.staged):
            core.staged.append(obj)  # before it is staged: a failure half-way is put back too
        answer = core.device(obj.stage)
        if hasattr(answer, "add_callback"):
            core.track(msg, answer, group)
    core.mark()
    return answer


def unstage(core: Interpreter, msg: Any) -> Any:
    """Put a device back -> what was unstaged, or a status; [] if it has nothing to unstage."""
    obj, group = msg.obj, msg.kwargs.get("group")
    core.groups.setdefault(group, [])
    answer: Any = []
    if hasattr(obj, "unstage"):
        try:
            answer = core.device(obj.unstage)
        finally:
            core.staged[:] = [other for other in core.staged if other is not obj]
        if hasattr(answer, "add_callback"):
            core.track(msg, answer, group)
    core.mark()
    return answer


# ---- waiting -------------------------------------------------------------------------------------


def wait(core: Interpreter, msg: Any) -> bool:
    """Wait for all actions of a group -> True; False if the time ran out and that is no error."""
    group, timeout, is_error = _wait_arguments(*msg.args, **msg.kwargs)
    tasks = core.groups.get(group)
    if tasks is None:
        if group not in core.waited:
            _nothing_in_group(core, group)
        return True
    core.waited.add(group)
    pending = {task.status for task in tasks if not task.status.done}
    if not pending:  # as for devices that finish at once
        del core.groups[group]
        _raise_late_failure(core, tasks)
        return True
    deadline = None if timeout is None else core.clock() + timeout
    if core.on_waiting is not None:
        core.on_waiting(pending)
    try:
        done = core.until(lambda: all(task.status.done for task in tasks), deadline)
    finally:
        if core.on_waiting is not None:
            core.on_waiting(None)
    if not done and is_error:
        late = ", ".join(task.describe() for task in tasks if not task.status.done)
        raise CommandTimeout(f"not finished after {timeout:g} s: {late}")
    if done:
        core.groups.pop(group, None)
        _raise_late_failure(core, tasks)
    return done


def _wait_arguments(
    group: Any = None, timeout: float | None = None, error_on_timeout: bool = True, **_: Any
) -> tuple[Any, float | None, bool]:
    return group, timeout, error_on_timeout


def _nothing_in_group(core: Interpreter, group: Any) -> None:
    if group is None:
        return
    text = f"wait: nothing was begun in group {group!r}"
    known = ", ".join(repr(g) for g in core.groups if g is not None)
    text += f" (there is {known})" if known else ""
    if core.strict:
        raise PlanError(text)
    warnings.warn(text, RuntimeWarning, stacklevel=2)


def _raise_late_failure(core: Interpreter, tasks: list[Task]) -> None:
    """A failure that the plan has not seen, of an action that it now waits for."""
    if not core.unwinding:
        for task in tasks:
            if task.failed and not task.raised:
                core.raise_failure(task)


def wait_for(core: Interpreter, msg: Any) -> list[Any]:
    """Run coroutines made by factories on the event loop and wait for all -> their results' futures."""
    factories = msg.args[0] if msg.args else msg.kwargs["futs"]
    timeout = msg.kwargs.get("timeout")
    deadline = None if timeout is None else core.clock() + timeout
    futures = [core.world.on_loop(factory) for factory in factories]
    for future in futures:
        future.add_callback(lambda _: core.world.post(Look()))
    try:
        if not core.until(lambda: all(future.done for future in futures), deadline):
            raise CommandTimeout(f"wait_for: not finished after {timeout:g} s")
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    for future in futures:
        if (error := future.exception(0)) is not None:
            raise error
    return futures


def sleep(core: Interpreter, msg: Any) -> None:
    """Wait so many seconds."""
    core.until(lambda: False, core.clock() + float(msg.args[0]))


def input_(core: Interpreter, msg: Any) -> str:
    """Ask the operator -> the answer."""
    prompt = msg.kwargs.get("prompt", msg.args[0] if msg.args else "")
    return str(core.device(core.world.ask, prompt))


# ---- the engine itself ---------------------------------------------------------------------------


def checkpoint(core: Interpreter, msg: Any) -> None:
    """A rewind comes back to here; a pause that was asked for happens here."""
    for run in core.runs.values():
        if run.bundle is not None:
            raise IllegalMessageSequence("a checkpoint inside an open event: save or drop it first")
        run.mark()
    core.replay.checkpoint()
    core.waited.clear()
    core.checkpoint_at = core.clock()
    core.world.breathe(core.checkpoint_at)
    if core.pause_later is not None and not core.unwinding:
        wanted, core.pause_later = core.pause_later, None
        raise Interrupted(Kind.PAUSE, finished=True, reason=wanted.reason)


def clear_checkpoint(core: Interpreter, msg: Any) -> None:
    """From here to the next checkpoint the plan cannot be paused: a pause ends it."""
    core.replay.forbid()


def rewindable(core: Interpreter, msg: Any) -> bool:
    """Whether messages are sent again after a pause -> the present answer."""
    if msg.args and msg.args[0] is not None:
        flag = bool(msg.args[0])
        if flag != core.replay.rewindable:
            core.replay.rewindable = flag
            for run in core.runs.values():
                run.mark()
    return core.replay.rewindable


def pause(core: Interpreter, msg: Any) -> None:
    """Pause here, or with defer=True at the next checkpoint."""
    defer = msg.kwargs.get("defer", msg.args[0] if msg.args else False)
    if core.unwinding:
        return
    if defer:
        core.pause_later = core.pause_later or PauseWanted(True)
        return
    raise Interrupted(Kind.PAUSE, finished=True)


def subscribe(core: Interpreter, msg: Any) -> int:
    """Add a subscriber for the rest of this call -> token."""
    function, name = _subscribe_arguments(*msg.args, **msg.kwargs)
    token = core.world.subscribe(function, name)
    core.tokens.append(token)
    core.mark()
    return token


def _subscribe_arguments(func: Any, name: str = "all") -> tuple[Any, str]:
    return func, name


def unsubscribe(core: Interpreter, msg: Any) -> None:
    """Take a subscriber away."""
    token = msg.kwargs["token"] if "token" in msg.kwargs else msg.args[0]
    core.world.unsubscribe(token)
    if token in core.tokens:
        core.tokens.remove(token)
    core.mark()


def install_suspender(core: Interpreter, msg: Any) -> None:
    """Let a condition suspend plans from now on."""
    core.world.install_suspender(msg.args[0])
    core.look_at_suspenders()
    core.world.post(Look())


def remove_suspender(core: Interpreter, msg: Any) -> None:
    """Take a condition away."""
    core.world.remove_suspender(msg.args[0])
    core.look_at_suspenders()


def begin_cleanup(core: Interpreter, msg: Any) -> None:
    """From here on a failing action does not keep the next one from being done."""
    core.cleanup_depth += 1


def end_cleanup(core: Interpreter, msg: Any) -> None:
    """The steps are done. What failed among them is raised, unless the plan is failing already."""
    core.cleanup_depth -= 1
    if core.after_cleanup is not None and not core.cleanup_depth:
        error, core.after_cleanup = core.after_cleanup, None
        raise error
    if msg.kwargs.get("raise_failures") and core.problems and not core.unwinding:
        failed, core.problems = core.problems, []
        raise PlanError("; ".join(failed))


def null(core: Interpreter, msg: Any) -> None:
    """Nothing."""


def re_class(core: Interpreter, msg: Any) -> Any:
    """The engine's class."""
    return core.engine_class


COMMANDS: dict[str, Callable[[Interpreter, Any], Any]] = {
    "open_run": open_run,
    "close_run": close_run,
    "create": create,
    "read": read,
    "save": save,
    "drop": drop,
    "declare_stream": declare_stream,
    "monitor": monitor,
    "unmonitor": unmonitor,
    "locate": locate,
    "set": set_,
    "trigger": trigger,
    "prepare": prepare,
    "kickoff": kickoff,
    "complete": complete,
    "collect": collect,
    "stop": stop,
    "configure": configure,
    "stage": stage,
    "unstage": unstage,
    "wait": wait,
    "wait_for": wait_for,
    "sleep": sleep,
    "input": input_,
    "checkpoint": checkpoint,
    "clear_checkpoint": clear_checkpoint,
    "rewindable": rewindable,
    "pause": pause,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "install_suspender": install_suspender,
    "remove_suspender": remove_suspender,
    "begin_cleanup": begin_cleanup,
    "end_cleanup": end_cleanup,
    "wait_for_release": wait_for_release,
    "null": null,
    "RE_class": re_class,
}
"""By name. docs/reference/messages is made from this table."""
