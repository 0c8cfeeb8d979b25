"""Commands that undo moves: moves shows what was moved, by whom and why; back sends it back to where it stood."""

from __future__ import annotations

import socket
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Annotated, Any, NamedTuple, TypeAlias

from typing_extensions import override

from beamshell.errors import UnknownName, UsageError
from beamshell.messages import Plan
from beamshell.shell.command_set import command
from beamshell.shell.device_parts import is_motor
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Motor, Points, Session
from beamshell.shell.plan_form import literal
from beamshell.shell.position_changes import Change, Standing, move_plan, standing
from beamshell.shell.positions import recent_offset
from beamshell.shell.positions_at_scan import changed_offset, offset_then
from beamshell.shell.slots import MotorSlot, Slot
from beamshell.shell.tokens import Tokens, find_device, is_number
from beamshell.store.engine_calls import KINDS, Move
from beamshell.store.engine_calls import calls as engine_calls
from beamshell.store.engine_calls import moves as journal_of_moves
from beamshell.text.lists import listed
from beamshell.text.numbers import counted, in_full, with_unit
from beamshell.text.times import clock_time
from beamshell.text.window import table_in_window

HEADING = "Return and repeat"
ALL = "all"
_DIGITS, _PLACES = 7, 9
"""Significant digits of a position in the journal, and its digits after the point: the rest is noise."""


class RecordedMotorSlot(MotorSlot):
    """The name of a motor, as it is typed; the console need not have it any more. `all` means all of them."""

    word = "motor"

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        token = tokens.take(name)
        return token.rstrip(",") if isinstance(token, str) else literal(token, tokens.devices) or str(token)

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return not is_number(token)

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return [*([] if typed else [ALL]), *super().candidates(typed, devices)]


RecordedMotors: TypeAlias = list[Annotated[str, RecordedMotorSlot()]]


@command(HEADING, example="moves 20 th")
def moves(session: Session, number: Points = 20, motors: RecordedMotors | None = None) -> None:
    """Show the last moves of all consoles, or those of some motors: who has moved what, from where to where, and why.

    The newest is the last. A scan is one move of each of its motors. `back` undoes them.
    """
    words = motors or [ALL]
    fitting = (move for move in _journal(session) if any(is_meant(move.device, word) for word in words))
    newest = sorted(islice(fitting, number), key=lambda move: move.time)
    if not newest:
        none_yet = "no command has moved anything yet: write mov th 1"
        raise UnknownName(f"no command has moved {listed(motors)}: moves shows what was moved" if motors else none_yet)
    operators, now = _operators(session, {move.console for move in newest}), time.time()
    rows = [
        [
            clock_time(move.time, now),
            operators.get(move.console, "?"),
            move.device,
            _way(move),
            "" if move.scan is None else str(move.scan),
            move.command,
        ]
        for move in newest
    ]
    heading = ["time", "who", "motor", "from -> to", "scan", "command"]
    print_answer(table_in_window([heading, *rows], left_aligned=range(len(heading)), hide_first=((1,), (4,))))


def _journal(session: Session) -> Iterator[Move]:
    return journal_of_moves(session.log.newest_first(*KINDS))


def is_meant(device: str, word: str) -> bool:
    """Whether a word means a device: its name, that of the device of which it is an axis, or a pattern."""
    return word == ALL or fnmatchcase(device, word) or fnmatchcase(device.partition(".")[0], word)


def _operators(session: Session, consoles: Collection[str]) -> dict[str, str]:
    """Who works at these consoles; with the host where it is another one."""
    operators = {session.log.console: session.operator}
    others = set(consoles) - {session.log.console}
    for entry in session.log.newest_first("opened") if others else ():
        if entry.console in others:
            others.remove(entry.console)
            host = entry.facts.get("host")
            at_host = "" if host == socket.gethostname() else f"@{host}"
            operators[entry.console] = f"{entry.facts.get('operator')}{at_host}"
        if not others:
            break
    return operators


def _way(move: Move) -> str:
    """From where to where, "0.5 -> 1 deg"; where it was sent, if it is not known to have come there."""
    if move.place is None:
        return with_unit(f"{_text(move.origin)} -> ?, sent to {_text(move.target)}", move.unit)
    return with_unit(f"{_text(move.origin)} -> {_text(move.place)}", move.unit)


def _text(position: Any) -> str:
    if isinstance(position, list | tuple):
        return f"({listed(map(_text, position))})"
    is_number = isinstance(position, int | float) and not isinstance(position, bool)
    return in_full(round(position, _PLACES), _DIGITS) if is_number else "?" if position is None else str(position)


# ---- back --------------------------------------------------------------------------------------


class _Undone(NamedTuple):
    """A motor, and its moves that are undone, the newest first: it stood where the last of them began."""

    name: str
    motor: Any
    moves: list[Move]


