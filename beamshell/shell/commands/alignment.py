"""Going to what was measured: align, edge, knife; cen, peak and com of the last scan.

The fits are the plans' own; the last scan is read from the store, so that it needs no plot and no memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from beamshell.errors import NoFit, UnknownName, UsageError
from beamshell.shell.command import detectors_then_motor
from beamshell.shell.commands._all import COMMANDS
from beamshell.shell.magic_line import Words, is_number, nearest
from beamshell.shell.positions import unit_of

if TYPE_CHECKING:
    from beamshell.analysis.peaks import Peak
    from beamshell.messages import Plan
    from beamshell.plans.alignment import Found
    from beamshell.shell.session import Session
    from beamshell.store import Run

_HERE = (-1.0, 1.0, 41)
"""Start, stop and points, if `align` is given none."""
_LOOK_BACK = 20


@COMMANDS.add(
    "[detector ...] motor [start stop points [time]] [field=value] [dip]",
    example="align th -1 1 41",
    plan="RE(bp.centre_on_peak([det], th, -1, 1, 41))",
    slots=detectors_then_motor,
    needs_words=True,
)
def align(session: Session, words: Words) -> None:
    """Scan around where the motor is, fit a peak, and go to its centre.

    Start and stop are distances, -1 and 1 with 41 POINTS if none are given. Where there is no peak the motor goes back
    and the reason is told. The first detector's first value is looked at, or the one that is named: field=scaler_s4.
    With `dip` the peak points down.
    """
    _look(session, words, "centre_on_peak")


@COMMANDS.add(
    "[detector ...] motor start stop points [time] [field=value]",
    example="edge samx -1 1 41 0.1",
    plan="RE(bp.find_edge([det], samx, -1, 1, 41, time=0.1))",
    slots=detectors_then_motor,
    needs_words=True,
)
def edge(session: Session, words: Words) -> None:
    """Scan around where the motor is, fit an edge, and go to where it is half-way up.

    Start and stop are distances. Where there is no edge the motor goes back, and the reason is told. The value looked
    at is named by field=scaler_s4.
    """
    _look(session, words, "find_edge")


@COMMANDS.add(
    "[detector ...] motor start stop points [time] [field=value]",
    example="knife samx -1 1 41 0.1",
    plan="RE(bp.knife_edge([det], samx, -1, 1, 41, time=0.1))",
    slots=detectors_then_motor,
    needs_words=True,
)
def knife(session: Session, words: Words) -> None:
    """Move an edge through the beam and back, and tell the beam's centre and width.

    Start and stop are distances. The motor goes back in any case.
    """
    _look(session, words, "knife_edge")


def _look(session: Session, words: Words, name: str) -> None:
    from beamshell import plans as bp

    detectors = words.detectors() or session.detectors()
    motor = words.motor()
    if name == "centre_on_peak" and not is_number(words.peek()):
        line = _HERE
    else:
        line = (words.number("start"), words.number("stop"), words.whole_number("points"))
    more: dict[str, Any] = {}
    if is_number(words.peek()):
        more["time"] = words.optional_seconds()
    more |= _settings(words, name)
    plan = getattr(bp, name)
    found: list[Found] = []

    def kept() -> Plan:
        found.append((yield from plan(detectors, motor, *line, **more)))

    named = ", ".join(detector.name for detector in detectors)
    shown = "".join(f", {key}={value!r}" for key, value in more.items())
    form = f"bp.{name}([{named}], {motor.name}, {line[0]:.12g}, {line[1]:.12g}, {line[2]}{shown})"
    session.run(kept, then=lambda: _say_found(name, motor, found), plan_form=form)


def _settings(words: Words, name: str) -> dict[str, Any]:
    """The words after the numbers."""
    more: dict[str, Any] = {}
    for word in words.rest():
        key, equals, value = word.partition("=")
        if key == "field" and equals and value:
            more["field"] = value
        elif word == "dip" and name == "centre_on_peak":
            more["dip"] = True
        else:
            raise UsageError(f"'{word}' is not understood here")
    return more


def _say_found(name: str, motor: Any, found: list[Found]) -> None:
    if not found:  # it was stopped or aborted: the motor is back, as the plan promises
        return
    result = found[-1]
    fit, unit = result.fit, f" {unit_of(motor)}".rstrip()
    digits = _digits(motor)
    what = f"centre {fit.centre:.{digits}f} ± {fit.centre_error:.2g}, fwhm {fit.fwhm:.{digits}f}{unit}"
    height = f"{'height' if fit.height > 0 else 'depth'} {abs(fit.height):.4g}"
    print(f"{result.field}: {_KIND[name]} {what}, {height} over {fit.background:.4g}")
    if name == "knife_edge":
        print(f"{motor.name}: back at {result.origin:.{digits}f}{unit}")
    else:
        print(f"{motor.name}: {result.origin:.{digits}f} -> {result.position:.{digits}f}{unit}")


_KIND = {"centre_on_peak": "peak:", "find_edge": "edge:", "knife_edge": "beam:"}


# ---- of the last scan ------------------------------------------------------------------------------


@COMMANDS.add("[value]", example="cen", plan="RE(bps.mv(th, 0.301))")
def cen(session: Session, words: Words) -> None:
    """Go to the centre of the last scan's peak: half-way between where it is half as high.

    A value of the scan, such as det, can be named.
    """
    _go(session, words, "cen", "centre")


@COMMANDS.add("[value]", example="peak", plan="RE(bps.mv(th, 0.3))", aliases=("pic",))
def peak(session: Session, words: Words) -> None:
    """Go to where the last scan was highest.

    A value of the scan, such as det, can be named.
    """
    _go(session, words, "max_x", "highest point")


@COMMANDS.add("[value]", example="com", plan="RE(bps.mv(th, 0.302))")
def com(session: Session, words: Words) -> None:
    """Go to the centre of mass of the last scan's peak.

    A value of the scan, such as det, can be named.
    """
    _go(session, words, "com", "centre of mass")


def _go(session: Session, words: Words, statistic: str, title: str) -> None:
    from beamshell.plans import stubs as bps

    wanted = words.take("value") if words else None
    words.end()
    run, name, peaks = _last_scan(session)
    found = _chosen(peaks, wanted, run)
    motor = _motor(session, name)
    target = getattr(found, statistic)
    if target is None:
        raise NoFit(f"scan {run.scan_id}: {found.y} is not half as high on both sides, so it has no centre: try peak")
    origin, digits, unit = float(motor.position), _digits(motor), f" {unit_of(motor)}".rstrip()
    print(f"{motor.name}: {origin:.{digits}f} -> {target:.{digits}f}{unit}  ({title} of {found.y}, scan {run.scan_id})")
    session.run(lambda: bps.mv(motor, float(target)), plan_form=f"bps.mv({motor.name}, {target:.{digits}f})")


def _last_scan(session: Session) -> tuple[Run, str, dict[str, Peak]]:
    """The newest run along one motor that has points, that motor's name, and its peaks by value."""
    from beamshell.views.peaks import is_curve

    for run in reversed(session.runs[-_LOOK_BACK:]):
        motors = list(run.start.get("motors") or [])
        if is_curve(run.start) and len(motors) == 1 and "primary" in run.streams:
            peaks = {found.y: found for found in _peaks(run)}
            if not peaks:
                raise NoFit(f"scan {run.scan_id} has no peak: its values are all the same, or too few")
            return run, str(motors[0]), peaks
    raise NoFit("there is no scan of one motor among the last runs: scan first")


