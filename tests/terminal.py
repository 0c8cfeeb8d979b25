"""A person at a terminal: the real console in a pseudo-terminal, its screen read back."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pexpect
import pyte
from console_output import Run, point_numbers, recorded_runs

COLUMNS, ROWS = 140, 50
PROMPT = re.compile(r"^demo (?P<scan>\d+) (?:(?P<state>[A-Z]+) )?▸$")
QUICK = ("--Beamshell.demo_ioc_seed=1", "--Beamshell.plots=none")
PATIENCE_S = 60.0
"""For whatever must come: long enough for a busy machine, and no test waits so long for something that comes."""


def environment(data: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("EPICS_", "PYEPICS"))}
    return own | {"BEAMSHELL_DATA": str(data), "PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm", "LC_ALL": "C.UTF-8"}


class Terminal:
    """One console on a screen.

    Args:
        data: its data folder.
        words: of its command line.
        speed: of the demo beamline.
        columns: of the screen.
        knows_cursor: the terminal says where its cursor is, as most do; the line below the prompt needs that.
        variables: of its environment, beside the usual ones.
        subcommand: of `beamshell`; "" opens a console.
    """

    def __init__(
        self,
        data: Path,
        words: tuple[str, ...],
        speed: float,
        columns: int = COLUMNS,
        *,
        knows_cursor: bool = False,
        variables: Mapping[str, str] | None = None,
        subcommand: str = "",
    ) -> None:
        self.data = data
        self.columns = columns
        self._scrolled_off: list[str] = []
        self._screen = pyte.HistoryScreen(columns, ROWS, history=100_000)
        self._stream = pyte.Stream(self._screen)
        environ = environment(data) | dict(variables or {})
        if knows_cursor:
            del environ["PROMPT_TOOLKIT_NO_CPR"]
        said = {word.partition("=")[0] for word in words}
        usual = [word for word in QUICK if word.partition("=")[0] not in said]
        command = [
            "-m",
            "beamshell",
            *filter(None, [subcommand]),
            *usual,
            f"--Beamshell.demo_ioc_speed={speed}",
            *words,
        ]
        self.process = pexpect.spawn(
            sys.executable, command, env=environ, dimensions=(ROWS, columns), encoding="utf-8", timeout=None
        )
        if knows_cursor:
            self._screen.write_process_input = self.process.send

    # ---- reading -----------------------------------------------------------------------------

    def _text_of(self, row: Mapping[int, Any]) -> str:
        return "".join(row[x].data for x in range(self.columns)).rstrip()

    def _read(self) -> None:
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
            self._stream.feed(self.process.read_nonblocking(65536, timeout=0.02))

    @property
    def cells(self) -> list[list[Any]]:
        """What is on the screen, line by line to the last one with text: characters with their colours, as of pyte."""
        lines = [[self._screen.buffer[y][x] for x in range(self.columns)] for y in range(ROWS)]
        while len(lines) > self._screen.cursor.y + 1 and not "".join(cell.data for cell in lines[-1]).strip():
            lines.pop()
        return lines

    @property
    def row(self) -> int:
        """Where the cursor is, counted from the first line ever."""
        return len(self._screen.history.top) + self._screen.cursor.y

    def lines(self, start: int = 0) -> list[str]:
        kept = self._scrolled_off
        kept += map(self._text_of, itertools.islice(self._screen.history.top, len(kept), None))
        return [*kept, *(self._text_of(self._screen.buffer[y]) for y in range(ROWS))][start : self.row + 1]

    @property
    def window(self) -> list[str]:
        """The lines of the window, also those below the cursor, such as the last lines while a plan runs."""
        return [self._text_of(self._screen.buffer[y]) for y in range(ROWS)]

    @property
    def last_line(self) -> str:
        """Where the cursor is."""
        return self._text_of(self._screen.buffer[self._screen.cursor.y])

    @property
    def below(self) -> list[str]:
        """The lines of the screen from the cursor on, without empty ones."""
        lines = (self._text_of(self._screen.buffer[y]) for y in range(self._screen.cursor.y, ROWS))
        return [line for line in lines if line]

    @property
    def bottom_line(self) -> str:
        """What stands in the last line of the screen."""
        return self._text_of(self._screen.buffer[ROWS - 1])

    def resize(self, columns: int) -> None:
        """Make the window as wide as this."""
        self.columns = columns
        self._screen.resize(ROWS, columns)
        self.process.setwinsize(ROWS, columns)

    def text(self, start: int = 0) -> str:
        return "\n".join(self.lines(start))

    def wait_until(self, condition: Callable[[], object], timeout: float = PATIENCE_S, what: str = "") -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            self._read()
            if time.monotonic() > deadline:
                raise AssertionError(f"{what or condition} did not come within {timeout} s:\n{self.text()}")

    def wait_for(self, pattern: str, start: int = 0, timeout: float = PATIENCE_S) -> None:
        self.wait_until(lambda: re.search(pattern, self.text(start)), timeout, pattern)

    def wait_for_prompt(self, after: int = -1, timeout: float = PATIENCE_S) -> None:
        self.wait_until(lambda: self.row > after and PROMPT.match(self.last_line), timeout, "the prompt")

    @property
    def at_prompt(self) -> bool:
        """Whether the last line is an empty prompt."""
        return PROMPT.match(self.last_line) is not None

    def sleep(self, seconds: float) -> None:
        """Let time pass while the screen goes on being read."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._read()

    @property
    def state(self) -> str:
        """What the prompt says: "" when idle."""
        match = PROMPT.match(self.last_line)
        return "" if match is None else match["state"] or ""

    @property
    def next_scan(self) -> int:
        """The number that the prompt says."""
        match = PROMPT.match(self.last_line)
        assert match is not None, f"not at the prompt:\n{self.text()}"
        return int(match["scan"])

    def wait_for_point(self, number: int, start: int) -> None:
        """Return when a table below the row `start` has this point."""
        self.wait_until(lambda: number in point_numbers(self.text(start)), what=f"point {number}")

    @property
    def runs(self) -> list[Run]:
        """What the console has recorded."""
        return recorded_runs(self.data)

    # ---- typing ------------------------------------------------------------------------------

    @property
    def _typed(self) -> str:
        """The line as far as the cursor; behind it may stand what the prompt suggests."""
        return self.last_line[: self._screen.cursor.x]

    def begin(self, line: str) -> int:
        """Type a line and Enter; the row where its output begins."""
        self.process.send(line)
        self.wait_until(lambda: self._typed.endswith(line.rstrip()[-40:]), what=f"the echo of {line!r}")
        start = self.row + 1
        self.process.send("\r")
        return start

    def do(self, line: str, timeout: float = PATIENCE_S) -> str:
        """Type a line; what it has written when the prompt is back."""
        start = self.begin(line)
        self.wait_for_prompt(start - 1, timeout)
        return "\n".join(self.lines(start)[:-1]).strip("\n")

    def press_ctrl_c(self) -> None:
        self.process.sendintr()

    def press_twice(self, start: int) -> None:
        """As a person does who reads what the first press has brought; the system joins two that come at once."""
        self.press_ctrl_c()
        self.wait_for(r"Ctrl\+C again", start)
        self.press_ctrl_c()
        self.wait_for_prompt(start - 1)

    def leave(self, timeout: float = PATIENCE_S) -> int:
        """Type exit; the exit status."""
        self.process.send("exit\r")
        return self.wait_for_end(timeout)

    def wait_for_end(self, timeout: float = PATIENCE_S) -> int:
        self.wait_until(lambda: not self.process.isalive(), timeout, "the end of the console")
        self._read()
        return self.process.exitstatus if self.process.signalstatus is None else -self.process.signalstatus

    def close(self) -> None:
        if self.process.isalive():
            self.process.kill(signal.SIGKILL)
        self.process.close(force=True)
