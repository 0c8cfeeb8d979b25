"""A value on its way to where it was sent, at a constant rate. Pure: what time it is, is said from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Ramp:
    """Where something is that goes towards a goal; any thread may ask and send.

    Args:
        begins: where it stands at first.
        rate: how far it goes in a second.
        clock: the time in seconds.
    """

    def __init__(self, begins: float, rate: float, clock: Callable[[], float]) -> None:
        self.goal = begins
        self._from = begins
        self._rate = rate
        self._clock = clock
        self._since = clock()
        self._lock = threading.Lock()

    @property
    def value(self) -> float:
        """Where it is now."""
        with self._lock:
            return self._now()

    def _now(self) -> float:
        way = self._rate * (self._clock() - self._since)
        if abs(self.goal - self._from) <= way:
            return self.goal
        return self._from + (way if self.goal > self._from else -way)

    @property
    def moving(self) -> bool:
        """Whether it is still on its way."""
        return self.value != self.goal

    def go(self, goal: float) -> None:
        """Send it somewhere else, from where it is now."""
        with self._lock:
            self._from = self._now()
            self._since = self._clock()
            self.goal = goal
