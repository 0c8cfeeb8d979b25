"""The arithmetic of a fly scan: run-up, speed, and the time and motor position of each bin.

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
    start, stop, time_s = (as_number(name, path[key]) for key in ("start", "stop", "time"))
    num, first = (_whole(name, key, path.get(key, 0)) for key in ("num", "first"))
    if num < 2 or start == stop:
        raise BadValue(f"{name}: a flight from {start:g} to {stop:g} in {num} points goes nowhere; give two or more")
    if time_s <= 0:
        raise BadValue(f"{name}: {time_s:g} s a point is no time; it is above 0 s")
    if not 0 <= first < num:
        raise BadValue(f"{name}: point {first} is none of the {num}, which are counted from 0")
    return FlyProfile(start, stop, num, time_s, first)


def _whole(name: str, key: str, value: Any) -> int:
    number = as_number(name, value)
    if number != int(number):
        raise BadValue(f"{name}: {key} is {value!r}, and must be a whole number")
    return int(number)


class FlightLog:
    """The record of a flight: the motor's positions and the numbers of full bins, with their time stamps.

    Args:
        dwell_s: seconds that a bin should last.
    """

    def __init__(self, dwell_s: float) -> None:
        self._dwell_s = dwell_s
        self._positions: list[tuple[float, float]] = []
        self._start: float | None = None
        self._full: list[tuple[int, float]] = []

    def add_position(self, position: float, timestamp: float) -> None:
        """Add a position of the motor and its time stamp."""
        self._positions.append((timestamp, position))

    def note_start(self, timestamp: float) -> None:
        """Note the time at which the counter began with its first bin."""
        self._start = timestamp

    def add_full_bins(self, bins: int, timestamp: float) -> None:
        """Add the number of bins that were full at this time."""
        if self._start is not None and timestamp > self._start and (not self._full or bins > self._full[-1][0]):
            self._full.append((bins, timestamp))

    def speed(self) -> float:
        """The speed of the motor between its last two positions, in units/s; 0 if unknown."""
        if len(self._positions) < 2 or self._positions[-1][0] <= self._positions[-2][0]:
            return 0.0
        (time_1, position_1), (time_2, position_2) = self._positions[-2:]
        return (position_2 - position_1) / (time_2 - time_1)

    def edges(self, bins: int) -> Numbers:
        """The times at which bins began and the last ended: seconds since 1970, shape (bins + 1,); empty if unknown.

        The bins last as long as they should, as far as the time stamps allow: they are late by up to a bin, and that of
        the last one by any time.
        """
        if self._start is None:
            return np.zeros(0)
        bin_s = self._dwell_s
        if unfinished := [mark for mark in self._full if mark[0] < bins]:  # after the last bin none is unfinished
            full, full_at = unfinished[-1]
            bin_s = max(bin_s, (full_at - self._start) / (full + 1))
        if self._full:
            full, full_at = self._full[-1]
            bin_s = min(bin_s, (full_at - self._start) / full)
        return self._start + bin_s * np.arange(bins + 1, dtype=np.float64)

    def covered(self, bins: int) -> int:
        """The number of bins that ended before the last known position of the motor, of `bins`."""
        edges = self.edges(bins)
        if not edges.size or not self._positions:
            return 0
        return int(np.searchsorted(edges[1:], self._positions[-1][0], "right"))

    def points(self, bins: int) -> tuple[Numbers, Numbers]:
        """The time of the middle of each bin, and the motor's position then: two arrays, shape (bins,)."""
        edges = self.edges(bins)
        if not edges.size or not self._positions:
            return np.zeros(0), np.zeros(0)
        times = (edges[:-1] + edges[1:]) / 2
        stamps, places = zip(*self._positions, strict=True)
        return times, np.interp(times, stamps, places)
