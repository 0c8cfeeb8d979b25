"""`beamshell watch`: shows in another terminal what the consoles of a data folder do.

It reads the runs and the console log from the disk, and never speaks to a console or a device.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path

from typing_extensions import override

from beamshell.callbacks.best_effort import BestEffort
from beamshell.callbacks.figures import SWITCH, Windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.waiting_rows import HeldRows
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver, RunRouter
from beamshell.errors import UsageError
from beamshell.follow.consoles import Consoles, ConsoleState
from beamshell.follow.cursor import Cursor
from beamshell.follow.lines import CONSOLE, Line
from beamshell.follow.reader import Reader
from beamshell.shell.launch_options import take_beamline
from beamshell.shell.live_line import LiveLines
from beamshell.shell.messages_shown import DONE, print_answer
from beamshell.shell.plan_display import Stopwatch
from beamshell.store.processes import why_dead
from beamshell.store.run_file import first_document
from beamshell.text.lists import listed
from beamshell.text.window import window_height
from beamshell.views.captions import title
from beamshell.views.progress import RunProgress, plan_line

_log = logging.getLogger(__name__)

_POLL_S = 0.05
_DRAW_S = 0.1
_DEATHS_S = 1.0
_MOST_LINES = 1000  # read at once
_RECENT = 256 * 1024
"""Bytes at the end of the console log that tell what the consoles do as the watch begins."""
_OTHER_LINES = 4
"""Lines of a window that are no rows of a table."""


def watch(words: list[str]) -> int:
    """`beamshell watch`: show what the consoles of the data folder do, until Ctrl+C.

    Raises:
        UsageError: there are words that it does not know.
    """
    folder, config, others = take_beamline(words)
    if others:
        raise UsageError(f"beamshell watch does not know '{others[0]}': it takes --data and --profile")
    if config.plots != "auto":
        os.environ[SWITCH] = config.plots
    try:
        Watch(folder).run()
    except KeyboardInterrupt:
        return DONE
    return DONE


class _NoWindows(Windows):
    """Plots are in the terminal, whatever display there is."""

    @property
    @override
    def possible(self) -> bool:
        return False


class Watch:
    """What the consoles do, on the standard output.

    Args:
        folder: the data folder.
        clock: seconds since 1970-01-01 UTC.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._line_time: float | None = None  # of the line that is taken; None between lines
        self._reader = Reader(folder, Cursor())
        self._consoles = Consoles()
        painter = Painter()
        self._rows = HeldRows(painter)
        self._best = BestEffort(painter=painter, windows=_NoWindows(painter), rows=self._rows)
        self._runs: dict[str, _WatchedRun] = {}  # those that are open
        self._router = RunRouter(self._open_run)
        self._lines = LiveLines(self._rows.draw)
        self._last_run = ""
        self._next_drawing = self._next_look_for_deaths = 0.0

    def run(self) -> None:
        """Show what is there, and then what comes, until somebody interrupts it."""
        with self._lines:
            self._catch_up()
            while True:
                dead = self._dead()
                lines = self._reader.read(_MOST_LINES)
                for line in _by_time(lines):
                    self._take(line)
                if len(lines) < _MOST_LINES:
                    for text in self._consoles.note_deaths(dead):
                        self._say(text)
                self._show()
                if len(lines) < _MOST_LINES:
                    time.sleep(_POLL_S)

    # ---- reading ---------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Take what has happened before: the runs that are open from their beginning, and what was said meanwhile."""
        self._reader.skip_to_now(_RECENT)
        entries = deque(self._reader.read_console(sys.maxsize))
        if self._lines.is_visible:
            self._rows.most = max(1, (window_height(sys.stdout) or 24) - _OTHER_LINES)
        else:
            print_answer(f"{self._folder}: what its consoles do; Ctrl+C leaves")
            sys.stdout.flush()
        self._consoles_say_nothing_until(entries)
        while lines := self._reader.read(_MOST_LINES):
            for line in lines:
                while entries and (entries[0].time or 0.0) <= (line.time or 0.0):
                    self._take(entries.popleft())
                self._take(line)
            if len(lines) < _MOST_LINES:
                break
        while entries:
            self._take(entries.popleft())
        self._consoles.note_deaths(self._dead())  # of those that have died long ago nothing is said
        self._rows.draw()
        self._rows.most = None

    def _consoles_say_nothing_until(self, entries: deque[Line]) -> None:
        """Take the entries from before the oldest run that is open, and show nothing of them."""
        starts = [first_document(self._folder / place) for place in self._reader.cursor.runs]
        began = min((float(start["time"]) for start in starts if start is not None), default=None)
        while entries and (began is None or (entries[0].time or 0.0) < began):
            self._consoles.take(entries.popleft().doc)

    def _dead(self) -> dict[str, str]:
        """The consoles that live no more, looked for once a second."""
        if self._clock() < self._next_look_for_deaths:
            return {}
        self._next_look_for_deaths = self._clock() + _DEATHS_S
        return self._consoles.dead(why_dead)

    def _take(self, line: Line) -> None:
        self._line_time = line.time or self._line_time
        try:
            if line.name == CONSOLE:
                self._say(self._consoles.take(line.doc))
                for run in self._runs.values():
                    run.let_time_pass(self._consoles.of_run(run.uid))
            else:
                self._router(line.name, line.doc)
                self._best(line.name, line.doc)
        except BrokenPipeError:
            raise
        except Exception:  # noqa: BLE001 - a document of another program may hold anything
            _log.warning("%s cannot be shown", line.key, exc_info=True)
        finally:
            self._line_time = None

    def _open_run(self, start: Document) -> RunReceiver:
        self._last_run = title(start)
        run = _WatchedRun(start, Stopwatch(self._now), partial(self._runs.pop, str(start["uid"])))
        self._runs[run.uid] = run
        return run

    def _now(self) -> float:
        return self._clock() if self._line_time is None else self._line_time

    # ---- showing ---------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        if text:
            self._rows.draw()
            print_answer(text)

    def _show(self) -> None:
        self._rows.draw()
        sys.stdout.flush()
        now = self._clock()
        if self._lines.is_visible and now >= self._next_drawing:
            self._next_drawing = now + _DRAW_S
            width, height = self._lines.size
            self._lines.draw(*self._best.text_figure.live_lines(width, height), self._last_line(width))

    def _last_line(self, width: int) -> str:
        run = next(reversed(self._runs.values()), None)
        console = self._consoles.of_run(run.uid) if run is not None else self._consoles.last
        several = len(self._consoles.open) > 1
        notice = _notice(console)
        if run is not None and console is not None and not console.is_open:
            notice = f"{console.name} has died, the run is not closed"
        note = console.name if console is not None and several else ""
        if run is None and not notice:
            note = self._idle(console)
        texts = run.texts() if run is not None else ()
        return plan_line(width, notice=notice, note=note, run=texts, contract="Ctrl+C leaves")

    def _idle(self, console: ConsoleState | None) -> str:
        """What is said while no run is open."""
        if console is not None and console.command:
            return console.command
        who = listed(each.name for each in self._consoles.open)
        state = f"{who} at the prompt" if who else "no console is open"
        return f"{state}; last {self._last_run}" if self._last_run else state


