"""Runs without steps: flyers that acquire by themselves, and readings while something ramps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from beamshell.errors import CommandTimeout, PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import stubs
from beamshell.plans.clock import now
from beamshell.plans.preprocessors import (
    finalize_wrapper,
    msg_mutator,
    rewindable_wrapper,
    run_wrapper,
    stage_wrapper,
)
from beamshell.plans.start_metadata import Metadata, RunMetadata, names, plain, together_hints
from beamshell.plans.unrun_plan_guard import plan

RAMP, FLIGHT = "ramp", "flight"
"""The groups of what ramps and of what flies."""

MOST_IN_VAIN = 10
"""How many flights in a row may be paused before their first point."""

PERIOD_S = 0.5
"""How often the points of a flight are recorded while it lasts."""


@plan
def fly(flyers: Iterable[Any], *, md: Metadata = None) -> Plan:
    """Let flyers acquire, all at the same time, and record what they hand over; the run's uid.

    Args:
        flyers: devices with kickoff, complete and collect.
        md: metadata of the run.
    """
    flyers = list(flyers)

    def flight() -> Plan:
        yield from stubs.kickoff_all(*flyers)
        yield from stubs.complete_all(*flyers, wait=True)
        for flyer in flyers:
            yield from stubs.collect(flyer)

    facts = {"plan_name": "fly", "plan_args": {"flyers": names(flyers)}, "flyers": names(flyers)}
    return (yield from run_wrapper(flight(), md={**facts, **(md or {})}))


@plan
def fly_scan(
    flyer: Any, start: float, stop: float, num: int, time: float, *, period: float = PERIOD_S, md: Metadata = None
) -> Plan:
    """Let a motor ride past its points while its counter counts; the run's uid.

    After a pause, which lands the flight, `resume` flies the points that were not seen.

    Args:
        flyer: a MotorFlyer: it knows its motor and its counter.
        start: the first point.
        stop: the last one.
        num: how many points; each lies in the middle of what is counted for it.
        time: seconds from one point to the next, all of which are counted.
        period: seconds between two looks at what it has seen so far.
        md: metadata of the run.

    Raises:
        LimitError: the way, with the room to speed up and slow down, or the speed is out of limits; nothing has moved.

    Example:
        ``RE(fly_scan(th_fly, -1, 1, 101, 0.05))`` counts 101 points of 0.05 s in 5 s.
    """
    path = {"start": start, "stop": stop, "num": num, "time": time}
    facts = {"plan_name": "fly_scan", "plan_args": {"flyer": repr(flyer), **path}, "extents": ([start, stop],)}
    return (yield from _flown(flyer, path, num, facts, period, md))


@plan
def fly_path(
    flyer: Any, positions: Mapping[Any, Sequence[float]], time: float, *, period: float = PERIOD_S, md: Metadata = None
) -> Plan:
    """Let motors ride together through given points while a counter counts; the run's uid.

    After a pause, which lands the flight, `resume` flies the points that were not seen.

    Args:
        flyer: a TrajectoryFlyer: it knows its motors and its counter.
        positions: by motor or by its name, where it is at each point; all of one length.
        time: seconds from one point to the next, all of which are counted.
        period: seconds between two looks at what it has seen so far.
        md: metadata of the run.

    Raises:
        LimitError: a point, or the speed to it, is out of limits; nothing has moved.

    Example:
        ``RE(fly_path(traj, {th: [0, 1, 2], tth: [0, 2, 4]}, 0.2))``
    """
    by_name = {str(getattr(motor, "name", motor)): [float(place) for place in way] for motor, way in positions.items()}
    path = {"positions": by_name, "time": time}
    num = len(next(iter(by_name.values()), ()))
    extents = tuple([min(way), max(way)] for way in by_name.values() if way)
    args = {"flyer": repr(flyer), "positions": plain(list(by_name.items())), "time": time}
    facts = {"plan_name": "fly_path", "plan_args": args, "extents": extents}
    return (yield from _flown(flyer, path, num, facts, period, md))


def _flown(flyer: Any, path: RunMetadata, num: int, facts: RunMetadata, period: float, md: Metadata) -> Plan:
    """A run of as many flights as it takes to see all the points."""
    stubs.check(flyer, path)
    motors = [motor for motor in flyer.motors if motor.name in path.get("positions", {motor.name: ()})]
    facts = {
        **facts,
        "detectors": [flyer.name],
        "motors": tuple(names(motors)),
        "num_points": num,
        "num_intervals": num - 1,
        "count_time": path["time"],
        "hints": together_hints(motors),
    }

    def flights() -> Plan:
        seen, in_vain, declared = 0, 0, False
        while seen < num:
            yield Msg("checkpoint")  # a pause on the way to the beginning goes there again
            yield from stubs.prepare(flyer, {**path, "first": seen}, group="prepare", wait=True)
            if not declared:  # its settings are those of this flight only now
                yield from stubs.declare_stream(flyer, name="primary", collect=True)
                declared = True
            more = yield from rewindable_wrapper(_flight(flyer, period), False)
            seen, in_vain = seen + more, 0 if more else in_vain + 1
            if in_vain == MOST_IN_VAIN:
                raise PlanError(f"{flyer.name} has flown {in_vain} times and handed nothing over")

    return (yield from stage_wrapper(run_wrapper(flights(), md={**facts, **(md or {})}), [flyer]))


def _flight(flyer: Any, period: float) -> Plan:
    """One flight, its points recorded as they come; how many there were. It cannot be rewound."""
    yield from stubs.kickoff(flyer, group=FLIGHT, wait=True)
    yield from stubs.complete(flyer, group=FLIGHT)
    landed, seen = False, 0
    while not landed:
        landed = yield from stubs.wait(FLIGHT, timeout=period, error_on_timeout=False)
        pages = yield from stubs.collect(flyer, name="primary")
        seen += sum(len(page["time"]) for page in pages or ())
    return seen


@plan
def ramp_plan(
    go_plan: Plan,
    monitor_sig: Any,
    inner_plan_func: Callable[[], Plan],
    take_pre_data: bool = True,
    timeout: float | None = None,
    period: float | None = None,
    md: Metadata = None,
) -> Plan:
    """Take data while something ramps, until it has arrived; the run's uid.

    A ramp does not go back: after an interruption the readings go on where the ramp then is.

    Args:
        go_plan: starts the ramp without waiting for it.
        monitor_sig: a signal whose every change is recorded meanwhile.
        inner_plan_func: makes the plan of one reading; also run once after the end.
        take_pre_data: whether it is run once before the ramp starts, too.
        timeout: seconds that the ramp may take; None lets it take its time.
        period: seconds from one reading to the next; None takes them as fast as they come.
        md: metadata of the run.

    Raises:
        CommandTimeout: the ramp took longer than `timeout`.

    Example:
        ``RE(ramp_plan(abs_set(oven, 300), oven, lambda: trigger_and_read([det])))``
    """

    def ramp() -> Plan:
        yield Msg("monitor", monitor_sig, name=f"{monitor_sig.name}_monitor")
        if take_pre_data:
            yield from inner_plan_func()
        begun = now()
        yield from msg_mutator(go_plan, in_group)
        while not (yield from stubs.wait(RAMP, timeout=0.0, error_on_timeout=False)):
            reading = now()
            if timeout is not None and reading - begun > timeout:
                raise CommandTimeout(f"the ramp has not ended after {timeout:g} s")
            yield from inner_plan_func()
            yield Msg("sleep", None, max(0.0, reading + (period or 0.0) - now()))
        yield from inner_plan_func()

    def in_group(msg: Msg) -> Msg:
        # A wait for a group outlasts a pause, which ends a move's own status and begins the move anew.
        return (
            msg._replace(kwargs={**msg.kwargs, "group": RAMP}) if msg.command in ("set", "kickoff", "trigger") else msg
        )

    def guarded() -> Plan:
        return (yield from finalize_wrapper(ramp(), [Msg("unmonitor", monitor_sig)]))

    facts = {"plan_name": "ramp_plan", **(md or {})}
    return (yield from rewindable_wrapper(run_wrapper(guarded(), md=facts), False))
