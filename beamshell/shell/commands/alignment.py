"""Commands that move a motor to a peak or an edge: align, edge, knife; cen, peak and com of the last scan.

The fits are the plans' own. The last scan is this console's own: a scan of another console may have moved another
motor. It is read from the store, so that it needs no plot and no memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from beamshell import plans as bp
from beamshell.errors import NoFit, UnknownName
from beamshell.messages import Plan
from beamshell.plans import stubs as bps
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Detectors, Motor, Points, Position, Seconds, Session
from beamshell.shell.positions import move_in_words, target_digits, unit_of
from beamshell.shell.tokens import find_device
from beamshell.text.lists import listed
from beamshell.text.nearest import unknown
from beamshell.text.numbers import counted, fixed, in_full, with_error, with_unit

if TYPE_CHECKING:
    from beamshell.analysis.fits import Fit
    from beamshell.analysis.peaks import Peak
    from beamshell.store import Run
    from beamshell.views.peaks import RunPeaks

HEADING = "Alignment"
_LOOK_BACK = 20
_EDGE_STEPS = 20  # of the scan on both sides of an edge


class Line(NamedTuple):
    """The range of the scan, as distances from the motor's position."""

    start: Position
    stop: Position
    points: Points


@command(HEADING, example="align th -1 1 41")
def align(
    detectors: Detectors,
    motor: Motor,
    line: Line | None = None,
    time: Seconds | None = None,
    *,
    field: str | None = None,
    dip: bool = False,
) -> Followed:
    """Scan around where the motor is, fit a peak, and go to its centre.

    Start and stop are distances, -1 and 1 with 41 POINTS if none are given. Where there is no peak, the motor goes back
    and the reason is shown. The first detector's first value is looked at, or the one that is named: field=scaler_It.
    With `dip` the peak points down.
    """
    line = line or Line(-1.0, 1.0, 41)
    options = _options(time=time, field=field, dip=dip)
    return _aligned("peak", bp.centre_on_peak(detectors, motor, *line, **options), motor)


@command(HEADING, example="edge samx -4 0 41 0.1")
def edge(
    detectors: Detectors,
    motor: Motor,
    start: Position,
    stop: Position,
    points: Points,
    time: Seconds | None = None,
    *,
    field: str | None = None,
) -> Followed:
    """Scan around where the motor is, fit an edge, and go to where it is half-way up.

    Start and stop are distances. Where there is no edge, the motor goes back and the reason is shown. The value looked
    at is named by field=scaler_It.
    """
    options = _options(time=time, field=field)
    return _aligned("edge", bp.find_edge(detectors, motor, start, stop, points, **options), motor)


@command(HEADING, example="knife samx -4 0 41 0.1")
def knife(
    detectors: Detectors,
    motor: Motor,
    start: Position,
    stop: Position,
    points: Points,
    time: Seconds | None = None,
    *,
    field: str | None = None,
) -> Followed:
    """Move an edge through the beam and back, and show the beam's centre and width.

    Start and stop are distances. The motor goes back in any case.
    """
    options = _options(time=time, field=field)
    return _aligned("beam", bp.knife_edge(detectors, motor, start, stop, points, **options), motor)


def _options(**options: Any) -> dict[str, Any]:
    """The options that were typed, so that the recorded call is as short as the typed line."""
    return {name: value for name, value in options.items() if value}


def _aligned(kind: str, plan: Plan, motor: Any) -> Followed:
    """The plan, followed by two lines with the fit and the motor's move."""

    def show(result: bp.AlignmentResult) -> None:
        fit, unit = result.fit, unit_of(motor)
        centre = with_unit(with_error(fit.centre, fit.centre_error), unit)
        width = with_unit(with_error(fit.fwhm, fit.fwhm_error), unit)
        width = width if fit.is_resolved else f"below the step {width}"
        print_answer(f"{result.field}: {kind}: centre {centre}, fwhm {width}, {_height_in_words(kind, fit)}")
        back = f"{motor.name}: back at {with_unit(fixed(result.origin, target_digits(motor)), unit)}"
        print_answer(back if kind == "beam" else move_in_words(motor, result.origin, result.position))

    return followed_by(plan, show)


def _height_in_words(kind: str, fit: Fit) -> str:
    """Such as "height 5020(30) over 17.8(12)", for an edge "falls by 0.569(21) from 0.762(19)"."""
    height, background = with_error(abs(fit.height), fit.height_error), with_error(fit.background, fit.background_error)
    shape = "" if fit.shape == "flat" else f" (a {fit.shape})"
    if kind != "peak":
        return f"{'rises' if fit.height > 0 else 'falls'} by {height} from {background}{shape}"
    return (f"height {height} over" if fit.height > 0 else f"depth {height} below") + f" {background}{shape}"


