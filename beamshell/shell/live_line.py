"""LiveLine: one line of the terminal that is drawn again and again, and gives way to whatever else is printed.

It knows no device. In a pipe or a file it draws nothing.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

_CLEAR = b"\r\x1b[K"
_PATIENCE_S = 0.2
_USUAL_COLUMNS = 80


class LiveLine:
    """A line at the end of the output, for as long as the block lasts.

    What is written to `sys.stdout` and `sys.stderr` meanwhile, also in a signal handler or from another thread, stands
    on lines of its own: the live line is cleared first, and drawn again below. It is written past Python's buffers,
    which a signal handler may not enter twice.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._descriptor: int | None = (
            None  # where it draws; None before and after the block, and if there is no terminal
        )
        self._is_drawn = False
        self._line_is_open = False
        self._streams: dict[str, _GivingWay] = {}

    def __enter__(self) -> LiveLine:
        if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
            self._descriptor = sys.stdout.fileno()
            for name in ("stdout", "stderr"):
                self._streams[name] = _GivingWay(getattr(sys, name), self)
                setattr(sys, name, self._streams[name])
        return self

    def __exit__(self, *_exc: object) -> None:
        self.give_way()
        self._descriptor = None
        for name, stream in self._streams.items():
            if getattr(sys, name) is stream:  # else somebody has put another in its place
                setattr(sys, name, stream.stream)

    @property
    def is_visible(self) -> bool:
        """Whether it draws at all."""
        return self._descriptor is not None

    def draw(self, text: str) -> None:
        """Draw it, cut to the width of the terminal; not while another line is being written."""
        with self._lock:
            if self._descriptor is None or self._line_is_open:
                return
            columns = os.get_terminal_size(self._descriptor).columns or _USUAL_COLUMNS
            self._is_drawn = True
            os.write(self._descriptor, b"\r" + text[: columns - 1].encode(errors="replace") + b"\x1b[K")

    def give_way(self, text: str = "\n") -> None:
        """Clear it, because `text` is written now."""
        is_ours = self._lock.acquire(timeout=_PATIENCE_S)  # a signal handler must not wait for long
        try:
            self._line_is_open = not text.endswith("\n")
            if self._is_drawn and self._descriptor is not None:
                self._is_drawn = False
                os.write(self._descriptor, _CLEAR)
        finally:
            if is_ours:
                self._lock.release()


class _GivingWay:
    """A stream that clears the live line before anything is written to it."""

    def __init__(self, stream: Any, line: LiveLine) -> None:
        self.stream = stream
        self._line = line

    def write(self, text: str) -> Any:
        if text:
            self._line.give_way(text)
        return self.stream.write(text)

    def fileno(self) -> int:
        """The descriptor, for somebody who writes to it himself, as a signal handler does."""
        self._line.give_way()
        return int(self.stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
