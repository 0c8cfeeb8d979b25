"""Commands that repeat what was done: redo runs a recorded plan again, script writes the last plans into a file."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typing_extensions import override

from beamshell.errors import BeamshellError, CommandError, UnknownName, UsageError
from beamshell.messages import Plan
from beamshell.plans.start_metadata import ORIGINS
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_set import COMMANDS, command
from beamshell.shell.commands.command_line import Line
from beamshell.shell.messages_shown import one_line, print_answer
from beamshell.shell.parameter_types import Session
from beamshell.shell.plan_form import plan_form, plan_of
from beamshell.shell.position_changes import standing
from beamshell.shell.positions import value_text
from beamshell.shell.slots import Slot
from beamshell.shell.tokens import find_device, is_number
from beamshell.store.engine_calls import KINDS, Call, calls
from beamshell.store.run_file import free_name
from beamshell.text.numbers import counted
from beamshell.text.times import date_and_time

if TYPE_CHECKING:
    from beamshell.store import Run

HEADING = "Return and repeat"
_LONGEST_BEFORE_RUN_S = 86400.0
"""A call of the engine begins at most so long before a run of its own."""


@command(HEADING, example="redo 12")
def redo(session: Session, scan_number: int | None = None) -> Followed:
    """Run the plan of an earlier scan again, with the numbers and the devices that it had.

    Without a number it is the last scan of this console; -1 is the newest of any, as in `runs`. It is checked first as
    any scan. One that scans around where its motors are does so where they are now: goscan puts them back first.
    """
    run = _own_last_run(session) if scan_number is None else session.runs[scan_number]
    form, line = (str(run.start.get(key) or "") for key in ("plan_form", "command"))
    if line.partition(" ")[0] == "redo":
        line = ""  # it means another scan now
    followed = _again(session, form or _form_in_log(session, run), line, run.label)
    print_answer(f"{run.label} again: {followed.command}")
    for centre in _other_centres(session, run):
        print_answer(centre)
    return followed


def _own_last_run(session: Session) -> Run:
    """The last run of this console: one of another console moves other motors, so it is run only by its number."""
    if own := session.own_runs:
        return own[-1]
    raise UnknownName(f"this console has no scan yet: redo {session.runs[-1].scan_id} is the newest of any")


def _other_centres(session: Session, run: Run) -> Iterator[str]:
    """A line for each motor that is scanned around another place now than in that run."""
    for recorded_name, origin in (run.start.get(ORIGINS) or {}).items():
        name = session.devices.typed_name(recorded_name)
        motor = find_device(name, session.devices)
        now = standing({name: motor}).get(name)
        if now is not None and isinstance(origin, int | float) and not now.is_at(motor, origin):
            here, there = value_text(motor, now.position), value_text(motor, origin)
            yield f"around {name} = {here}, then it was {there} (goscan {run.scan_id} {name} goes there)"


def _form_in_log(session: Session, run: Run) -> str:
    """The plan form of the call of the engine that has measured a run, as of RE(bp.scan(...)); "" if there is none."""
    entries = session.log.newest_first(*KINDS, since=run.start["time"] - _LONGEST_BEFORE_RUN_S)
    return next((call.plan_form for call in calls(entries) if run.uid in call.uids), "")


def _again(session: Session, form: str, line: str, label: str) -> Followed:
    """The plan of a run once more: as it was typed, if that still means the same, or else as it is recorded.

    Only the typed line knows what its command shows at the end.

    Raises:
        CommandError: it cannot be done again; the message says why.
    """
    try:
        if not form and not line:
            raise UsageError("it was run by RE(...) with a plan that cannot be written as a call")
        followed = _as_typed(session, line, form) or _as_recorded(session, line, form)
    except BeamshellError as exc:
        raise CommandError(f"{label} cannot be done again: {one_line(exc)}") from exc
    return replace(followed, command=line or form)


def _as_typed(session: Session, line: str, form: str) -> Followed | None:
    """The command of a line; None if it makes another plan now than the one recorded, or none at all."""
    try:
        followed = Line.of(line).make(session) if line and form else None
    except BeamshellError:
        return None
    if followed is not None and plan_form(followed.plan, session.devices) != form:
        followed.plan.close()
        return None
    return followed


def _as_recorded(session: Session, line: str, form: str) -> Followed:
    """The plan of a plan form; without one, that of the line."""
    if not form:
        followed = Line.of(line).make(session)
        if followed is None:
            raise UsageError(f"{line} runs no plan now")
        return followed
    try:
        return followed_by(plan_of(form, session.devices, _plan_of_command))
    except BeamshellError:
        raise
    except (TypeError, ValueError) as exc:
        raise UsageError(f"{form} is called in another way now: {one_line(exc)}") from exc


def _plan_of_command(name: str) -> Callable[..., Plan]:
    return COMMANDS.function(COMMANDS.find(name).name).plan


# ---- script ------------------------------------------------------------------------------------


class FileSlot(Slot):
    """The name of a file."""

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return not is_number(token)


@command(HEADING, example="script -10 evening.py")
def script(session: Session, number: int = -10, file: Annotated[str, FileSlot()] = "") -> None:
    """Write the last commands of this console into a file of Python that runs them again, as one plan.

    Each stands there as a plan, below the line that was typed and how it ended; so the file can be changed, and run by
    `beamshell evening.py`. Moves, scans and counts are written, and what runs no plan, such as md and wa, is not.
    Without a name the file goes into the folder `scripts` of the data folder. No file is overwritten.
    """
    if number == 0:
        raise UsageError("how many commands? script -10 writes the last ten")
    own = (call for call in calls(session.log.newest_first(*KINDS)) if call.console == session.log.console)
    newest = sorted(islice(own, abs(number)), key=lambda call: call.time)
    if not newest:
        raise UnknownName("this console has run no plan yet: scan first")
    path = Path(file).expanduser() if file else _new_path(session.folder)
    text = _text(newest, f"by {session.operator}, {date_and_time(time.time())}", path)
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8", errors="backslashreplace") as written:
            written.write(text)
    except FileExistsError:
        raise UsageError(f"{path} exists already: name another file") from None
    except OSError as exc:
        with contextlib.suppress(OSError):
            path.unlink()  # a part of it, which would stand in the way of the next try
        raise UsageError(f"{path} cannot be written: {exc.strerror}") from exc
    print_answer(f"{path}\n{counted(len(newest), 'command')}; to run them again: beamshell {path}")


def _new_path(folder: Path) -> Path:
    return free_name(folder / "scripts" / f"{time.strftime('%Y-%m-%d_%H%M%S')}.py")


def _text(commands: Sequence[Call], whose: str, path: Path) -> str:
    """The whole file."""
    lines = [
        f'"""{counted(len(commands), "command")} of a console, written {whose}.',
        "",
        f"beamshell {path.name} runs them again; in an open console: %run -i {path.name}",
        '"""',
        "",
        "",
        "def commands():",
    ]
    for call in commands:
        lines.append(f"    # {' '.join(f'{date_and_time(call.time)}  {call.label}: {_end_of(call)}'.split())}")
        lines.append(f"    yield from {call.plan_form}" if call.plan_form else "    # (this plan cannot be written)")
    if not any(call.plan_form for call in commands):
        lines.append("    yield from bps.null()")
    return "\n".join([*lines, "", "", "RE(commands())", ""])


def _end_of(call: Call) -> str:
    """How it ended: "success", "abort: sample fell off"."""
    return ": ".join(filter(None, [call.status or "not ended", call.reason]))
