"""The motion of a simulated axis: its position while it speeds up, runs and slows down.

Pure arithmetic: no clock, no record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from beamshell.analysis.move_times import Leg, trapezoid_s

_SLOWEST = 1e-9
"""The lowest speed of an axis in EGU/s: at 0 it would never arrive."""


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
        return trapezoid_s(self.target - self.start, self.speed, self.ramp_s)

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


@dataclass(frozen=True)
class Travel:
    """A move of a motor record: straight moves one after the other, and the delay DLY before it is done.

    Args:
        target: position at the end, in EGU.
        moves: the straight moves; none for an axis that is there.
        delay_s: seconds at rest before the move is over.
    """

    target: float
    moves: tuple[Move, ...]
    delay_s: float = 0.0

    @classmethod
    def along(cls, legs: Iterable[Leg], target: float, fastest: float, delay_s: float) -> Travel:
        """The travel along the legs of a move, no faster than `fastest`, in EGU/s."""
        speeds = [(leg, min(max(abs(leg.velocity), _SLOWEST), fastest)) for leg in legs]
        moves = tuple(Move(leg.start, leg.stop, speed, max(leg.ramp_s, 0.0)) for leg, speed in speeds)
        return cls(target, moves, max(delay_s, 0.0))

    @property
    def moving_s(self) -> float:
        """Seconds from start to standstill."""
        return sum(move.duration_s for move in self.moves)

    @property
    def duration_s(self) -> float:
        """Seconds from start to the end of the delay."""
        return self.moving_s + self.delay_s

    def _at(self, elapsed_s: float) -> tuple[Move | None, float]:
        """The straight move at this time, and the seconds since it began; None when all are over."""
        for move in self.moves:
            if elapsed_s < move.duration_s:
                return move, elapsed_s
            elapsed_s -= move.duration_s
        return None, elapsed_s

    def position(self, elapsed_s: float) -> float:
        """The position of the axis, in EGU; exactly `target` once the time is over."""
        move, since_s = self._at(elapsed_s)
        return self.target if move is None else move.position(since_s)

    def direction(self, elapsed_s: float) -> int:
        """+1 upwards, -1 downwards, as the straight move at this time or the last one; 0 for no move."""
        move, _ = self._at(elapsed_s)
        return (move or self.moves[-1]).direction if self.moves else 0

    def is_beyond(self, position: float, elapsed_s: float, low: float, high: float) -> bool:
        """Whether a switch at `low` or `high` that lies on the way has been reached."""
        return position >= high if self.direction(elapsed_s) > 0 else position <= low


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

    def direction(self, elapsed_s: float) -> int:  # noqa: ARG002  # the same for the whole path
        """+1 if it ends above where it begins, -1 below, 0 for neither."""
        return (self.positions[-1] > self.positions[0]) - (self.positions[-1] < self.positions[0])

    @property
    def moving_s(self) -> float:
        """Seconds from start to standstill."""
        return self.times[-1]

    @property
    def duration_s(self) -> float:
        """The same: it has no delay."""
        return self.times[-1]

    def position(self, elapsed_s: float) -> float:
        """The position of the axis, in EGU."""
        return float(np.interp(elapsed_s, self.times, self.positions))

    def is_beyond(self, position: float, elapsed_s: float, low: float, high: float) -> bool:  # noqa: ARG002
        """Whether a switch at `low` or `high` has been reached; it may be met either way."""
        return position >= high or position <= low
