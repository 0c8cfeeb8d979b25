"""How long a motor takes for a move: speeding up, backlash and settling, as the EPICS motor record does it.

Pure arithmetic; it knows no record and no clock. The rules are those of the motor record's documentation (BDST, BVEL,
BACC, DLY).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


def trapezoid_s(distance: float, velocity: float, ramp_s: float) -> float:
    """Seconds of a move from rest to rest that speeds up to `velocity` in `ramp_s` seconds, and down in the same time.

    Infinite if the velocity is 0.
    """
    distance, velocity = abs(distance), abs(velocity)
    if distance == 0:
        return 0.0
    if velocity == 0:
        return math.inf
    if distance < velocity * ramp_s:  # never reaches full velocity: a triangle of slopes velocity / ramp_s
        return 2 * math.sqrt(distance * ramp_s / velocity)
    return distance / velocity + ramp_s


@dataclass(frozen=True)
class Leg:
    """A part of a move, from rest to rest.

    Attributes:
        start: the position where it begins.
        stop: the position where it ends.
        velocity: units/s, at full speed.
        ramp_s: seconds from rest to full speed.
    """

    start: float
    stop: float
    velocity: float
    ramp_s: float

    @property
    def duration_s(self) -> float:
        """Seconds from rest to rest."""
        return trapezoid_s(self.stop - self.start, self.velocity, self.ramp_s)


@dataclass(frozen=True)
class MoveSettings:
    """What the time of a move depends on.

    Attributes:
        velocity: units/s, VELO.
        ramp_s: seconds from rest to full speed, ACCL.
        backlash: BDST; its sign is the direction in which the motor comes to its target; 0 for no backlash.
        backlash_velocity: units/s of the way that takes out the backlash, BVEL.
        backlash_ramp_s: seconds from rest to that, BACC.
        delay_s: seconds from standstill to the end of the move, DLY.
    """

    velocity: float
    ramp_s: float
    backlash: float = 0.0
    backlash_velocity: float = 0.0
    backlash_ramp_s: float = 0.0
    delay_s: float = 0.0

    def legs(self, start: float, stop: float) -> list[Leg]:
        """The parts of a move: one, or two where the motor passes its target to come to it in the direction of BDST."""
        way, backlash = stop - start, self.backlash
        if way == 0:
            return []
        direct = Leg(start, stop, self.velocity, self.ramp_s)
        is_preferred = way * backlash > 0
        is_as_fast = (self.backlash_velocity, self.backlash_ramp_s) == (self.velocity, self.ramp_s)
        if backlash == 0 or (is_preferred and is_as_fast):
            return [direct]
        turn = start if is_preferred and abs(way) <= abs(backlash) else stop - backlash
        last = Leg(turn, stop, self.backlash_velocity, self.backlash_ramp_s)
        return [last] if turn == start else [Leg(start, turn, self.velocity, self.ramp_s), last]

    def duration_s(self, start: float, stop: float) -> float:
        """Seconds of a move, until the record says that it is done."""
        legs = self.legs(start, stop)
        return sum(leg.duration_s for leg in legs) + (self.delay_s if legs else 0.0)
