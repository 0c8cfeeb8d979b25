"""What a person is told when something went wrong: one line, and the whole story only when asked.

It knows exceptions and words, not the shell that raised them.
"""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TextIO

from beamshell.errors import BeamshellError, RunEngineInterrupted

DONE, FAILED, INTERRUPTED = 0, 1, 130
"""Exit statuses: all was done; an error; interrupted (the shell convention for SIGINT)."""

MENU = """\
Paused. Type one of
  resume  go on from the last checkpoint
  stop    end the plan, keep the run as a success
  abort   end the plan, mark the run as aborted
  halt    end the plan at once, without its clean-up"""
"""What is shown when a plan is paused."""


_OURS = Path(__file__).parents[1]


class Signalled(SystemExit):
    """The system told the console to go: its terminal was closed, or it was terminated."""


def one_line(exc: BaseException) -> str:
    """The error in one line."""
    if isinstance(exc, KeyboardInterrupt):
        return "interrupted"
    text = " ".join(str(exc).split())
    if isinstance(exc, BeamshellError) and text:
        return text
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def exit_status(exc: BaseException | None) -> int:
    """What a console that ran commands and left reports to the system."""
    if exc is None:
        return DONE
    if isinstance(exc, SystemExit):
        return exc.code if isinstance(exc.code, int) else DONE if exc.code is None else FAILED
    return INTERRUPTED if isinstance(exc, KeyboardInterrupt | RunEngineInterrupted) else FAILED


def where(exc: BaseException, folder_or_file: Path) -> str:
    """`file:line` of the deepest place in this file, "" if the error never passed through it."""
    if isinstance(exc, SyntaxError) and exc.filename:
        return f"{exc.filename}:{exc.lineno}"
    places = [frame for frame in traceback.extract_tb(exc.__traceback__) if Path(frame.filename) == folder_or_file]
    return f"{places[-1].filename}:{places[-1].lineno}" if places else str(folder_or_file)


def say(text: str) -> None:
    """Tell the person at the console something that is no result."""
    sys.stdout.flush()
    print(f"beamshell: {text}", file=sys.stderr, flush=True)


def say_error(exc: BaseException) -> None:
    """One line about what went wrong."""
    say(one_line(exc))


def say_our_warnings() -> Callable[[], None]:
    """How to undo it: from now on a warning of ours is one line; others look as Python shows them."""
    before = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if file is None and (category.__module__.startswith("beamshell.") or _OURS in Path(filename).parents):
            say(" ".join(str(message).split()))
        else:
            before(message, category, filename, lineno, file, line)

    def undo() -> None:
        if warnings.showwarning is show:  # else somebody has put another in its place
            warnings.showwarning = before

    warnings.showwarning = show
    return undo


class LastError:
    """The last error, kept for whoever asks what was behind it."""

    def __init__(self) -> None:
        self._story: list[str] = []

    def keep(self, exc: BaseException, tb: TracebackType | None = None) -> None:
        """Remember this one in place of the one before."""
        self._story = traceback.format_exception(type(exc), exc, tb or exc.__traceback__)

    @property
    def story(self) -> str:
        """The traceback as text, "" if nothing has gone wrong."""
        return "".join(self._story)
