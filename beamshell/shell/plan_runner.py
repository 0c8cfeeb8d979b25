"""PlanRunner: runs the plans of a session's commands: checked before, labelled, and what follows them when they end.

It knows nothing of how a command is typed. What is shown at a pause, and how a paused plan goes on, is here too.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

from beamshell.errors import EngineError, RunEngineInterrupted
from beamshell.plans.unrun_plan_guard import call_of
from beamshell.shell.beamline_states import refuse_in_other_states
from beamshell.shell.messages_shown import MENU, one_line, print_answer, say
from beamshell.shell.preflight import Preflight
from beamshell.shell.profile import Beamshell
from beamshell.shell.profile_suspenders import suspender_lines
from beamshell.shell.questions import is_attended
from beamshell.shell.rest_of_cell import interrupted_line, rest_of_cell
from beamshell.shell.session_parts import SessionParts

if TYPE_CHECKING:
    from beamshell.engine import RunEngine, RunEngineResult
    from beamshell.messages import Plan


class PlanRunner:
    """Runs the plans of one session.

    Args:
        parts: the engine, the data and the devices of the session.
        config: the settings of the beamline.
        shell: the IPython shell in whose cells the commands stand.
        devices: gives the devices by the names that they have at the prompt.
        operator: gives the name of who works here.
    """

    def __init__(
        self,
        parts: SessionParts,
        config: Beamshell,
        shell: Any,
        devices: Callable[[], Mapping[str, Any]],
        operator: Callable[[], str],
    ) -> None:
        self._parts = parts
        self._config = config
        self._shell = shell
        self._devices = devices
        self._operator = operator
        self._not_run: list[str] = []

    @property
    def _engine(self) -> RunEngine:
        return self._parts.acquisition.need("engine").engine

    @cached_property
    def preflight(self) -> Preflight:
        """Simulates the plans before they run."""
        return Preflight(
            self._parts.acquisition.need("runs").runs,
            ask_above_s=lambda: self._config.ask_above,
            suspender_lines=lambda: suspender_lines(self._engine),
            is_attended=lambda: is_attended(self._shell),
            not_recorded=lambda: [
                name for each in self._engine.preprocessors for name in getattr(each, "not_recorded", list)()
            ],
            refuse_plans=self._refuse_in_other_states,
            refuse_metadata=self._refuse_metadata,
            expect=self._parts.plan_display.expect,
        )

    def run(
        self, plan: Plan, *, command: str = "", then: Callable[[Any], None] | None = None, preflight: bool = True
    ) -> None:
        """Run the plan of a command.

        Args:
            plan: a plan that has not begun.
            command: the line that was typed; it labels the runs. "" if the plan labels its runs itself.
            then: called with the plan's return value when it has ended well, also after a pause and `resume`.
            preflight: whether it is simulated first, and refused if it cannot be done.

        Raises:
            EngineError: another plan is paused or running.
            BeamshellError: it cannot be done, or has failed.
        """
        try:
            if str(self._engine.state) not in ("idle", "paused"):  # beside a paused plan another may run
                raise EngineError(f"a plan is {self._engine.state}: type resume, stop, abort or halt first")
            self._engine.permission()  # before anything is simulated or asked
            metadata = {"operator": self._operator()}
            if command:
                metadata["command"] = command
            checked = self.check(plan, command=command, metadata=metadata) if preflight else nullcontext()
        except BaseException:
            plan.close()  # it is thrown away on purpose: there is no warning that it was not run
            raise

        def at_end(result: RunEngineResult) -> None:
            if then is not None and result.succeeded:
                then(result.plan_result)

        with checked:
            self._engine.run(plan, then=at_end, **metadata).raise_for_status()

    def _refuse_in_other_states(self, names: Iterable[str]) -> None:
        """Return if the beamline is in the states that the profile requires for these commands or plans."""
        refuse_in_other_states(names, self._config, self._parts.profile, self._devices())

    def _refuse_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Return if a run may have these metadata with those that every run gets."""
        if (rules := self._parts.metadata_file.rules).by_key:
            rules.refuse({**self._engine.md, **metadata})

    def check(
        self, plan: Plan, *, command: str = "", ask: bool = True, metadata: Mapping[str, Any] | None = None
    ) -> AbstractContextManager[None]:
        """Simulate a plan that is about to run, unless it cannot be made twice; it is thrown away if it is refused.

        Args:
            plan: a plan that has not begun.
            command: the line that was typed, if there is one.
            ask: False starts it however long it takes, as in the middle of a queue.
            metadata: what its runs get beside those of the plan.

        Returns:
            A context for running the plan: there it does not check again the positions that were checked here.

        Raises:
            BeamshellError: it cannot be done.
        """
        call = call_of(plan)
        try:
            self._refuse_in_other_states(command.split()[:1])
            if call is None or not call.can_be_repeated:
                return nullcontext()
            return self.preflight.before(
                call.repeat, ask=ask, refuse_run=self._engine.check_beside_paused, metadata=metadata
            )
        except BaseException:
            plan.close()
            raise

    def go_on(self, action: str, reason: str = "") -> None:
        """Resume, stop, abort or halt the paused plan.

        Raises:
            EngineError: nothing is paused.
        """
        if str(self._engine.state) == "idle":
            raise EngineError(f"nothing to {action}: no plan is paused")
        if action == "resume":
            # if the disk still refuses, that is an error now and not at the next point
            self._parts.acquisition.need("journal").journal.flush()
        self._engine.proceed(action, reason).raise_for_status(end_was_requested=action != "resume")
        if action == "resume":
            self._remind_of_rest()
        else:
            self._not_run = []
            print_answer({"stop": "stopped", "abort": "aborted", "halt": "halted"}[action])

    def show_interruption(self, exc: RunEngineInterrupted) -> None:
        """Show what can be typed at a pause, or where a plan was ended; and the lines of the cell that did not run."""
        place = interrupted_line(exc.__traceback__, self._shell.user_ns)
        rest = rest_of_cell("".join(linecache.getlines(place[0])), place[1]) if place is not None else []
        if exc.paused:
            rest = self._not_run = rest or self._not_run  # a pause after resume: the rest is of the cell before
        heading = "These lines do not run, also not after resume:" if exc.paused else "These lines did not run:"
        say("\n".join([MENU if exc.paused else one_line(exc), *_indented(heading, rest)]))

    def _remind_of_rest(self) -> None:
        """After a resume that came to the plan's end: show the lines of the cell that did not run."""
        if self._not_run:
            say("\n".join(_indented("these lines did not run:", self._not_run)))
        self._not_run = []


def _indented(heading: str, lines: list[str]) -> list[str]:
    return [heading, *(f"  {line}" for line in lines)] if lines else []
