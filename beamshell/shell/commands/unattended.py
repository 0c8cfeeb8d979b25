"""Commands that work without a hand: do (a file of commands), every (a command again and again), log (the screen)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from typing_extensions import override

from beamshell.errors import CommandError, UsageError
from beamshell.plans.environment import is_simulated, now
from beamshell.plans.queue import Task
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_file import FileLine, read_commands
from beamshell.shell.command_sequence import CommandSequence, Step, ended_by_person, how_it_ended
from beamshell.shell.command_set import command
from beamshell.shell.commands.command_line import CommandLines, Line, as_text
from beamshell.shell.messages_shown import print_answer, say
from beamshell.shell.parameter_types import Duration, Session
from beamshell.shell.screen_log import SCREEN
from beamshell.shell.slots import Slot
from beamshell.text.numbers import counted
from beamshell.text.times import clock_time, duration

HEADING = "Ahead of time"
SHORTEST_PERIOD_S = 0.1
_MOST_FILES = 200


class _FileSlot(Slot):
    """The name of a file."""

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        files = itertools.islice(Path().iterdir(), _MOST_FILES)
        return sorted(path.name for path in files if path.is_file() and not path.name.startswith("."))


File: TypeAlias = Annotated[str, _FileSlot()]


# ---- a file of commands ----------------------------------------------------------------------------


@command(HEADING, example="do night.txt", labelled=False)
def do(session: Session, file: File, goon: Literal["goon"] | None = None) -> Followed:
    """Run a file of commands, one or more a line; with `goon` also after one has failed.

    All lines are read and checked before the first runs. Ctrl+C pauses, `resume` goes on with the rest, also of the
    file. `rehearse do night.txt` tells how long it takes, and which line could not be done. A line `do other.txt` runs
    another file. What stands behind a `#` is a comment.
    """
    path = Path(file).expanduser()
    lines = read_commands(path, session, go_on=goon is not None)
    if not lines:
        raise UsageError(f"{path}: there is no command in it")
    sequence = CommandSequence(session)

    def tasks() -> Iterator[Task]:
        for number, line in enumerate(lines, 1):
            yield sequence.task(_step(line, f"{path.name}: {number} of {len(lines)}"))

    def say_the_end(_: Any) -> None:
        sequence.follow_up()
        if failed := sequence.failed:
            raise CommandError(f"not done: {'; '.join(f'{step.place} {step.line}' for step in failed)}")
        print_answer(f"{path.name}: {counted(len(lines), 'command')} done")

    return followed_by(sequence.plan(tasks()), say_the_end)


def _step(line: FileLine, note: str) -> Step:
    def ended(failure: BaseException | None, _uids: list[str]) -> None:
        if failure is not None:
            word = "ended here" if ended_by_person(failure) else "failed"
            why = f": {how_it_ended(failure)}" if line.go_on else ""  # else it is shown as any plan's failure is
            say(f"{line.place}: {word}: {line.line}{why}")

    return Step(line.line, f"{line.place}: {line.line}", note, line.place, {}, line.go_on, ended)


# ---- again and again -------------------------------------------------------------------------------


@command(HEADING, example="every 10min ct 1", labelled=False)
def every(session: Session, period: Duration, goon: Literal["goon"] | None, line: CommandLines) -> Followed:
    """Do a command, or several in quotes, again and again until Ctrl+C; with `goon` also after a failure.

    The turns begin a period apart; one that is late does not shift those after it. At a pause, `resume` goes on, `stop`
    ends it. `rehearse every ...` shows one turn.
    """
    if period < SHORTEST_PERIOD_S:
        raise UsageError(f"a period of {duration(period)} is too short: at least {duration(SHORTEST_PERIOD_S)}")
    for one in line:
        one.arguments(session)
    sequence = CommandSequence(session)
    return followed_by(sequence.plan(_turns(sequence, period, line, goon is not None)))


def _turns(sequence: CommandSequence, period: float, lines: list[Line], go_on: bool) -> Iterator[Task]:
    text = as_text(lines)
    begun = now()
    place = 0
    for turn in itertools.count(1):
        for line in lines:
            failures = len(sequence.failed)
            yield sequence.task(_step_of_turn(line, turn, go_on))
            if len(sequence.failed) > failures:
                break
        if is_simulated():
            return
        place = max(place + 1, int((now() - begun) / period) + 1)  # a turn that was missed is left out
        due = begun + place * period
        yield sequence.waiting_until(due, f"turn {turn + 1} of {text} at {_clock(due)}")


def _step_of_turn(line: Line, turn: int, go_on: bool) -> Step:
    def ended(failure: BaseException | None, _uids: list[str]) -> None:
        if failure is not None and go_on:
            say(f"turn {turn}: {line}: {how_it_ended(failure)}")

    return Step(line, f"turn {turn}: {line}", f"turn {turn}", "", {}, go_on, ended)


def _clock(moment: float) -> str:
    """The time of day of a moment of the clock of plans."""
    at = time.time()
    return clock_time(at + moment - now(), at)


# ---- the screen in a file --------------------------------------------------------------------------


@command(HEADING, example="log on night.log")
def log() -> None:
    """Write what is typed and shown into a file, with times and without colours; or say whether that is so.

    `log on` without a name writes into the data folder, into a file of the day. What the file has stays: new lines come
    below.
    """
    if SCREEN.path is None:
        print_answer("what is shown is not written anywhere: log on night.log")
    else:
        print_answer(f"what is shown is written into {SCREEN.path}: log off ends it")


@log.subcommand(example="log on night.log")
def on(session: Session, file: File | None = None) -> None:
    """Write what is typed and shown from now on into a file."""
    path = Path(file).expanduser() if file else session.folder / f"screen-{datetime.now():%Y-%m-%d}.log"
    if SCREEN.path is not None and SCREEN.path != path.resolve():
        print_answer(f"no more into {SCREEN.path}")
    SCREEN.begin(path.resolve(), session.shell)
    print_answer(f"what is typed and shown is written into {SCREEN.path}")


@log.subcommand(example="log off")
def off() -> None:
    """Write nothing more."""
    path = SCREEN.path
    SCREEN.end()
    print_answer("nothing was written anywhere" if path is None else f"no more into {path}")
