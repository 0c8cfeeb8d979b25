"""Counting and scanning: ct, scan, rscan, grid.

The plans themselves check every point against the limits before anything moves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from beamshell.errors import UsageError
from beamshell.shell.command import any_device, detectors_then_axes, detectors_then_motor
from beamshell.shell.commands._all import COMMANDS
from beamshell.shell.magic_line import Words, is_number

if TYPE_CHECKING:
    from beamshell.messages import Plan
    from beamshell.shell.session import Session


@COMMANDS.add(
    "[detector ...] [time]",
    example="ct 0.5",
    plan="RE(bp.count([det]))  # ct itself makes no run and uses no scan number",
    slots=any_device,
)
def ct(session: Session, words: Words) -> None:
    """Count once and print the values; no run is recorded.

    The time is in seconds; without one it stays as it is.
    """
    detectors = []
    while words and not is_number(words.peek()):
        detectors.append(words.device("detector"))
    seconds = words.optional_seconds()
    words.end()
    detectors = detectors or session.detectors()
    readings: dict[str, Any] = {}
    make = _with_time(seconds, lambda: _count_once(detectors, readings))
    session.run(make(), then=lambda: _show_counts(detectors, readings))


@COMMANDS.add(
    "[detector ...] motor start stop points [time]",
    example="scan det th -1 1 21",
    plan="RE(bp.scan([det], th, -1, 1, num=21))",
    slots=detectors_then_motor,
    needs_words=True,
)
def scan(session: Session, words: Words) -> None:
    """Scan a motor from start to stop in a number of POINTS.

    Start and stop are both points. The time is what each point counts, in seconds.
    """
    _one_motor(session, words, relative=False)


@COMMANDS.add(
    "[detector ...] motor start stop points [time]",
    example="rscan det th -0.5 0.5 11",
    plan="RE(bp.rel_scan([det], th, -0.5, 0.5, num=11))",
    slots=detectors_then_motor,
    needs_words=True,
)
def rscan(session: Session, words: Words) -> None:
    """Scan around where the motor is, in a number of POINTS.

    The motor goes back at the end, also after an interruption.
    """
    _one_motor(session, words, relative=True)


@COMMANDS.add(
    "[detector ...] motor1 start stop points motor2 start stop points [time]",
    example="grid det samy -1 1 5 samx -2 2 11",
    plan="RE(bp.grid_scan([det], samy, -1, 1, 5, samx, -2, 2, 11))",
    slots=detectors_then_axes,
    needs_words=True,
)
def grid(session: Session, words: Words) -> None:
    """Scan motors over a grid of POINTS; the first motor is the SLOW one.

    The last motor moves at each point. Two motors or more.
    """
    detectors = words.detectors()
    axes = []
    while len(words) >= 4 or (words and not is_number(words.peek())):
        axes.append(_axis(words))
    if len(axes) < 2:
        raise UsageError("a grid needs two motors")
    _grid(session, detectors, axes, words)


def _one_motor(session: Session, words: Words, *, relative: bool) -> None:
    from beamshell import plans as bp

    detectors = words.detectors() or session.detectors()
    motor, start, stop, points = _axis(words)
    seconds = words.optional_seconds()
    words.end()
    name, plan = ("rel_scan", bp.rel_scan) if relative else ("scan", bp.scan)
    form = f"bp.{name}({_names(detectors)}, {motor.name}, {start:.12g}, {stop:.12g}, num={points})"
    session.run(_with_time(seconds, lambda: plan(detectors, motor, start, stop, num=points)), plan_form=form)


def _axis(words: Words) -> tuple[Any, float, float, int]:
    return words.motor(), words.number("start"), words.number("stop"), words.whole_number("points")


def _grid(session: Session, detectors: list[Any], axes: list[tuple[Any, float, float, int]], words: Words) -> None:
    from beamshell import plans as bp

    seconds = words.optional_seconds()
    words.end()
    detectors = detectors or session.detectors()
    shown = ", ".join(f"{motor.name}, {start:.12g}, {stop:.12g}, {points}" for motor, start, stop, points in axes)
    flat = [word for axis in axes for word in axis]
    form = f"bp.grid_scan({_names(detectors)}, {shown})"
    session.run(_with_time(seconds, lambda: bp.grid_scan(detectors, *flat)), plan_form=form)


def _names(detectors: list[Any]) -> str:
    return f"[{', '.join(detector.name for detector in detectors)}]"


def _with_time(seconds: float | None, make: Callable[[], Plan]) -> Callable[[], Plan]:
    """What makes the plan, with this count time if one is given."""
    from beamshell.plans import preprocessors as bpp

    return make if seconds is None else lambda: bpp.configure_count_time_wrapper(make(), seconds)


def _count_once(detectors: list[Any], readings: dict[str, Any]) -> Plan:
    """Trigger and read outside of a run, so that no document is made."""
    from beamshell.messages import Msg
    from beamshell.protocols import Triggerable

    triggered = [detector for detector in detectors if isinstance(detector, Triggerable)]
    for detector in triggered:
        yield Msg("trigger", detector, group="count")
    if triggered:
        yield Msg("wait", None, group="count")
    for detector in detectors:
        readings |= (yield Msg("read", detector)) or {}


def _show_counts(detectors: list[Any], readings: dict[str, Any]) -> None:
    keys = {key: value for detector in detectors for key, value in _described(detector).items()}
    width = max((len(name) for name in readings), default=0)
    for name, reading in readings.items():
        print(f"{name:<{width}}  {_cell(reading['value'])} {keys.get(name, {}).get('units') or ''}".rstrip())


def _described(detector: Any) -> dict[str, Any]:
    return dict(detector.describe())


def _cell(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return f"array {value.shape}, mean {value.mean():g}"
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 and value != int(value) else f"{value}"
