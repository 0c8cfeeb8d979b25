"""Commands of plans about events: create, read, save, drop, declare_stream, monitor, unmonitor, collect, locate.

Each command is a function of a CommandContext and the message; what it raises goes to the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from beamshell.engine import flyers, foreign_motions
from beamshell.engine.commands.runs import run_of
from beamshell.engine.context import CommandContext
from beamshell.engine.monitors import Monitor
from beamshell.engine.resources import method_of, name_of
from beamshell.errors import IllegalMessageSequence, PlanError


def create(ctx: CommandContext, msg: Any) -> None:
    """Open an event; the readings of the devices of the stream's last event are requested at once."""
    run = run_of(ctx, msg)
    name = msg.kwargs.get("name") or (msg.args[0] if msg.args else "primary")
    run.create(name)
    stream = run.streams.get(name)
    if stream is not None:
        _request_readings(ctx, stream.prefetchable)


def _request_readings(ctx: CommandContext, devices: Iterable[Any]) -> None:
    """Request the readings of devices, so that all of them are answered in one round trip."""
    for obj in devices:
        ctx.resources.prefetched[id(obj)] = ctx.device(obj.begin_read)
    ctx.resources.triggered.clear()


def read(ctx: CommandContext, msg: Any) -> Any:
    """Readings of a device, put into the open event of its run.

    With the first of the devices that were triggered, the others are requested too.
    """
    obj, resources = msg.obj, ctx.resources
    if resources.triggered and id(obj) in resources.triggered:
        _request_readings(ctx, [one for one in resources.triggered.values() if hasattr(one, "begin_read")])
    collect = resources.prefetched.pop(id(obj), None) if resources.prefetched else None
    readings = ctx.device(obj.read if collect is None else collect)
    if readings is None:
        raise PlanError(f"{name_of(obj)}: its read() has returned nothing; it must return a dict of readings")
    if id(obj) not in resources.devices:
        ctx.add_device(obj)
    run = resources.runs.get(msg.run)
    if run is not None and run.bundle is not None:
        run.bundle.add(obj, readings)
    return readings


def save(ctx: CommandContext, msg: Any) -> None:
    """Emit the open event."""
    run = run_of(ctx, msg)
    stream = run.bundle.name if run.bundle is not None else ""
    run.save()
    ctx.resources.prefetched.clear()
    if ctx.resources.displaced:
        foreign_motions.mark_point(ctx, run, stream)


def drop(ctx: CommandContext, msg: Any) -> None:
    """Throw the open event away."""
    run_of(ctx, msg).drop()
    ctx.resources.prefetched.clear()


def declare_stream(ctx: CommandContext, msg: Any) -> Any:
    """Emit a descriptor ahead of the first event."""
    run, name = run_of(ctx, msg), msg.kwargs.get("name")
    if name is None:
        raise PlanError("declare_stream needs the name of the stream")
    if msg.kwargs.get("collect"):
        return flyers.declare_flyers(ctx, run, msg.args, name).descriptor
    return run.declare_objects(name, msg.args).descriptor


def monitor(ctx: CommandContext, msg: Any) -> None:
    """Emit an event of its own stream at each change of a device, until unmonitor or the run's end."""
    run, obj = run_of(ctx, msg), msg.obj
    kwargs = dict(msg.kwargs)
    name = kwargs.pop("name", None) or f"{obj.name}_monitor"
    if any(other.obj is obj for other in run.monitored.values()):
        raise IllegalMessageSequence(f"{obj.name} is monitored already in this run")
    stream = run.declare(name, {obj: ctx.device(obj.describe)}, rewinds=False)
    run.monitored[name] = Monitor(ctx, run, stream, obj, kwargs)
    run.monitored[name].begin()
    ctx.mark()


def unmonitor(ctx: CommandContext, msg: Any) -> None:
    """End the monitor of a device."""
    run = run_of(ctx, msg)
    for name, entry in list(run.monitored.items()):
        if entry.obj is msg.obj:
            entry.drop()
            del run.monitored[name]
            ctx.mark()
            return
    raise IllegalMessageSequence(f"unmonitor: {name_of(msg.obj)} is not monitored in this run")


def collect(ctx: CommandContext, msg: Any) -> Any:
    """Emit the pages that flyers have ready -> the pages, if the plan wants them."""
    objects = (msg.obj, *msg.args)
    payload = bool(msg.kwargs.get("return_payload", True))
    return flyers.collect(ctx, run_of(ctx, msg), objects, msg.kwargs.get("name"), payload=payload)


def locate(ctx: CommandContext, msg: Any) -> Any:
    """Setpoint and readback of each device, all asked together; of the only one, unless squeeze=False."""
    objects = (*(() if msg.obj is None else (msg.obj,)), *msg.args)
    speaks_asyncio = [ctx.world.speaks_asyncio(type(obj)) for obj in objects]
    begun = [
        ctx.device(obj.begin_location) if hasattr(obj, "begin_location") else method_of(obj, "locate")
        for obj in objects
    ]
    answers: Iterator[Any] = iter(())
    if any(speaks_asyncio):
        methods = [method for method, is_one in zip(begun, speaks_asyncio, strict=True) if is_one]
        answers = iter(ctx.result_of(ctx.world.all_on_loop(methods)))
    locations = [
        next(answers) if is_one else ctx.device(method) for method, is_one in zip(begun, speaks_asyncio, strict=True)
    ]
    return locations[0] if len(locations) == 1 and msg.kwargs.get("squeeze", True) else locations
