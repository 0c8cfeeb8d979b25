"""Painter: draws windows that have changed, at most ten times a second, while the engine waits.

It draws anything with `draw()`, and an error in drawing never reaches the caller.
Used in the main thread only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger(__name__)

_PAUSE_PER_COST = 3.0
_PAUSE_PER_DELAY = 80.0
"""Seconds of pause for each second of a drawing that the measurement had to wait for."""
_PAUSE_AFTER_FAILURE_S = 5.0


class Drawable(Protocol):
    """Something that can bring its picture up to date."""

    def draw(self) -> None:
        """Draw now."""


class Painter:
    """Collects the windows that have changed, and draws each when it is due.

    What takes long to draw is drawn less often: drawing takes at most a quarter of the time, and little more than
    1 % of it where the measurement has to wait for it.

    Args:
        interval_s: the least time between two drawings of the same thing.
        clock: seconds that only grow.

    Attributes:
        has_loop: True if a loop lets it draw while the engine waits, and after each cell; else pictures are drawn when
            a run ends.
    """

    def __init__(self, interval_s: float = 0.1, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.has_loop = False
        self._interval_s = interval_s
        self._clock = clock
        self._dirty: dict[Drawable, None] = {}
        self._not_before: dict[Drawable, float] = {}
        self._last_cost: dict[Drawable, float] = {}
        self._reported: set[Drawable] = set()

    def touch(self, drawable: Drawable) -> None:
        """Note that `drawable` has changed; it is drawn when it is due."""
        self._dirty[drawable] = None

    def due_in(self, now: float | None = None) -> float | None:
        """Seconds until a window is due to be drawn (0 if now); None if none has changed."""
        if not self._dirty:
            return None
        at = self._clock() if now is None else now
        return max(0.0, min(self._not_before.get(drawable, 0.0) for drawable in self._dirty) - at)

    def paint(self, now: float | None = None, *, is_held_up: Callable[[], bool] = lambda: False) -> None:
        """Draw the windows that are due.

        Args:
            now: the present time; None asks the clock.
            is_held_up: asked after each drawing: whether the measurement waits for it. The next one comes later then.
        """
        if not self._dirty:
            return
        at = self._clock() if now is None else now
        for drawable in [drawable for drawable in self._dirty if self._not_before.get(drawable, 0.0) <= at]:
            self._draw(drawable, at, is_held_up)

    def draw(self, drawable: Drawable) -> None:
        """Draw this one now, due or not."""
        self._draw(drawable, self._clock())

    def flush(self) -> None:
        """Draw all that has changed, due or not."""
        for drawable in list(self._dirty):
            self.draw(drawable)

    def _draw(self, drawable: Drawable, at: float, is_held_up: Callable[[], bool] = lambda: False) -> None:
        self._dirty.pop(drawable, None)
        before = self._clock()
        pause = 0.0
        try:
            drawable.draw()
        except Exception:  # a picture must never stop a measurement
            pause = _PAUSE_AFTER_FAILURE_S
            if drawable not in self._reported:
                self._reported.add(drawable)
                log.exception("%s cannot be drawn; the measurement goes on", drawable)
        cost = self._clock() - before
        # The lesser of two costs counts: opening a window is slow, but only once.
        usual_cost = min(cost, self._last_cost.get(drawable, 0.0))
        self._last_cost[drawable] = cost
        pause_per_cost = _PAUSE_PER_DELAY if is_held_up() else _PAUSE_PER_COST
        self._not_before[drawable] = at + max(self._interval_s, usual_cost * (1 + pause_per_cost), pause)


painter = Painter()
"""The painter of this process; the console's GUI loop lets it paint while the engine waits."""
