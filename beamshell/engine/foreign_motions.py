"""Foreign motions: what a call does when somebody else moves a device that its plan has moved or read.

It is said at once, and recorded at the point during which it happened. A device that is moved only posts; all else
happens in the thread of the engine, and costs nothing if nobody interferes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from beamshell.engine.bundler import RunBundler
from beamshell.engine.context import CommandContext
from beamshell.engine.requests import ForeignMotionNoticed
from beamshell.engine.streams import Stream
from beamshell.text.lists import listed

NOTICED_WITHIN_S = 0.2
"""Seconds that a motion may take to be noticed, after a reading that is younger than all that a device has noticed."""
_NOT_POINTS = "baseline"
"""The stream whose events are no points of the run."""


class _Point(NamedTuple):
    """An event of a run, as the records of foreign motions name it; the defaults are none."""

    stream: str = ""
    number: int = 0
    uid: str = ""


def note(ctx: CommandContext, noticed: ForeignMotionNoticed) -> None:
    """Say it, and mark the point that it concerns: the last one, if it came before the device was read, or the next.

    A device that the plan has sent somewhere is not to be trusted until it is sent again.
    """
    obj, motion = noticed
    resources, runs = ctx.resources, list(ctx.resources.runs.values())
    is_sent = id(obj) in resources.moved
    points = [(run, _point_read_after(run, noticed)) for run in runs]
    is_late = any(point is not None for _, point in points)
    for run, point in points:
        if point is not None:
            _record(run, noticed, point)
        elif motion.ended_ours or not (is_sent or _is_read(run, obj)):
            _record(run, noticed, _Point())
    if not is_late or (is_sent and not motion.is_over):
        resources.displaced[id(obj)] = noticed
    numbers = list(dict.fromkeys(point.number for _, point in points if point is not None))
    ctx.record("foreign", motion=motion, points=numbers)
    if not motion.ended_ours:  # else the failure of the move says so
        at = f" (point {listed(numbers)})" if numbers else ""
        ctx.world.say(f"{motion.device}: {motion.words}{at}.")


def mark_point(ctx: CommandContext, run: RunBundler, stream_name: str) -> None:
    """Mark the event that was saved last in a stream, for each device that is not where the plan has sent it."""
    stream = run.streams.get(stream_name)
    if stream is None or stream.last is None or stream_name == _NOT_POINTS:
        return
    uid, number, _ = stream.last
    for key, noticed in list(ctx.resources.displaced.items()):
        is_in_event, is_sent = noticed.obj in stream.described, key in ctx.resources.moved
        is_read = is_in_event or _is_read(run, noticed.obj)
        if is_in_event or (is_sent and not is_read):
            _record(run, noticed, _Point(stream_name, number, uid))
        if (not is_sent or noticed.motion.is_over) and (is_in_event or not is_read):
            del ctx.resources.displaced[key]


def catch_up(ctx: CommandContext, run: RunBundler) -> None:
    """Before a run is closed: let motions be noticed that came just before its last readings.

    A device that has noticed all, as nearly always, is not waited for.
    """

    def all_noticed() -> bool:
        return all(obj.has_noticed(at) for obj, at in read)

    read = [
        (obj, at)
        for name, stream in run.streams.items()
        if name != _NOT_POINTS and stream.last is not None
        for obj in stream.described
        if hasattr(obj, "has_noticed") and (at := _read_at(stream, obj)) is not None
    ]
    if not all_noticed():
        ctx.until(all_noticed, ctx.clock() + NOTICED_WITHIN_S)


def _read_at(stream: Stream, obj: Any) -> float | None:
    """When a device was current in the last event of a stream, on its own clock; None if it has no reading there."""
    if stream.last is None or obj not in stream.described:
        return None
    _, _, timestamps = stream.last
    return max((timestamps[key] for key in stream.described[obj] if key in timestamps), default=None)


def _is_read(run: RunBundler, obj: Any) -> bool:
    return any(obj in stream.described for name, stream in run.streams.items() if name != _NOT_POINTS)


def _point_read_after(run: RunBundler, noticed: ForeignMotionNoticed) -> _Point | None:
    """The last event of the run in which the device was read after it had begun to move; None if there is none.

    Both times are of the same clock, that of the device's control system.
    """
    for name, stream in run.streams.items():
        read_at = None if name == _NOT_POINTS else _read_at(stream, noticed.obj)
        if read_at is not None and stream.last is not None and noticed.motion.time <= read_at:
            uid, number, _ = stream.last
            return _Point(name, number, uid)
    return None


def _record(run: RunBundler, noticed: ForeignMotionNoticed, point: _Point) -> None:
    device, words = noticed.motion.device, noticed.motion.words
    run.record_foreign_motion(
        {"device": device, "what": words, "stream": point.stream, "point": point.number, "event": point.uid}
    )
