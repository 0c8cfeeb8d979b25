"""Keys of the terminal one by one, for a command that waits for them.

It knows no device. Ctrl+C stays a signal, so its owner answers it as always.
"""

from __future__ import annotations

import enum
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from beamshell.shell.live_line import is_live

_AT_ONCE = 64
"""Bytes that are read at most in one go."""


class Key(enum.Enum):
    """A key that means something."""

    LEFT = enum.auto()
    RIGHT = enum.auto()
    UP = enum.auto()
    DOWN = enum.auto()
    QUIT = enum.auto()


_ARROWS = {b"A": Key.UP, b"B": Key.DOWN, b"C": Key.RIGHT, b"D": Key.LEFT}
_KEY = re.compile(rb"\x1b[\[O](?P<arrow>[ABCD])|\x1b[\[O][0-9;]*[ -/]*[@-~]|(?P<quit>[qQ\r\n\x04])|.", re.DOTALL)
"""An arrow as a terminal sends it in its normal and in its application mode; another key of several bytes; q, Enter,
Ctrl+D; any other byte."""


def keys_of(data: bytes) -> list[Key]:
    r"""The keys in what a terminal has sent; what means nothing is left out.

    Example:
        >>> keys_of(b"\x1b[C\x1bOAxq")
        [<Key.RIGHT: 2>, <Key.UP: 3>, <Key.QUIT: 5>]
    """
    keys = []
    for match in _KEY.finditer(data):
        if match["arrow"]:
            keys.append(_ARROWS[match["arrow"]])
        elif match["quit"]:
            keys.append(Key.QUIT)
    return keys


def has_keys() -> bool:
    """Whether keys can be read one by one: a person sits at a terminal whose lines can be drawn again."""
    return is_live(sys.stdin) and is_live(sys.stdout)


class Keyboard:
    """The keys of a terminal that sends each at once.

    Args:
        descriptor: of the terminal.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pending: list[Key] = []

    def next_key(self) -> Key:
        """The next key, which is waited for; QUIT after the end of the terminal."""
        while not self._pending:
            data = os.read(self._descriptor, _AT_ONCE)
            self._pending += keys_of(data) if data else [Key.QUIT]
        return self._pending.pop(0)

    def forget(self) -> None:
        """Forget the keys that were pressed so far."""
        import termios

        self._pending.clear()
        termios.tcflush(self._descriptor, termios.TCIFLUSH)


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """While the block lasts, keys come at once and are not echoed."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield Keyboard(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
