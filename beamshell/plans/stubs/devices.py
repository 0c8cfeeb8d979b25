"""Stubs that make devices ready and let them fly: stage, configure, kickoff, complete, collect.

They know no points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans.stubs.flow import wait


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
