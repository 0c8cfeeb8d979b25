"""Commands that move motors and show where they are: mov, movr, umv, umvr, home, wm, wa, wu."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from typing_extensions import override

from beamshell.engine.asyncio_view import plain_view
from beamshell.errors import UnknownName, UsageError
from beamshell.messages import Plan
from beamshell.plans import stubs as bps
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_set import command
from beamshell.shell.device_parts import axes, part_names
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.motor_look import without
from beamshell.shell.parameter_types import Motor, Position, Session, Target
from beamshell.shell.positions import (
    begin_position_text,
    position_of,
    positions_table,
    unit_of,
)
from beamshell.shell.slots import MotorSlot, Slot
from beamshell.shell.tokens import Tokens, find_device

HEADING = "Moving"
_FILE = re.compile(r"\w\.[a-zA-Z]\w*$")
"""The end of a file's name, such as "a.txt"; also of a part's, so it is looked at where no device fits."""


class MovedMotorSlot(MotorSlot):
    """A motor to move; if the line looks like the system's `mv`, the error says how files are moved."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Any:
        words = [str(tokens.peek(place)) for place in range(len(tokens))]
        try:
            return super().read(tokens, name, following)
        except UnknownName as exc:
            is_file = any("/" in word or Path(word).is_file() or _FILE.search(word) for word in words)
            if is_file and words[0].split(".")[0] not in tokens.devices:
                raise UnknownName(f"{exc} (mv moves motors; for files type !mv {' '.join(words)})") from exc
            raise


class Move(NamedTuple):
    """A motor, and the position it goes to."""

    motor: Annotated[Any, MovedMotorSlot()]
    position: Target


class Step(NamedTuple):
    """A motor, and the distance it goes."""

    motor: Motor
    distance: Position


@command(HEADING, example="mov th 1.5", aliases=("mv",), preflight=False)
def mov(moves: list[Move]) -> Followed:
    """Move motors to positions, all together, and wait until all have arrived."""
    return _moved(bps.mv, moves)


@command(HEADING, example="movr th 0.1", aliases=("mvr",), preflight=False)
def movr(moves: list[Step]) -> Followed:
    """Move motors by distances from where they are, and wait until all have arrived."""
    refuse_computed(motor for motor, _ in moves)
    return _moved(bps.mvr, moves)


@command(HEADING, example="umv th 1.5", preflight=False)
def umv(session: Session, moves: list[Move]) -> Followed:
    """Move motors to positions, as mov does, and show where they are on the way."""
    return _moved(bps.mv, moves, lambda: session.show_at_once())


@command(HEADING, example="umvr th 0.1", preflight=False)
def umvr(session: Session, moves: list[Step]) -> Followed:
    """Move motors by distances, as movr does, and show where they are on the way."""
    refuse_computed(motor for motor, _ in moves)
    return _moved(bps.mvr, moves, lambda: session.show_at_once())


_DIRECTIONS = {"fwd": "forward", "rev": "reverse"}


@command(HEADING, example="home th rev", preflight=False)
def home(motor: Motor, direction: Literal["fwd", "rev"] = "fwd") -> Followed:
    """Let a motor search for home in a direction, and wait until it is there; Ctrl+C stops it."""
    starts: list[str] = []

    def begin() -> AbstractContextManager[None]:
        if not callable(getattr(motor, "home", None)):
            raise UsageError(f"{motor.name} {without(motor, 'search for home')}")
        starts.append(begin_position_text(motor)())
        print_answer(f"{motor.name}: at {starts[0]}, it searches for home ({_DIRECTIONS[direction]})")
        return nullcontext()

    def show(_status: Any) -> None:
        way = f"{starts[0].removesuffix(f' {unit_of(motor)}')} -> " if starts else ""  # a queue begins it by itself
        print_answer(f"{motor.name}: {way}{begin_position_text(motor)()}, at home")

    return followed_by(bps.home(motor, _DIRECTIONS[direction]), show, during=begin)


def refuse_computed(motors: Iterable[Any]) -> None:
    """Refuse to move a device of several axes by one distance.

    Raises:
        UsageError: there is one; the message names its axes.
    """
    for motor in motors:
        if computed := getattr(motor, "pseudo_names", ()):
            names = ", ".join(f"{motor.name}.{axis}" for axis in computed)
            raise UsageError(f"{motor.name} cannot be moved by a distance, but its axes can: {names}")


def _answers_before_it_is_sent(motor: Any) -> bool:
    """Whether its server answers a question before it carries out a write that comes after that."""
    servers = {
        getattr(getattr(motor, part, None), "keeps_order_with", "") for part in ("readback_signal", "setpoint_signal")
    }
    return len(servers) == 1 and servers != {""}


