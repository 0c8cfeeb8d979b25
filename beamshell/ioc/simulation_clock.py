"""SimulationClock: simulated time, and one thread that calls functions at given moments of it.

It knows no EPICS. Simulated time runs `speed` times as fast as real time.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


class SimulationClock:
    """Simulated time and the actions that are due; its thread calls `run`."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._origin = time.monotonic()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()

    def now(self) -> float:
        """Simulated seconds since the beginning."""
        return (time.monotonic() - self._origin) * self.speed

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Call `action` once, in the simulation's thread, `delay_s` simulated seconds from now."""
        with self._changed:
            heapq.heappush(self._due, (self.now() + delay_s, next(self._order), action))
            self._changed.notify()

    def every(self, period_s: Callable[[], float], action: Callable[[], None]) -> None:
        """Repeat `action` for ever, each time after `period_s()` simulated seconds."""

        def again() -> None:
            self.after(period_s(), again)
            action()

        self.after(0.0, again)

    def run(self) -> None:
        """Call the actions that are due, for ever. One that fails is logged, the others go on."""
        while True:
            action = self._next()
            try:
                action()
            except Exception:  # noqa: BLE001 - the log is the only place left, and the rest of the beamline goes on
                _log.exception("an action of the simulation failed")

    def _next(self) -> Callable[[], None]:
        with self._changed:
            while True:
                wait_s = (self._due[0][0] - self.now()) / self.speed if self._due else None
                if wait_s is not None and wait_s <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait_s)
