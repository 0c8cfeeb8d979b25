"""PlanDisplay: the last lines of the terminal while a plan runs: how far it is, what moves, what Ctrl+C does now.

It joins the engine's activity to the views of progress and motion. It looks at what has come by subscription, and asks
no control system. Used in the thread of the engine.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from beamshell.callbacks.painter import Painter
from beamshell.callbacks.waiting_rows import WaitingRows
from beamshell.callbacks.waiting_rows import rows as the_rows
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver, RunRouter
from beamshell.engine.interrupts import Situation
from beamshell.engine.resources import name_of
from beamshell.shell.live_line import LiveLines
from beamshell.shell.live_move import LiveMove, motion_of
from beamshell.text.times import duration
from beamshell.text.window import can_show
from beamshell.views.motion import BARS, PLAIN_BARS, Motion, motion_rows
from beamshell.views.progress import Expectation, RunProgress, plan_line

if TYPE_CHECKING:
    from beamshell.engine.activity import PlanActivity
    from beamshell.engine.resources import Task
    from beamshell.simulate.result import SimulationResult

SHOWN_AFTER_S = 0.5
"""Seconds from the start of a plan to its first line: what ends before needs none."""

_NOTICES = {
    Situation.PAUSE_AWAITED: "pauses soon; Ctrl+C again: pause now",
    Situation.PAUSING: "coming to rest for the pause",
    Situation.CLEANING_UP: "ending the plan",
    Situation.HALTING: "halted, putting devices back",
    Situation.FINISHING: "putting devices back",
}
_CONTRACTS = {
    Situation.PLAN: "Ctrl+C pauses",
    Situation.BARE: "Ctrl+C stops",
    Situation.SUSPENDED: "Ctrl+C pauses",
    Situation.CLEANING_UP: "Ctrl+C three times: halt",
    Situation.FINISHING: "Ctrl+C three times: do not wait",
}
_VERBS = {"trigger": "counting", "complete": "flying"}
_GAP = "  "
_STANDS_STILL = (Situation.SUSPENDED, Situation.PAUSING)


class PlanDisplay:
    """Shows the plan that runs, at the end of the terminal.

    Args:
        painter: lets it draw when it is due.
        clock: seconds that only grow.
        above: lines to be drawn above, such as a plot, for so many columns and rows; None for none.
        rows: rows of a table, which may wait while it is on the screen; None is the process's own.

    Example:
        ``RE.while_running = display.running; RE.subscribe(display.progress)``
    """

    def __init__(
        self,
        painter: Painter,
        clock: Callable[[], float] = time.monotonic,
        above: Callable[[int, int], Sequence[str]] | None = None,
        rows: WaitingRows | None = None,
    ) -> None:
        self.progress = RunRouter(self._open_run)
        """Subscribed to the engine: notes the points of each run."""
        self._painter = painter
        self._clock = clock
        self._above = above or (lambda _columns, _rows: ())
        self._stopwatch = Stopwatch(clock)
        self._rows = rows or the_rows
        self._lines = LiveLines(self._rows.print_first)
        self._activity: PlanActivity | None = None
        self._runs: list[RunProgress] = []
        self._moves: dict[int, LiveMove] = {}  # by id of the motor: a motor need not be hashable
        self._expected: SimulationResult | None = None
        self._shown_from = 0.0
        self._is_wanted_at_once = False
        self._notes: list[Callable[[], str]] = []

    # ---- what it is told ---------------------------------------------------------------------

    def expect(self, simulated: SimulationResult) -> None:
        """Take the times of the plan that runs next from its simulation."""
        self._expected = simulated

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """A context in which a plan is shown from its first moment, as `umv` does."""
        self._is_wanted_at_once = True
        try:
            yield
        finally:
            self._is_wanted_at_once = False

    @contextmanager
    def noting(self, note: Callable[[], str]) -> Iterator[None]:
        """A context in which a plan says this of itself, also when it goes on after a pause; for use in the plan."""
        self._notes.append(note)
        try:
            yield
        finally:
            self._notes.remove(note)

    @contextmanager
    def running(self, activity: PlanActivity) -> Iterator[None]:
        """A context in which a plan runs; nothing is drawn outside it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        now = self._clock()
        self._shown_from = now if self._is_wanted_at_once else now + SHOWN_AFTER_S
        self._activity = activity
        paused = self._stopwatch  # of the plan beside which this one runs, if there is one
        if not (self._runs and activity.has_run):
            self._stopwatch = Stopwatch(self._clock)
        self._stopwatch.run()
        try:
            with self._lines:
                if not self._lines.is_visible:
                    yield
                    return
                self._painter.touch(self)
                with self._rows.allowed():
                    yield
        finally:
            self._activity, self._expected = None, None
            self._stopwatch.stop()
            if self._runs and not activity.has_run:
                self._stopwatch = paused
            for move in self._moves.values():
                move.forget()
            self._moves.clear()

    def _open_run(self, start: Document) -> RunReceiver:
        progress = _Run(start, self._stopwatch.seconds, expectation_of(self._expected, start), self._runs)
        self._runs.append(progress)
        return progress

    # ---- drawing -----------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw the lines as things are now, and ask to be drawn again."""
        activity, now = self._activity, self._clock()
        if activity is None or not self._lines.is_visible:
            return
        self._painter.touch(self)
        situation = activity.situation
        if situation in _STANDS_STILL:
            self._stopwatch.stop()
        else:
            self._stopwatch.run()
        if now >= self._shown_from:
            self._lines.draw(*self._texts(activity, situation, now))

    def _texts(self, activity: PlanActivity, situation: Situation, now: float) -> list[str]:
        actions = activity.actions
        run = self._runs[-1] if self._runs and activity.has_run else None  # one that is paused is another plan's
        note = "" if activity.is_beside_paused else _GAP.join(note() for note in self._notes)
        motions = self._motions(actions, now, only_under_way=run is not None or note != "")
        width, height = self._lines.size
        marks = BARS if can_show(BARS[0], self._lines.encoding) else PLAIN_BARS
        notice = _NOTICES.get(situation, "")
        if situation is Situation.SUSPENDED:
            notice = f"waiting: {'; '.join(activity.held_by) or 'it goes on in a moment'}"
        if motions and run is None and not notice:
            last_row = [note[:width]] if note else []
            return [*motion_rows(motions[: height - len(last_row)], width, marks), *last_row]
        busy = busy_words(actions)
        idle = ["" if busy or notice or note else "the plan runs", "", duration(math.floor(self._stopwatch.seconds()))]
        line = plan_line(
            width,
            notice=notice,
            note=note,
            run=idle if run is None else run.texts(),
            motions=[motion for motion in motions if motion.is_under_way],
            busy=busy,
            contract=_CONTRACTS.get(situation, ""),
            marks=marks,
        )
        return [*self._above(width, height), line]

    def _motions(self, actions: list[Task], now: float, *, only_under_way: bool) -> list[Motion]:
        """The last move of each motor that was seen to move, with what is known now."""
        for task in actions:
            key, before = id(task.msg.obj), self._moves.get(id(task.msg.obj))
            is_new = not task.status.done and (before is None or before.status is not task.status)
            if is_new and (motion := motion_of(task, now)) is not None:
                if before is not None:
                    before.forget()
                self._moves[key] = LiveMove(task.msg.obj, task.status, motion)
        if only_under_way:
            for key in [key for key, move in self._moves.items() if move.status.done]:
                self._moves.pop(key).forget()
        return [move.looked_at(now) for move in self._moves.values()]


