"""Stubs for one point of a scan, and for repeating a plan: one_shot, one_nd_step, repeat.

They get the points, and make none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan, msg_of
from beamshell.plans.arguments import delays
from beamshell.plans.computed_axes import joined, must_be_joined
from beamshell.plans.environment import now, turns
from beamshell.plans.patterns import same_position
from beamshell.plans.plan_annotations import bare_plan
from beamshell.plans.stubs.moving import MOVE_GROUP
from beamshell.plans.stubs.reading import trigger_and_read


@bare_plan
def one_shot(detectors: Sequence[Any], take_reading: Callable[..., Plan] | None = None) -> Plan:
    """Take one reading of the detectors."""
    yield msg_of(("checkpoint", None, (), {}, None))
    yield from (take_reading or trigger_and_read)(list(detectors))


@bare_plan
def move_per_step(step: dict[Any, Any], pos_cache: dict[Any, Any]) -> Plan:
    """Move to a point; motors that were sent there already stay.

    Args:
        step: positions by motor.
        pos_cache: by motor, where it was sent last; updated here.
    """
    yield msg_of(("checkpoint", None, (), {}, None))
    if len(step) > 1 and any(map(must_be_joined, step)):
        yield from _move_joined(step, pos_cache)
        return
    moved = False
    for motor, position in step.items():
        if motor in pos_cache and same_position(pos_cache[motor], position):
            continue
        yield msg_of(("set", motor, (position,), {"group": MOVE_GROUP}, None))
        pos_cache[motor] = position
        moved = True
    if moved:
        yield msg_of(("wait", None, (), {"group": MOVE_GROUP}, None))


def _move_joined(step: dict[Any, Any], pos_cache: dict[Any, Any]) -> Plan:
    """Move to a point with axes that must be sent together."""
    targets = [
        (motor, position)
        for motor, position in step.items()
        if motor not in pos_cache or not same_position(pos_cache[motor], position)
    ]
    for device, position in joined(targets):
        yield Msg("set", device, position, group=MOVE_GROUP)
    if targets:
        pos_cache.update(targets)
        yield Msg("wait", None, group=MOVE_GROUP)


@bare_plan
def one_1d_step(
    detectors: Sequence[Any], motor: Any, step: Any, take_reading: Callable[..., Plan] | None = None
) -> Plan:
    """Move one motor, then read it and the detectors. Returns all readings."""
    yield Msg("checkpoint")
    yield Msg("set", motor, step, group=MOVE_GROUP)
    yield Msg("wait", None, group=MOVE_GROUP)
    return (yield from (take_reading or trigger_and_read)([*detectors, motor]))


@bare_plan
def one_nd_step(
    detectors: Sequence[Any],
    step: dict[Any, Any],
    pos_cache: dict[Any, Any],
    take_reading: Callable[..., Plan] | None = None,
) -> Plan:
    """Move to a point, then read its motors and the detectors."""
    yield from move_per_step(step, pos_cache)
    yield from (take_reading or trigger_and_read)([*detectors, *step])


@bare_plan
def repeat(plan: Callable[[], Plan], num: int | None = 1, delay: Any = None, *, alike: bool = False) -> Plan:
    """Run a plan repeatedly.

    Args:
        plan: a function that makes the plan.
        num: the number of times; None repeats for ever.
        delay: seconds from the start of one to the start of the next: a number, or an iterable of them.
        alike: True if each time takes as long as the others, so that a simulation need not run all.

    Raises:
        PlanError: a delay is no time of 0 or more, or there are fewer delays than gaps; give num - 1 of them.
    """
    checked_delay = delays(delay)
    gaps = iter(checked_delay) if isinstance(checked_delay, Iterable) else itertools.repeat(checked_delay)
    times: Iterable[int] = itertools.count() if num is None else range(num)
    for time in turns(range(num)) if alike and num is not None else times:
        start = now()
        yield msg_of(("checkpoint", None, (), {}, None))
        yield from plan()
        if num is not None and time == num - 1:
            return
        try:
            gap = next(gaps)
        except StopIteration:
            if num is None:
                return  # without `num`, the delays decide how many times
            raise PlanError(f"{num} times need {num - 1} delays, but there are {time}") from None
        if gap is not None and (rest := start + gap - now()) > 0:
            yield Msg("sleep", None, rest)


@bare_plan
def repeater(n: int | None, gen_func: Callable[..., Plan], *args: Any, **kwargs: Any) -> Plan:
    """Run ``gen_func(*args, **kwargs)`` `n` times, or for ever if `n` is None."""
    for _ in itertools.repeat(None) if n is None else range(n):
        yield from gen_func(*args, **kwargs)


@bare_plan
def caching_repeater(n: int | None, plan: Iterable[Msg]) -> Plan:
    """Send the messages of `plan` `n` times, or for ever if `n` is None.

    The plan itself runs once, without responses; use `repeat` for a plan that needs them.
    """
    messages = list(plan)
    for _ in itertools.repeat(None) if n is None else range(n):
        yield from messages
