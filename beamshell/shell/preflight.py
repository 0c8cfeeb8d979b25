"""The check before each scan: it is simulated, refused if it cannot be done, asked about if it takes very long.

It joins the simulator to the times that past runs took. It never runs a plan: nothing moves, and no scan is counted.
"""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamshell.errors import BadValue, BeamshellError, CommandError, LimitError, PlanError, ReadOnlyError
from beamshell.shell.messages_shown import one_line, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from beamshell.simulate.simulator import SimulationResult
    from beamshell.store import Run, Runs
    from beamshell.timing.model import TimingModel
    from beamshell.timing.run_times import RunTimes

MOST_RUNS = 50
"""The newest that are learned from."""
LONG_S = 10.0
"""A scan of at least this duration, in seconds, is announced with its points and its time."""
GLANCE_S, LOOK_S = 0.02, 1.0
"""Seconds for reading past runs, before a scan and for the command `rehearse`; the next check reads on."""

_DOCUMENTS_OF_A_RUN = 250
_WORTH_LEARNING = 0.1
_REFUSALS = (LimitError, BadValue, ReadOnlyError, PlanError)
"""Problems that stay: the scan is refused. A problem of another kind may have gone when the scan comes to it."""


class Experience:
    """What this beamline's past runs tell of how long things take; each run is read once, the newest first.

    Args:
        runs: the catalogue.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._read: dict[Path, RunTimes | None] = {}
        self._learned: TimingModel | None = None
        self._learned_from: frozenset[Path] = frozenset()

    def overheads(self, within_s: float, *, exact: bool = False) -> TimingModel:
        """What is learned by now.

        Args:
            within_s: how long runs may be read that were not read yet.
            exact: whether every single new run counts; else only when they are a tenth of all.
        """
        newest = list(reversed(self._runs[-MOST_RUNS:]))
        deadline = time.monotonic() + within_s
        for run in newest:
            if run.path in self._read or (stop := run.stop) is None:  # one that is open is read when it has ended
                continue
            self._read[run.path] = _times_of(run, stop)
            if time.monotonic() > deadline:
                break
        known = frozenset(run.path for run in newest if self._read.get(run.path) is not None)
        if self._learned is None or self._is_news(known, exact):
            from beamshell.timing.model import learn

            self._learned = learn(times for path in sorted(known) if (times := self._read[path]) is not None)
            self._learned_from = known
        return self._learned

    def _is_news(self, known: frozenset[Path], exact: bool) -> bool:
        changed = len(known ^ self._learned_from)
        return changed > (0 if exact else _WORTH_LEARNING * len(self._learned_from))


def _times_of(run: Run, stop: dict[str, Any]) -> RunTimes | None:
    from beamshell.timing.run_times import times_of

    try:
        return times_of([*islice(run.documents(), _DOCUMENTS_OF_A_RUN), ("stop", stop)])
    except (KeyError, TypeError, ValueError):  # written by something else, or damaged: one run less to learn from
        return None


class Preflight:
    """Simulates the plans of one session before they run.

    Args:
        runs: the catalogue; its newest runs tell how long things take.
        ask_above_s: gives the duration in seconds above which a person is asked; 0 never asks.
        suspender_lines: gives a line for each suspender.
        is_attended: True if somebody is at the prompt and can answer.
        confirm: shows a line and asks whether to start; True means yes.
    """

    def __init__(
        self,
        runs: Runs,
        *,
        ask_above_s: Callable[[], float],
        suspender_lines: Callable[[], list[str]],
        is_attended: Callable[[], bool],
        confirm: Callable[[str], bool] | None = None,
    ) -> None:
        self._experience = Experience(runs)
        self._ask_above_s = ask_above_s
        self._suspender_lines = suspender_lines
        self._is_attended = is_attended
        self._confirm = confirm or confirm_at_prompt

    def rehearse(self, plan: Any) -> SimulationResult:
        """What a plan would do here; this uses the plan up."""
        return self._simulate(plan, LOOK_S, exact=True)

    def before(self, make: Callable[[], Any], *, ask: bool = True) -> None:
        """Check a plan that is about to run; announce it if it takes long.

        Args:
            make: makes the plan.
            ask: False never asks, as in the middle of a queue.

        Raises:
            BeamshellError: the plan cannot be done; it is the first refusal itself. Correct what it names.
            CommandError: the person at the prompt decided not to start it.
        """
        try:
            result = self._simulate(make, GLANCE_S)
        except Exception as exc:  # noqa: BLE001  a fault of the simulation must not stop a scan, which checks for itself
            say(f"not rehearsed: {one_line(exc)}")
            return
        for problem in result.problems:
            if isinstance(problem, _REFUSALS) or not result.runs:  # without a run it would end before it has begun
                raise problem
            say(f"not rehearsed to its end: {one_line(problem)}")
        limit_s = self._ask_above_s()
        if ask and not result.endless and 0 < limit_s < result.duration_s:
            self._ask(announcement(result, time.time()))
        elif result.endless or result.duration_s >= LONG_S:
            say(announcement(result, time.time()))

    def _ask(self, line: str) -> None:
        if not self._is_attended():
            say(f"{line}; not asked, since nobody is at the prompt")
        elif not self._confirm(line):
            raise CommandError("not started")

    def _simulate(self, plan: Any, within_s: float, *, exact: bool = False) -> SimulationResult:
        from beamshell.simulate.simulator import rehearse

        return rehearse(plan, self._timing_model(within_s, exact), suspenders=self._suspender_lines())

    def _timing_model(self, within_s: float, exact: bool) -> TimingModel | None:
        try:
            return self._experience.overheads(within_s, exact=exact)
        except (BeamshellError, OSError) as exc:
            say(f"past runs cannot be read, so times come from the devices alone: {one_line(exc)}")
            return None


def announcement(result: SimulationResult, now: float) -> str:
    """Points, duration, and the time of day of the end: "121 points, about 2 min 10 s ± 8 s (...), until 14:32:10".

    Args:
        result: of the simulation.
        now: seconds since 1970-01-01 UTC.
    """
    if result.endless:
        return result.summary()
    end = time.localtime(now + result.duration_s)
    is_today = time.localtime(now)[:3] == end[:3]
    return f"{result.summary()}, until {time.strftime('%H:%M:%S' if is_today else '%a %H:%M', end)}"


def confirm_at_prompt(line: str) -> bool:
    """Show a line, then ask at the prompt whether to start, until the answer is yes or no."""
    say(line)
    while True:
        answer = input("Start it? [Y/n] ").strip().lower()
        if answer in ("", "y", "yes"):
            return True
        if answer in ("n", "no"):
            return False
