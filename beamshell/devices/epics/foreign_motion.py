"""ForeignMotionWatch: tells a motor's motion that others have commanded from our own, by what its record sends anyway.

Pure: changes of VAL and DMOV and our own commands in, a sign of somebody else out. It asks nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

_SMALLEST = 1e-9
"""The least difference of two set points, relative to their size: rounding."""
GRACE_S = 1.0
"""Seconds after a write of ours within which the motion that it sets off begins."""


class Sign(NamedTuple):
    """A sign that somebody else has commanded the motor.

    Attributes:
        time: of it, in seconds of the record's clock.
        setpoint: the set point that somebody has written, in user coordinates; None if that is not known.
    """

    time: float
    setpoint: float | None = None


class ForeignMotionWatch:
    """Tells the motion of others from our own.

    Subscriptions and the completion of a write are not ordered, and neither are two subscriptions. So what comes after
    the end of a command of ours still belongs to it if it is not later than that end, by the record's clock. One motion
    of others gives one sign, however many fields show it. A stop, a search for home and a jog of ours lead to any set
    point, so what others write while one of them is under way is not told from it.

    Example:
        >>> watch = ForeignMotionWatch()
        >>> watch.note_setpoint(0.0, 1.0, now=0.0), watch.note_done(True, 1.0, now=0.0)  # where it is at first
        (None, None)
        >>> watch.begin(5.0)
        >>> watch.note_setpoint(5.0, 2.0, now=1.0), watch.note_done(False, 2.0, now=1.0)
        (None, None)
        >>> watch.end(3.0)
        >>> watch.note_setpoint(7.0, 4.0, now=3.0)
        Sign(time=4.0, setpoint=7.0)
    """

    def __init__(self) -> None:
        self._setpoint: float | None = None
        self._done: bool | None = None
        self._is_ours = False  # a command of ours is under way
        # Set points of ours that have not come by subscription, the oldest first; None stands for any, from then on.
        self._expected: list[float | None] = []
        self._ends_at_rest = False  # nobody will tell its end
        self._must_begin_by = math.inf  # on the clock of `now`
        self._settled_at = -math.inf  # what is not later has been judged, on the record's clock
        self._noted_at = -math.inf  # the newest time that the record has sent
        self._unexpected: Sign | None = None  # came during a command of ours
        self._signed_at: float | None = None  # of the sign for the motion of others that is under way

    @property
    def noted(self) -> float:
        """Until when all was noted that the record has sent, as far as is known, on its clock."""
        return max(self._settled_at, self._noted_at)

    # ---- our own commands ----------------------------------------------------------------------

    def begin(self, target: float | None) -> None:
        """Note that a command of ours is about to be written; `end` will tell its end.

        Args:
            target: the set point that it leads to; None for any, as of a stop or a search for home.
        """
        self._is_ours, self._ends_at_rest, self._must_begin_by, self._signed_at = True, False, math.inf, None
        self._expected.append(target)

    def leave(self, now: float) -> None:
        """Note that nobody will tell the end of the command: it ends when the motor comes to rest.

        Args:
            now: seconds of a clock that only grows.
        """
        self._ends_at_rest = True
        self._must_begin_by = math.inf if self._done is False else now + GRACE_S

    def end(self, time: float, *, is_by_others: bool = False, is_obstructed: bool = False) -> Sign | None:
        """Note that our command has ended; a sign if somebody else had a hand in it.

        Args:
            time: of a look at the record after that end, on the record's clock.
            is_by_others: as it was found, somebody else has ended it.
            is_obstructed: a limit or a switch has ended it, and has changed the set point.
        """
        led_anywhere, unexpected = None in self._expected, self._unexpected
        self._forget_command()
        self._settled_at = max(self._settled_at, time)
        if led_anywhere or is_obstructed or not (is_by_others or unexpected):
            return None
        sign = unexpected or Sign(time)
        self._signed_at = None if self._done else sign.time
        return sign

    def _forget_command(self) -> None:
        self._is_ours = self._ends_at_rest = False
        self._must_begin_by, self._unexpected = math.inf, None
        self._expected.clear()

    # ---- what the record sends -------------------------------------------------------------------

    def lose(self) -> None:
        """Note that the record does not answer: what it sends first afterwards says nothing."""
        self._setpoint = self._done = self._signed_at = None
        self._forget_command()

    def note_setpoint(self, value: float, time: float, now: float) -> Sign | None:
        """Note a set point, VAL; a sign if it is the first of a motion of others.

        Args:
            value: in user coordinates.
            time: on the record's clock.
            now: seconds of a clock that only grows.
        """
        before, self._setpoint = self._setpoint, value
        self._noted_at = max(self._noted_at, time)
        if before is None or _same(before, value) or time <= self._settled_at:
            return None
        self._give_up(now)
        if not self._is_ours:
            return self._first_sign(Sign(time, value), in_motion=self._done is False)
        places = [place for place, one in enumerate(self._expected) if one is not None and _same(one, value)]
        if places:
            del self._expected[: places[0] + 1]
        elif None not in self._expected:
            # The end will tell: the record itself changes VAL at a limit switch.
            self._unexpected = self._unexpected or Sign(time, value)
        return None

    def note_done(self, done: bool, time: float, now: float) -> Sign | None:
        """Note a change of DMOV; a sign if it is the first of a motion of others.

        Args:
            done: the motor is at rest.
            time: on the record's clock.
            now: seconds of a clock that only grows.
        """
        before, self._done = self._done, done
        self._noted_at = max(self._noted_at, time)
        if before is None or time <= self._settled_at:
            return None
        self._give_up(now)
        if not self._is_ours:
            if not done:
                return self._first_sign(Sign(time)) if before else None
            self._settled_at, self._signed_at = time, None
        elif not done:
            self._must_begin_by = math.inf
        elif self._ends_at_rest:
            self._forget_command()
            self._settled_at = time
        return None

    def _give_up(self, now: float) -> None:
        """Forget a command that nobody tells the end of, if it has set off no motion."""
        if self._is_ours and now > self._must_begin_by:
            self._forget_command()

    def _first_sign(self, sign: Sign, *, in_motion: bool = False) -> Sign | None:
        """The sign, if it is the first one of its motion."""
        before = self._signed_at
        if before is not None and (in_motion or sign.time <= before + GRACE_S):
            return None
        self._signed_at = sign.time
        return sign


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= _SMALLEST * max(1.0, abs(one))