# ---- of the last scan ------------------------------------------------------------------------------


@command(HEADING, example="cen")
def cen(
    session: Session,
    scan_number: int | None = None,
    value: str | None = None,
    *,
    dip: bool = False,
    anyway: bool = False,
) -> Plan:
    """Go to the centre of the last scan's peak: half-way between where it is half as high.

    It is the last scan of this console; any other is named by its number. A value of the scan, such as det, can be
    named; else it is the first that has a clear peak. Where there is none, such as in noise, on a slope, at an edge, or
    where the scan ends on a flank, the motor stays and the reason is shown; `anyway` moves it all the same. With `dip`
    it is the dip of the scan.
    """
    return _go(session, _Question("cen", scan_number, value, dip, anyway), "centre", lambda peak: peak.cen)


@command(HEADING, example="peak", aliases=("pic",))
def peak(
    session: Session,
    scan_number: int | None = None,
    value: str | None = None,
    *,
    dip: bool = False,
    anyway: bool = False,
) -> Plan:
    """Go to where the last scan was highest.

    It is the last scan of this console; any other is named by its number. A value of the scan, such as det, can be
    named; else it is the first that has a clear peak. Where there is none, such as in noise, on a slope, at an edge, or
    where the scan ends on a flank, the motor stays and the reason is shown; `anyway` moves it all the same. With `dip`
    it is the dip of the scan.
    """
    title = "lowest point" if dip else "highest point"
    question = _Question("peak", scan_number, value, dip, anyway)
    return _go(session, question, title, lambda peak: peak.min_x if dip else peak.max_x)


@command(HEADING, example="com")
def com(
    session: Session,
    scan_number: int | None = None,
    value: str | None = None,
    *,
    dip: bool = False,
    anyway: bool = False,
) -> Plan:
    """Go to the centre of mass of the last scan's peak.

    It is the last scan of this console; any other is named by its number. A value of the scan, such as det, can be
    named; else it is the first that has a clear peak. Where there is none, such as in noise, on a slope, at an edge, or
    where the scan ends on a flank, the motor stays and the reason is shown; `anyway` moves it all the same. With `dip`
    it is the dip of the scan.
    """
    return _go(session, _Question("com", scan_number, value, dip, anyway), "centre of mass", lambda peak: peak.com)


class _Question(NamedTuple):
    """What was typed: the word, and what follows it."""

    word: str
    scan_number: int | None
    value: str | None
    dip: bool
    anyway: bool

    @property
    def insisting(self) -> str:
        """The same line with `anyway`."""
        words = (self.word, self.scan_number, self.value, "dip" if self.dip else None, "anyway")
        return " ".join(str(word) for word in words if word is not None)


def _go(session: Session, asked: _Question, title: str, place: Callable[[Peak], float | None]) -> Plan:
    run = find_scan(session, asked.scan_number)
    view = view_of(run)
    curve = _curve(session, view, run, asked)
    motor = _motor(session, str(run.start["motors"][0]))
    target = place(curve)
    if target is None:
        raise NoFit(f"scan {run.scan_id}: {curve.y} is not half as high on both sides, so it has no {title}: try peak")
    move = move_in_words(motor, float(motor.position), target)
    print_answer(f"{move}  ({title} of {curve.y}, scan {run.scan_id})")
    return bps.mv(motor, float(target))


