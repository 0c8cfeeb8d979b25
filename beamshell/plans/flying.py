"""Fly scans and ramps: fly, fly_scan, fly_path, and ramp_plan, which reads while something ramps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from beamshell.errors import BadValue, CommandTimeout, PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import stubs
from beamshell.plans.arguments import whole_number
from beamshell.plans.environment import now
from beamshell.plans.preprocessors import (
    finalize_wrapper,
    msg_mutator,
    rewindable_wrapper,
    run_wrapper,
    stage_wrapper,
)
from beamshell.plans.start_metadata import Metadata, RunMetadata, names, recordable, together_hints
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import Flyable, Readable

PERIOD_S = 0.5
"""Seconds between two recordings of new points during a flight."""

_RAMP, _FLIGHT = "ramp", "flight"  # groups

_MAX_EMPTY_FLIGHTS = 10
"""So many flights in a row without a point end the plan with an error."""


@plan
def fly(flyers: Iterable[Flyable], *, md: Metadata = None) -> Plan:
    """Let flyers acquire, all at the same time, and record their data. Returns the run's uid.

    Args:
        flyers: devices with kickoff, complete and collect.
        md: metadata of the run.
    """
    flyers = list(flyers)

    def fly_all() -> Plan:
        yield from stubs.kickoff_all(*flyers)
        yield from stubs.complete_all(*flyers, wait=True)
        for flyer in flyers:
            yield from stubs.collect(flyer)

    run_md = {"plan_name": "fly", "plan_args": {"flyers": names(flyers)}, "flyers": names(flyers)}
    return (yield from run_wrapper(fly_all(), md={**run_md, **(md or {})}))


@plan
def fly_scan(
    flyer: Flyable, start: float, stop: float, num: int, time: float, *, period: float = PERIOD_S, md: Metadata = None
) -> Plan:
    """Move a motor at constant speed past its points while its counter counts. Returns the run's uid.

    A pause ends the flight; `resume` flies the points that are missing.

    Args:
        flyer: a MotorFlyer; it knows its motor and its counter.
        start: the first point.
        stop: the last one.
        num: number of points; each lies in the middle of its bin of the counter.
        time: seconds from point to point; the counter counts all the time.
        period: seconds between two recordings of new points.
        md: metadata of the run.

    Raises:
        LimitError: the range, with the distance to accelerate, or the speed is outside the limits; nothing has moved.

    Example:
        ``RE(fly_scan(th_fly, -1, 1, 101, 0.05))`` counts 101 points of 0.05 s in 5 s.
    """
    num = whole_number(num)
    path = {"start": start, "stop": stop, "num": num, "time": time}
    run_md = {"plan_name": "fly_scan", "plan_args": {"flyer": repr(flyer), **path}, "extents": ([start, stop],)}
    return (yield from _fly_points(flyer, path, num, run_md, period, md))


@plan
def fly_path(
    flyer: Flyable,
    positions: Mapping[Any, Sequence[float]],
    time: float,
    *,
    period: float = PERIOD_S,
    md: Metadata = None,
) -> Plan:
    """Move motors together along given points while a counter counts. Returns the run's uid.

    A pause ends the flight; `resume` flies the points that are missing.

    Args:
        flyer: a TrajectoryFlyer; it knows its motors and its counter.
        positions: by motor or motor's name, its position at each point; all of one length.
        time: seconds from point to point; the counter counts all the time.
        period: seconds between two recordings of new points.
        md: metadata of the run.

    Raises:
        BadValue: a position or the time is no finite number; the message names it.
        LimitError: a point, or the speed to it, is outside the limits; nothing has moved.

    Example:
        ``RE(fly_path(traj, {th: [0, 1, 2], tth: [0, 2, 4]}, 0.2))``
    """
    by_name = {
        name: _numbers(f"{getattr(flyer, 'name', 'flyer')}: point", name, places)
        for name, places in ((str(getattr(motor, "name", motor)), places) for motor, places in positions.items())
    }
    path = {"positions": by_name, "time": time}
    num = len(next(iter(by_name.values()), ()))
    extents = tuple([min(places), max(places)] for places in by_name.values() if places)
    args = {"flyer": repr(flyer), "positions": recordable(list(by_name.items())), "time": time}
    run_md = {"plan_name": "fly_path", "plan_args": args, "extents": extents}
    return (yield from _fly_points(flyer, path, num, run_md, period, md))


def _numbers(point: str, motor: str, places: Sequence[Any]) -> list[float]:
    numbers = []
    for number, place in enumerate(places, start=1):
        try:
            numbers.append(float(place))
        except (TypeError, ValueError) as exc:
            raise BadValue(f"{point} {number} of {len(places)}: {motor}: {_brief(place)} is not a number") from exc
    return numbers


def _brief(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 40 else f"{text[:40]}..."


def _fly_points(flyer: Any, path: RunMetadata, num: int, run_md: RunMetadata, period: float, md: Metadata) -> Plan:
    """A run of as many flights as are needed for all points: after a pause, one more for the missing ones."""
    stubs.check(flyer, path)
    motors = [motor for motor in flyer.motors if motor.name in path.get("positions", {motor.name: ()})]
    run_md = {
        **run_md,
        "detectors": [flyer.name],
        "motors": tuple(names(motors)),
        "num_points": num,
        "num_intervals": num - 1,
        "count_time": path["time"],
        "hints": together_hints(motors),
    }

    def flights() -> Plan:
        recorded, empty_flights, declared = 0, 0, False
        while recorded < num:
            yield Msg("checkpoint")  # after a pause on the way to the start, the motor goes there again
            yield from stubs.prepare(flyer, {**path, "first": recorded}, group="prepare", wait=True)
            if not declared:  # only now are its settings those of this flight
                yield from stubs.declare_stream(flyer, name="primary", collect=True)
                declared = True
            points = yield from rewindable_wrapper(_flight(flyer, period), False)
            recorded, empty_flights = recorded + points, 0 if points else empty_flights + 1
            if empty_flights == _MAX_EMPTY_FLIGHTS:
                raise PlanError(f"{flyer.name}: {empty_flights} flights in a row recorded no point")

    return (yield from stage_wrapper(run_wrapper(flights(), md={**run_md, **(md or {})}), [flyer]))


def _flight(flyer: Any, period: float) -> Plan:
    """One flight; records its points as they come, and returns their number. It cannot be rewound."""
    yield from stubs.kickoff(flyer, group=_FLIGHT, wait=True)
    yield from stubs.complete(flyer, group=_FLIGHT)
    is_over, points = False, 0
    while not is_over:
        is_over = yield from stubs.wait(_FLIGHT, timeout=period, error_on_timeout=False)
        pages = yield from stubs.collect(flyer, name="primary")
        points += sum(len(page["time"]) for page in pages or ())
    return points


@plan
def ramp_plan(
    go_plan: Plan,
    monitor_sig: Readable,
    inner_plan_func: Callable[[], Plan],
    take_pre_data: bool = True,
    timeout: float | None = None,
    period: float | None = None,
    md: Metadata = None,
) -> Plan:
    """Take data while something ramps, until it has arrived. Returns the run's uid.

    A ramp is not repeated: after an interruption the readings go on where the ramp is then.

    Args:
        go_plan: starts the ramp without waiting for it.
        monitor_sig: a signal whose changes are all recorded during the ramp.
        inner_plan_func: makes the plan of one reading; it also runs once after the end.
        take_pre_data: True also runs it once before the ramp starts.
        timeout: the longest time of the ramp in seconds; None for no limit.
        period: seconds from one reading to the next; None reads without gaps.
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
        start = now()
        yield from msg_mutator(go_plan, in_group)
        while not (yield from stubs.wait(_RAMP, timeout=0.0, error_on_timeout=False)):
            reading = now()
            if timeout is not None and reading - start > timeout:
                raise CommandTimeout(f"the ramp has not ended after {timeout:g} s")
            yield from inner_plan_func()
            yield Msg("sleep", None, max(0.0, reading + (period or 0.0) - now()))
        yield from inner_plan_func()

    def in_group(msg: Msg) -> Msg:
        # A pause ends the status of a move and starts the move again: only a wait for its group outlasts that.
        return (
            msg._replace(kwargs={**msg.kwargs, "group": _RAMP}) if msg.command in ("set", "kickoff", "trigger") else msg
        )

    def guarded() -> Plan:
        return (yield from finalize_wrapper(ramp(), [Msg("unmonitor", monitor_sig)]))

    run_md = {"plan_name": "ramp_plan", **(md or {})}
    return (yield from rewindable_wrapper(run_wrapper(guarded(), md=run_md), False))
