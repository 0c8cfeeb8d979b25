"""Commands that count and scan: ct, scan, rscan, grid.

The plans themselves check every point against the limits before anything moves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

from beamshell import plans as bp
from beamshell.arrays import np
from beamshell.awaiting import answer
from beamshell.documents.alarms import alarms_of, in_words
from beamshell.engine.asyncio_view import plain_view
from beamshell.errors import RequestStop, UsageError
from beamshell.messages import Msg, Plan
from beamshell.plans import preprocessors as bpp
from beamshell.plans import stubs as bps
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_set import command
from beamshell.shell.device_parts import is_motor, part_names
from beamshell.shell.messages_shown import print_answer, say
from beamshell.shell.parameter_types import AtLeast, Detectors, Motor, Points, Position, Seconds, Session
from beamshell.text.lists import listed
from beamshell.text.numbers import in_full
from beamshell.text.times import duration

HEADING = "Counting and scanning"
_COUNT = "count"
_REST_S = 6.0
"""Seconds that detectors may take to come to rest before what they have counted is shown."""


class Axis(NamedTuple):
    """One motor of a grid, and its points."""

    motor: Motor
    start: Position
    stop: Position
    points: Points


def _counts(session: Session, detectors: Detectors, time: Seconds | None = None) -> Any:
    """The value that is counted; of several a dict by name."""
    values: dict[str, Any] = {}

    def keep(readings: dict[str, Any]) -> None:
        values.update((name, reading["value"]) for name, reading in readings.items())
        alarms = alarms_of(readings)
        for severity in sorted(set(alarms.values())):
            say(f"{in_words(severity)}: {listed(sorted(name for name in alarms if alarms[name] == severity))}")

    session.run(_for_time(lambda: _count_once(detectors), time, detectors), then=keep)
    return next(iter(values.values())) if len(values) == 1 else values


@command(HEADING, example="ct 0.5", value=_counts)
def ct(detectors: Detectors, time: Seconds | None = None) -> Followed:
    """Count once and print the values; no run is recorded.

    The time is in seconds; without one it stays as it is. Ctrl+C ends the count, and shows what was counted until then.
    `x = ct det` keeps the number; of several values it keeps all, by name.
    """
    plan = _for_time(lambda: _count_once(detectors), time, detectors)
    return followed_by(plan, lambda readings: _show_counts(detectors, readings))


@command(HEADING, example="scan det th -1 1 21")
def scan(
    detectors: Detectors, motor: Motor, start: Position, stop: Position, points: Points, time: Seconds | None = None
) -> Plan:
    """Scan a motor from start to stop in a number of POINTS.

    Start and stop are both points. The time is what each point counts, in seconds.
    """
    return _for_time(lambda: bp.scan(detectors, motor, start, stop, num=points), time, detectors)


@command(HEADING, example="rscan det th -1 1 21")
def rscan(
    detectors: Detectors, motor: Motor, start: Position, stop: Position, points: Points, time: Seconds | None = None
) -> Plan:
    """Scan around where the motor is, in a number of POINTS.

    The motor goes back at the end, also after an interruption.
    """
    return _for_time(lambda: bp.rel_scan(detectors, motor, start, stop, num=points), time, detectors)


@command(HEADING, example="grid cam samy -1 1 5 samx -2 2 11")
def grid(
    detectors: Detectors, axes: Annotated[list[Axis], AtLeast(2)], time: Seconds | None = None, *, snake: bool = False
) -> Plan:
    """Scan motors over a grid of POINTS; the first motor is the SLOW one.

    The last motor moves at each point. Two motors or more. With `snake` all but the first go to and fro.
    """
    options: dict[str, Any] = {"snake_axes": True} if snake else {}
    return _for_time(
        lambda: bp.grid_scan(detectors, *(value for axis in axes for value in axis), **options), time, detectors
    )


def _for_time(make: Callable[[], Plan], seconds: float | None, detectors: list[Any]) -> Plan:
    """The plan that `make` makes, with this count time if one is given.

    Raises:
        UsageError: a detector that counts has no count time, or none of all has one; the message names it.
    """
    if seconds is None:
        return make()
    triggered = bps.devices_to_trigger(detectors)
    counting = [each for each in triggered if hasattr(each, "count_time") or not _is_only_read(each)]
    without = [each for each in counting if not hasattr(each, "count_time")] if counting else detectors
    if without:
        verb = "have" if len(without) > 1 else "has"
        names = listed(each.name for each in without)
        raise UsageError(f"{names} {verb} no count time: leave out {seconds:g}, or name a detector that has one")
    return bpp.configure_count_time_wrapper(make(), seconds)


def _is_only_read(device: Any) -> bool:
    """True for motors and signals: they have a value at any time."""
    return is_motor(device) or (callable(getattr(plain_view(device), "get", None)) and not part_names(device))


def _count_once(detectors: list[Any]) -> Plan:
    """Trigger and read outside of a run, so that no document is made; the readings by key."""
    return bpp.stage_wrapper(_counted(detectors), list(filter(_must_be_staged, detectors)))


def _must_be_staged(detector: Any) -> bool:
    """Whether it may refuse to count unless it is staged: ours stage for the files of a run, and count without."""
    stage = getattr(type(detector), "stage", None)
    return callable(stage) and not stage.__module__.startswith("beamshell.")


def _counted(detectors: list[Any]) -> Plan:
    triggered: list[Any] = []
    began = time.monotonic()
    try:
        for detector in bps.devices_to_trigger(detectors):
            yield Msg("trigger", detector, group=_COUNT)
            triggered.append(detector)
        if triggered:
            yield Msg("wait", None, group=_COUNT)
    except RequestStop:
        yield from _show_cut_short(detectors, triggered, time.monotonic() - began)
        raise
    return (yield from _read(detectors))


def _read(detectors: list[Any]) -> Plan:
    readings: dict[str, Any] = {}
    for detector in detectors:
        readings |= (yield Msg("read", detector)) or {}
    return readings


def _show_cut_short(detectors: list[Any], triggered: list[Any], seconds: float) -> Plan:
    """Show what was counted until Ctrl+C, as far as the detectors keep it; a value of the count before is not shown."""
    yield Msg("wait", None, group=_COUNT, timeout=_REST_S, error_on_timeout=False)
    kept = [detector for detector in detectors if _keeps_stopped_count(detector, triggered)]
    others = [detector.name for detector in detectors if detector not in kept]
    readings = yield from _read(kept)
    print_answer(f"Cut short after {duration(seconds)}." + (f" No value: {', '.join(others)}." if others else ""))
    _show_counts(kept, readings)


def _keeps_stopped_count(detector: Any, triggered: list[Any]) -> bool:
    counters = [counter for counter in bps.devices_to_trigger([detector]) if hasattr(counter, "count_time")]
    return all(getattr(counter, "keeps_stopped_count", False) and counter in triggered for counter in counters)


def _show_counts(detectors: list[Any], readings: dict[str, Any]) -> None:
    keys = {key: value for detector in detectors for key, value in answer(detector.describe).items()}
    if not readings:
        print_answer(f"{listed(detector.name for detector in detectors)}: counted, and without a value to show")
    width = max((len(name) for name in readings), default=0)
    alarms = alarms_of(readings)
    for name, reading in readings.items():
        key = keys.get(name, {})
        text = f"{name:<{width}}  {_cell(reading['value'], key.get('choices') or ())} {key.get('units') or ''}".rstrip()
        print_answer(f"{text}  {in_words(alarms[name])}" if name in alarms else text)


def _cell(value: Any, choices: Sequence[str]) -> str:
    """A value as text; of several states the one that it stands for."""
    if isinstance(value, int) and 0 <= value < len(choices):
        return choices[value]
    if isinstance(value, np.ndarray) and value.ndim:
        return f"array {value.shape}, mean {value.mean():g}"
    if isinstance(value, float):
        return in_full(value, None if value.is_integer() else 10)
    return str(value)
