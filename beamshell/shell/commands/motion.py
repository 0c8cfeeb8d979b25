"""Going somewhere and seeing where one is: mov, movr, umv, umvr, wm, wa."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.command import motors_and_positions, only_motors
from beamshell.shell.commands._all import COMMANDS
from beamshell.shell.live_positions import LivePositions
from beamshell.shell.magic_line import Words, find_device, is_number
from beamshell.shell.positions import axes, is_motor, rows, table, unit_of, whereabouts

if TYPE_CHECKING:
    from beamshell.shell.session import Session


@COMMANDS.add(
    "motor position [motor position ...]",
    example="mov th 1.5",
    plan="RE(bps.mv(th, 1.5))",
    aliases=("mv",),
    slots=motors_and_positions,
    needs_words=True,
)
def mov(session: Session, words: Words) -> None:
    """Move motors to positions, all together, and wait until all have arrived."""
    _go(session, _pairs(words), relative=False)


@COMMANDS.add(
    "motor distance [motor distance ...]",
    example="movr th 0.1",
    plan="RE(bps.mvr(th, 0.1))",
    aliases=("mvr",),
    slots=motors_and_positions,
    needs_words=True,
)
def movr(session: Session, words: Words) -> None:
    """Move motors by distances from where they are, and wait until all have arrived."""
    _go(session, _pairs(words), relative=True)


@COMMANDS.add(
    "motor position [motor position ...]",
    example="umv th 1.5",
    plan="RE(bps.mv(th, 1.5))",
    slots=motors_and_positions,
    needs_words=True,
)
def umv(session: Session, words: Words) -> None:
    """Move motors to positions, as mov does, and show where they are on the way."""
    pairs = _pairs(words)
    _go(session, pairs, relative=False, live=LivePositions([motor for motor, _ in pairs]))


@COMMANDS.add(
    "motor distance [motor distance ...]",
    example="umvr th 0.1",
    plan="RE(bps.mvr(th, 0.1))",
    slots=motors_and_positions,
    needs_words=True,
)
def umvr(session: Session, words: Words) -> None:
    """Move motors by distances, as movr does, and show where they are on the way."""
    pairs = _pairs(words)
    _go(session, pairs, relative=True, live=LivePositions([motor for motor, _ in pairs]))


@COMMANDS.add("motor [motor ...]", example="wm th sam*", slots=only_motors, needs_words=True)
def wm(session: Session, words: Words) -> None:
    """Show where some motors are, computed axes such as mono.energy too; `*` stands for any letters."""
    chosen: dict[str, Any] = {}
    for word in words.rest():
        chosen |= _named(word, session)
    print(table(rows(chosen)))


@COMMANDS.add(example="wa")
def wa(session: Session, words: Words) -> None:
    """Show where all motors are: user and dial position, limits, state."""
    words.end()
    motors = _every_motor(session.registry)
    if not motors:
        raise UnknownName("this beamline has no motors: see `devices`")
    print(table(rows(motors)))


def _pairs(words: Words) -> list[tuple[Any, Any]]:
    pairs: list[tuple[Any, Any]] = []
    while words:
        motor = words.motor()
        if any(motor is other for other, _ in pairs):
            raise UsageError(f"{motor.name} is named twice")
        pairs.append((motor, _position(motor, words)))
    return pairs


def _position(device: Any, words: Words) -> Any:
    """A number; for what is no motor, such as a shutter, also a word: it knows itself what it may be told."""
    if is_motor(device) or not words or is_number(words.peek()):
        return words.number(f"position of {device.name}")
    return words.take("state")


def _go(
    session: Session,
    pairs: list[tuple[Any, Any]],
    *,
    relative: bool,
    live: AbstractContextManager[Any] | None = None,
) -> None:
    from beamshell.plans import stubs as bps

    for motor, _ in pairs if relative else ():
        if computed := getattr(motor, "pseudo_names", ()):
            names = ", ".join(f"{motor.name}.{axis}" for axis in computed)
            raise UsageError(f"{motor.name} cannot be moved by a distance, but its axes can: {names}")
    before = [whereabouts(motor) for motor, _ in pairs]
    words = [word for pair in pairs for word in pair]
    with live or nullcontext():
        plan = bps.mvr(*words) if relative else bps.mv(*words)
        session.run(plan, then=lambda: _say_moved([motor for motor, _ in pairs], before))


def _say_moved(motors: Iterable[Any], before: list[str]) -> None:
    for motor, start in zip(motors, before, strict=True):
        start_number = start.removesuffix(f" {unit_of(motor)}")
        print(f"{motor.name}: {start_number} -> {whereabouts(motor)}")


def _named(word: str, session: Session) -> dict[str, Any]:
    devices = session.devices
    if "*" not in word and "?" not in word:
        device = find_device(word, devices)
        if not is_motor(device):
            raise UsageError(f"{word} has no position")
        return axes(word, device)
    found = {
        name: motor
        for name, motor in _every_motor(devices).items()
        if fnmatchcase(name, word) or fnmatchcase(name.partition(".")[0], word)
    }
    if not found:
        raise UnknownName(f"no motor's name fits '{word}'")
    return found


def _every_motor(devices: Mapping[str, Any]) -> dict[str, Any]:
    """Each motor by name, and each axis of a device that has several."""
    return {
        name: motor for of, device in devices.items() if is_motor(device) for name, motor in axes(of, device).items()
    }
