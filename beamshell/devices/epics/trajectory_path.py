"""The arithmetic of a trajectory: its profile, the edges of the bins around its points, its speeds and its corners.

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

    def profile(self, motor: str) -> Numbers:
        """The positions that the controller drives through, straight from one to the next: shape (bins + 2,).

        The first edge, all points, the last edge. All other edges lie on the straight lines between points.
        """
        edges = self.edges(motor)
        return np.concatenate([edges[:1], self.positions[motor][self.first :], edges[-1:]])

    @property
    def durations(self) -> Numbers:
        """Seconds from each position of the profile to the next: shape (bins + 1,)."""
        return np.concatenate([[self.time_s / 2], np.full(self.bins - 1, self.time_s), [self.time_s / 2]])

    def velocities(self, motor: str) -> Numbers:
        """The velocity of a motor from each position of the profile to the next, in units/s: shape (bins + 1,)."""
        return np.diff(self.profile(motor)) / self.durations

    def misses(self, motor: str, acceleration: float) -> Numbers:
        """How far a motor passes from each point, since it cannot turn in no time: shape (bins,).

        At a point the velocity changes by dv. With the acceleration a, centred in time on the point, that takes dv/a,
        and the motor passes at dv^2 / (8 a) from it.

        Args:
            motor: its name.
            acceleration: what it can do, in units/s^2, above 0; infinite for a motor that turns at once.
        """
        changes = np.diff(self.velocities(motor))
        misses: Numbers = changes**2 / (8 * acceleration)
        return misses


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
        motor: np.array(
            [as_number(f"{name}: point {n} of {len(points)}: {motor}", place) for n, place in enumerate(points, 1)]
        )
        for motor, points in path["positions"].items()
    }
    lengths = {motor: len(points) for motor, points in positions.items()}
    if len(set(lengths.values())) != 1 or min(lengths.values()) < 2:
        counted = ", ".join(f"{motor} {length}" for motor, length in lengths.items()) or "none"
        raise BadValue(f"{name}: each motor needs as many points as the others, two or more; there are: {counted}")
    time_s = as_number(f"{name}: time", path["time"], noun="finite number")
    first = int(as_number(f"{name}: first", path.get("first", 0), noun="finite number"))
    if time_s <= 0:
        raise BadValue(f"{name}: {time_s:g} s a point is no time; it is above 0 s")
    if not 0 <= first < min(lengths.values()):
        raise BadValue(f"{name}: point {first} is none of the {min(lengths.values())}, which are counted from 0")
    return Path(positions, time_s, first)
