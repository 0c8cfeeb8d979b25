"""LiveLines: the last lines of the terminal, drawn again and again; they give way to whatever else is printed.

It knows no device. In a pipe, in a file and on a terminal without cursor control it draws nothing.
"""

from __future__ import annotations

import os
import re
import select
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any
from unicodedata import east_asian_width

_CLEAR_BELOW = "\x1b[J"
_NEXT_LINE = "\x1b[K\r\n"
"""Clears the rest of a line, and goes on at the beginning of the next."""
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
"""A line that is longer than the window is cut: one that is drawn as the window is made narrower would take two."""
_PATIENCE_S = 0.2
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_WIDE = frozenset("WF")
"""Of `east_asian_width`: characters that take two columns."""


class LiveLines:
    """Lines at the end of the output, for as long as the block lasts.

    What is written to `sys.stdout` and `sys.stderr` meanwhile stands on lines of its own, whoever writes it: the plan,
    another thread, a signal handler, or a log handler that has kept the stream. For whole lines, such as a row of a
    table, the live lines move down and stay visible: a plot of many lines would flicker otherwise. For anything else
    they are cleared first, and drawn again below. They are written past Python's buffers, which a signal handler may
    not enter twice. Between two drawings the cursor is at their beginning, so that they can be cleared whole whatever
    the window was resized to.

    Args:
        print_first: called before anybody writes, to print what was to be printed before that; None for nothing.
    """

    def __init__(self, print_first: Callable[[], None] | None = None) -> None:
        self._print_first = print_first or (lambda: None)
        self._lock = threading.RLock()
        self._descriptor: int | None = None  # where it draws; None outside the block, and if there is no terminal
        self._encoding = "utf-8"
        self._drawn = 0
        """How many lines are visible."""
        self._drawn_in = (0, 0)
        """The size of the window when they were drawn."""
        self._line_is_open = False
        self._streams: list[_StreamThatGivesWay] = []

    def __enter__(self) -> LiveLines:
        if is_live(sys.stdout):
            self._descriptor = sys.stdout.fileno()
            self._encoding = sys.stdout.encoding
            self._line_is_open = False
            streams = {id(stream): stream for stream in (sys.stdout, sys.stderr) if is_live(stream)}
            self._streams = [
                _StreamThatGivesWay(stream, self.give_way, self._print_first) for stream in streams.values()
            ]
        return self

    def __exit__(self, *_exc: object) -> None:
        self.give_way()
        self._descriptor = None
        while self._streams:
            self._streams.pop().restore()

    @property
    def is_visible(self) -> bool:
        """Whether it draws at all."""
        return self._descriptor is not None

    @property
    def encoding(self) -> str:
        """The encoding of the terminal."""
        return self._encoding

    @property
    def size(self) -> tuple[int, int]:
        """Characters of a line, and number of lines, that can be drawn in the window as it is now."""
        columns, rows = (80, 24) if self._descriptor is None else os.get_terminal_size(self._descriptor)
        return max(1, (columns or 80) - 1), max(1, (rows or 24) - 1)

    def draw(self, *lines: str) -> None:
        """Draw these lines in place of those before, cut to the window; not while another line is being written."""
        with self._lock:
            if self._descriptor is None or self._line_is_open or not _takes_text(self._descriptor):
                return
            width, height = self.size
            fitting: Sequence[str] = [line[:width] for line in lines[:height]]
            up = f"\x1b[{len(fitting) - 1}A" if len(fitting) > 1 else ""
            text = f"{_NO_WRAP}\r{_NEXT_LINE.join(fitting)}{_CLEAR_BELOW}{up}\r{_WRAP}"
            self._drawn, self._drawn_in = len(fitting), (width, height)
            _write(self._descriptor, text.encode(self._encoding, errors="replace"))
            self._drawn = len(fitting)  # a signal handler may have cleared, and then this was drawn

    def give_way(self, text: str = "") -> None:
        """Move them down, or clear them, because `text` is written now; "" if nobody knows what."""
        self._print_first()
        is_ours = self._lock.acquire(timeout=_PATIENCE_S)  # a signal handler must not wait for long
        try:
            self._line_is_open = text != "" and not text.endswith("\n")
            if self._drawn and self._descriptor is not None:
                rows = _whole_lines(text, self._drawn_in[0])
                rows_below = self._drawn - 1 + rows
                if rows > 0 and rows_below <= self._drawn_in[1] and self.size == self._drawn_in:
                    _write(self._descriptor, b"\r%b\x1b[%dA\x1b[%dL" % (b"\n" * rows_below, rows_below, rows))
                else:
                    self._drawn = 0
                    _write(self._descriptor, f"\r{_CLEAR_BELOW}".encode())
        finally:
            if is_ours:
                self._lock.release()


class _StreamThatGivesWay:
    """A stream whose live lines are cleared before anything is written to it.

    Its own methods are replaced, and not the stream, since others may have kept it.
    """

    def __init__(self, stream: Any, give_way: Callable[..., None], print_first: Callable[[], None]) -> None:
        self._stream = stream
        write, fileno, flush = stream.write, stream.fileno, stream.flush

        def write_below(text: str) -> Any:
            if text:
                give_way(text)
            return write(text)

        def descriptor() -> int:  # for somebody who writes to it himself, as a signal handler does
            give_way()
            return int(fileno())

        def flush_all() -> None:  # another process writes next, or Python's `input`
            print_first()
            flush()

        self._replaced = {"write": write_below, "fileno": descriptor, "flush": flush_all}
        self._before = {name: vars(stream)[name] for name in self._replaced if name in vars(stream)}
        vars(stream).update(self._replaced)

    def restore(self) -> None:
        for name, method in self._replaced.items():
            if vars(self._stream).get(name) is method:  # else somebody has put another in its place
                del vars(self._stream)[name]
                if name in self._before:  # what somebody had put there, such as the log of the screen
                    vars(self._stream)[name] = self._before[name]


def _whole_lines(text: str, width: int) -> int:
    """How many lines of the terminal the text takes; 0 if it does not end with a line, or nobody can say."""
    if not text.endswith("\n"):
        return 0
    text = _STYLE.sub("", text[:-1]) if "\x1b" in text else text[:-1]
    if text.isascii() and text.isprintable():  # a row of a table
        return int(len(text) <= width)
    lines = text.split("\n")
    is_plain = all(len(line) <= width and (not line or line.isprintable()) for line in lines)
    return len(lines) if is_plain and not _WIDE.intersection(map(east_asian_width, text)) else 0


def is_live(stream: Any) -> bool:
    """Whether lines can be drawn again on this stream: a terminal that knows where its cursor is."""
    try:
        is_terminal = stream.isatty() and stream.fileno() >= 0
    except (AttributeError, OSError, ValueError):  # replaced, or closed
        return False
    return bool(is_terminal) and hasattr(stream, "__dict__") and os.environ.get("TERM", "dumb") != "dumb"


def _takes_text(descriptor: int) -> bool:
    """False while somebody holds the output with Ctrl+S: drawing must not wait for him."""
    try:
        return bool(select.select([], [descriptor], [], 0)[1])
    except (OSError, ValueError):
        return False


def _write(descriptor: int, data: bytes) -> None:
    try:
        os.write(descriptor, data)
    except OSError:  # the terminal is gone: the measurement goes on
        return
