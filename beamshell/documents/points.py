"""Which streams of a run hold points that were measured, and how many points a run has.

Pure: what a stop document says, in.
"""

from __future__ import annotations

from collections.abc import Mapping

from beamshell.documents import alarms, foreign_motion

NO_POINTS = frozenset({"baseline", "interruptions", *alarms.STREAMS, foreign_motion.STREAM})
"""The streams whose events are no points: what is read around a run, and what the engine itself records."""


def points_of_streams(num_events: Mapping[str, int]) -> dict[str, int]:
    """The numbers of points by stream.

    Args:
        num_events: by stream, its highest sequence number, as in a stop document.

    Example:
        >>> points_of_streams({"baseline": 2, "cam": 101, "alarms": 7})
        {'cam': 101}
    """
    return {stream: number for stream, number in num_events.items() if stream not in NO_POINTS}


def number_of_points(num_events: Mapping[str, int]) -> int:
    """The number of points of a run: those of the stream `primary`; without one those of the longest stream.

    Args:
        num_events: by stream, its highest sequence number.

    Example:
        >>> number_of_points({"primary": 21, "ring": 300}), number_of_points({"cam": 101, "alarms": 300})
        (21, 101)
    """
    points = points_of_streams(num_events)
    return points.get("primary", max(points.values(), default=0))
