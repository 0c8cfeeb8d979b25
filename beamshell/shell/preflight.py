"""Every scan is rehearsed before it runs: refused if it cannot be done, asked about if it takes very long.

It joins the rehearsal (plans) to what this beamline's past runs tell (store); it never runs a plan, and nothing it
does moves, writes, or counts a scan.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from beamshell.errors import BadValue, BeamshellError, CommandError, LimitError, PlanError, ReadOnlyError
from beamshell.shell.messages_shown import one_line, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from beamshell.shell.session import Session
    from beamshell.simulate.result import SimulationResult
    from beamshell.timing.history import TimingHistory
    from beamshell.timing.model import TimingModel

MOST_RUNS = 50
"""The newest that are learned from."""
LONG_S = 10.0
"""A scan that takes as long as this is announced with its points and its time."""
GLANCE_S, LOOK_S = 0.02, 1.0
"""What reading past runs may take before a scan, and when somebody asks for a rehearsal; the next one reads on."""

_REFUSALS = (LimitError, BadValue, ReadOnlyError, PlanError)
"""What will be no different when the scan comes to it; anything else may have healed by then."""


class Preflight:
    """The rehearsals of one session.

    Args:
        session: whose plans they are.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._history: TimingHistory | None = None

    def rehearse(self, plan: Any) -> SimulationResult:
        """What a plan would do here; the plan is used up by it."""
        return self._rehearsed(plan, LOOK_S, exact=True)

    def before(self, make: Callable[[], Any], *, ask: bool = True) -> AbstractContextManager[None]:
        """Rehearse a plan that is about to run; say how long it takes if it is long.

        Returns:
            A context in which the plan is to run: it does not check again the positions that were checked here.

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
            return nullcontext()
        self._refuse(rehearsal)
        limit_s = self._session.config.ask_above
        if ask and not rehearsal.endless and 0 < limit_s < rehearsal.duration_s:
            self._ask(rehearsal)
        elif rehearsal.endless or rehearsal.duration_s >= LONG_S:
            say(announcement(rehearsal, time.time()))
        return rehearsal.accepted.in_use()

    def _rehearsed(self, plan: Any, within_s: float, *, exact: bool = False) -> SimulationResult:
        from beamshell.simulate.simulator import rehearse

        return rehearse(plan, self._overheads(within_s, exact), suspenders=self._session.suspender_lines())

    def _overheads(self, within_s: float, exact: bool) -> TimingModel | None:
        from beamshell.timing.history import TimingHistory

        if self._history is None:
            self._history = TimingHistory(time.monotonic)
        try:
            return self._history.model(list(reversed(self._session.runs[-MOST_RUNS:])), within_s, exact=exact)
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
