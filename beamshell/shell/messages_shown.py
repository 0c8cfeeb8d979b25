"""What the person reads: answers of commands, errors and warnings in one line each, and the last error's traceback.

It knows exceptions, and not the shell that raised them.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from beamshell.errors import BeamshellError, RunEngineInterrupted
from beamshell.text.own_code import full_traceback, message_of, place_in_own_code, with_place
from beamshell.text.window import fitted, is_terminal, window_height, window_width

DONE, FAILED, INTERRUPTED = 0, 1, 130
"""Exit statuses: all was done; an error; interrupted (the shell convention for SIGINT)."""

MENU = """\
Paused. Type one of
  resume  go on from the last checkpoint
  stop    end the plan, keep the run as a success
  abort   end the plan, mark the run as aborted
  halt    end the plan at once, without its clean-up"""
"""Shown when a plan is paused."""

_CARETS = re.compile(r"^ *[~^]+ *\n", re.MULTILINE)
_CONTROL = re.compile(r"\x1b(?!\[[0-9;:]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
"""Characters that move the cursor, clear the window or do worse; a colour is let through, as are new lines and tabs."""
_PACKAGE = Path(__file__).parents[1]


class Signalled(SystemExit):
    """A signal ends the console: its terminal was closed, or it was terminated."""


def one_line(exc: BaseException) -> str:
    """The error in one line; with its place, if it came through the person's own code."""
    text = message_of(exc)
    if isinstance(exc, KeyboardInterrupt):
        return f"interrupted {text}".rstrip()
    if isinstance(exc, SyntaxError):
        return f"{type(exc).__name__}: {exc.msg}"  # its own text says half of the place: file without folder
    return text if isinstance(exc, BeamshellError) and text else with_place(exc)


def exit_status(exc: BaseException | None) -> int:
    """The exit status of a console whose command ended with this error; None means no error."""
    if exc is None:
        return DONE
    if isinstance(exc, SystemExit):
        return exc.code if isinstance(exc.code, int) else DONE if exc.code is None else FAILED
    return INTERRUPTED if isinstance(exc, KeyboardInterrupt | RunEngineInterrupted) else FAILED


def place_of(exc: BaseException, file: Path) -> str:
    """The place of an error in a file as `file:line`; the file's name alone if the error did not pass through it."""
    if isinstance(exc, SyntaxError) and exc.filename:
        return f"{exc.filename}:{exc.lineno}"
    frames = [frame for frame in traceback.extract_tb(exc.__traceback__) if Path(frame.filename) == file]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(file)


def say(text: str) -> None:
    """Write a message to the person, on stderr: what a command prints on stdout stays its result."""
    sys.stdout.flush()
    message = _shown(fitted(f"beamshell: {text}", window_width(sys.stderr)), sys.stderr)
    print(f"{message}\n", end="", file=sys.stderr, flush=True)  # in one piece: threads write too


def print_answer(text: object) -> None:
    """Write the answer of a command, on stdout; in a terminal its lines are broken between words."""
    print(_shown(fitted(str(text), window_width(sys.stdout)), sys.stdout))


def _shown(text: str, stream: TextIO) -> str:
    """The text as the stream can write it; what speaks to the terminal and is no colour is escaped."""
    text = _CONTROL.sub(lambda match: repr(match[0])[1:-1], text)
    if text.isascii():
        return text
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def print_pages(text: str) -> None:
    """Write a long answer, on stdout; in a terminal page by page if it is longer than the window."""
    text = _shown(fitted(text, window_width(sys.stdout)), sys.stdout)
    height = window_height(sys.stdout)
    if height is None or text.count("\n") + 2 <= height or not is_terminal(sys.stdin):
        print(text)
        return
    from IPython.core.page import page

    page(text)


def say_error(exc: BaseException) -> None:
    """Write an error in one line."""
    say(one_line(exc))


def say_syntax_error(exc: SyntaxError) -> None:
    """Write an error of syntax: the line with the place in it, what is wrong and, if there are more lines, where."""
    print("".join(traceback.format_exception_only(exc)[1:-1]), end="", file=sys.stderr)
    is_in_file = exc.filename is not None and Path(exc.filename).is_file()
    place = f"{exc.filename}:{exc.lineno}: " if is_in_file else f"line {exc.lineno}: " if (exc.lineno or 0) > 1 else ""
    say(f"{place}{one_line(exc)}")


def say_our_warnings() -> Callable[[], None]:
    """Show warnings of beamshell in one line from now on; others look as Python shows them.

    Returns:
        A function that undoes this.
    """
    before = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if file is None and (category.__module__.startswith("beamshell.") or _PACKAGE in Path(filename).parents):
            say(" ".join(str(message).split()))
        else:
            before(message, category, filename, lineno, file, line)

    def undo() -> None:
        if warnings.showwarning is show:  # else somebody has put another in its place
            warnings.showwarning = before

    warnings.showwarning = show
    return undo


class LastError:
    """The traceback of the last error, for the command `last_error`.

    Attributes:
        text: the traceback; "" if there was no error.
    """

    def __init__(self) -> None:
        self.text = ""

    def keep(self, exc: BaseException) -> None:
        """Keep the traceback of this error in place of the one before."""
        self.text = full_traceback(exc)

    def show(self) -> None:
        """Print the traceback; in a terminal its lines are broken between words."""
        text = self.text.rstrip() or "no error so far"
        if window_width(sys.stdout) is not None:
            text = _CARETS.sub("", text)  # they would stand below other words than those that they mean
        print_answer(text)

    def report(self, exc: BaseException, place: str = "") -> None:
        """Keep an error, and show it in one line.

        Args:
            exc: the error.
            place: `file:line`, shown before the error unless its message says it already; if the error came through
                the person's own code, its place there is shown instead.
        """
        self.keep(exc)
        text = one_line(exc)
        if (own_place := place_in_own_code(exc)) and text.endswith(f" ({own_place})"):
            text, place = text.removesuffix(f" ({own_place})"), own_place
        say(text if place in text else f"{place}: {text}")


class _LogShown(logging.Handler):
    """Shows each message of the log in one line.

    Args:
        last_error: keeps the traceback of an error that was logged.
    """

    def __init__(self, last_error: LastError) -> None:
        super().__init__(logging.WARNING)
        self._last_error = last_error

    def emit(self, record: logging.LogRecord) -> None:
        """Show a message."""
        try:
            text, error = record.getMessage(), record.exc_info[1] if record.exc_info else None
            if error is not None:
                self._last_error.keep(error)
                text = f"{text}: {one_line(error)} (last_error shows more)"
            say(" ".join(text.split()))
        except Exception:  # noqa: BLE001  # a closed stream: who logs must not fail
            self.handleError(record)


def say_our_log(last_error: LastError) -> Callable[[], None]:
    """Show what beamshell logs, warnings and errors, in one line each from now on.

    Args:
        last_error: keeps the traceback of an error.

    Returns:
        A function that undoes this.
    """
    logger, handler = logging.getLogger("beamshell"), _LogShown(last_error)
    logger.addHandler(handler)
    return lambda: logger.removeHandler(handler)
