"""One motor in words: in a line when it is typed alone, and in a few lines for `th?`.

It reads devices and never moves one. Any motor will do, also one of another library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Protocol

from beamshell.errors import BeamshellError
from beamshell.shell.device_parts import axes, name_in_parent
from beamshell.shell.positions import begin_motor_state, move_in_words, target_digits, unit_of, value_text
from beamshell.text.lists import listed
from beamshell.text.numbers import fixed, in_full, with_unit
from beamshell.text.times import clock_time

MOVES = ("moving", "moved")
"""The kinds of entries of the console log about moves."""
_MOST_ENTRIES = 5000
"""Moves of the console log that are looked through for the last one of a motor."""


class LogEntry(Protocol):
    """An entry of the console log."""

    @property
    def time(self) -> float:
        """Seconds since 1970-01-01 UTC."""

    @property
    def kind(self) -> str:
        """Such as "moved"."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What it says."""


def typed_name(motor: Any) -> str:
    """The name that one types for a motor: "th", or "mono.energy" for an axis of a device."""
    parent = getattr(motor, "parent", None)
    return f"{typed_name(parent)}.{name_in_parent(motor)}" if parent is not None else str(motor.name)


def limits_in_words(motor: Any, limits: tuple[float | None, float | None]) -> str:
    """Such as "-90.0000 to 90.0000 deg"; "none" for equal ones.

    Args:
        motor: the motor that they belong to.
        limits: (low, high) in its units; None or infinite on a side without one.
    """
    low, high = (None if end is None or not math.isfinite(end) else end for end in limits)
    if low == high:
        return "none"
    digits = target_digits(motor)
    ends = ("none" if end is None else fixed(end, digits) for end in (low, high))
    return with_unit(" to ".join(ends), unit_of(motor))


def begin_line(motor: Any, name: str) -> Callable[[], str]:
    """Ask a motor for its position, limits and state; the function returned gives them as a line.

    Such as "th: 1.5000 deg, limits -90.0000 to 90.0000 deg, at rest".

    Args:
        motor: of any library.
        name: as it is typed.
    """
    collect = begin_motor_state(motor)

    def collected() -> str:
        try:
            state = collect()
        except (BeamshellError, TimeoutError) as exc:
            return f"{name}: no answer ({exc})"
        if not state["connected"]:
            return f"{name}: offline"
        limits = (state.get("low_limit"), state.get("high_limit"))
        words = listed(state.get("words") or ["at rest"])
        return f"{name}: {value_text(motor, state['position'])}, limits {limits_in_words(motor, limits)}, {words}"

    return collected


def motor_page(motor: Any, name: str, doc: str, moves: Iterable[LogEntry], now: float) -> str:
    """What `th?` shows: its line (of its axes: each), description, scale and speed, last move, addresses.

    Args:
        motor: of any library.
        name: as it is typed.
        doc: its description in the device file.
        moves: the entries of MOVES in the console log, the newest first.
        now: seconds since 1970-01-01 UTC.
    """
    its_lines = [begin_line(axis, its_name) for its_name, axis in axes(name, motor).items()]
    scale = _begin_scale(motor)
    lines = [line() for line in its_lines]
    lines += [doc, *scale(), *_last_move(motor, name, moves, now), *_addresses(motor, name)]
    return "\n".join(filter(None, lines))


def _begin_scale(motor: Any) -> Callable[[], Iterator[str]]:
    """Ask for what a motor record knows besides; nothing of other motors."""
    begin = getattr(motor, "begin_scale", None)
    if not callable(begin) or not getattr(motor, "connected", True):
        return lambda: iter(())
    collect = begin()

    def collected() -> Iterator[str]:
        try:
            scale, settings = collect(), motor.move_settings()
        except (BeamshellError, TimeoutError):
            return
        yield f"dial {value_text(motor, scale.dial)}, offset {value_text(motor, scale.offset)}"
        unit = unit_of(motor)
        speed = f"velocity {in_full(settings.velocity, 6)} {unit}/s, {in_full(settings.ramp_s, 6)} s to speed up"
        yield f"{speed}, backlash {in_full(settings.backlash, 6)} {unit}" if settings.backlash else speed

    return collected


def _last_move(motor: Any, name: str, moves: Iterable[LogEntry], now: float) -> Iterator[str]:
    """Who has moved it last, when and by what, as far as the console log and the motor know."""
    entries: dict[str, LogEntry] = {}
    for entry in islice(moves, _MOST_ENTRIES):
        if entry.facts.get("device") == name:
            entries.setdefault(entry.kind, entry)
        if len(entries) == len(MOVES):
            break
    if (moved := entries.get("moved")) is not None:
        origin: Any = moved.facts.get("origin")
        place: Any = moved.facts.get("place")
        is_way = isinstance(origin, int | float) and isinstance(place, int | float)
        way = move_in_words(motor, origin, place) if is_way else f"{name} to {moved.facts.get('target')}"
        command = f" by {moved.facts['command']}" if moved.facts.get("command") else ""
        yield f"moved last {clock_time(moved.time, now)}{command}: {way}"
    others = getattr(motor, "last_foreign_motion", None)
    if others is not None and ((sent := entries.get("moving")) is None or others.noticed > sent.time):
        yield f"since then, {clock_time(others.noticed, now)}: {others.words}"


def _addresses(motor: Any, name: str) -> Iterator[str]:
    kind, prefix = type(motor).__name__, getattr(motor, "prefix", "")
    yield f"{kind} {prefix}".rstrip()
    names = ("readback_signal", "setpoint_signal")
    signals = [signal for part in names if (signal := getattr(motor, part, None)) is not None]
    addresses = [str(getattr(signal, "source", "")).removeprefix("ca://") for signal in signals]
    if addresses and all(addresses) and prefix:
        yield f"reads {addresses[0]}, writes {addresses[-1]}; devices {name.partition('.')[0]} shows all its parts"


def without(motor: Any, noun: str) -> str:
    """Why a motor has not what is wanted of it, after its name: "is computed and has no offset; its motors: ..."."""
    owner: Any = getattr(motor, "device", None)
    if names := getattr(owner, "real_names", ()):
        motors = ", ".join(f"{owner.name}.{name}" for name in names)
        return f"is computed and has no {noun} of its own; its motors: {motors}"
    return f"has no {noun}: it is a {type(motor).__name__}"
