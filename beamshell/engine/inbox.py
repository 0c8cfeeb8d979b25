"""The engine's inbox: a queue that any thread may fill, and the one place where the engine waits.

Timers and signal handlers post too. It knows nothing of what the posts mean.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

Pump = Callable[["Inbox", "float | None"], None]
"""Waits in place of the engine, so that windows stay alive: returns when the inbox is ready or the time is over."""


class Inbox:
    """A queue whose reader sleeps until something is posted.

    Attributes:
        posts: the posts that were not yet taken, oldest first.
    """

    def __init__(self) -> None:
        self.posts: deque[Any] = deque()
        self._asleep = False
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._reader, selectors.EVENT_READ)
        weakref.finalize(self, _close, self._selector, self._reader, self._writer)

    def post(self, post: Any) -> None:
        """Add a post and wake the reader."""
        self.posts.append(post)
        if self._asleep:
            self.wake()

    def wake(self) -> None:
        """Make `fileno` readable, which ends the engine's wait."""
        with contextlib.suppress(BlockingIOError):  # full of wake-ups not read yet: it is readable
            self._writer.send(b"\0")

    def fileno(self) -> int:
        """The descriptor that becomes readable when something is posted."""
        return self._reader.fileno()

    def ready(self) -> bool:
        """True if there is a post."""
        return bool(self.posts)

    def wait(self, timeout_s: float | None, pump: Pump | None = None) -> None:
        """Return when something is posted, or after `timeout_s`."""
        self._asleep = True  # set first: whoever posts from here on wakes us
        try:
            if self.posts:
                return
            if pump is not None:
                pump(self, timeout_s)
            else:
                self._selector.select(timeout_s)
        finally:
            self._asleep = False
            self._forget_wakeups()

    def _forget_wakeups(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass


def _close(selector: selectors.BaseSelector, *ends: socket.socket) -> None:
    selector.close()
    for end in ends:
        end.close()