def _peaks(run: Run) -> Iterator[Peak]:
    from beamshell.analysis.peaks import peak as peak_of
    from beamshell.views import fields

    descriptor = next(doc for doc in run.descriptors if doc.get("name") == "primary")
    (x,) = fields.axes(run.start)
    table = run.table()
    for y in fields.detectors(run.start, descriptor):
        if fields.field(descriptor, y).is_number and (found := peak_of(x, y, table[x], table[y])) is not None:
            yield found


def _chosen(peaks: dict[str, Peak], wanted: str | None, run: Run) -> Peak:
    if wanted is None:
        return next(iter(peaks.values()))
    if wanted not in peaks:
        raise UnknownName(f"scan {run.scan_id} has no peak in '{wanted}'{nearest(wanted, peaks)}")
    return peaks[wanted]


def _motor(session: Session, name: str) -> Any:
    """The device that a run calls so, perhaps a part of another."""
    if name in session.registry:
        return session.devices[name]
    for device in session.registry.values():
        for part in getattr(device, "component_names", ()):
            if getattr(getattr(device, part, None), "name", None) == name:
                return getattr(device, part)
    raise UnknownName(f"the last scan moved {name}, which this console does not have")


def _digits(motor: Any) -> int:
    precision = getattr(motor, "precision", None)
    return max(int(precision), 3) if isinstance(precision, int) else 4