def _moved(
    plan: Callable[..., Plan],
    moves: list[Move] | list[Step],
    during: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Followed:
    motors = [motor for motor, _ in moves]
    for number, motor in enumerate(motors):
        if any(motor is other for other in motors[:number]):
            raise UsageError(f"{motor.name} is named twice: give it one position")
    starts = [begin_position_text(motor) for motor in motors]  # on their way with the first write
    for number, motor in enumerate(motors):
        if not _answers_before_it_is_sent(motor):
            starts[number] = partial(str, starts[number]())

    def show(_statuses: Any) -> None:
        ends = [begin_position_text(motor) for motor in motors]
        for motor, start, end in zip(motors, starts, ends, strict=True):
            print_answer(f"{motor.name}: {start().removesuffix(f' {unit_of(motor)}')} -> {end()}")

    return followed_by(plan(*(value for move in moves for value in move)), show, during=during)


# ---- where motors are --------------------------------------------------------------------------


class MotorNameSlot(MotorSlot):
    """A motor, a pattern that fits the names of several, or a motor itself."""

    word = "motor"

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Any:
        token = tokens.take(name)
        return token.rstrip(",") if isinstance(token, str) else token


MotorNames: TypeAlias = list[Annotated[Any, MotorNameSlot()]]


def _positions(session: Session, motors: MotorNames) -> Any:
    """The position of a motor, or the value of a signal; of several a tuple, in the order of the table."""
    positions = tuple(position_of(motor) for motor in selected_motors(session, motors).values())
    return positions[0] if len(positions) == 1 else positions


@command(HEADING, example="wm th sam*", value=_positions)
def wm(session: Session, motors: MotorNames) -> None:
    """Show where some motors are, computed axes such as mono.energy too; `*` stands for any letters.

    A shutter's state and a signal's value are shown too. `x = wm th` keeps the number; of several motors it keeps all,
    in this order.
    """
    print(positions_table(selected_motors(session, motors), session.offline_word))


@command(HEADING, example="wa")
def wa(session: Session) -> None:
    """Show where all motors are: user and dial position, limits, state."""
    print(positions_table(all_motors(session), session.offline_word))


@command(HEADING, example="wu")
def wu(session: Session) -> None:
    """Show where all motors are, in user positions alone."""
    print(positions_table(all_motors(session), session.offline_word, only_user=True))


def all_motors(session: Session) -> dict[str, Any]:
    """Each motor and each axis of the beamline by name.

    Raises:
        UnknownName: there is none.
    """
    motors = _every_motor(session.devices.distinct())
    if not motors:
        raise UnknownName("this beamline has no motors: see `devices`")
    return motors


def selected_motors(session: Session, motors: MotorNames) -> dict[str, Any]:
    """The motors that the words of `wm` mean, by name."""
    selected: dict[str, Any] = {}
    for motor in motors:
        selected |= (
            _motors_named(motor, session.devices) if isinstance(motor, str) else _with_position(motor.name, motor)
        )
    return selected


def _motors_named(word: str, devices: Mapping[str, Any]) -> dict[str, Any]:
    if "*" not in word and "?" not in word:
        device = find_device(word, devices)
        return _with_position(word, device)
    motors = {
        name: motor
        for name, motor in _every_motor(devices).items()
        if fnmatchcase(name, word) or fnmatchcase(name.partition(".")[0], word)
    }
    if not motors:
        raise UnknownName(f"no motor's name fits '{word}': wa shows all")
    return motors


def _with_position(word: str, device: Any) -> dict[str, Any]:
    """What `wm` shows of a device: its axes; itself, if it is a signal or a shutter.

    Raises:
        UsageError: it is neither.
    """
    if its_axes := axes(word, device):
        return its_axes
    view = plain_view(device)
    if not (callable(getattr(view, "get", None)) or hasattr(view, "begin_state")) or part_names(device):
        raise UsageError(f"{word} has no position: ct {word} reads it")
    return {word: device}


def _every_motor(devices: Mapping[str, Any]) -> dict[str, Any]:
    """Each motor by name, and each axis of a device that has several; each once, by the shortest of its names."""
    named: dict[str, Any] = {}
    for of, device in devices.items():
        named |= axes(of, device)
    shortest: dict[int, str] = {}
    for name, motor in sorted(named.items(), key=lambda each: each[0].count(".")):
        shortest.setdefault(id(motor), name)
    return {name: motor for name, motor in named.items() if shortest[id(motor)] == name}
