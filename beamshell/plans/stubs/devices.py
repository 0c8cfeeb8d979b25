"""Stubs that stage, configure and fly devices: stage, configure, prepare, kickoff, complete, collect.

They know no points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans.plan_annotations import bare_plan
from beamshell.plans.stubs.flow import wait


@bare_plan
def stage(device: Any, *, group: Any = None, wait: bool | None = None) -> Plan:
    """Stage a device. Returns the devices that were staged."""
    return (yield from _stage("stage", device, group, wait))


@bare_plan
def unstage(device: Any, *, group: Any = None, wait: bool | None = None) -> Plan:
    """Unstage a device. Returns the devices that were unstaged."""
    return (yield from _stage("unstage", device, group, wait))


def _stage(command: str, device: Any, group: Any, wait: bool | None) -> Plan:
    own_group = group is None
    group = command if own_group else group
    response = yield Msg(command, device, group=group)
    if wait or (wait is None and own_group and hasattr(response, "add_callback")):
        yield Msg("wait", None, group=group)
    return response


@bare_plan
def stage_all(*devices: Any, group: Any = None) -> Plan:
    """Stage devices in this order; with a `group`, all start together and are then waited for."""
    yield from _all(stage, devices, group)


@bare_plan
def unstage_all(*devices: Any, group: Any = None) -> Plan:
    """Unstage devices in reverse order; with a `group`, all start together and are then waited for."""
    yield from _all(unstage, devices[::-1], group)


def _all(stub: Callable[..., Plan], devices: Sequence[Any], group: Any) -> Plan:
    has_status = False
    for device in devices:
        response = yield from stub(device, group=group)
        has_status = has_status or hasattr(response, "add_callback")
    if group is not None and has_status:
        yield Msg("wait", None, group=group)


@bare_plan
def configure(device: Any, *args: Any, **kwargs: Any) -> Plan:
    """Change a device's settings. Returns the settings before and after."""
    return (yield Msg("configure", device, *args, **kwargs))


@bare_plan
def prepare(device: Any, *args: Any, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Prepare a flyer for its flight. Returns a status."""
    return (yield from _start("prepare", device, args, group, wait, kwargs))


@bare_plan
def kickoff(device: Any, *, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Start a flyer. Returns a status."""
    return (yield from _start("kickoff", device, (), group, wait, kwargs))


@bare_plan
def complete(device: Any, *, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Tell a flyer to finish. Returns a status, done when it has finished."""
    return (yield from _start("complete", device, (), group, wait, kwargs))


def _start(command: str, device: Any, args: tuple[Any, ...], group: Any, wait: bool, kwargs: dict[str, Any]) -> Plan:
    if wait and group is None:
        group = command
    status = yield Msg(command, device, *args, group=group, **kwargs)
    if wait:
        yield Msg("wait", None, group=group)
    return status


@bare_plan
def kickoff_all(*devices: Any, group: Any = None, wait: bool = True, **kwargs: Any) -> Plan:
    """Start flyers at the same time, and wait until all have started. Returns a tuple of statuses."""
    return (yield from _start_all("kickoff", devices, group, wait, kwargs))


@bare_plan
def complete_all(*devices: Any, group: Any = None, wait: bool = False, **kwargs: Any) -> Plan:
    """Tell flyers to finish, all at the same time. Returns a tuple of statuses."""
    return (yield from _start_all("complete", devices, group, wait, kwargs))


def _start_all(command: str, devices: Sequence[Any], group: Any, wait: bool, kwargs: dict[str, Any]) -> Plan:
    if wait and group is None:
        group = command
    statuses = []
    for device in devices:
        statuses.append((yield Msg(command, device, group=group, **kwargs)))  # noqa: PERF401  # no comprehension can yield
    if wait and devices:
        yield Msg("wait", None, group=group)
    return tuple(statuses)


@bare_plan
def collect_while_completing(
    flyers: Sequence[Any],
    dets: Sequence[Any],
    flush_period: float | None = None,
    stream_name: str | None = None,
    watch: Sequence[Any] = (),
) -> Plan:
    """Tell flyers to finish, and record the data of detectors periodically until they have finished.

    Args:
        flyers: the devices that finish.
        dets: the devices that have the data.
        flush_period: seconds between two recordings; None records once, at the end.
        stream_name: the stream, declared beforehand.
        watch: see `wait`.
    """
    yield from complete_all(*flyers, group="completing")
    finished = False
    while not finished:
        finished = yield from wait("completing", timeout=flush_period, error_on_timeout=False, watch=watch)
        yield from collect(*dets, return_payload=False, name=stream_name)


@bare_plan
def collect(*devices: Any, stream: bool = False, return_payload: bool = True, name: str | None = None) -> Plan:
    """Record the data that flyers have ready. Returns the event pages (with `return_payload`)."""
    return (yield Msg("collect", *devices, stream=stream, return_payload=return_payload, name=name))


@bare_plan
def broadcast_msg(command: str, objs: Iterable[Any], *args: Any, **kwargs: Any) -> Plan:
    """Send the same message to many devices. Returns a list of the responses."""
    responses = []
    for obj in objs:
        responses.append((yield Msg(command, obj, *args, **kwargs)))  # noqa: PERF401  # no comprehension can yield
    return responses
