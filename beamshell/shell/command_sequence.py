"""CommandSequence: commands run one after the other as one plan: items of a queue, lines of a file, turns of a loop.

Ctrl+C, resume, stop and abort mean for all of them what they mean in a scan. It knows neither the queue nor the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from beamshell.errors import BeamshellError, FailedPause, RequestAbort, RequestStop, TransitionError, UsageError
from beamshell.messages import Msg, Plan
from beamshell.plans.environment import is_simulated, now
from beamshell.plans.queue import Task, work_through
from beamshell.shell.commands.command_line import Line
from beamshell.shell.messages_shown import one_line, say
from beamshell.shell.plan_form import plan_form

Ended = Callable[[BaseException | None, list[str]], None]
"""Called as ``f(failure, uids)`` when a command has ended, with its runs; the failure is None if it succeeded."""

LOOK_S = 0.5
"""Seconds between two looks while a sequence waits: so long a pause of it may take, and so long a release."""


@dataclass(frozen=True)
class Step:
    """One command of a sequence.

    Attributes:
        line: the command.
        heading: what is said when its turn has come.
        note: what the last line of the terminal says while it runs.
        place: where it is written, such as "night.txt:4"; "" if it is in no file.
        metadata: of its runs, besides the command itself.
        go_on: whether the next one is run although this one has failed.
        ended: called when it has ended.
    """

    line: Line
    heading: str
    note: str
    place: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    go_on: bool = False
    ended: Ended = lambda _failure, _uids: None


class CommandSequence:
    """Runs commands one after the other as one plan.

    A command that runs no plan, such as `md`, is done when its turn has come. In a simulation only the plans are
    simulated: nothing is said, recorded or done.

    Args:
        session: the console.

    Attributes:
        failed: the steps that have failed while the sequence went on.
    """

    def __init__(self, session: Any) -> None:
        self.failed: list[Step] = []
        self._session = session
        self._afterwards: list[Callable[[], None]] = []

    def plan(self, tasks: Iterator[Task]) -> Plan:
        """The plan that runs these tasks; each is asked for when the one before has ended."""
        return work_through(partial(next, tasks, None))

    def follow_up(self) -> None:
        """Do what had to wait for the end of the sequence, since it runs a plan."""
        while self._afterwards:
            self._afterwards.pop(0)()

    # ---- tasks -------------------------------------------------------------------------------

    def task(self, step: Step) -> Task:
        """The task that does one step."""
        if is_simulated():
            return Task(partial(self._simulated_plan, step), _ignore, go_on=step.go_on)
        metadata = {"command": str(step.line), **step.metadata}

        def ended(failure: BaseException | None, uids: list[str]) -> None:
            if failure is not None and not ended_by_person(failure):
                self.failed.append(step)
            step.ended(failure, uids)

        return Task(lambda: self._plan(step, metadata), ended, metadata, step.go_on)

    def refusal(self, problem: BeamshellError, ended: Ended, *, go_on: bool) -> Task:
        """A task that fails at once, in place of commands that cannot be read."""

        def refuse() -> Plan:
            raise problem

        return Task(refuse, ended, go_on=go_on)

    def waiting(self, is_over: Callable[[], bool], note: Callable[[], str]) -> Task:
        """A task that waits; it is asked every `LOOK_S` whether the wait is over.

        Args:
            is_over: asked between looks.
            note: what the last line of the terminal says meanwhile.
        """

        def wait() -> Plan:
            with self._noting(note):
                while not is_over():
                    yield Msg("checkpoint")  # after a pause it does not begin anew
                    yield Msg("sleep", None, LOOK_S)

        return Task(wait, _ignore)

    def waiting_until(self, moment: float, note: str) -> Task:
        """A task that waits until a moment of the clock of plans.

        Args:
            moment: as of `plans.environment.now`, in seconds.
            note: what the last line of the terminal says meanwhile.
        """

        def wait() -> Plan:
            with self._noting(lambda: note):
                while (left_s := moment - now()) > 0:
                    yield Msg("checkpoint")
                    yield Msg("sleep", None, min(left_s, LOOK_S))

        return Task(wait, _ignore)

    def _noting(self, note: Callable[[], str]) -> Any:
        return nullcontext() if is_simulated() else self._session.plan_note(note)

    # ---- one step ----------------------------------------------------------------------------

    def _plan(self, step: Step, metadata: dict[str, Any]) -> Plan | None:
        """The plan of a step, checked; None if its command runs no plan, and is done.

        Raises:
            BeamshellError: it cannot be done as things are now.
        """
        say(step.heading)
        if (recorder := self._session.recorder) is not None:
            recorder.step(str(step.line), step.note, step.place)
        followed = step.line.make(self._session)
        if followed is None:
            return None
        if followed.command:
            metadata["command"] = followed.command
        metadata["plan_form"] = plan_form(followed.plan, self._session.devices)  # and not that of the sequence
        if step.line.meant.preflight:
            self._session.runner.check(followed.plan, command=str(step.line), ask=False, metadata=metadata)

        def whole() -> Plan:
            with followed.during(), self._noting(lambda: step.note):
                result = yield from followed.plan
            if followed.then is not None:
                self._follow(step, followed.then, result)

        return whole()

    def _follow(self, step: Step, then: Callable[[Any], None], result: Any) -> None:
        """Do what follows a command; if that runs a plan, after the sequence, which is one plan itself."""
        try:
            then(result)
        except TransitionError:
            say(f"what follows {step.line} runs a plan: it is done at the end")
            self._afterwards.append(lambda: then(result))

    def _simulated_plan(self, step: Step) -> Plan:
        if not step.line.meant.runs_a_plan:
            return
        try:
            followed = step.line.make(self._session)
        except UsageError as exc:
            raise located(exc, step.place) from exc
        except BeamshellError as exc:  # as for `cen` before there is a scan: it may be possible when its turn comes
            say(f"not rehearsed: {step.place or step.line}: {one_line(exc)}")
            return
        if followed is None:
            return
        try:
            yield from followed.plan
        except BeamshellError as exc:
            raise located(exc, step.place)  # noqa: B904  it is the same error, with its place


def _ignore(_failure: BaseException | None, _uids: list[str]) -> None:
    """Record nothing."""


def located(exc: BeamshellError, place: str) -> BeamshellError:
    """The same error, with the place in a file before its message."""
    text = one_line(exc)
    if place and not text.startswith(place):
        exc.args = (f"{place}: {text}",)
    return exc


def ended_by_person(failure: BaseException) -> bool:
    """Whether a person has ended a plan: stop, abort or halt, or a Ctrl+C where the plan cannot be paused."""
    if isinstance(failure, FailedPause):
        return str(failure).startswith("a pause")
    return isinstance(failure, RequestStop | RequestAbort | GeneratorExit)


def how_it_ended(failure: BaseException) -> str:
    """A failure, or what a person has done, in words: "stopped", "aborted sample fell off", "th: ..."."""
    if isinstance(failure, RequestStop):
        return "stopped"
    if isinstance(failure, RequestAbort):
        return f"aborted {failure}".rstrip()
    return "halted" if isinstance(failure, GeneratorExit) else one_line(failure)
