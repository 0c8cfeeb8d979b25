"""A run in one line: the title above its table or plot, and the line that ends it.

Pure: documents in, text out; clocks come as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from beamshell.documents import Document, foreign_motion, invalid_values
from beamshell.text.lists import listed
from beamshell.text.numbers import counted, in_full
from beamshell.text.times import date_and_time, duration
from beamshell.views.fields import is_real, plan_arguments

_LIVE_S = 1.0
"""Seconds within which a document of a run in progress arrives; two durations of a run that differ more disagree."""


def title(start: Document) -> str:
    """The run in a few words: ``#123 scan det th -1 1 21``; the typed line if there was one."""
    scan_id = start.get("scan_id")
    prefix = "" if scan_id is None else f"#{scan_id} "
    return prefix + (str(start.get("command") or "") or " ".join(_plan_words(start)))


def when(start: Document) -> str:
    """The date and time at which the run began, "2026-11-22 17:47:28"; "" if it is not recorded."""
    return date_and_time(float(start["time"])) if "time" in start else ""


class RunDuration:
    """Measures how long a run takes, also when the computer's clock is set meanwhile.

    Args:
        start: the run's start document, at the moment when it arrives.
        now: seconds since 1970-01-01 UTC.
        clock: seconds that only grow.
    """

    def __init__(self, start: Document, now: Callable[[], float], clock: Callable[[], float]) -> None:
        self._start_time = float(start.get("time", 0))
        self._clock = clock
        self._began = clock()
        self._is_live = abs(now() - self._start_time) < _LIVE_S  # documents of a stored run come later than that

    def seconds(self, stop: Document) -> float:
        """Seconds from the start to the stop document, which arrives now; negative if nobody can know."""
        by_documents = float(stop.get("time", 0)) - self._start_time
        measured = self._clock() - self._began
        return measured if self._is_live and abs(measured - by_documents) > _LIVE_S else by_documents


def last_line(
    start: Document, stop: Document, points: str, took_s: float | None = None, *, with_uid: bool = False
) -> str:
    """The line about the end of a run: ``scan 12: success, 21 points, 6.3 s``.

    It gives the reason of a run that was ended early; that of a failed run is the error, which is shown by itself.

    Args:
        start: the run's start document.
        stop: its stop document.
        points: how many points it has, such as "21 points".
        took_s: its duration in seconds; None takes the times of the documents.
        with_uid: True names the uid of the run too.
    """
    if took_s is None:
        took_s = float(stop.get("time", 0)) - float(start.get("time", 0))
    scan_id = start.get("scan_id")
    name = str(start.get("plan_name", "run")) if scan_id is None else f"scan {scan_id}"
    status = str(stop.get("exit_status", "?"))
    is_said_here = stop.get("reason") and status != "fail"
    reason = f" ({stop['reason']})" if is_said_here else ""
    took = duration(took_s) if took_s >= 0 else "the clock was set back meanwhile"
    uid = [f"uid {str(start['uid'])[:8]}"] if with_uid else []
    return f"{name}: {listed([status + reason, points, took, *uid])}"


_NOT_COUNTED = ("baseline", "interruptions", invalid_values.STREAM, foreign_motion.STREAM)


def points_by_stream(stop: Document) -> str:
    """The numbers of points of a run by stream, without its baseline: ``101 points of cam, 1 point of ring``.

    What the engine itself has recorded is not counted either.
    """
    streams = {
        name: points for name, points in (stop.get("num_events") or {}).items() if name not in _NOT_COUNTED and points
    }
    return listed(f"{counted(points, 'point')} of {name}" for name, points in streams.items()) or counted(0, "point")


def _plan_words(start: Document) -> Iterator[str]:
    yield str(start.get("plan_name", "run"))
    yield from map(str, start.get("detectors") or ())
    motors = iter(start.get("motors") or ())
    for argument in plan_arguments(start):
        if is_real(argument):
            yield str(argument) if isinstance(argument, int) else in_full(argument)
        elif (motor := next(motors, None)) is not None:
            yield str(motor)
    yield from map(str, motors)
    if start.get("num_points") and not start.get("shape"):
        yield str(start["num_points"])
