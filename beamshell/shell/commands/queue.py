"""Commands for the sample queue: lines with their sample are added, listed, put in order and run.

All items run as one plan, so Ctrl+C, resume and abort mean what they mean in a scan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

from beamshell.errors import BeamshellError, CommandError, RequestAbort, RequestStop, TransitionError, UsageError
from beamshell.messages import Plan
from beamshell.plans.queue import Task, work_through
from beamshell.shell.command import Command, Followed, followed_by
from beamshell.shell.command_set import command
from beamshell.shell.commands.command_line import CommandLineSlot, Line
from beamshell.shell.messages_shown import one_line, print_answer, say
from beamshell.shell.parameter_types import Labels, Points, Session
from beamshell.shell.plan_form import plan_form
from beamshell.store.queue import Queue, QueueItem
from beamshell.text.numbers import counted

HEADING = "Ahead of time"
_SETTERS = ("md",)
"""Commands that may be queued although they run no plan."""
_MARKS = {"waiting": "", "running": "RUNNING", "done": "done", "failed": "FAILED", "interrupted": "INTERRUPTED"}


class _QueueableSlot(CommandLineSlot):
    """A command that may be queued."""

    def names(self) -> list[str]:
        return [*super().names(), *_SETTERS]


QueueableLine: TypeAlias = Annotated[Line, _QueueableSlot()]


@command(HEADING, example="queue add sample=Si scan th -1 1 11")
def queue(session: Session) -> None:
    """Show what is queued, add a command, or run all that waits, in order.

    `queue run` stops at an item that fails, `queue run on` goes on with the next; either begins with the first that
    waits. The queue is kept in the data folder, also when the console ends: what ran then is marked INTERRUPTED, and
    `queue retry 2` lets it wait again. Metadata before the command go into its runs.
    """
    _show(session.queue)


def _show(queue: Queue) -> None:
    items = queue.items()
    if not items:
        print_answer("the queue is empty: queue add scan det th -1 1 11")
        return
    width = max(len(item.line) for item in items)
    for place, item in enumerate(items, 1):
        label = " ".join(f"{key}={value}" for key, value in item.metadata.items())
        cells = f"{place:3}  {_MARKS[item.state]:<11}  {item.line:<{width}}  {label}".rstrip()
        print_answer(f"{cells}  {item.reason}" if item.reason else cells)


@queue.subcommand(example="queue add sample=Si scan th -1 1 11")
def add(session: Session, metadata: Labels, line: QueueableLine) -> None:
    """Add a command, with metadata for its runs."""
    _refuse_unqueueable(line.command)
    line = line.with_numbers(session.devices)
    _try_out(session, line)
    place = session.queue.add(str(line), metadata)
    print_answer(f"{place}: {line}{'' if len(session.queue) > 1 else '   (queue run begins)'}")


@queue.subcommand(example="queue run on", preflight=False, labelled=False)
def run(session: Session, on: Literal["on"] | None = None) -> Followed | None:
    """Run what waits; with `on` also after an item has failed."""
    if not any(item.state == "waiting" for item in session.queue.items()):
        print_answer("nothing waits in the queue")
        return None
    session.runner.refuse_beside_paused()
    work = _Work(session, goes_on=on is not None)
    return followed_by(work.plan(), lambda _: work.say_the_end())


@queue.subcommand(example="queue remove 2", also=("delete", "del", "rm"))
def remove(session: Session, number: Points) -> None:
    """Take an item out."""
    print_answer(f"removed: {session.queue.remove(number).line}")


@queue.subcommand(example="queue move 3 1")
def move(session: Session, number: Points, place: Points) -> None:
    """Put an item to another place."""
    session.queue.move(number, place)
    _show(session.queue)


@queue.subcommand(example="queue retry 2")
def retry(session: Session, number: Points) -> None:
    """Let an item wait again."""
    session.queue.retry(number)
    _show(session.queue)


@queue.subcommand(example="queue clear done")
def clear(session: Session, done: Literal["done"] | None = None) -> None:
    """Take out all items, or those that are done."""
    number = session.queue.clear(*([done] if done else []))
    print_answer(f"{counted(number, 'item')} taken out")


# ---- checking a line -------------------------------------------------------------------------------


def _refuse_unqueueable(command: Command) -> None:
    if not command.runs_a_plan and command.name not in _SETTERS:
        raise UsageError(f"{command.name} cannot be queued: scans, moves and md can")


def _try_out(session: Session, line: Line) -> None:
    """Refuse a line that is written wrongly; warn if it could not be done now, since it may be possible later."""
    if line.command.name in _SETTERS:
        return
    try:
        followed = line.make(session)
        problems = [] if followed is None else session.rehearse(followed.plan).problems
    except UsageError:
        raise
    except BeamshellError as exc:
        problems = [exc]
    for problem in problems:
        say(f"as things are now, it could not be done: {one_line(problem)}")


class _Work:
    """The items of a queue, one after the other.

    Args:
        session: the console.
        goes_on: whether the queue goes on after an item that fails.
    """

    def __init__(self, session: Session, *, goes_on: bool) -> None:
        self._session = session
        self._queue = session.queue
        self._goes_on = goes_on
        self._failed: list[str] = []
        self._afterwards: list[Callable[[], None]] = []

    def plan(self) -> Plan:
        """All items that wait, as one plan."""
        with self._queue.running():
            yield from work_through(self._next, go_on=self._goes_on)

    def say_the_end(self) -> None:
        """Do what waits for the end of the queue, and say how many items are in which state.

        Raises:
            CommandError: some are not done.
        """
        for follow in self._afterwards:
            follow()
        print_answer(f"queue: {self._states()}")
        if self._failed:
            raise CommandError(f"not done: {'; '.join(self._failed)}")

    def _next(self) -> Task | None:
        item = self._queue.begin_next()
        if item is None:
            return None
        items = self._queue.items()
        place = next((n for n, other in enumerate(items, 1) if other.key == item.key), 0)
        say(f"queue {place} of {len(items)}: {item.line}")
        metadata = {"command": item.line, **item.metadata}
        return Task(lambda: self._plan_of(item, metadata), self._ending(item), metadata)

    def _plan_of(self, item: QueueItem, metadata: dict[str, Any]) -> Plan | None:
        """The plan of the item's command, simulated; None if the command runs no plan, and is done.

        Raises:
            BeamshellError: it cannot be done as things are now.
        """
        line = Line.of(item.line)
        _refuse_unqueueable(line.command)
        followed = line.make(self._session)
        if followed is None:
            return None
        if form := plan_form(followed.plan, self._session.devices):
            metadata["plan_form"] = form
        if line.command.preflight:
            self._session.runner.check(followed.plan, ask=False)

        def whole() -> Plan:
            result = yield from followed.plan
            if followed.then is not None:
                self._follow(item, followed.then, result)

        return whole()

    def _follow(self, item: QueueItem, then: Callable[[Any], None], result: Any) -> None:
        """Do what follows an item; if that runs a plan, after the queue, which is one plan itself."""
        try:
            then(result)
        except TransitionError:
            say(f"queue: what follows {item.line} runs a plan: it is done after the queue")
            self._afterwards.append(lambda: then(result))

    def _ending(self, item: QueueItem) -> Callable[[BaseException | None, list[str]], None]:
        def record_end(failure: BaseException | None, uids: list[str]) -> None:
            if failure is None:
                self._queue.end(item.key, "done", uids=uids)
                return
            reason = _why(failure)
            self._queue.end(item.key, "failed", reason, uids)
            self._failed.append(item.line)
            # a failure that ends the queue is shown as any plan's failure is, so it is not shown here too
            say(f"queue: {item.line}: {reason}" if self._goes_on else f"queue: {self._states()}")

        return record_end

    def _states(self) -> str:
        states = [item.state for item in self._queue.items()]
        return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "empty"


def _why(failure: BaseException) -> str:
    if isinstance(failure, RequestStop):
        return "stopped"
    if isinstance(failure, RequestAbort):
        return f"aborted {failure}".rstrip()
    return "halted" if isinstance(failure, GeneratorExit) else one_line(failure)
