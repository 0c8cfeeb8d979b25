"""The arithmetic of a trajectory: the edges of the bins around its points, its speeds, and the times of the bins.

Pure: numbers in, numbers out; no device, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from beamshell.devices.limits import as_number
from beamshell.errors import BadValue
from beamshell.text.nearest import unknown

Numbers = npt.NDArray[np.float64]

_SETTINGS = ("positions", "time", "first")


@dataclass(frozen=True)
class Path:
    """The path of several motors through points, each in the middle of its bin.

    Args:
        positions: by the name of each motor, its points: float64, shape (num,).
        time_s: seconds from one point to the next, which is also how long a bin counts.
        first: the number of the point where this flight begins, from 0: those before it have been flown.
    """

    positions: Mapping[str, Numbers]
    time_s: float
    first: int = 0

    @property
    def num(self) -> int:
        """The number of points of the whole path."""
        return len(next(iter(self.positions.values())))

    @property
    def bins(self) -> int:
        """The number of points of this flight."""
        return self.num - self.first

    def edges(self, motor: str) -> Numbers:
        """The positions at which the bins of this flight begin and the last one ends: shape (bins + 1,).

        Half-way from point to point; the first and the last go on as far again.
        """
        points = self.positions[motor]
        between = (points[:-1] + points[1:]) / 2
        ends = np.array([2 * points[0] - between[0], 2 * points[-1] - between[-1]])
        return np.concatenate([ends[:1], between, ends[1:]])[self.first :]

    def speeds(self, motor: str) -> Numbers:
        """The speed of a motor in each bin, in units/s: shape (bins,)."""
        return np.abs(np.diff(self.edges(motor))) / self.time_s


def path_from(name: str, path: Mapping[str, Any], motors: Sequence[str]) -> Path:
    """The path for the settings ``{"positions": {"th": [0, 1, 2], "tth": [0, 2, 4]}, "time": 0.1}``.

    Args:
        name: of who flies, for messages.
        path: the settings.
        motors: the names of those that it can move.

    Raises:
        UnknownName: there is no such setting, or no such motor.
        BadValue: one is missing or makes no sense.
    """
    for key in set(path) - set(_SETTINGS):
        raise unknown("setting", key, _SETTINGS, of=name)
    if missing := [key for key in _SETTINGS[:2] if key not in path]:
        raise BadValue(f"{name}: a flight needs {' and '.join(missing)} too")
    for motor in path["positions"]:
        if motor not in motors:
            raise unknown("motor", motor, motors, of=name)
    positions = {
        motor: np.array([as_number(f"{name}: {motor}", place) for place in points])
        for motor, points in path["positions"].items()
    }
    lengths = {motor: len(points) for motor, points in positions.items()}
    if len(set(lengths.values())) != 1 or min(lengths.values()) < 2:
        counted = ", ".join(f"{motor} {length}" for motor, length in lengths.items()) or "none"
        raise BadValue(f"{name}: each motor needs as many points as the others, two or more; there are: {counted}")
    time_s, first = as_number(name, path["time"]), int(as_number(name, path.get("first", 0)))
    if time_s <= 0:
        raise BadValue(f"{name}: {time_s:g} s a point is no time; it is above 0 s")
    if not 0 <= first < min(lengths.values()):
        raise BadValue(f"{name}: point {first} is none of the {min(lengths.values())}, which are counted from 0")
    return Path(positions, time_s, first)


def middles(marks: Sequence[tuple[int, float]], bins: int, time_s: float) -> Numbers:
    """The time of the middle of each of `bins` equal bins: seconds since 1970, shape (bins,).

    Args:
        marks: how many bins were full, and the time stamp of that number; at least one.
        bins: how many there are.
        time_s: how long each should last, used if there is only one mark.
    """
    full, full_at = np.array(marks, dtype=np.float64).T
    if len(marks) > 1 and full[-1] > full[0]:
        time_s = (full_at[-1] - full_at[0]) / (full[-1] - full[0])
    times: Numbers = full_at[-1] + (np.arange(bins) + 0.5 - full[-1]) * time_s
    return times