def _curve(session: Session, view: RunPeaks, run: Run, asked: _Question) -> Peak:
    """The curve that is asked for; NoFit if it has no peak, or no dip, and nobody insists."""
    from beamshell.analysis.refusals import Shape
    from beamshell.views.peaks import clearest, is_noise

    signal, peaks = None, view.peaks(asked.value)
    if asked.value is not None:
        signal = view.signal(asked.value)
        if signal is None:
            raise unknown("value", asked.value, view.signals(), of=f"scan {run.scan_id}")
    if signal is not None and signal not in peaks:
        raise NoFit(
            f"scan {run.scan_id}: {signal} is the same everywhere, no number, or has too few points: {_to_see(run)}"
        )
    if not peaks:
        raise NoFit(f"{run.label} has no peak, its places or values are all the same, or too few: {_to_see(run)}")
    good = {name: peak for name, peak in peaks.items() if peak.doubt is None}
    pointing = {name: peak for name, peak in good.items() if peak.is_dip == asked.dip}
    curve = peaks[signal] if signal is not None else clearest(pointing or peaks)
    if asked.anyway or curve.y in pointing or (asked.word == "peak" and _has_top(curve) and curve.is_dip == asked.dip):
        return curve
    if curve.y in good:
        kinds = ("a dip and no peak", f"{asked.word} dip") if curve.is_dip else ("a peak and no dip", asked.word)
        raise NoFit(f"scan {run.scan_id}: {curve.y} has {kinds[0]}: type {kinds[1]}")
    if signal is None and len(peaks) > 1:
        shapes = listed(f"{name}: {view.shape(peak)}" for name, peak in peaks.items())
        raise NoFit(f"scan {run.scan_id}: no value has a clear peak ({shapes}); to insist: {asked.insisting}")
    if curve.doubt is not None and curve.doubt.shape == Shape.EDGE:
        reason = f"scan {run.scan_id}: {curve.y} has {view.shape(curve)} and no {'dip' if asked.dip else 'peak'}"
        raise NoFit(f"{reason}; type {_edge_command(session, view, run, curve)}")
    reason = f"no clear peak in {curve.y} ({curve.significance})" if is_noise(curve) else str(curve.doubt)
    raise NoFit(f"scan {run.scan_id}: {reason}; to insist: {asked.insisting}")


def _edge_command(session: Session, view: RunPeaks, run: Run, curve: Peak) -> str:
    """The commands that go to the edge of this curve: the motor goes near it, then scans a part of the range."""
    from beamshell.analysis.signals import SECONDS

    assert curve.doubt is not None
    motor, field = session.devices.typed_name(str(run.start["motors"][0])), curve.y.removesuffix(f"/{SECONDS}")
    place, width = view.position(curve, curve.doubt.places[0]), in_full(_EDGE_STEPS * curve.step, 2)
    detectors = " ".join(map(str, run.start.get("detectors") or ()))
    return f"mov {motor} {place}; edge {detectors} {motor} -{width} {width} {2 * _EDGE_STEPS + 1} field={field}"


def _has_top(curve: Peak) -> bool:
    """Whether a curve that is too broad for a centre has a highest point inside of the scan."""
    from beamshell.analysis.refusals import Shape

    return curve.doubt is not None and curve.doubt.shape in (Shape.BROAD, Shape.WIDE) and curve.is_top_inside


def _to_see(run: Run) -> str:
    return f"runs {run.scan_id} shows its points"


def find_scan(session: Session, scan_number: int | None) -> Run:
    """The run of this number; counted from the end, those of this console: another one has moved other motors."""
    if scan_number is None:
        return _last_scan(session)
    if scan_number >= 0:
        return session.runs[scan_number]
    own = session.own_runs
    if len(own) < -scan_number:
        raise UnknownName(f"this console has {counted(len(own), 'run')}, so none is its {scan_number}: runs lists all")
    return own[scan_number]


def _last_scan(session: Session) -> Run:
    """The last scan of this console that has points; it must be along one motor."""
    for run in reversed(session.own_runs[-_LOOK_BACK:]):
        if _is_scan_of_one_motor(run):
            return run
        if _is_scan_of_motors(run):
            raise NoFit(f"{run.label} moved {listed(run.start['motors'])}: name a scan of one motor by its number")
    others = [run.scan_id for run in session.runs[-_LOOK_BACK:] if _is_scan_of_one_motor(run)]
    insist = f", or name one of another by its number, such as {others[-1]}" if others else ""
    raise NoFit(f"this console has not scanned one motor yet: scan first{insist}")


def _is_scan_of_motors(run: Run) -> bool:
    return bool(run.start.get("motors")) and "primary" in run.streams


def _is_scan_of_one_motor(run: Run) -> bool:
    from beamshell.views.peaks import is_curve

    return is_curve(run.start) and len(run.start.get("motors") or []) == 1 and "primary" in run.streams


def view_of(run: Run) -> RunPeaks:
    """The statistics of a run along one motor."""
    from beamshell.views.peaks import RunPeaks

    if not _is_scan_of_one_motor(run):
        raise NoFit(f"{run.label} is no scan of one motor with points: name another, runs lists them")
    view = RunPeaks(run.start)
    view.take(run.documents())
    return view


def _motor(session: Session, name: str) -> Any:
    """The device of this name in a run: one that this console has, or a part of one."""
    return find_device(session.devices.typed_name(name), session.devices)
