"""When optional libraries are loaded: not while a console opens, which they would hold up, but soon after.

It knows neither the libraries nor the console.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from beamshell.channels.timers import call_later

_lock = threading.RLock()
_postponed = False
_waiting: list[Callable[[], None]] = []


def postpone(seconds: float) -> None:
    """Let what needs a library wait until somebody waits for it in turn, at most so long."""
    global _postponed
    _postponed = True
    call_later(seconds, begin)


def run_when_idle(begin_connecting: Callable[[], None]) -> None:
    """Call `begin_connecting`, which must return at once: now, or as soon as the console is open."""
    with _lock:
        if _postponed:
            _waiting.append(begin_connecting)
            return
    begin_connecting()


def begin() -> None:
    """Call what has waited; nothing waits from now on. Any thread."""
    global _postponed
    with _lock:
        _postponed = False
        begun = _waiting.copy()
        _waiting.clear()
    for each in begun:
        each()