@command(HEADING, example="back th", preflight=False)
def back(session: Session, motor: list[Motor] | None = None, moves_ago: Points = 1, *, anyway: bool = False) -> Plan:
    """Go back to where motors stood before the last command of this console moved them.

    `back th` goes to where th stood before its last move, `back th 2` to where it stood before the last two, whoever
    made them: `moves th` shows them. It is a move itself, so that `back` twice ends where it began. Nothing moves if
    somebody else has moved one of the motors since, or one stands elsewhere than the log says; `anyway` moves them.
    """
    if session.state not in ("idle", "paused"):
        raise UsageError("it undoes what was done last, so it cannot be a part of a queue or of another plan")
    if motor is None and moves_ago != 1:
        raise UsageError(f"say of which motor: back th {moves_ago}")
    undone = _of_last_command(session) if motor is None else _of_motors(session, motor, moves_ago)
    changes = _way_back(session, undone, anyway=anyway)
    moving = [(each, change) for each, change in zip(undone, changes, strict=True) if not change.is_there]
    if not moving:
        each, change = undone[0], changes[0]
        further = f"; to go further back: back {each.name} {len(each.moves) + 1}"
        raise UsageError(f"{each.name} stands where it stood before {_cause(each.moves[-1])}{further}")
    for each, change in moving:
        print_answer(f"{change.in_words}  (as before {_cause(each.moves[-1])})")
    return move_plan(change for _, change in moving)


def _of_last_command(session: Session) -> list[_Undone]:
    """What the last command of this console has moved, with what others have moved since."""
    log, since = session.log, defaultdict[str, list[Move]](list)
    for call in engine_calls(log.newest_first(*KINDS)):
        for move in call.moves:
            since[move.device].append(move)
        if call.console == log.console and call.moves:
            undone = [_undone(session, move.device, since[move.device]) for move in call.moves]
            if motors := [each for each in undone if each is not None]:
                return motors
            raise UsageError(f"{call.label} moved no motor, only {listed(move.device for move in call.moves)}")
    raise UnknownName("this console has moved nothing yet (moves shows what others have moved)")


def _undone(session: Session, name: str, moves: list[Move]) -> _Undone | None:
    """The moves of a motor; None for a shutter or a signal, which stays as it is."""
    motor = find_device(name, session.devices)
    return _Undone(name, motor, moves) if is_motor(motor) else None


def _of_motors(session: Session, motors: list[Any], number: int) -> list[_Undone]:
    """The newest moves of some motors, so many of each."""
    undone = [_Undone(literal(motor, session.devices), motor, []) for motor in motors]
    for move in _journal(session):
        for each in undone:
            if each.name == move.device and len(each.moves) < number:
                each.moves.append(move)
        if all(len(each.moves) == number for each in undone):
            return undone
    few = next(each for each in undone if len(each.moves) < number)
    raise UnknownName(f"{few.name} was moved {counted(len(few.moves), 'time')} by a command: moves {few.name}")


def _way_back(session: Session, undone: list[_Undone], *, anyway: bool) -> list[Change]:
    """Where each motor stands, and where it goes.

    Raises:
        UsageError: one of them cannot go back, or should not; the message says what to type.
    """
    now = standing({each.name: each.motor for each in undone})
    changes = []
    for each in undone:
        name, began = each.name, each.moves[-1]
        if name not in now:
            raise UsageError(f"nothing moves: {name} does not answer")
        if began.origin is None:
            raise UsageError(f"nothing moves: it is not known where {name} stood before {_cause(began)}")
        if not anyway and (reason := _reason_to_stay(session, each, now[name])):
            raise UsageError(f"nothing moves: {reason} (to move it all the same, add: anyway)")
        target = tuple(began.origin) if isinstance(began.origin, list) else began.origin
        changes.append(Change(name, each.motor, target, now[name]))
    return changes


def _reason_to_stay(session: Session, undone: _Undone, now: Standing) -> str:
    """Why a motor should not be sent back without a second thought; "" for none."""
    own, newest = session.log.console, undone.moves[0]
    operators = _operators(session, {move.console for move in undone.moves})
    for move in undone.moves:
        who = operators.get(move.console, "another console")
        is_after_ours = undone.moves[-1].console == own  # else it may be of this person's console of before
        if move.console != own and (is_after_ours or who != session.operator):
            return f"{undone.name} was moved since by {who}, {_cause(move)}"
    then, offset = offset_then(undone.motor, undone.moves[-1]), recent_offset(undone.motor)
    if offset is not None and (changed := changed_offset(then, dict.fromkeys(then, offset))):
        return f"{undone.name}: {changed}"
    if newest.place is None or now.is_at(undone.motor, newest.place) or now.is_at(undone.motor, newest.target):
        return ""
    here, left_at = (with_unit(_text(place), newest.unit) for place in (now.position, newest.place))
    return f"{undone.name} stands at {here}, and the last command left it at {left_at}"


def _cause(move: Move) -> str:
    """The command of a move, and when it was: "mov th 1, 14:05:11"."""
    return f"{move.command or 'a plan'}, {clock_time(move.time, time.time())}"
