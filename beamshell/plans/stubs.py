"""The small parts that plans are made of: each is a plan of one or a few messages.

They know no engine and no control system. Their names are the field's: mv, mvr, rd, trigger_and_read...
"""

from __future__ import annotations

import inspect
import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans.patterns import chunked
from beamshell.plans.planned import plan
from beamshell.protocols import Locatable

MOVE_GROUP = "move"
TRIGGER_GROUP = "trigger"


# ---- moving --------------------------------------------------------------------------------------


@plan
def mv(*args: Any, group: Any = None, timeout: float | None = None) -> Plan:
    """Move devices to positions, all at the same time, and wait for all.

    Args:
        args: device, position, device, position ... in the devices' units.
        group: what the moves are called while they are waited for.
        timeout: seconds to wait at most.

    Returns:
        A tuple of statuses.

    Raises:
        LimitError: a position is out of limits, and nothing has moved.

    Example:
        ``yield from mv(th, 1.5, samx, -3)``
    """
    pairs = chunked(args, 2, "mv(device, position, device, position, ...)")
    for device, position in pairs:
        check(device, position)
    group = MOVE_GROUP if group is None else group
    statuses = []
    for device, position in pairs:
        statuses.append((yield Msg("set", device, position, group=group)))
    yield Msg("wait", None, group=group, timeout=timeout)
    return tuple(statuses)


@plan
def mvr(*args: Any, group: Any = None, timeout: float | None = None) -> Plan:
    """Move devices by distances, all at the same time, and wait for all; a tuple of statuses."""
    pairs = chunked(args, 2, "mvr(device, distance, device, distance, ...)")
    targets: list[Any] = []
    for device, distance in pairs:
        origin = yield from setpoint(device)
        targets += [device, moved_by(device, origin, distance)]
    return (yield from mv(*targets, group=group, timeout=timeout))


def moved_by(device: Any, origin: Any, distance: Any) -> Any:
    """`origin + distance`.

    Raises:
        PlanError: the device is in a state rather than at a position, such as an open shutter.
    """
    if isinstance(origin, str | bytes | bool):
        raise PlanError(f"{device.name} is {origin!r}, which is no number: move it with mv, not by a distance")
    return origin + distance


mov = mv
movr = mvr


def check(device: Any, position: Any) -> None:
    """Raise what `device.set(position)` would raise, without moving anything."""
    if hasattr(device, "check_value"):  # what protocols.Checkable asks for, at a twentieth of isinstance's price
        device.check_value(position)


def setpoint(device: Any) -> Plan:
    """Where the device was sent; what it reads, if it cannot tell."""
    if isinstance(device, Locatable):
        location = yield Msg("locate", device)
        return location["setpoint"]
    return (yield from rd(device))


