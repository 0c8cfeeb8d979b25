"""A terminal without a program in it: what it shows of what a test writes to its stream."""

from __future__ import annotations

import fcntl
import itertools
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
        self._markers = itertools.count()
        self.stream = open(self._theirs, "w", buffering=1, encoding="utf-8")  # noqa: SIM115  closed by close()
        self._columns = columns
        self._screen = pyte.HistoryScreen(columns, rows, history=100)
        self._feed = pyte.ByteStream(self._screen).feed
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window as large as this; what it shows stays, cut."""
        self._read()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._screen.resize(rows, columns)

    def becomes(self, columns: int, rows: int) -> None:
        """Be as large as this at once, and only then show what was written; nobody has been told of it."""
        self._screen.resize(rows, columns)

    def _received(self) -> bytes:
        """All that was written until now; the system hands it over a little later, so it ends with a mark of ours."""
        mark = b"\x1b]0;%d\x07" % next(self._markers)
        os.write(self._theirs, mark)
        received = b""
        while not received.endswith(mark):
            received += os.read(self._ours, 65536)
        return received.removesuffix(mark)

    def _read(self) -> None:
        self._feed(self._received())

    def lines(self) -> list[str]:
        """What it shows, without empty lines."""
        self._read()
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def all_lines(self) -> list[str]:
        """What has left it at the top and what it shows, but for the empty lines at the end."""
        self._read()
        above = ["".join(row[x].data for x in range(self._columns)).rstrip() for row in self._screen.history.top]
        shown = "\n".join(line.rstrip() for line in self._screen.display).rstrip("\n")
        return [*above, *shown.split("\n")]

    def written(self) -> bytes:
        """What was written since it was last looked at, as it is; it is not shown then."""
        return self._received()

    def __enter__(self) -> Screen:
        self._before: tuple[Any, Any] = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = self.stream
        return self

    def __exit__(self, *_exc: object) -> None:
        sys.stdout, sys.stderr = self._before

    def close(self) -> None:
        self.stream.close()
        os.close(self._ours)
