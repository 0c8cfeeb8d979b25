"""The sample queue: command lines with their sample, listed, put in order, run, and there again after a crash.

All items run as one plan, so Ctrl+C, resume and abort mean what they mean in a scan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from beamshell.errors import BeamshellError, CommandError, RequestAbort, RequestStop, UnknownName, UsageError
from beamshell.shell.commands._all import COMMANDS
from beamshell.shell.magic_line import Words, is_number, nearest, split_words
from beamshell.shell.messages_shown import one_line, say
from beamshell.shell.understudy import Understudy

if TYPE_CHECKING:
    from beamshell.messages import Plan
    from beamshell.plans.queue import Task
    from beamshell.shell.command import Command
    from beamshell.shell.session import Session
    from beamshell.store.queue import Queue, QueueItem

_SETTERS = ("md",)
"""What may be queued although it runs no plan."""
_ACTIONS = ("add", "run", "remove", "move", "retry", "clear")
_MARKS = {"waiting": "", "running": "RUNNING", "done": "done", "failed": "FAILED", "interrupted": "INTERRUPTED"}


def _what_follows(before: list[str], devices: Mapping[str, Any]) -> Iterable[str]:
    if not before:
        return _ACTIONS
    if before[0] != "add":
        return ["on"] if before == ["run"] else []
    typed = [word for word in before[1:] if "=" not in word]
    if not typed:
        return _queueable()
    slots = COMMANDS[typed[0]].slots if typed[0] in COMMANDS else None
    return [] if slots is None else slots(typed[1:], devices)


@COMMANDS.add(
    "[add [key=value ...] command ... | run [on] | remove n | move n place | retry n | clear [done]]",
    example="queue add sample=Si scan th -1 1 11",
    plan='session.queue.add("scan th -1 1 11", {"sample": "Si"})',
    slots=_what_follows,
)
def queue(session: Session, words: Words) -> None:
    """Show what is queued, add a command, or run all that waits, in order.

    `queue run` stops at an item that fails, `queue run on` goes on with the next; either begins with the first that
    waits. The queue is kept in the data folder, also when the console ends: what ran then is marked INTERRUPTED, and
    `queue retry 2` lets it wait again. Metadata before the command go into its runs.
    """
    action = words.take("action") if words else "show"
    if action not in _DOES:
        raise UsageError(f"'{action}' is none of {', '.join(_ACTIONS)}{nearest(action, _ACTIONS)}")
    _DOES[action](session, session.queue, words)


def _show(_session: Session, queue: Queue, words: Words) -> None:
    words.end()
    items = queue.items()
    if not items:
        print("the queue is empty: queue add scan det th -1 1 11")
        return
    width = max(len(item.line) for item in items)
    for place, item in enumerate(items, 1):
        label = " ".join(f"{key}={value}" for key, value in item.metadata.items())
        cells = f"{place:3}  {_MARKS[item.state]:<11}  {item.line:<{width}}  {label}".rstrip()
        print(f"{cells}  {item.reason}" if item.reason else cells)


def _add(session: Session, queue: Queue, words: Words) -> None:
    metadata: dict[str, Any] = {}
    while "=" in words.peek():
        key, _, value = words.take("metadata").partition("=")
        if not key.isidentifier():
            raise UsageError(f"'{key}' is no name for metadata: write sample=LaB6")
        metadata[key] = _value(value)
    rest = words.rest()
    line = " ".join(f"'{word}'" if " " in word else word for word in rest)
    command, arguments = _command_of(line)
    _try_out(session, command, arguments)
    place = queue.add(line, metadata)
    print(f"{place}: {line}{'' if len(queue) > 1 else '   (queue run begins)'}")


def _value(word: str) -> float | int | str:
    if not is_number(word):
        return word.strip("'\"")
    return int(word) if word.lstrip("+-").isdigit() else float(word)


def _run(session: Session, queue: Queue, words: Words) -> None:
    from beamshell.plans.queue import work_through

    goes_on = bool(words) and words.take("on") == "on"
    words.end()
    left = [item for item in queue.items() if item.state == "waiting"]
    if not left:
        print("nothing waits in the queue")
        return

    failed: list[str] = []

    def plan() -> Plan:
        with queue.running():
            yield from work_through(lambda: _next(session, queue, failed, goes_on), go_on=goes_on)

    session.run(plan(), then=lambda: _say_the_end(queue, failed), labelled=False)


def _remove(_session: Session, queue: Queue, words: Words) -> None:
    place = words.whole_number("number of the item")
    words.end()
    print(f"removed: {queue.remove(place).line}")


def _move(session: Session, queue: Queue, words: Words) -> None:
    place, to = words.whole_number("number of the item"), words.whole_number("its new place")
    words.end()
    queue.move(place, to)
    _show(session, queue, words)


def _retry(session: Session, queue: Queue, words: Words) -> None:
    place = words.whole_number("number of the item")
    words.end()
    queue.retry(place)
    _show(session, queue, words)


def _clear(_session: Session, queue: Queue, words: Words) -> None:
    only_done = bool(words) and words.take("done") == "done"
    words.end()
    gone = queue.clear("done") if only_done else queue.clear()
    print(f"{gone} {'item is' if gone == 1 else 'items are'} gone")


_DOES: dict[str, Callable[[Session, Queue, Words], None]] = {
    "show": _show,
    "add": _add,
    "run": _run,
    "remove": _remove,
    "move": _move,
    "retry": _retry,
    "clear": _clear,
}


# ---- what a line means -----------------------------------------------------------------------------


def _queueable() -> list[str]:
    return [name for name in COMMANDS if COMMANDS[name].runs_a_plan or name in _SETTERS]


def _command_of(line: str) -> tuple[Command, list[str]]:
    name, *arguments = split_words(line) or [""]
    name = name.lstrip("%")
    if not name:
        raise UsageError("a command is missing")
    if name not in COMMANDS:
        raise UnknownName(f"no command '{name}'{nearest(name, COMMANDS.names)}")
    if name not in _queueable():
        raise UsageError(f"{name} cannot be queued: scans, moves and md can")
    return COMMANDS[name], arguments


def _try_out(session: Session, command: Command, arguments: list[str]) -> None:
    """Refuse what is written wrongly; say what could not be done now, although it may be possible by then."""
    if command.name in _SETTERS:
        return
    understudy: Any = Understudy(session)
    try:
        command.act(understudy, Words(arguments, session.devices))
        problems = [] if understudy.plan is None else session.rehearse(understudy.plan).problems
    except UsageError:
        raise
    except BeamshellError as exc:
        problems = [exc]
    for problem in problems:
        say(f"as things are now, it could not be done: {one_line(problem)}")


def _next(session: Session, queue: Queue, failed: list[str], goes_on: bool) -> Task | None:
    from beamshell.plans.queue import Task

    item = queue.begin_next()
    if item is None:
        return None
    items = queue.items()
    place = next((n for n, other in enumerate(items, 1) if other.key == item.key), 0)
    say(f"queue {place} of {len(items)}: {item.line}")
    metadata = {"command": item.line, **item.metadata}
    return Task(lambda: _plan_of(session, item, metadata), _ending(queue, item, failed, goes_on), metadata)


def _plan_of(session: Session, item: QueueItem, metadata: dict[str, Any]) -> Plan | None:
    """The plan that the item's command would run, rehearsed; None if the command has done all it does.

    Raises:
        BeamshellError: it cannot be done as things are now.
    """
    command, arguments = _command_of(item.line)
    understudy: Any = Understudy(session)
    command.act(understudy, Words(arguments, session.devices))
    if understudy.plan is None:
        return None
    if understudy.plan_form:
        metadata["plan_form"] = understudy.plan_form
    if callable(understudy.plan):
        session.check(understudy.plan)

    def whole() -> Plan:
        yield from understudy.plan() if callable(understudy.plan) else understudy.plan
        if understudy.then is not None:
            understudy.then()

    return whole()


def _ending(
    queue: Queue, item: QueueItem, failed: list[str], goes_on: bool
) -> Callable[[BaseException | None, list[str]], None]:
    def ended(failure: BaseException | None, uids: list[str]) -> None:
        if failure is None:
            queue.end(item.key, "done", uids=uids)
            return
        reason = _why(failure)
        queue.end(item.key, "failed", reason, uids)
        failed.append(item.line)
        # what ends the queue is shown as any plan's failure is: it is said once
        say(f"queue: {item.line}: {reason}" if goes_on else f"queue: {_states(queue)}")

    return ended


def _why(failure: BaseException) -> str:
    if isinstance(failure, RequestStop):
        return "stopped"
    if isinstance(failure, RequestAbort):
        return f"aborted {failure}".rstrip()
    return "halted" if isinstance(failure, GeneratorExit) else one_line(failure)


def _say_the_end(queue: Queue, failed: list[str]) -> None:
    print(f"queue: {_states(queue)}")
    if failed:
        raise CommandError(f"not done: {'; '.join(failed)}")


def _states(queue: Queue) -> str:
    states = [item.state for item in queue.items()]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "empty"