@plan
def abs_set(device: Any, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Send a device to a value; its status."""
    if wait and group is None:
        group = MOVE_GROUP
    status = yield Msg("set", device, *args, group=group, **kwargs)
    if wait:
        yield Msg("wait", None, group=group)
    return status


@plan
def rel_set(device: Any, distance: Any, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Send a device by a distance from where it is; its status."""
    origin = yield from setpoint(device)
    target = moved_by(device, origin, distance)
    return (yield from abs_set(device, target, *args, group=group, wait=wait, **kwargs))


def locate(*devices: Any, squeeze: bool = True) -> Plan:
    """Setpoint and readback of each device; of the only one, unless `squeeze` is False."""
    return (yield Msg("locate", None, *devices, squeeze=squeeze))


def stop(device: Any) -> Plan:
    """Stop a device."""
    return (yield Msg("stop", device))


# ---- reading -------------------------------------------------------------------------------------


def rd(device: Any, *, default_value: Any = 0) -> Plan:
    """The one value of a device that has one: its hinted field, or its only one.

    Raises:
        PlanError: it has several.
    """
    reading = yield Msg("read", device)
    if reading is None:  # nobody answers: the plan is only being looked at
        return default_value
    hinted = [key for key in (getattr(device, "hints", None) or {}).get("fields", []) if key in reading]
    keys = list(hinted) if len(hinted) == 1 else list(reading)
    if len(keys) != 1:
        raise PlanError(f"{device.name} has {len(keys)} values ({', '.join(keys)}): read one of its parts instead")
    return reading[keys[0]]["value"]


def read(device: Any) -> Plan:
    """The device's readings, put into the open event if there is one."""
    return (yield Msg("read", device))


def trigger(device: Any, *, group: Any = None, wait: bool = False) -> Plan:
    """Start an acquisition; its status."""
    if wait and group is None:
        group = TRIGGER_GROUP
    status = yield Msg("trigger", device, group=group)
    if wait:
        yield Msg("wait", None, group=group)
    return status


def trigger_and_read(devices: Sequence[Any], name: str = "primary") -> Plan:
    """Trigger all devices together, then read them all into one event; all readings in one dict.

    Args:
        devices: a part of another device in the list is left out, since that one reads it.
        name: the stream.
    """
    devices = separate_devices(devices)
    triggered = False
    for device in devices:
        if hasattr(device, "trigger"):
            triggered = True
            yield Msg("trigger", device, group=TRIGGER_GROUP)
    if triggered:
        yield Msg("wait", None, group=TRIGGER_GROUP)
    yield Msg("create", None, name=name)
    readings: dict[str, Any] = {}
    try:
        for device in devices:
            if device.name in readings and getattr(device, "parent", None) is not None:
                continue  # the device that it is a part of has told it already
            reading = yield Msg("read", device)
            if reading is not None:
                readings.update(reading)
    except GeneratorExit:
        raise
    except BaseException:
        yield Msg("drop")
        raise
    yield Msg("save")
    return readings


def separate_devices(devices: Iterable[Any]) -> list[Any]:
    """The devices without doubles, and without those that are part of another in the list."""
    unique = {id(device): device for device in devices}
    return [device for device in unique.values() if not _is_read_with(device, unique)]


def _is_read_with(device: Any, others: dict[int, Any]) -> bool:
    """True if one of `others`, by id, is a device that this one is a part of, and records it."""
    parent = getattr(device, "parent", None)
    while parent is not None:
        # A part that its device does not record is wanted for itself.
        if id(parent) in others and device.name in _keys_of(parent):
            return True
        parent = getattr(parent, "parent", None)
    return False


def _keys_of(device: Any) -> Iterable[str]:
    names = getattr(device, "read_attrs", None)
    if inspect.iscoroutinefunction(getattr(device, "describe", None)):
        return ()  # only an event loop can ask it: what it records is known when it is read
    if names is None:
        return device.describe()  # type: ignore[no-any-return]  # any Readable
    return [getattr(part, "name", "") for part in (_dotted(device, name) for name in names)]


def _dotted(device: Any, path: str) -> Any:
    for name in path.split("."):
        device = getattr(device, name, None)
    return device


# ---- waiting -------------------------------------------------------------------------------------


def null() -> Plan:
    """Nothing."""
    return (yield Msg("null"))


@plan
def sleep(seconds: float) -> Plan:
    """Wait so many seconds."""
    return (yield Msg("sleep", None, seconds))


def wait(
    group: Any = None, *, timeout: float | None = None, error_on_timeout: bool = True, watch: Sequence[Any] = ()
) -> Plan:
    """Wait for all actions of a group; True if they ended in time.

    Args:
        group: what the actions are called.
        timeout: seconds to wait at most.
        error_on_timeout: False answers False where time runs out, instead of raising CommandTimeout.
        watch: other groups; a failure in any ends every wait here, so it need not be given.
    """
    return (yield Msg("wait", None, group=group, timeout=timeout, error_on_timeout=error_on_timeout, watch=watch))


def wait_for(futures: Iterable[Callable[[], Any]], *, timeout: float | None = None) -> Plan:
    """Run coroutines, made by functions, and wait for all."""
    return (yield Msg("wait_for", None, list(futures), timeout=timeout))


def checkpoint() -> Plan:
    """If the plan is interrupted, it goes on from here."""
    return (yield Msg("checkpoint"))


def clear_checkpoint() -> Plan:
    """From here to the next checkpoint the plan cannot be paused: a pause ends it."""
    return (yield Msg("clear_checkpoint"))


def rewindable(flag: bool | None = None) -> Plan:
    """Whether messages are sent again after an interruption; the answer so far."""
    return (yield Msg("rewindable", None, flag))


@plan
def pause() -> Plan:
    """Pause here, and let the operator decide."""
    return (yield Msg("pause", None, defer=False))


def deferred_pause() -> Plan:
    """Pause at the next checkpoint."""
    return (yield Msg("pause", None, defer=True))


def input_plan(prompt: str = "") -> Plan:
    """What the operator answers to `prompt`, a str."""
    return (yield Msg("input", None, prompt=prompt))


# ---- runs and events -----------------------------------------------------------------------------


def open_run(md: dict[str, Any] | None = None) -> Plan:
    """Begin a run; its uid."""
    return (yield Msg("open_run", None, **(md or {})))


def close_run(exit_status: str | None = None, reason: str | None = None) -> Plan:
    """End a run; its uid."""
    return (yield Msg("close_run", None, exit_status=exit_status, reason=reason))


def create(name: str = "primary") -> Plan:
    """Begin an event of stream `name`."""
    return (yield Msg("create", None, name=name))


def save() -> Plan:
    """Emit the event that was begun."""
    return (yield Msg("save"))


def drop() -> Plan:
    """Throw the event away that was begun."""
    return (yield Msg("drop"))


def declare_stream(*devices: Any, name: str, collect: bool = False) -> Plan:
    """Say ahead what the events of a stream will hold."""
    return (yield Msg("declare_stream", None, *devices, name=name, collect=collect))


def monitor(device: Any, *, name: str | None = None, **kwargs: Any) -> Plan:
    """Record each change of a device, in a stream of its own."""
    return (yield Msg("monitor", device, name=name, **kwargs))


def unmonitor(device: Any) -> Plan:
    """Record a device's changes no more."""
    return (yield Msg("unmonitor", device))


# ---- devices -------------------------------------------------------------------------------------


def stage(device: Any, *, group: Any = None, wait: bool | None = None) -> Plan:
    """Make a device ready; the devices that were."""
    return (yield from _stage("stage", device, group, wait))


def unstage(device: Any, *, group: Any = None, wait: bool | None = None) -> Plan:
    """Put a device back; the devices that were."""
    return (yield from _stage("unstage", device, group, wait))


def _stage(command: str, device: Any, group: Any, wait: bool | None) -> Plan:
    own_group = group is None
    group = command if own_group else group
    answer = yield Msg(command, device, group=group)
    if wait or (wait is None and own_group and hasattr(answer, "add_callback")):
        yield Msg("wait", None, group=group)
    return answer


def stage_all(*devices: Any, group: Any = None) -> Plan:
    """Make devices ready, in this order; with a `group`, all begin together and are then waited for."""
    yield from _all(stage, devices, group)


def unstage_all(*devices: Any, group: Any = None) -> Plan:
    """Put devices back, in reverse order; with a `group`, all begin together and are then waited for."""
    yield from _all(unstage, devices[::-1], group)


def _all(stub: Callable[..., Plan], devices: Sequence[Any], group: Any) -> Plan:
    begun = False
    for device in devices:
        answer = yield from stub(device, group=group)
        begun = begun or hasattr(answer, "add_callback")
    if group is not None and begun:
        yield Msg("wait", None, group=group)


def configure(device: Any, *args: Any, **kwargs: Any) -> Plan:
    """Change a device's settings; the readings before and after."""
    return (yield Msg("configure", device, *args, **kwargs))


def prepare(device: Any, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Make a flyer ready; its status."""
    return (yield from _begin("prepare", device, args, group, wait, kwargs))


def kickoff(device: Any, *, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Start a flyer; its status."""
    return (yield from _begin("kickoff", device, (), group, wait, kwargs))


def complete(device: Any, *, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Ask a flyer to end; its status."""
    return (yield from _begin("complete", device, (), group, wait, kwargs))


def _begin(command: str, device: Any, args: tuple[Any, ...], group: Any, wait: bool, kwargs: dict[str, Any]) -> Plan:
    if wait and group is None:
        group = command
    status = yield Msg(command, device, *args, group=group, **kwargs)
    if wait:
        yield Msg("wait", None, group=group)
    return status


def kickoff_all(*devices: Any, group: Any = None, wait: bool = True, **kwargs: Any) -> Plan:
    """Start flyers, all at the same time, and wait until they fly; a tuple of statuses."""
    return (yield from _begin_all("kickoff", devices, group, wait, kwargs))


def complete_all(*devices: Any, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Ask flyers to end, all at the same time; a tuple of statuses."""
    return (yield from _begin_all("complete", devices, group, wait, kwargs))


def _begin_all(command: str, devices: Sequence[Any], group: Any, wait: bool, kwargs: dict[str, Any]) -> Plan:
    if wait and group is None:
        group = command
    statuses = []
    for device in devices:
        statuses.append((yield Msg(command, device, group=group, **kwargs)))  # noqa: PERF401  # no comprehension can yield
    if wait and devices:
        yield Msg("wait", None, group=group)
    return tuple(statuses)


def collect_while_completing(
    flyers: Sequence[Any],
    dets: Sequence[Any],
    flush_period: float | None = None,
    stream_name: str | None = None,
    watch: Sequence[Any] = (),
) -> Plan:
    """Ask flyers to end, and record what detectors have ready again and again until they have.

    Args:
        flyers: what is to end.
        dets: what has the data.
        flush_period: seconds from one record to the next; None records once, at the end.
        stream_name: the stream, which must have been declared.
        watch: see `wait`.
    """
    yield from complete_all(*flyers, group="completing")
    ended = False
    while not ended:
        ended = yield from wait("completing", timeout=flush_period, error_on_timeout=False, watch=watch)
        yield from collect(*dets, return_payload=False, name=stream_name)


def collect(*devices: Any, stream: bool = False, return_payload: bool = True, name: str | None = None) -> Plan:
    """Record what flyers have ready; the event pages, if wanted."""
    return (yield Msg("collect", *devices, stream=stream, return_payload=return_payload, name=name))


def broadcast_msg(command: str, objs: Iterable[Any], *args: Any, **kwargs: Any) -> Plan:
    """Send the same message to many devices; a list of the answers."""
    answers = []
    for obj in objs:
        answers.append((yield Msg(command, obj, *args, **kwargs)))  # noqa: PERF401  # no comprehension can yield
    return answers


# ---- the engine ----------------------------------------------------------------------------------


def subscribe(name: str, func: Callable[..., Any]) -> Plan:
    """Send documents to `func` for the rest of this call; a token."""
    return (yield Msg("subscribe", None, func, name))


def unsubscribe(token: int) -> Plan:
    """Send no more documents there."""
    return (yield Msg("unsubscribe", None, token=token))


def install_suspender(suspender: Any) -> Plan:
    """Let plans wait while `suspender` is tripped."""
    return (yield Msg("install_suspender", None, suspender))


def remove_suspender(suspender: Any) -> Plan:
    """Let plans no longer wait for it."""
    return (yield Msg("remove_suspender", None, suspender))


# ---- points --------------------------------------------------------------------------------------


def one_shot(detectors: Sequence[Any], take_reading: Callable[..., Plan] | None = None) -> Plan:
    """One reading of the detectors."""
    yield Msg("checkpoint")
    yield from (take_reading or trigger_and_read)(list(detectors))


def move_per_step(step: dict[Any, Any], pos_cache: dict[Any, Any]) -> Plan:
    """Move to a point; motors that are there already stay.

    Args:
        step: positions by motor.
        pos_cache: where each motor was sent last; brought up to date.
    """
    yield Msg("checkpoint")
    moved = False
    for motor, position in step.items():
        if motor in pos_cache and pos_cache[motor] == position:
            continue
        yield Msg("set", motor, position, group=MOVE_GROUP)
        pos_cache[motor] = position
        moved = True
    if moved:
        yield Msg("wait", None, group=MOVE_GROUP)


def one_1d_step(
    detectors: Sequence[Any], motor: Any, step: Any, take_reading: Callable[..., Plan] | None = None
) -> Plan:
    """Move one motor, then read it and the detectors."""
    yield Msg("checkpoint")
    yield Msg("set", motor, step, group=MOVE_GROUP)
    yield Msg("wait", None, group=MOVE_GROUP)
    return (yield from (take_reading or trigger_and_read)([*detectors, motor]))


def one_nd_step(
    detectors: Sequence[Any],
    step: dict[Any, Any],
    pos_cache: dict[Any, Any],
    take_reading: Callable[..., Plan] | None = None,
) -> Plan:
    """Move to a point, then read its motors and the detectors."""
    yield from move_per_step(step, pos_cache)
    yield from (take_reading or trigger_and_read)([*detectors, *step])


def repeat(plan: Callable[[], Plan], num: int | None = 1, delay: Any = None) -> Plan:
    """Run a plan again and again.

    Args:
        plan: a function that makes the plan.
        num: how many times; None for ever.
        delay: seconds from the start of one to the start of the next: a number, or an iterable of them.

    Raises:
        PlanError: fewer delays than there are gaps.
    """
    delays = None if delay is None or isinstance(delay, int | float) else iter(delay)
    done = 0
    while num is None or done < num:
        begun = time.monotonic()
        yield Msg("checkpoint")
        yield from plan()
        done += 1
        if done == num:
            return
        try:
            gap = next(delays) if delays is not None else delay
        except StopIteration:
            if num is None:
                return  # as many times as there are delays
            raise PlanError(f"{num} times need {num - 1} delays, but there are {done - 1}") from None
        if gap is not None and (rest := begun + gap - time.monotonic()) > 0:
            yield Msg("sleep", None, rest)


def repeater(n: int | None, gen_func: Callable[..., Plan], *args: Any, **kwargs: Any) -> Plan:
    """Run ``gen_func(*args, **kwargs)`` `n` times, or for ever if `n` is None."""
    for _ in itertools.repeat(None) if n is None else range(n):
        yield from gen_func(*args, **kwargs)


def caching_repeater(n: int | None, plan: Iterable[Msg]) -> Plan:
    """Send the messages of `plan` `n` times, or for ever if `n` is None.

    The plan itself is run once, without answers; use `repeat` for a plan that looks at them.
    """
    messages = list(plan)
    for _ in itertools.repeat(None) if n is None else range(n):
        yield from messages
