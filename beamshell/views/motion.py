"""Motion: a motor on its way: how far it is, how long it still takes, its state in words, and a row about it.

Pure: positions and times in, text out. It asks no device, and the clock comes with each position.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from beamshell.text.numbers import fixed, with_unit
from beamshell.text.times import duration

STALLED_S = 2.0
"""Seconds without a change of the position after which a motor that has not arrived is stalled."""
BARS = ("━", "─")
PLAIN_BARS = ("#", "-")
"""What a bar is made of, done and left; the plain one for a terminal that cannot show the other."""

_SAME = 1e-9
_LEAST_FRACTION = 0.02
"""The part of the way after which the speed so far tells the time that is left."""
_WIDEST_BAR, _NARROWEST_BAR = 24, 6
_GAP = "  "


class Motion:
    """One move of one motor.

    Args:
        name: of the motor.
        target: where it was sent, in its units.
        started: when, in seconds of the clock that `note` gets.
        start: its position then; None takes the first that is noted.
        units: of its positions.
        digits: digits after the point of its positions.

    Attributes:
        start: its position at the start of the move; None until one is known.
        position: its last position; None until one is known.
    """

    def __init__(
        self,
        name: str,
        target: float,
        *,
        started: float,
        start: float | None = None,
        units: str = "",
        digits: int = 4,
    ) -> None:
        self.name = name
        self.target = target
        self.start = start
        self.position: float | None = None
        self._started = started
        self._units = units
        self._digits = digits
        self._changed_at = self._now = started
        self._limit = ""
        self._end = ""
        self._setpoint: float | None = None
        self._was_accepted = False

    def note(self, now: float, position: float | None, setpoint: float | None = None, limit: str = "") -> None:
        """Take what is known now.

        Args:
            now: seconds of the clock.
            position: of the motor; None if it is not known.
            setpoint: where the control system sends it; None if that is not known.
            limit: "high" or "low" if it is at this limit switch.
        """
        if self._end:
            return
        self._now = now
        self._limit = limit
        self._setpoint = setpoint
        if setpoint is not None and self._is_target(setpoint):
            self._was_accepted = True
        if position is None or not math.isfinite(position):
            return
        if self.start is None:
            self.start = position
        if self.position is None or abs(position - self.position) > 0.5 * 10.0**-self._digits:
            self.position, self._changed_at = position, now

    def end(self, *, succeeded: bool) -> None:
        """The move has ended."""
        if not self._end:
            self._end = "arrived" if succeeded else "stopped"

    def _is_target(self, position: float) -> bool:
        return abs(position - self.target) <= _SAME * max(1.0, abs(self.target))

    @property
    def fraction(self) -> float:
        """The part of the way that is done, 0 to 1."""
        if self.start is None or self.position is None:
            return 0.0
        way = self.target - self.start
        return 1.0 if way == 0 else min(1.0, max(0.0, (self.position - self.start) / way))

    @property
    def left_s(self) -> float | None:
        """Seconds until it arrives at its speed so far; None if that cannot be said."""
        if self._end or self.is_stalled or self._limit or self.fraction < _LEAST_FRACTION:
            return None
        return (self._changed_at - self._started) * (1 - self.fraction) / self.fraction

    @property
    def is_under_way(self) -> bool:
        """True until it has ended."""
        return not self._end

    @property
    def is_stalled(self) -> bool:
        """True if it has not moved for some time, and is not at its target."""
        has_arrived = self.position is not None and abs(self.position - self.target) <= 2 * 10.0**-self._digits
        return not self._end and not has_arrived and self._now - self._changed_at > STALLED_S

    @property
    def state(self) -> str:
        """Its state in words: "moving", "at the high limit", "stalled for 3 s", "moved by someone else to 5 deg"."""
        if self._end:
            return self._end
        if self._was_accepted and self._setpoint is not None and not self._is_target(self._setpoint):
            return f"moved by someone else to {self._text(self._setpoint)}"
        if self._limit:
            return f"at the {self._limit} limit"
        if self.is_stalled:
            return f"stalled for {duration(math.floor(self._now - self._changed_at))}"
        return "moving"

    def _text(self, position: float | None, *, unit: bool = True) -> str:
        text = "?" if position is None else fixed(position, self._digits)
        return with_unit(text, self._units) if unit else text

    # ---- as text -----------------------------------------------------------------------------

    @property
    def now(self) -> str:
        """Its position with its unit; "?" before one is known."""
        return self._text(self.position)

    @property
    def goal(self) -> str:
        """Its target."""
        return self._text(self.target, unit=False)

    @property
    def origin(self) -> str:
        """Where it was at first."""
        return self._text(self.start, unit=False)

    @property
    def left(self) -> str:
        """The time that is left; "" if that is not known."""
        left_s = self.left_s
        return "" if left_s is None else f"{rough(left_s)} left"


def rough(seconds: float) -> str:
    """A duration in whole seconds, since it changes ten times a second.

    >>> rough(0.4), rough(12.7), rough(130.2)
    ('1 s', '13 s', '2 min 11 s')
    """
    return duration(max(1, math.ceil(seconds))) if math.isfinite(seconds) else "?"


def bar(fraction: float, width: int, marks: tuple[str, str] = BARS) -> str:
    """A bar of so many characters.

    >>> bar(0.5, 8, PLAIN_BARS)
    '####----'
    """
    done = min(width, max(0, round(fraction * width)))
    return marks[0] * done + marks[1] * (width - done)


def motion_rows(motions: Sequence[Motion], width: int, marks: tuple[str, str] = BARS) -> list[str]:
    """A row for each motor: its name, where it is, start, bar, target, time left, state.

    In a narrow window the bar is short, then start and bar are left out, then the time, then the target.

    Args:
        motions: in the order of the rows.
        width: characters that a row may have.
        marks: what a bar is made of.
    """
    if not motions:
        return []
    names = _padded([motion.name for motion in motions])
    now = _padded([motion.now for motion in motions], right=True)
    origins = _padded([motion.origin for motion in motions], right=True)
    goals = _padded([motion.goal for motion in motions], right=len(motions) > 1)
    lefts = _padded([motion.left for motion in motions])
    states = [motion.state for motion in motions]
    heads = [f"{name} {place}" for name, place in zip(names, now, strict=True)]
    to = [f"to {goal}" for goal in goals]
    room = width - max(map(len, (_joined(row) for row in zip(heads, lefts, states, strict=True))))
    bar_width = min(_WIDEST_BAR, room - len(_GAP) - len(origins[0]) - len(goals[0]) - 2)
    if bar_width >= _NARROWEST_BAR:
        bars = [
            f"{origin} {bar(motion.fraction, bar_width, marks)} {goal}"
            for origin, motion, goal in zip(origins, motions, goals, strict=True)
        ]
        return [_joined(row) for row in zip(heads, bars, lefts, states, strict=True)]
    columns: tuple[list[str], ...]
    for columns in ((heads, to, lefts, states), (heads, to, states)):
        rows = [_joined(row) for row in zip(*columns, strict=True)]
        if max(map(len, rows)) <= width:
            return rows
    return [_joined(row) for row in zip(heads, states, strict=True)]


def _joined(cells: Sequence[str]) -> str:
    return _GAP.join(cell for cell in cells if cell).rstrip()


def _padded(cells: Sequence[str], *, right: bool = False) -> list[str]:
    width = max(map(len, cells))
    return [cell.rjust(width) if right else cell.ljust(width) for cell in cells]
