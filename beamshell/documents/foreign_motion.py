"""Motions that somebody else has commanded during a run: how they are recorded, and what is said of them at its end.

The event model has no place for this in an event, so each is an event of a stream of its own, `foreign_motion`, which
comes after the event of the point that it belongs to. Pure: it asks no device.
"""

from __future__ import annotations

from beamshell.documents import Document
from beamshell.text.lists import listed

STREAM = "foreign_motion"

_SOURCE = "RunEngine"
DATA_KEYS: Document = {
    "device": {"source": _SOURCE, "dtype": "string", "shape": []},
    "what": {"source": _SOURCE, "dtype": "string", "shape": []},
    "stream": {"source": _SOURCE, "dtype": "string", "shape": []},
    "point": {"source": _SOURCE, "dtype": "integer", "shape": []},
    "event": {"source": _SOURCE, "dtype": "string", "shape": []},
}
"""The data keys of the stream: the device, what was done to it, and the event of the point: by stream and number and,
as a number may come again, by uid. Without a point, as of a motor that was read for the baseline alone, the stream and
the uid are "" and the number is 0."""


class ForeignMotions:
    """The motions of others in a run; to be given the events of all its streams.

    Example:
        >>> motions = ForeignMotions()
        >>> data = {"device": "th", "what": "", "stream": "primary", "point": 3, "event": "e3"}
        >>> motions.take({"name": "foreign_motion"}, {"data": data})
        >>> motions.lines()
        ['th was moved by somebody else, point 3 is not to be trusted']
    """

    def __init__(self) -> None:
        self._points: dict[str, dict[int, None]] = {}  # by device; 0 is none

    def take(self, descriptor: Document, event: Document) -> None:
        """Note what an event says, if it is one of the stream `foreign_motion`."""
        if descriptor.get("name") == STREAM:
            data = event["data"]
            self._points.setdefault(data["device"], {})[data["point"]] = None

    def points(self) -> set[int]:
        """The numbers of the points that are marked."""
        return {point for points in self._points.values() for point in points if point}

    def lines(self) -> list[str]:
        """A line for each device that somebody else has moved, with the points that are not to be trusted."""
        return [_line(device, sorted(point for point in points if point)) for device, points in self._points.items()]


def _line(device: str, points: list[int]) -> str:
    if not points:
        return f"{device} was moved by somebody else meanwhile"
    are = "points {} are" if len(points) > 1 else "point {} is"
    return f"{device} was moved by somebody else, {are.format(listed(points))} not to be trusted"