class _WatchedRun(RunProgress):
    """The progress of a run, whose time stands still while its console waits."""

    def __init__(self, start: Document, stopwatch: Stopwatch, closed: Callable[[], object]) -> None:
        stopwatch.run()
        super().__init__(start, stopwatch.seconds)
        self.uid = str(start["uid"])
        self._stopwatch = stopwatch
        self._closed = closed

    def let_time_pass(self, console: ConsoleState | None) -> None:
        """Let the time go on, or stand still, as the console of the run does."""
        if console is not None and console.stands_still:
            self._stopwatch.stop()
        else:
            self._stopwatch.run()

    @override
    def stop(self, stop: Document) -> None:
        self._closed()


def _notice(console: ConsoleState | None) -> str:
    if console is None:
        return ""
    if console.waits_for:
        return f"waiting: {'; '.join(console.waits_for)}"
    return f"paused: {console.pause}" if console.pause else ""


def _by_time(lines: Sequence[Line]) -> Iterable[Line]:
    """The lines in the order of their times; those of one run, and those of the console log, keep their own order."""
    latest: dict[str, float] = {}
    line_times = []
    for line in lines:  # a clock that is set back must not bring an event before its descriptor
        latest[line.run] = max(latest.get(line.run, 0.0), line.time or 0.0)
        line_times.append(latest[line.run])
    return [line for _time, line in sorted(zip(line_times, lines, strict=True), key=itemgetter(0))]
