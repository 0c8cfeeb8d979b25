"""Preflight: simulates each scan before it runs, refuses one that cannot be done, asks before a very long one.

It joins the simulator to the times that past runs took. It never runs a plan: nothing moves, and no scan is counted.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

from beamshell.errors import BadValue, BeamshellError, Declined, LimitError, PlanError, ReadOnlyError
from beamshell.shell.messages_shown import one_line, say
from beamshell.shell.questions import agrees
from beamshell.text.times import end_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from beamshell.simulate.result import SimulationResult
    from beamshell.store import Runs
    from beamshell.timing.history import TimingHistory
    from beamshell.timing.model import TimingModel

MAX_RUNS = 50
"""Durations are learned from so many of the newest runs."""
LONG_S = 10.0
"""A scan of at least this duration, in seconds, is announced with its points and its time."""
GLANCE_S, LOOK_S = 0.02, 1.0
"""Seconds for reading past runs, before a scan and for the command `rehearse`; the next check reads on."""

_MOST_OF_REHEARSAL, _MOST_OF_SCAN = 2_000_000, 20_000
"""Messages that are simulated for the command `rehearse`, and of a scan that is about to run."""
SLOW_S = 0.5
"""After so many seconds the person is told what takes long."""

_REFUSALS = (LimitError, BadValue, ReadOnlyError, PlanError)
"""Problems that stay: the scan is refused. A problem of another kind may have gone when the scan comes to it."""


class Preflight:
    """Simulates the plans of one session before they run.

    Args:
        runs: the catalogue; its newest runs tell how long things take.
        ask_above_s: gives the duration in seconds above which a person is asked; 0 never asks.
        suspender_lines: gives a line for each suspender.
        is_attended: True if somebody is at the prompt and can answer.
        not_recorded: gives the names of the devices that a run would record beside its plan, and that do not answer.
        refuse_plans: called with the names of plans and of their command; it raises if one of them cannot run now.
        refuse_metadata: called with the metadata that each run gets of its plan and command; it raises to refuse it.
        expect: called with the simulation of each plan that is about to run.
        confirm: shows a line and asks whether to start; True means yes.
    """

    def __init__(
        self,
        runs: Runs,
        *,
        ask_above_s: Callable[[], float],
        suspender_lines: Callable[[], list[str]],
        is_attended: Callable[[], bool],
        not_recorded: Callable[[], list[str]] = list,
        refuse_plans: Callable[[list[str]], None] = lambda _: None,
        refuse_metadata: Callable[[Mapping[str, Any]], None] = lambda _: None,
        expect: Callable[[SimulationResult], None] = lambda _: None,
        confirm: Callable[[str], bool] | None = None,
    ) -> None:
        self._runs = runs
        self._ask_above_s = ask_above_s
        self._suspender_lines = suspender_lines
        self._is_attended = is_attended
        self._not_recorded = not_recorded
        self._refuse_plans = refuse_plans
        self._refuse_metadata = refuse_metadata
        self._expect = expect
        self._confirm = confirm or confirm_at_prompt

    def rehearse(self, plan: Any, command: str = "") -> SimulationResult:
        """The simulation of a plan on this beamline; this uses the plan up.

        Args:
            plan: a plan, or a function that makes one.
            command: the name of the command whose plan it is.
        """
        with said_if_slow("simulating the plan; nothing moves"):
            result = self._simulate(plan, LOOK_S, exact=True, most=_MOST_OF_REHEARSAL)
        if result.runs:
            result.not_recorded = self._not_recorded()
        try:
            self._refuse_plans([command, *_names_of_plans(result)])
        except BeamshellError as exc:
            result.problems.append(exc)
        return result

    def before(
        self,
        make: Callable[[], Any],
        *,
        ask: bool = True,
        refuse_run: Callable[[list[str]], None] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> AbstractContextManager[None]:
        """Check a plan that is about to run; announce it if it takes long.

        Returns:
            A context for running the plan: there it does not check again the positions that were checked here.

        Args:
            make: makes the plan.
            ask: False never asks, as in the middle of a queue.
            refuse_run: gets the names of the devices that a run stages; raises if it cannot begin now.
            metadata: what its runs get beside those of the plan.

        Raises:
            BeamshellError: the plan cannot be done; it is the first refusal itself. Correct what it names.
            CommandError: the person at the prompt decided not to start it.
        """
        try:
            with said_if_slow("checking all points before anything moves"):
                result = self._simulate(make, GLANCE_S, most_of_scan=_MOST_OF_SCAN)
        except Exception as exc:  # noqa: BLE001  a fault of the simulation must not stop a scan, which checks for itself
            say(f"not rehearsed: {one_line(exc)}")
            return nullcontext()
        if result.runs and refuse_run is not None:
            refuse_run(result.staged)
        self._refuse_plans(_names_of_plans(result))
        for run in result.runs:
            self._refuse_metadata({**run, **(metadata or {})})
        for problem in result.problems:
            if isinstance(problem, _REFUSALS) or not result.runs:  # without a run it would end before it has begun
                raise problem
            say(f"not rehearsed to its end: {one_line(problem)}")
        limit_s = self._ask_above_s()
        if ask and not result.endless and 0 < limit_s < result.duration_s:
            self._ask(announcement(result, time.time()))
        elif result.endless or result.duration_s >= LONG_S:
            say(announcement(result, time.time()))
        self._expect(result)
        return result.accepted.in_use()

    def _ask(self, line: str) -> None:
        if not self._is_attended():
            say(f"{line}; not asked, since nobody is at the prompt")
        elif not self._confirm(line):
            raise Declined("not started")

    def _simulate(self, plan: Any, within_s: float, *, exact: bool = False, **most: int) -> SimulationResult:
        from beamshell.simulate.simulator import rehearse

        return rehearse(plan, self._timing_model(within_s, exact), suspenders=self._suspender_lines(), **most)

    @cached_property
    def _history(self) -> TimingHistory:
        from beamshell.timing.history import TimingHistory

        return TimingHistory(time.monotonic)

    def _timing_model(self, within_s: float, exact: bool) -> TimingModel | None:
        try:
            newest_first = list(reversed(self._runs[-MAX_RUNS:]))
            return self._history.model(newest_first, within_s, exact=exact)
        except (BeamshellError, OSError) as exc:
            say(f"past runs cannot be read, so times come from the devices alone: {one_line(exc)}")
            return None


def _names_of_plans(result: SimulationResult) -> list[str]:
    return [str(run.get("plan_name", "")) for run in result.runs]


@contextmanager
def said_if_slow(what: str) -> Iterator[None]:
    """Say `what` is being done if the block takes longer than `SLOW_S`."""
    timer = threading.Timer(SLOW_S, say, [f"{what} ..."])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def announcement(result: SimulationResult, now: float) -> str:
    """Points, duration, and the time of the end: "121 points, about 2 min 10 s ± 8 s (...), until 14:32:10".

    Args:
        result: of the simulation.
        now: seconds since 1970-01-01 UTC.
    """
    if result.endless:
        return result.summary()
    return f"{result.summary()}, until {end_time(now + result.duration_s, now)}"


def confirm_at_prompt(line: str) -> bool:
    """Show a line, then ask at the prompt whether to start."""
    say(line)
    return agrees("Start it?", default=True)
