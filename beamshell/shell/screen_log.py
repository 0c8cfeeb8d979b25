"""ScreenLog: what is typed and shown at the console, as lines of a file with times, without escape codes.

Lines that the terminal draws again and again, such as the last line while a plan runs, are not in it. It knows no
command.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from beamshell.errors import StoreError
from beamshell.shell.messages_shown import say

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, the cursor (ECMA-48, 5.4)
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC and other strings: titles, links
    r"|\x1b[ -/]*[0-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_INPUT_MARK = "> "


def plain_line(text: str) -> str:
    """A line as it stands on the screen in the end: no escape codes, and of a line drawn anew its last form.

    >>> plain_line("\\x1b[31mred\\x1b[0m"), plain_line("10 %\\r20 %"), plain_line("done\\r")
    ('red', '20 %', 'done')
    """
    text = _ESCAPES.sub("", text).rstrip("\r").rpartition("\r")[2]
    while "\b" in text:
        text = re.sub(r"[^\b]\b|^\b", "", text)
    return _CONTROLS.sub("", text).rstrip()


class LogLines:
    """Makes the lines of the file of what is typed and shown.

    Args:
        write: takes a whole line with its end.
        clock: gives seconds since 1970-01-01 UTC.
    """

    def __init__(self, write: Callable[[str], Any], clock: Callable[[], float] = time.time) -> None:
        self._write = write
        self._clock = clock
        self._open_lines: dict[str, str] = {}
        self._date = ""

    def typed(self, text: str) -> None:
        """Write what a person has typed; the second line of a cell and later ones are indented."""
        for number, line in enumerate(text.rstrip().split("\n")):
            self._line(f"{_INPUT_MARK if number == 0 else '  '}{plain_line(line)}")

    def shown(self, text: str, stream: str) -> None:
        """Write what was printed, as soon as a line is whole.

        Args:
            text: any part of the output.
            stream: the name of its stream: a line goes on where the same stream has stopped.
        """
        *lines, rest = (self._open_lines.get(stream, "") + text).split("\n")
        self._open_lines[stream] = rest
        for line in lines:
            self._line(plain_line(line))

    def finish(self) -> None:
        """Write the lines that have not come to their end."""
        for stream in list(self._open_lines):
            if self._open_lines[stream]:
                self.shown("\n", stream)

    def _line(self, text: str) -> None:
        moment = time.localtime(self._clock())
        date = time.strftime("%Y-%m-%d", moment)
        if date != self._date:
            self._date = date
            self._write(f"---- {date} ----\n")
        self._write(f"{time.strftime('%H:%M:%S', moment)}  {text}".rstrip() + "\n")


class ScreenLog:
    """Writes what is typed and shown in this process into one file.

    Attributes:
        path: of the file; None while nothing is written.
    """

    def __init__(self) -> None:
        self.path: Path | None = None
        self._file: TextIO | None = None
        self._lines: LogLines | None = None
        self._lock = threading.RLock()
        self._undo: list[Callable[[], None]] = []

    def begin(self, path: Path, shell: Any) -> None:
        """Write into a file from now on, below what it has, instead of into the one before.

        Args:
            path: of the file.
            shell: the IPython shell in which is typed.

        Raises:
            StoreError: the file cannot be written; name another one.
        """
        try:
            file = path.open("a", encoding="utf-8", errors="replace", buffering=1)
        except OSError as exc:
            raise StoreError(f"{path}: cannot be written: {exc.strerror}") from exc
        self.end()
        self.path, self._file, self._lines = path, file, LogLines(file.write)
        for name in ("stdout", "stderr"):
            self._copy(getattr(sys, name), name)
        shell.events.register("pre_run_cell", self._typed)
        self._undo.append(lambda: shell.events.unregister("pre_run_cell", self._typed))

    def end(self) -> None:
        """Write nothing more; harmless if nothing is written."""
        while self._undo:
            self._undo.pop()()
        with self._lock:
            if self._lines is not None:
                self._write(self._lines.finish)
            if self._file is not None:
                self._file.close()
            self.path, self._file, self._lines = None, None, None

    def _copy(self, stream: Any, name: str) -> None:
        """Copy what is written to a stream; its own method is replaced, since others may have kept the stream."""
        write = stream.write

        def write_and_copy(text: str) -> Any:
            written = write(text)
            if (lines := self._lines) is not None:
                self._write(lambda: lines.shown(text, name))
            return written

        before = vars(stream).get("write")
        stream.write = write_and_copy

        def undo() -> None:
            if vars(stream).get("write") is not write_and_copy:  # somebody has put another in its place
                return
            if before is None:
                del stream.write
            else:
                stream.write = before

        self._undo.append(undo)

    def _typed(self, info: Any) -> None:
        if (lines := self._lines) is not None and info.raw_cell.strip():
            self._write(lambda: lines.typed(info.raw_cell))

    def _write(self, write: Callable[[], None]) -> None:
        """Write; a disk that takes nothing ends the log, and not what is printed."""
        with self._lock:
            try:
                write()
            except (OSError, ValueError) as exc:
                path, self.path, self._lines = self.path, None, None
                reason = getattr(exc, "strerror", None) or exc
                say(f"{path}: {reason}: nothing more is written there")


SCREEN = ScreenLog()
"""The one of this process, whose standard output it copies."""