class _Run(RunProgress):
    """The progress of one run, which is among the open ones until it ends."""

    def __init__(
        self, start: Document, clock: Callable[[], float], expectation: Expectation | None, runs: list[RunProgress]
    ) -> None:
        super().__init__(start, clock, expectation)
        self._open_runs = runs

    def stop(self, stop: Document) -> None:  # noqa: ARG002  # however it has ended
        self._open_runs.remove(self)


class Stopwatch:
    """Seconds that grow only while it runs."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._before = 0.0
        self._since: float | None = None

    def seconds(self) -> float:
        """What it shows."""
        return self._before if self._since is None else self._before + self._clock() - self._since

    def run(self) -> None:
        """Go on."""
        if self._since is None:
            self._since = self._clock()

    def stop(self) -> None:
        """Stand still."""
        self._before, self._since = self.seconds(), None


def busy_words(actions: list[Task]) -> str:
    """What counts or flies, such as "counting det, cam"; "" if nothing does."""
    words = []
    for command, verb in _VERBS.items():
        tasks = [task for task in actions if task.msg.command == command and not task.status.done]
        if tasks:
            words.append(f"{verb} {', '.join(dict.fromkeys(name_of(task.msg.obj) for task in tasks))}")
    return ", ".join(words)


def expectation_of(simulated: SimulationResult | None, start: Document) -> Expectation | None:
    """The expected times of a run, if the simulation was of this run alone."""
    number_of_points = start.get("num_points")
    if simulated is None or simulated.endless or len(simulated.runs) != 1 or simulated.problems:
        return None
    points, end_s = simulated.points, simulated.duration_s
    if not isinstance(number_of_points, int) or len(points) + simulated.more_points != number_of_points or end_s <= 0:
        return None

    def at(point: int) -> float:
        if 0 < point <= len(points):
            return points[point - 1].time_s
        return end_s * point / number_of_points

    return Expectation(end_s, at)
