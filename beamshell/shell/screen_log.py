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
_BACKSPACE = re.compile(r"^\x08|[^\x08]\x08")
_INPUT_MARK = "> "


def plain_line(text: str) -> str:
    r"""A line as it stands on the screen in the end: no escape codes, and of a line drawn anew its last form.

    >>> plain_line("\x1b[31mred\x1b[0m"), plain_line("10 %\r20 %"), plain_line("done\r")
    ('red', '20 %', 'done')
    """
    text = _ESCAPES.sub("", text).rstrip("\r").rpartition("\r")[2]
    while "\b" in text:
        text = _BACKSPACE.sub("", text)
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

    It copies what goes through the methods `write` of the standard streams. Others replace those too: IPython for each
    cell, live lines while a plan runs. So before each cell it looks whether it still is where the text passes.

    Attributes:
        path: of the file; None while nothing is written.
    """

    def __init__(self) -> None:
        self.path: Path | None = None
        self._file: TextIO | None = None
        self._lines: LogLines | None = None
        self._lock = threading.RLock()
        self._is_reached = False
        self._stop_listening: Callable[[], None] = lambda: None

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
        self._copy_streams()
        shell.events.register("pre_run_cell", self._typed)
        self._stop_listening = lambda: shell.events.unregister("pre_run_cell", self._typed)
        prompt = getattr(getattr(shell, "pt_app", None), "app", None)
        if prompt is not None:  # between two cells, for what other threads say there
            prompt.pre_run_callables.append(self._copy_streams)

    def end(self) -> None:
        """Write nothing more; harmless if nothing is written."""
        self._stop_listening()
        self._stop_listening = lambda: None
        with self._lock:
            if self._lines is not None:
                self._write(self._lines.finish)
            if self._file is not None:
                self._file.close()
            self.path, self._file, self._lines = None, None, None

    def _copy_streams(self) -> None:
        """Copy what is written to the standard streams, unless that is done already."""
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            self._is_reached = False
            stream.write("")
            if not self._is_reached:
                stream.write = self._copying(stream.write, name)

    def _copying(self, write: Callable[[str], Any], name: str) -> Callable[[str], Any]:
        """A method `write` that copies the text; it stays where it is, and copies nothing while there is no file."""

        def write_and_copy(text: str) -> Any:
            self._is_reached = True
            written = write(text)
            if text and (lines := self._lines) is not None:
                self._write(lambda: lines.shown(text, name))
            return written

        return write_and_copy

    def _typed(self, info: Any) -> None:
        self._copy_streams()
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
