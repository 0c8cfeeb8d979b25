"""The arithmetic of a fly scan: its points, run-up and speed.

Pure: numbers in, numbers out; no device, no clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from beamshell.devices.limits import as_number
from beamshell.errors import BadValue
from beamshell.text.nearest import unknown

SETTLE_S = 0.25
"""Seconds that a motor moves at its full speed before the first bin and after the last."""

Numbers = npt.NDArray[np.float64]

_SETTINGS = ("start", "stop", "num", "time", "first")


@dataclass(frozen=True)
class FlyProfile:
    """The path of a motor past points at equal distances, each in the middle of its bin.

    Args:
        start: the first point.
        stop: the last one.
        num: how many there are, 2 or more.
        time_s: seconds from one to the next, which is also how long a bin counts.
        first: the number of the point where this flight begins, from 0: those before it have been flown.
    """

    start: float
    stop: float
    num: int
    time_s: float
    first: int = 0

    @property
    def step(self) -> float:
        """The distance from one point to the next; below 0 on the way down."""
        return (self.stop - self.start) / (self.num - 1)

    @property
    def speed(self) -> float:
        """Units/s, above 0."""
        return abs(self.step) / self.time_s

    @property
    def bins(self) -> int:
        """The number of points of this flight."""
        return self.num - self.first

    @property
    def places(self) -> Numbers:
        """The points of this flight: shape (bins,)."""
        return np.linspace(self.start, self.stop, self.num)[self.first :]

    @property
    def begin(self) -> float:
        """The motor position at the beginning of the first bin of this flight."""
        return self.start + (self.first - 0.5) * self.step

    @property
    def end(self) -> float:
        """The motor position at the end of the last bin."""
        return self.stop + 0.5 * self.step

    def run_up(self, ramp_s: float) -> float:
        """The distance of the motor's start from `begin`, and of its stop from `end`; below 0 on the way down.

        Args:
            ramp_s: seconds in which it reaches its speed, ACCL of a motor record.
        """
        return math.copysign(self.speed * (max(0.0, ramp_s) / 2 + SETTLE_S), self.step)


def profile_from(name: str, path: Mapping[str, Any]) -> FlyProfile:
    """The profile for the settings ``{"start": -1, "stop": 1, "num": 101, "time": 0.05}``.

    Raises:
        UnknownName: there is no such setting.
        BadValue: one is missing or makes no sense.
    """
    for key in set(path) - set(_SETTINGS):
        raise unknown("setting", key, _SETTINGS, of=name)
    if missing := [key for key in _SETTINGS[:4] if key not in path]:
        raise BadValue(f"{name}: a flight needs {', '.join(missing)} too")
    start, stop = (as_number(f"{name}: {key}", path[key]) for key in ("start", "stop"))
    time_s = as_number(f"{name}: time", path["time"], noun="finite number")
    num, first = (_whole(name, key, path.get(key, 0)) for key in ("num", "first"))
    if num < 2 or start == stop:
        raise BadValue(f"{name}: a flight from {start:g} to {stop:g} in {num} points goes nowhere; give two or more")
    if time_s <= 0:
        raise BadValue(f"{name}: {time_s:g} s a point is no time; it is above 0 s")
    if not 0 <= first < num:
        raise BadValue(f"{name}: point {first} is none of the {num}, which are counted from 0")
    return FlyProfile(start, stop, num, time_s, first)


def _whole(name: str, key: str, value: Any) -> int:
    number = as_number(f"{name}: {key}", value, noun="finite number")
    if number != int(number):
        raise BadValue(f"{name}: {key} is {value!r}, and must be a whole number")
    return int(number)
