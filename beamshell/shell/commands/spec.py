"""Scans as SPEC has them: ascan, dscan, a2scan, d2scan, mesh, dmesh, th2th, loopscan, timescan, lineup.

Numbers of INTERVALS, so one point more, and at the end the time of each point. Each runs the plan of its own name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from beamshell.errors import UnknownName
from beamshell.shell.command import detectors_then_axes, detectors_then_lines, detectors_then_motor
from beamshell.shell.commands._all import COMMANDS
from beamshell.shell.magic_line import Words, find_device, is_number

if TYPE_CHECKING:
    from beamshell.messages import Plan
    from beamshell.shell.session import Session

_LINE = "motor start finish intervals time"
_TWO_LINES = "motor1 start1 finish1 motor2 start2 finish2 intervals time"
_MESH = "motor1 start1 finish1 intervals1 motor2 start2 finish2 intervals2 time"


@COMMANDS.add(
    f"[detector ...] {_LINE}",
    example="ascan th -1 1 20 0.1",
    plan="RE(bp.ascan(th, -1, 1, 20, 0.1, detectors=[det]))",
    slots=detectors_then_motor,
    needs_words=True,
)
def ascan(session: Session, words: Words) -> None:
    """Scan a motor from start to finish in a number of INTERVALS, one point more.

    The time is what each point counts, in seconds; detectors get their own back at the end.
    """
    _scan(session, words, "ascan", lines=1)


@COMMANDS.add(
    f"[detector ...] {_LINE}",
    example="dscan th -0.5 0.5 10 0.1",
    plan="RE(bp.dscan(th, -0.5, 0.5, 10, 0.1, detectors=[det]))",
    aliases=("lup",),
    slots=detectors_then_motor,
    needs_words=True,
)
def dscan(session: Session, words: Words) -> None:
    """Scan as ascan does, around where the motor is: INTERVALS, one point more.

    The motor goes back at the end, also after an interruption.
    """
    _scan(session, words, "dscan", lines=1)


@COMMANDS.add(
    f"[detector ...] {_TWO_LINES}",
    example="a2scan th 0 1 tth 0 2 20 0.1",
    plan="RE(bp.a2scan(th, 0, 1, tth, 0, 2, 20, 0.1, detectors=[det]))",
    slots=detectors_then_lines,
    needs_words=True,
)
def a2scan(session: Session, words: Words) -> None:
    """Scan two motors together from start to finish; the INTERVALS are those of both."""
    _scan(session, words, "a2scan", lines=2)


@COMMANDS.add(
    f"[detector ...] {_TWO_LINES}",
    example="d2scan th -0.5 0.5 tth -1 1 20 0.1",
    plan="RE(bp.d2scan(th, -0.5, 0.5, tth, -1, 1, 20, 0.1, detectors=[det]))",
    slots=detectors_then_lines,
    needs_words=True,
)
def d2scan(session: Session, words: Words) -> None:
    """Scan two motors as a2scan does, around where they are: INTERVALS, one point more.

    They go back at the end, also after an interruption.
    """
    _scan(session, words, "d2scan", lines=2)


@COMMANDS.add(
    f"[detector ...] {_MESH}",
    example="mesh samx -2 2 10 samy -1 1 4 0.1",
    plan="RE(bp.mesh(samx, -2, 2, 10, samy, -1, 1, 4, 0.1, detectors=[det]))",
    slots=detectors_then_axes,
    needs_words=True,
)
def mesh(session: Session, words: Words) -> None:
    """Scan two motors over a grid, in numbers of INTERVALS; the first motor is the FAST one."""
    _mesh(session, words, "mesh")


@COMMANDS.add(
    f"[detector ...] {_MESH}",
    example="dmesh samx -2 2 10 samy -1 1 4 0.1",
    plan="RE(bp.dmesh(samx, -2, 2, 10, samy, -1, 1, 4, 0.1, detectors=[det]))",
    slots=detectors_then_axes,
    needs_words=True,
)
def dmesh(session: Session, words: Words) -> None:
    """Scan a grid as mesh does, around where the motors are: INTERVALS, the first motor is FAST.

    They go back at the end, also after an interruption.
    """
    _mesh(session, words, "dmesh")


@COMMANDS.add(
    "[detector ...] start finish intervals time",
    example="th2th -1 1 20 0.1",
    plan="RE(bp.th2th(tth, th, -1, 1, 20, 0.1, detectors=[det]))",
    needs_words=True,
)
def th2th(session: Session, words: Words) -> None:
    """Scan tth around where it is, and th half as far: INTERVALS, one point more.

    It takes the motors that are called tth and th. They go back at the end, also after an interruption.
    """
    detectors = _detectors_before_numbers(session, words)
    motors = [_motor_called(name, words) for name in ("tth", "th")]
    line = [words.number("start"), words.number("finish")]
    _run(session, words, "th2th", [*motors, *line, words.whole_number("intervals"), _seconds(words)], detectors)


@COMMANDS.add(
    f"[detector ...] {_LINE}",
    example="lineup th -0.5 0.5 20 0.1",
    plan="RE(bp.lineup(th, -0.5, 0.5, 20, 0.1, detectors=[det]))",
    slots=detectors_then_motor,
    needs_words=True,
)
def lineup(session: Session, words: Words) -> None:
    """Scan as dscan does, then go to where the first detector counted most: INTERVALS, one point more.

    If it is interrupted, the motor goes back to where it was.
    """
    _scan(session, words, "lineup", lines=1)


@COMMANDS.add(
    "[detector ...] points [time]",
    example="loopscan 10 0.5",
    plan="RE(bp.loopscan(10, 0.5, detectors=[det]))",
    needs_words=True,
)
def loopscan(session: Session, words: Words) -> None:
    """Count a number of times, one after the other, and record it.

    The time is what each point counts, in seconds; without it the detectors count as long as they are set to.
    """
    detectors = _detectors_before_numbers(session, words)
    points, seconds = words.whole_number("points"), words.optional_seconds()
    _run(session, words, "loopscan", [points, *([] if seconds is None else [seconds])], detectors)


@COMMANDS.add(
    "[detector ...] [time [sleep]]",
    example="timescan 1 5",
    plan="RE(bp.timescan(1, 5, detectors=[det]))",
)
def timescan(session: Session, words: Words) -> None:
    """Count again and again, and record it, until Ctrl+C; then `stop` ends the run well, and `resume` goes on.

    Each point counts for the time, in seconds (1 if none is given), and sleeps for that long after it.
    """
    detectors = _detectors_before_numbers(session, words)
    seconds = words.optional_seconds() or 1.0
    sleep = [words.number("sleep")] if words else []
    _run(session, words, "timescan", [seconds, *sleep], detectors)


# ---- what they share -----------------------------------------------------------------------------


def _scan(session: Session, words: Words, name: str, *, lines: int) -> None:
    detectors = words.detectors()
    arguments: list[Any] = []
    for _ in range(lines):
        arguments += [words.motor(), words.number("start"), words.number("finish")]
    _run(session, words, name, [*arguments, words.whole_number("intervals"), _seconds(words)], detectors)


def _mesh(session: Session, words: Words, name: str) -> None:
    detectors = words.detectors()
    arguments: list[Any] = []
    for _ in range(2):
        arguments += [words.motor(), words.number("start"), words.number("finish"), words.whole_number("intervals")]
    _run(session, words, name, [*arguments, _seconds(words)], detectors)


def _run(session: Session, words: Words, name: str, arguments: list[Any], detectors: list[Any]) -> None:
    """Run the plan of this name, and record how it is written in Python; nothing else may have been typed."""
    from beamshell import plans

    words.end()
    make: Callable[..., Plan] = getattr(plans, name)
    detectors = detectors or session.detectors()
    shown = [getattr(argument, "name", None) or f"{argument:.12g}" for argument in arguments]
    names = ", ".join(detector.name for detector in detectors)
    form = f"bp.{name}({', '.join(shown)}, detectors=[{names}])"
    session.run(lambda: make(*arguments, detectors=detectors), plan_form=form)


def _seconds(words: Words) -> float:
    """The time, which SPEC asks for."""
    return words.optional_seconds() or words.number("time")  # that one says that it is missing


def _detectors_before_numbers(session: Session, words: Words) -> list[Any]:
    found = []
    while words and not is_number(words.peek()):
        found.append(words.device("detector"))
    return found or session.detectors()


def _motor_called(name: str, words: Words) -> Any:
    try:
        return find_device(name, words.devices)
    except UnknownName as exc:
        raise UnknownName(f"th2th scans the motors that are called tth and th: {exc}") from exc
