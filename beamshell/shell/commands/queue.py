"""Commands for the sample queue: lines with their sample are added, listed, put in order, held and run.

All items run as one plan, so Ctrl+C, resume and abort mean what they mean in a scan.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from beamshell.errors import BeamshellError, CommandError, TransitionError, UsageError
from beamshell.messages import Plan
from beamshell.plans.environment import is_simulated
from beamshell.plans.queue import Task
from beamshell.shell.command import Command, Followed, followed_by
from beamshell.shell.command_sequence import CommandSequence, Ended, Step, ended_by_person, how_it_ended
from beamshell.shell.command_set import COMMANDS, command
from beamshell.shell.commands.command_line import CommandLinesSlot, Line, as_text
from beamshell.shell.messages_shown import one_line, print_answer, say
from beamshell.shell.parameter_types import Labels, Points, Session, Text
from beamshell.store.queue import DONE, ENDED, FAILED, INTERRUPTED, WAITING, Hold, Queue, QueueItem
from beamshell.text.numbers import counted
from beamshell.text.times import clock_time

HEADING = "Ahead of time"
_SETTERS = ("md", "newsample", "newproposal", "newuser", "comment", "tag")
"""Commands that may be queued although they run no plan."""
_ENDLESS = ("every",)
_QUIET = (WAITING, DONE, "skipped")
"""States that are written small; the others are to be seen."""


class _QueueableSlot(CommandLinesSlot):
    """A command that may be queued; several in quotes."""

    def names(self) -> list[str]:
        return [*(name for name in super().names() if name not in _ENDLESS), *(s for s in _SETTERS if s in COMMANDS)]


QueueableLines: TypeAlias = Annotated[list[Line], _QueueableSlot()]


@command(HEADING, example="queue add sample=Si scan th -1 1 11")
def queue(session: Session) -> None:
    """Show what is queued, add a command, or run all that waits, in order.

    `queue run` stops at an item that fails, `queue run on` goes on with the next; either begins with the first that
    waits. The queue is kept in the data folder, also when the console ends: what ran then is marked INTERRUPTED, and
    `queue retry 2` lets it wait again. Metadata before the command go into its runs. Several commands in quotes are one
    item. The same words work in another terminal, `beamshell queue add ...`, also while the queue runs.
    """
    _show(session.queue)


def _show(queue: Queue) -> None:
    items, hold = queue.items(), queue.held
    if hold is not None:
        print_answer(f"{held_words(hold)}: queue release lets it go on")
    if not items:
        print_answer("the queue is empty: queue add scan det th -1 1 11")
        return
    width = max(len(item.line) for item in items)
    for place, item in enumerate(items, 1):
        mark = "" if item.state == WAITING else item.state if item.state in _QUIET else item.state.upper()
        label = " ".join(f"{key}={value}" for key, value in item.metadata.items())
        passes = f"{item.passes} of {item.times} times" if item.times > 1 else ""
        cells = [f"{place:3}", f"{mark:<11}", f"{item.line:<{width}}", label, passes, item.reason]
        print_answer("  ".join(cell for cell in cells if cell).rstrip())


def held_words(hold: Hold) -> str:
    """Since when the queue is held, and why."""
    since = clock_time(hold.since, time.time())
    return f"the queue is held since {since}{f' ({hold.reason})' if hold.reason else ''}"


@queue.subcommand(example="queue add sample=Si scan th -1 1 11")
def add(session: Session, metadata: Labels, line: QueueableLines) -> None:
    """Add a command, or several in quotes, with metadata for its runs."""
    text = _tried_out(session, line)
    place = session.queue.add(text, metadata)
    begins = "   (queue run begins)" if len(session.queue) == 1 and _is_in_console(session) else ""
    print_answer(f"{place}: {text}{begins}")


@queue.subcommand(example="queue run on", preflight=False, labelled=False)
def run(session: Session, on: Literal["on"] | None = None) -> Followed | None:
    """Run what waits; with `on` also after an item has failed."""
    if not _is_in_console(session):
        raise UsageError("the queue runs in a console: beamshell -c 'queue run'")
    if not any(item.state == WAITING for item in session.queue.items()):
        print_answer("nothing waits in the queue")
        return None
    if session.state == "paused":
        raise TransitionError(
            "a plan is paused, and no queue can run beside it: type resume, stop, abort or halt first"
        )
    if (hold := session.queue.held) is not None:
        raise CommandError(f"{held_words(hold)}: type queue release first")
    work = _Work(session, goes_on=on is not None)
    return followed_by(work.plan(), lambda _: work.say_the_end())


@queue.subcommand(example="queue list", name="list")
def list_items(session: Session) -> None:
    """Show what is queued, as `queue` does."""
    _show(session.queue)


@queue.subcommand(example="queue hold shutter is stuck")
def hold(session: Session, number: Points | None = None, reason: Text = "") -> None:
    """Hold the queue before its next item, or only the item with this number; with the reason."""
    session.queue.hold(reason, number)
    if number is not None:
        _show(session.queue)
        return
    running = any(item.state == "running" for item in session.queue.items())
    print_answer(f"held{' after the item that runs' if running else ''}: queue release lets it go on")


@queue.subcommand(example="queue release")
def release(session: Session, number: Points | None = None) -> None:
    """Let the queue go on, or a held item wait again."""
    was_held = session.queue.held is not None
    session.queue.release(number)
    if number is not None:
        _show(session.queue)
    else:
        print_answer("the queue goes on" if was_held else "the queue is not held")


@queue.subcommand(example="queue skip 2")
def skip(session: Session, number: Points) -> None:
    """Leave an item out; it stays in the list."""
    session.queue.skip(number)
    _show(session.queue)


@queue.subcommand(example="queue edit 2 scan det th -1 1 21")
def edit(session: Session, number: Points, metadata: Labels, line: QueueableLines | None = None) -> None:
    """Replace the command of an item, or some of its metadata; it then waits."""
    if line is None and not metadata:
        raise UsageError("what is to change? Such as queue edit 2 scan det th -1 1 21, or queue edit 2 sample=Ge")
    session.queue.edit(number, "" if line is None else _tried_out(session, line), metadata)
    _show(session.queue)


@queue.subcommand(example="queue repeat 2 10")
def repeat(session: Session, number: Points, times: Points) -> None:
    """Run an item so many times; one that runs ends after the pass of this number."""
    session.queue.repeat(number, times)
    _show(session.queue)


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


@queue.subcommand(example="queue remove 2", also=("delete", "del", "rm"))
def remove(session: Session, number: Points) -> None:
    """Take an item out."""
    print_answer(f"removed: {session.queue.remove(number).line}")


@queue.subcommand(example="queue clear done")
def clear(session: Session, done: Literal["done"] | None = None) -> None:
    """Take out all items, or those that are done."""
    number = session.queue.clear(*([done] if done else []))
    print_answer(f"{counted(number, 'item')} taken out")


# ---- checking a line -------------------------------------------------------------------------------


def _refuse_unqueueable(command: Command) -> None:
    if command.name in _ENDLESS:
        raise UsageError(f"{command.name} has no end, and cannot be queued: queue repeat 2 10 repeats an item")
    if not command.runs_a_plan and command.name not in _SETTERS:
        raise UsageError(f"{command.name} cannot be queued: scans, moves and md can")


def _tried_out(session: Session, lines: list[Line]) -> str:
    """The commands as one line, tried out; from another terminal, where there are no devices, only their names are.

    Raises:
        UsageError: one is written wrongly. One that cannot be done now is only warned of, as it may be possible later.
    """
    for line in lines:
        _refuse_unqueueable(line.command)
    if not _is_in_console(session):
        return as_text(lines)
    lines = [line.with_numbers(session.devices) for line in lines]
    for line in lines:
        for problem in _problems(session, line):
            say(f"as things are now, it could not be done: {one_line(problem)}")
    return as_text(lines)


def _is_in_console(session: Session) -> bool:
    """False for `beamshell queue` in another terminal, where there is a data folder only."""
    return hasattr(session, "runner")


def _problems(session: Session, line: Line) -> list[BeamshellError]:
    if line.command.name in _SETTERS:
        return []
    try:
        followed = line.make(session)
        return [] if followed is None else session.rehearse(followed.plan).problems
    except UsageError:
        raise
    except BeamshellError as exc:
        return [exc]


# ---- running ---------------------------------------------------------------------------------------


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
        self._sequence = CommandSequence(session)
        self._is_unfinished = False  # the command that ran last has failed, or was ended

    def plan(self) -> Plan:
        """All items that wait, as one plan."""
        if is_simulated():
            yield from self._sequence.plan(self._waiting_tasks())
            return
        with self._queue.running():
            yield from self._sequence.plan(self._tasks())

    def say_the_end(self) -> None:
        """Do what waits for the end of the queue, and say how many items are in which state.

        Raises:
            CommandError: some are not done.
        """
        self._sequence.follow_up()
        print_answer(f"queue: {self._states()}")
        self._session.log.add("queue", states=self._states())
        if failed := self._sequence.failed:
            raise CommandError(f"not done: {'; '.join(str(step.line) for step in failed)}")

    def _tasks(self) -> Iterator[Task]:
        """The commands of the items in turn, each begun when the one before has ended; and waits while it is held."""
        while (item := self._queue.begin_next()) is not None:
            if isinstance(item, Hold):
                yield self._until_released(item)
            else:
                yield from self._item_tasks(item)

    def _item_tasks(self, item: QueueItem) -> Iterator[Task]:
        uids: list[str] = []

        def ended(failure: BaseException | None, new_uids: list[str]) -> None:
            uids.extend(new_uids)
            if failure is not None:
                self._is_unfinished = True
                self._end_unfinished(item, failure, uids)

        self._is_unfinished = False
        while True:
            try:
                steps = self._steps(item, ended)
            except BeamshellError as exc:  # the file was written by hand, or by another version
                yield self._sequence.refusal(exc, ended, go_on=self._goes_on)
                return
            for step in steps:
                yield self._sequence.task(step)
                if self._is_unfinished:
                    return
            item = self._queue.count_pass(item.key, uids)
            uids.clear()
            if item.passes >= item.times:
                self._end(item, DONE)
                return

    def _steps(self, item: QueueItem, ended: Ended) -> list[Step]:
        """The commands of one pass of an item."""
        items = self._queue.items()
        place = next((n for n, other in enumerate(items, 1) if other.key == item.key), 0)
        note = f"queue {place} of {len(items)}"
        if item.times > 1:
            note = f"{note}, pass {item.passes + 1} of {item.times}"
        lines = Line.several(item.line)
        for line in lines:
            _refuse_unqueueable(line.command)
        return [Step(line, f"{note}: {line}", note, "", item.metadata, self._goes_on, ended) for line in lines]

    def _end_unfinished(self, item: QueueItem, failure: BaseException, uids: list[str]) -> None:
        reason = how_it_ended(failure)
        if self._session.status:  # a signal has ended the console
            self._end(item, INTERRUPTED, "the console was terminated", uids)
        elif ended_by_person(failure):
            self._end(item, ENDED, reason, uids)
        else:
            self._end(item, FAILED, reason, uids)
        # a failure that ends the queue is shown as any plan's failure is, so it is not shown here too
        goes_on = self._goes_on and not ended_by_person(failure)
        say(f"queue: {item.line}: {reason}" if goes_on else f"queue: {self._states()}")

    def _end(self, item: QueueItem, state: str, reason: str = "", uids: list[str] | None = None) -> None:
        self._queue.end(item.key, state, reason, uids or [])
        self._session.log.add("item", line=item.line, state=state, reason=reason)

    def _until_released(self, hold: Hold) -> Task:
        text = held_words(hold)
        say(f"{text}; queue release in another terminal lets it go on")
        return self._sequence.waiting(lambda: self._queue.held is None, lambda: text)

    def _waiting_tasks(self) -> Iterator[Task]:
        """What waits now, for a simulation."""
        for number, item in enumerate(self._queue.items(), 1):
            if item.state == WAITING:
                for _ in range(item.times - item.passes):
                    for line in Line.several(item.line):
                        yield self._sequence.task(Step(line, "", "", f"item {number}"))

    def _states(self) -> str:
        number = Counter(item.state for item in self._queue.items())
        return ", ".join(f"{count} {state}" for state, count in number.items()) or "empty"
