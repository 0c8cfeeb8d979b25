"""Points that count for different times.

It knows nothing of where the points come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.notes import Note
from beamshell.plans.preprocessors import finalize_wrapper
from beamshell.plans.start_metadata import RunMetadata
from beamshell.plans.visiting import visit

COUNT_TIME = "count_time"


def visit_timed(
    detectors: list[Any], points: list[patterns.Point], times: Sequence[float] | None, md: RunMetadata
) -> Plan:
    """As `visit`, where each point has a count time; it is recorded with the point as "count_time", in seconds.

    All detectors that have a `count_time` count so long, and get their own back at the end.

    Args:
        detectors: what is read.
        points: where the motors go.
        times: seconds, one for each point; None leaves the detectors as they are.
        md: metadata of the run.

    Raises:
        PlanError: a time is not positive, or no detector has a count time.
    """
    if times is None:
        return (yield from visit(detectors, points, None, md))
    timers = [detector.count_time for detector in detectors if hasattr(detector, COUNT_TIME)]
    _check_times(times, timers, detectors)
    originals = []
    for timer in timers:
        original = yield from stubs.rd(timer)
        originals.append((timer, original))
    scan = visit(detectors, points, _counting(times, timers), md)
    return (yield from finalize_wrapper(scan, lambda: _set_all(originals)))


def _check_times(times: Sequence[float], timers: list[Any], detectors: list[Any]) -> None:
    for number, seconds in enumerate(times, 1):
        if not seconds > 0:
            raise PlanError(f"point {number} of {len(times)} is to count for {seconds:g} s: it must be more than 0")
    if not timers:
        named = ", ".join(str(detector.name) for detector in detectors) or "no detector"
        raise PlanError(f"{named} cannot be told how long to count: give no time, or a detector that has one")


def _counting(times: Sequence[float], timers: list[Any]) -> Callable[..., Plan]:
    upcoming = iter(times)
    note = Note(COUNT_TIME, {COUNT_TIME: "s"})

    def step(detectors: Sequence[Any], point: patterns.Point, pos_cache: dict[Any, Any]) -> Plan:
        seconds = float(next(upcoming))
        if note.values.get(COUNT_TIME) != seconds:
            yield Msg("checkpoint")
            yield from _set_all([(timer, seconds) for timer in timers])
            note.values[COUNT_TIME] = seconds
        yield from stubs.one_nd_step([*detectors, note], point, pos_cache)

    return step


def _set_all(values: Sequence[tuple[Any, float]]) -> Plan:
    for signal, value in values:
        yield Msg("set", signal, value, group=COUNT_TIME)
    if values:
        yield Msg("wait", None, group=COUNT_TIME)
