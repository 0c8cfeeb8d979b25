"""Broadcast: hands messages on to any number of watchers, each at its own pace; one that hangs holds up nobody.

It knows neither HTTP nor what a message says.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

_MOST_KEPT = 400
"""Messages that are kept for watchers that are slow; one that lags further behind is sent the whole again."""


class Broadcast:
    """The newest messages, and the whole for those that join.

    Args:
        whole: makes the message with all that is shown; it stands for all messages up to the number that comes with it.

    Attributes:
        number: of messages that were published.
        watchers: how many there are.
    """

    def __init__(self, whole: Callable[[], tuple[bytes, int]]) -> None:
        self._whole = whole
        self._condition = threading.Condition()
        self._messages: deque[bytes] = deque(maxlen=_MOST_KEPT)
        self.number = 0
        self._is_closed = False
        self.watchers = 0

    def publish(self, message: bytes) -> None:
        """Hand a message to all watchers; it never waits for one."""
        with self._condition:
            self._messages.append(message)
            self.number += 1
            self._condition.notify_all()

    def join(self) -> tuple[bytes, int]:
        """The whole, and the number of the last message that it stands for."""
        return self._whole()

    def after(self, number: int, timeout_s: float) -> tuple[bytes, int] | None:
        """What was published after a message, and the number of the last; None once this is closed.

        Args:
            number: of the message that the watcher has.
            timeout_s: seconds to wait for one; then it is b"".
        """
        with self._condition:
            self._condition.wait_for(lambda: self.number > number or self._is_closed, timeout_s)
            if self._is_closed:
                return None
            missing = self.number - number
            if missing <= len(self._messages):
                return b"".join(list(self._messages)[len(self._messages) - missing :]), self.number
        return self.join()

    def close(self) -> None:
        """Let all watchers go."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()
