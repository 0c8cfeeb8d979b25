"""The motion of a simulated axis: its position while it speeds up, runs and slows down.

Pure arithmetic: no clock, no record.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Move:
    """A straight move from rest to rest, as a motor record's controller does it.

    Args:
        start: position at the beginning, in EGU.
        target: position at the end, in EGU; infinite for a jog, which never slows down.
        speed: EGU/s, above 0.
        ramp_s: seconds from rest to full speed; 0 is at once.
    """

    start: float
    target: float
    speed: float
    ramp_s: float = 0.0

    @property
    def direction(self) -> int:
        """+1 upwards, -1 downwards, 0 for no move."""
        return (self.target > self.start) - (self.target < self.start)

    @property
    def duration_s(self) -> float:
        """Seconds from start to standstill."""
        distance = abs(self.target - self.start)
        if distance >= self.speed * self.ramp_s:
            return distance / self.speed + (self.ramp_s if distance else 0.0)
        return 2 * math.sqrt(distance * self.ramp_s / self.speed)

    def position(self, elapsed_s: float) -> float:
        """The position of the axis, in EGU; exactly `target` once the time is over."""
        if elapsed_s >= self.duration_s:
            return self.target
        if elapsed_s <= 0:
            return self.start
        rest_s = self.duration_s - elapsed_s
        if elapsed_s <= rest_s:
            return self.start + self.direction * self._covered(elapsed_s)
        return self.target - self.direction * self._covered(rest_s)

    def _covered(self, elapsed_s: float) -> float:
        """The way covered in the first half, in EGU."""
        if elapsed_s < self.ramp_s:
            return self.speed * elapsed_s**2 / (2 * self.ramp_s)
        return self.speed * (elapsed_s - self.ramp_s / 2)

    def is_beyond(self, position: float, low: float, high: float) -> bool:
        """Whether a switch at `low` or `high` that lies on the way has been reached."""
        return position >= high if self.direction > 0 else position <= low


@dataclass(frozen=True)
class TimedPath:
    """A path through given positions at given times, as a controller drives a trajectory.

    Args:
        times: seconds from the beginning, increasing; the first is 0.
        positions: where the axis is then, in EGU; in between it runs straight.
    """

    times: tuple[float, ...]
    positions: tuple[float, ...]

    @property
    def target(self) -> float:
        """The last position, in EGU."""
        return self.positions[-1]

    @property
    def direction(self) -> int:
        """+1 if it ends above where it begins, -1 below, 0 for neither."""
        return (self.positions[-1] > self.positions[0]) - (self.positions[-1] < self.positions[0])

    @property
    def duration_s(self) -> float:
        """Seconds from start to standstill."""
        return self.times[-1]

    def position(self, elapsed_s: float) -> float:
        """The position of the axis, in EGU."""
        return float(np.interp(elapsed_s, self.times, self.positions))

    def is_beyond(self, position: float, low: float, high: float) -> bool:
        """Whether a switch at `low` or `high` has been reached; it may be met either way."""
        return position >= high or position <= low
