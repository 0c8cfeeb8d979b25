"""Every scan is rehearsed before it runs: refused if it cannot be done, asked about if it takes very long.

It joins the rehearsal (plans) to what this beamline's past runs tell (store); it never runs a plan, and nothing it
does moves, writes, or counts a scan.
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

    from beamshell.shell.session import Session
    from beamshell.simulate.simulator import SimulationResult
    from beamshell.store import Run, Runs
    from beamshell.timing.model import TimingModel
    from beamshell.timing.run_times import RunTimes

MOST_RUNS = 50
"""The newest that are learned from."""
LONG_S = 10.0
"""A scan that takes as long as this is announced with its points and its time."""
GLANCE_S, LOOK_S = 0.02, 1.0
"""What reading past runs may take before a scan, and when somebody asks for a rehearsal; the next one reads on."""

_DOCUMENTS_OF_A_RUN = 250
_WORTH_LEARNING = 0.1
_REFUSALS = (LimitError, BadValue, ReadOnlyError, PlanError)
"""What will be no different when the scan comes to it; anything else may have healed by then."""


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
    """The rehearsals of one session.

    Args:
        session: whose plans they are.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._experience: Experience | None = None

    def rehearse(self, plan: Any) -> SimulationResult:
        """What a plan would do here; the plan is used up by it."""
        return self._rehearsed(plan, LOOK_S, exact=True)

    def before(self, make: Callable[[], Any], *, ask: bool = True) -> None:
        """Rehearse a plan that is about to run; say how long it takes if it is long.

        Args:
            make: makes the plan.
            ask: False starts it however long it takes, as in the middle of a queue.

        Raises:
            BeamshellError: it cannot be done: of the kind and with the words of the first refusal.
            CommandError: it was asked about, and the answer was no.
        """
        try:
            rehearsal = self._rehearsed(make, GLANCE_S)
        except Exception as exc:  # noqa: BLE001  # the scan must not depend on its rehearsal: it checks for itself
            say(f"not rehearsed: {one_line(exc)}")
            return
        self._refuse(rehearsal)
        limit_s = self._session.config.ask_above
        if ask and not rehearsal.endless and 0 < limit_s < rehearsal.duration_s:
            self._ask(rehearsal)
        elif rehearsal.endless or rehearsal.duration_s >= LONG_S:
            say(announcement(rehearsal, time.time()))

    def _rehearsed(self, plan: Any, within_s: float, *, exact: bool = False) -> SimulationResult:
        from beamshell.simulate.simulator import rehearse

        return rehearse(plan, self._overheads(within_s, exact), suspenders=self._session.suspender_lines())

    def _overheads(self, within_s: float, exact: bool) -> TimingModel | None:
        if self._experience is None:
            self._experience = Experience(self._session.runs)
        try:
            return self._experience.overheads(within_s, exact=exact)
        except (BeamshellError, OSError) as exc:
            say(f"past runs cannot be read, so times come from the devices alone: {one_line(exc)}")
            return None

    def _refuse(self, rehearsal: SimulationResult) -> None:
        for problem in rehearsal.problems:
            if isinstance(problem, _REFUSALS) or not rehearsal.runs:  # it would end before it has begun
                raise problem
            say(f"not rehearsed to its end: {one_line(problem)}")

    def _ask(self, rehearsal: SimulationResult) -> None:
        line = announcement(rehearsal, time.time())
        if not self._somebody_is_there():
            say(f"{line}; not asked, since nobody is at the prompt")
        elif not _agreed(line):
            raise CommandError("not started")

    def _somebody_is_there(self) -> bool:
        application = getattr(self._session.shell, "parent", None)
        return bool(getattr(application, "interact", False))


def announcement(rehearsal: SimulationResult, now: float) -> str:
    """Points, time, and the time of day of the end: "121 points, about 2 min 10 s ± 8 s (...), until 14:32:10".

    Args:
        rehearsal: what came of the rehearsal.
        now: seconds since 1970-01-01 UTC.
    """
    return rehearsal.summary() if rehearsal.endless else f"{rehearsal.summary()}, until {_clock(rehearsal, now)}"


def _clock(rehearsal: SimulationResult, now: float) -> str:
    end = time.localtime(now + rehearsal.duration_s)
    today = time.localtime(now)[:3] == end[:3]
    return time.strftime("%H:%M:%S" if today else "%a %H:%M", end)


def _agreed(line: str) -> bool:
    say(line)
    while True:
        answer = input("Start it? [Y/n] ").strip().lower()
        if answer in ("", "y", "yes"):
            return True
        if answer in ("n", "no"):
            return False
