"""Commands that scan as SPEC does: ascan, dscan, a2scan, d2scan, mesh, dmesh, th2th, loopscan, timescan, lineup.

They take numbers of INTERVALS, so one point more, and at the end the time of each point. Each runs the plan of its
own name.
"""

from __future__ import annotations

from typing import Any

from beamshell import plans as bp
from beamshell.errors import UnknownName
from beamshell.messages import Plan
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Detectors, Motor, Points, Position, Seconds, Session
from beamshell.shell.positions import move_in_words
from beamshell.shell.tokens import find_device

HEADING = "Scanning as in SPEC"


@command(HEADING, example="ascan th -1 1 20 0.1")
def ascan(
    detectors: Detectors, motor: Motor, start: Position, finish: Position, intervals: Points, time: Seconds
) -> Plan:
    """Scan a motor from start to finish in a number of INTERVALS, one point more.

    The time is what each point counts, in seconds; detectors get their own back at the end.
    """
    return bp.ascan(motor, start, finish, intervals, time, detectors=detectors)


@command(HEADING, example="dscan th -1 1 20 0.1", aliases=("lup",))
def dscan(
    detectors: Detectors, motor: Motor, start: Position, finish: Position, intervals: Points, time: Seconds
) -> Plan:
    """Scan as ascan does, around where the motor is: INTERVALS, one point more.

    The motor goes back at the end, also after an interruption.
    """
    return bp.dscan(motor, start, finish, intervals, time, detectors=detectors)


@command(HEADING, example="a2scan th 0 1 tth 0 2 20 0.1")
def a2scan(
    detectors: Detectors,
    motor1: Motor,
    start1: Position,
    finish1: Position,
    motor2: Motor,
    start2: Position,
    finish2: Position,
    intervals: Points,
    time: Seconds,
) -> Plan:
    """Scan two motors together from start to finish; the INTERVALS are those of both."""
    return bp.a2scan(motor1, start1, finish1, motor2, start2, finish2, intervals, time, detectors=detectors)


@command(HEADING, example="d2scan th -1 1 tth -2 2 20 0.1")
def d2scan(
    detectors: Detectors,
    motor1: Motor,
    start1: Position,
    finish1: Position,
    motor2: Motor,
    start2: Position,
    finish2: Position,
    intervals: Points,
    time: Seconds,
) -> Plan:
    """Scan two motors as a2scan does, around where they are: INTERVALS, one point more.

    They go back at the end, also after an interruption.
    """
    return bp.d2scan(motor1, start1, finish1, motor2, start2, finish2, intervals, time, detectors=detectors)


@command(HEADING, example="mesh cam samx -2 2 10 samy -1 1 4 0.1")
def mesh(
    detectors: Detectors,
    motor1: Motor,
    start1: Position,
    finish1: Position,
    intervals1: Points,
    motor2: Motor,
    start2: Position,
    finish2: Position,
    intervals2: Points,
    time: Seconds,
) -> Plan:
    """Scan two motors over a grid, in numbers of INTERVALS; the first motor is the FAST one."""
    fast, slow = (motor1, start1, finish1, intervals1), (motor2, start2, finish2, intervals2)
    return bp.mesh(*fast, *slow, time, detectors=detectors)


@command(HEADING, example="dmesh cam samx -2 2 10 samy -1 1 4 0.1")
def dmesh(
    detectors: Detectors,
    motor1: Motor,
    start1: Position,
    finish1: Position,
    intervals1: Points,
    motor2: Motor,
    start2: Position,
    finish2: Position,
    intervals2: Points,
    time: Seconds,
) -> Plan:
    """Scan a grid as mesh does, around where the motors are: INTERVALS, the first motor is FAST.

    They go back at the end, also after an interruption.
    """
    fast, slow = (motor1, start1, finish1, intervals1), (motor2, start2, finish2, intervals2)
    return bp.dmesh(*fast, *slow, time, detectors=detectors)


@command(HEADING, example="th2th -2 2 20 0.1")
def th2th(
    session: Session, detectors: Detectors, start: Position, finish: Position, intervals: Points, time: Seconds
) -> Plan:
    """Scan tth around where it is, and th half as far: INTERVALS, one point more.

    It takes the motors that are called tth and th. They go back at the end, also after an interruption.
    """

    def motor(name: str) -> Any:
        try:
            return find_device(name, session.devices)
        except UnknownName as exc:
            raise UnknownName(f"th2th scans the motors that are called tth and th: {exc}") from exc

    return bp.th2th(motor("tth"), motor("th"), start, finish, intervals, time, detectors=detectors)


@command(HEADING, example="lineup th -1 1 20 0.1")
def lineup(
    detectors: Detectors,
    motor: Motor,
    start: Position,
    finish: Position,
    intervals: Points,
    time: Seconds,
    *,
    anyway: bool = False,
) -> Followed:
    """Scan as dscan does, then go to where the detector counted most: INTERVALS, one point more.

    Of several values the first counts that has a peak, as for align. If it is interrupted, or if there is no such peak,
    the motor goes back to where it was; with `anyway` it goes to the highest point all the same.
    """

    def show(result: bp.LineupResult) -> None:
        print_answer(f"{move_in_words(motor, result.origin, result.position)}  (highest point of {result.field})")

    insist: dict[str, Any] = {"anyway": True} if anyway else {}
    return followed_by(bp.lineup(motor, start, finish, intervals, time, detectors=detectors, **insist), show)


@command(HEADING, example="loopscan 10 0.5")
def loopscan(detectors: Detectors, points: Points, time: Seconds | None = None) -> Plan:
    """Count a number of times, one after the other, and record it.

    The time is what each point counts, in seconds; without it the detectors count as long as they are set to.
    """
    return bp.loopscan(points, time, detectors=detectors)


@command(HEADING, example="timescan 1 5")
def timescan(detectors: Detectors, time: Seconds = 1.0, sleep: Position = 0.0) -> Plan:
    """Count again and again, and record it, until Ctrl+C; then `stop` ends the run well, and `resume` goes on.

    Each point counts for the time, in seconds (1 if none is given), and sleeps for that long after it.
    """
    return bp.timescan(time, sleep, detectors=detectors)
