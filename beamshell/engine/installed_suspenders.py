"""InstalledSuspenders: the suspenders of one engine, and the time for which a person has switched them off.

It knows nothing of plans and runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from beamshell.engine.bluesky_suspenders import as_suspender
from beamshell.errors import BadValue
from beamshell.text.times import clock_time

_LONGEST_OFF_S = 86400.0


class InstalledSuspenders:
    """Suspenders, switched on or off together.

    Args:
        wake_up: makes the engine look at them anew; called in any thread.

    Attributes:
        installed: all of them.
        active: those that count now; always the same list, which the engine looks at.
        off_until: when they count again, in seconds since 1970-01-01 UTC; None while they count.
    """

    def __init__(self, wake_up: Callable[[], None]) -> None:
        self.installed: list[Any] = []
        self.active: list[Any] = []
        self.off_until: float | None = None
        self._wake_up = wake_up
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def install(self, suspender: Any) -> None:
        """Let plans wait while `suspender` is tripped; it may be one of bluesky's.

        Raises:
            PlanError: it can suspend nothing here; the message says why.
        """
        if suspender not in self.installed:
            suspender = as_suspender(suspender)
            suspender.install(self._wake_up)
            self.installed.append(suspender)
            self._choose()
            self._wake_up()

    def remove(self, suspender: Any) -> None:
        """Let plans no longer wait for it."""
        if suspender in self.installed:
            suspender = self.installed.pop(self.installed.index(suspender))
            self._choose()
            suspender.remove()
            self._wake_up()

    def switch_off(self, seconds: float, on_again: Callable[[], None]) -> None:
        """Let plans wait for none of them for some time.

        Args:
            seconds: after which they count again.
            on_again: called, in a thread, when that time is over.

        Raises:
            BadValue: it is longer than a day.
        """
        if not 0 < seconds <= _LONGEST_OFF_S:
            raise BadValue("suspenders can be off for a day at most: write suspenders off 24h")

        def over() -> None:
            with self._lock:
                if self._timer is not timer:  # switched on by a person meanwhile, or off for another time
                    return
            self.switch_on()
            on_again()

        timer = threading.Timer(seconds, over)
        timer.daemon = True
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self.off_until = timer, time.time() + seconds
        timer.start()
        self._choose()
        self._wake_up()

    def switch_on(self) -> None:
        """Let plans wait for them again."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.off_until = None
        self._choose()
        self._wake_up()

    @property
    def off(self) -> str:
        """Such as "suspenders off until 17:20:00"; empty while they count."""
        until = self.off_until
        return "" if until is None else f"suspenders off until {clock_time(until, time.time())}"

    def _choose(self) -> None:
        self.active[:] = self.installed if self.off_until is None else []
