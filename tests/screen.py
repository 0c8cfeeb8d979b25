"""A terminal without a program in it: what it shows of what a test writes to its stream."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios
from typing import Any

import pyte


class Screen:
    """What a terminal shows of what is written to `stream`; in its block, `sys.stdout` and `sys.stderr` are that."""

    def __init__(self, columns: int = 30, rows: int = 8) -> None:
        self._ours, self._theirs = os.openpty()
        os.set_blocking(self._ours, False)
        self.stream = open(self._theirs, "w", buffering=1, encoding="utf-8")  # noqa: SIM115  closed by close()
        self._screen = pyte.Screen(columns, rows)
        self._feed = pyte.ByteStream(self._screen).feed
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window as large as this; what it shows stays, cut."""
        self._read()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._screen.resize(rows, columns)

    def _read(self) -> None:
        try:
            while chunk := os.read(self._ours, 4096):
                self._feed(chunk)
        except BlockingIOError:
            pass

    def lines(self) -> list[str]:
        """What it shows, without empty lines."""
        self._read()
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def written(self) -> bytes:
        """What was written since it was last looked at, as it is; it is not shown then."""
        try:
            return os.read(self._ours, 65536)
        except BlockingIOError:
            return b""

    def __enter__(self) -> Screen:
        self._before: tuple[Any, Any] = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = self.stream
        return self

    def __exit__(self, *_exc: object) -> None:
        sys.stdout, sys.stderr = self._before

    def close(self) -> None:
        self.stream.close()
        os.close(self._ours)
