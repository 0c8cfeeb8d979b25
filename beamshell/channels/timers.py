"""Timers: one shared thread that calls functions later.

It knows no status and no device. The functions that it calls must be short: posting a job, setting a flag.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_LINGER_S = 2.0  # how long the thread stays once nothing is pending, so that bursts do not restart it

logger = logging.getLogger(__name__)


class Timer:
    """A call that is due at `deadline` (monotonic seconds) unless it is cancelled before."""

    __slots__ = ("_clock", "deadline", "function")

    def __init__(self, clock: TimerThread, deadline: float, function: Callable[[], None]) -> None:
        self._clock = clock
        self.deadline = deadline
        self.function: Callable[[], None] | None = function

    def cancel(self) -> None:
        """Forget the call; harmless if it has been made already."""
        self._clock.forget(self)


class TimerThread:
    """Calls functions at their time, in one daemon thread that exists only while some are pending."""

    def __init__(self, name: str = "beamshell-timer") -> None:
        self._name = name
        self._changed = threading.Condition(threading.RLock())
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._pending = 0
        self._thread: threading.Thread | None = None

    def call_later(self, delay_s: float, function: Callable[[], None]) -> Timer:
        """A timer that calls `function` in the timer thread, `delay_s` seconds from now."""
        timer = Timer(self, time.monotonic() + delay_s, function)
        with self._changed:
            self._pending += 1
            heapq.heappush(self._heap, (timer.deadline, next(self._order), timer))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            elif self._heap[0][2] is timer:
                self._changed.notify()
        return timer

    def forget(self, timer: Timer) -> None:
        """Cancel `timer`: its function is let go at once, its place in the heap a little later."""
        with self._changed:
            if timer.function is not None:
                timer.function = None
                self._pending -= 1
                if len(self._heap) > 64 and len(self._heap) > 4 * self._pending:
                    self._heap = [entry for entry in self._heap if entry[2].function is not None]
                    heapq.heapify(self._heap)

    def _run(self) -> None:
        while (function := self._next_due()) is not None:
            try:
                function()
            except Exception:  # one bad function must not take everybody's time-outs with it
                logger.exception("a timer's function failed")

    def _next_due(self) -> Callable[[], None] | None:
        """The next function, at its time; None when nothing was pending for a while."""
        with self._changed:
            while True:
                self._drop_cancelled()
                delay = self._heap[0][0] - time.monotonic() if self._heap else _LINGER_S
                if delay > 0:
                    woken = self._changed.wait(min(delay, threading.TIMEOUT_MAX))
                    if not self._heap and not woken:
                        self._thread = None
                        return None
                    continue
                timer = heapq.heappop(self._heap)[2]
                function, timer.function = timer.function, None
                if function is not None:
                    self._pending -= 1
                    return function

    def _drop_cancelled(self) -> None:
        while self._heap and self._heap[0][2].function is None:
            heapq.heappop(self._heap)


_shared = TimerThread()
call_later = _shared.call_later
