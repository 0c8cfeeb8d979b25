"""Plans that find a peak or an edge and go there: centre_on_peak, find_edge, knife_edge.

They look at the readings they take, never at a plot. What they find is recorded in the run's stream "fit"; where
nothing is found the motor goes back and the run says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from beamshell.analysis.fits import FEWEST_POINTS, Fit, fit_edge, fit_peak
from beamshell.errors import NoFit, PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.notes import Note, record
from beamshell.plans.preprocessors import configure_count_time_wrapper, finalize_wrapper, run_wrapper, stage_wrapper
from beamshell.plans.start_metadata import Metadata, as_devices, fields_of, start_metadata, together_hints, unit_of
from beamshell.plans.unrun_plan_guard import plan
from beamshell.plans.visiting import origins_of

FIT = "fit"
"""The stream in which an alignment records what it found."""

_Fitter = Callable[[str, str, Sequence[float], Sequence[float]], Fit]


@dataclass(frozen=True)
class Found:
    """What an alignment found, and what it did."""

    uid: str
    """Of the run."""
    field: str
    """The recorded key that was looked at."""
    fit: Fit
    origin: float
    """Where the motor was sent before the scan."""
    position: float
    """Where it was sent after it."""


@plan
def centre_on_peak(
    detectors: Any,
    motor: Any,
    start: float,
    stop: float,
    num: int,
    *,
    field: str | None = None,
    dip: bool = False,
    time: float | None = None,
    md: Metadata = None,
) -> Plan:
    """Scan around where the motor is, fit a Gaussian, go to its centre; a `Found`.

    The motor goes back to where it was if there is no peak, and also if it is interrupted.

    Args:
        detectors: a list of readable devices.
        motor: what moves.
        start: distance of the first point from where the motor is.
        stop: distance of the last.
        num: the number of points.
        field: the recorded key that has the peak; None takes the first detector's first hinted one.
        dip: look for a peak that points down.
        time: seconds that each point counts; None leaves the detectors as they are.
        md: metadata of the run.

    Raises:
        NoFit: the points show no such peak; the message says why, and the run has failed with it.
        LimitError: a point is out of limits, and nothing has moved.

    Example:
        ``found = yield from centre_on_peak([det], th, -1, 1, 41)`` and then ``found.fit.centre``, ``found.fit.fwhm``
    """

    def fitter(x: str, y: str, xs: Sequence[float], ys: Sequence[float]) -> Fit:
        return fit_peak(x, y, xs, ys, dip=dip)

    line = (start, stop, num)
    return (yield from _align("centre_on_peak", detectors, motor, line, field, time, fitter, True, md, dip=dip))


@plan
def find_edge(
    detectors: Any,
    motor: Any,
    start: float,
    stop: float,
    num: int,
    *,
    field: str | None = None,
    time: float | None = None,
    md: Metadata = None,
) -> Plan:
    """Scan around where the motor is, fit an error function, go to where it is half-way up; a `Found`.

    The arguments are those of `centre_on_peak`; the edge may rise or fall.

    Raises:
        NoFit: the points show no edge; the motor is back where it was.
    """
    return (yield from _align("find_edge", detectors, motor, (start, stop, num), field, time, fit_edge, True, md))


@plan
def knife_edge(
    detectors: Any,
    motor: Any,
    start: float,
    stop: float,
    num: int,
    *,
    field: str | None = None,
    time: float | None = None,
    md: Metadata = None,
) -> Plan:
    """Move an edge through the beam and back: the beam's centre and its full width at half maximum; a `Found`.

    The arguments are those of `centre_on_peak`. The motor is back where it was in any case.

    Raises:
        NoFit: the points show no edge.
    """
    return (yield from _align("knife_edge", detectors, motor, (start, stop, num), field, time, fit_edge, False, md))


def _align(
    name: str,
    detectors: Any,
    motor: Any,
    line: tuple[float, float, int],
    field: str | None,
    time: float | None,
    fitter: _Fitter,
    stays: bool,
    md: Metadata,
    **more: Any,
) -> Plan:
    """Scan, fit, record, and go to what was found (`stays`) or back."""
    detectors = as_devices(detectors)
    start, stop, num = line[0], line[1], patterns.whole_number(line[2])
    if num < FEWEST_POINTS:
        raise PlanError(f"num is {num}: a fit needs at least {FEWEST_POINTS} points")
    field = first_field(detectors) if field is None else field
    origin = (yield from origins_of([motor]))[motor]
    places = [stubs.moved_by(motor, origin, way) for way in patterns.positions(start, stop, num)]
    patterns.check_points([{motor: place} for place in places], stubs.check)
    arguments = {"motor": motor, "start": start, "stop": stop, "num": num, "field": field, "time": time, **more}
    facts = {
        **start_metadata(name, detectors, [motor], num, **arguments),
        "hints": together_hints([motor]),
        "extents": ([min(places), max(places)],),
        **(md or {}),
    }
    search = _Search(motor, origin, field, fitter, stays)
    scan = configure_count_time_wrapper(run_wrapper(search.steps(detectors, places), md=facts), time)
    uid = yield from stage_wrapper(finalize_wrapper(scan, search.put_back), [*detectors, motor])
    assert search.fit is not None  # or the scan would have raised
    return Found(uid, field, search.fit, origin, search.target)


class _Search:
    """One search: what it has found so far, and where the motor belongs if it finds nothing."""

    def __init__(self, motor: Any, origin: float, field: str, fitter: _Fitter, stays: bool) -> None:
        self.fit: Fit | None = None
        self.target = origin
        self._motor, self._origin, self._field = motor, origin, field
        self._fitter, self._stays = fitter, stays
        self._is_away = False

    def steps(self, detectors: list[Any], places: Sequence[float]) -> Plan:
        """Visit the places, fit, record the fit, and go where it says."""
        self._is_away = True
        xs, ys = yield from self._measure(detectors, places)
        fit = self._fitted(xs, ys)
        if self._stays:
            self.target = fit.centre
        yield from _record(fit, self._origin, self.target, unit_of(self._motor))
        yield from stubs.mv(self._motor, self.target)
        self.fit, self._is_away = fit, False

    def put_back(self) -> Plan:
        """Send the motor back, unless it never left or has arrived."""
        if self._is_away:
            yield Msg("set", self._motor, self._origin, group="return")
            yield Msg("wait", None, group="return")

    def _measure(self, detectors: list[Any], places: Sequence[float]) -> Plan:
        """Where the motor was and what the field was, two lists."""
        key = (fields_of(self._motor) or [self._motor.name])[0]
        xs: list[float] = []
        ys: list[float] = []
        for place in places:
            readings = yield from stubs.one_1d_step(detectors, self._motor, place)
            for values, wanted in ((xs, key), (ys, self._field)):
                if wanted not in readings:
                    raise PlanError(f"nothing records {wanted!r}: the point has {', '.join(readings) or 'no values'}")
                values.append(float(readings[wanted]["value"]))
        return xs, ys

    def _fitted(self, xs: Sequence[float], ys: Sequence[float]) -> Fit:
        unit = unit_of(self._motor)
        title = f"{self._motor.name} [{unit}]" if unit else str(self._motor.name)
        try:
            return self._fitter(title, self._field, xs, ys)
        except NoFit as exc:
            raise NoFit(f"{exc}; {self._motor.name} goes back to {self._origin:g} {unit}".rstrip()) from exc


def _record(fit: Fit, origin: float, target: float, units: str) -> Plan:
    values = {name: getattr(fit, name) for name in Fit.__dataclass_fields__}
    of_motor = {"centre", "fwhm", "centre_error", "fwhm_error", "moved_from", "moved_to"}
    note = Note(FIT, {name: units if name in of_motor else "" for name in (*values, "moved_from", "moved_to")})
    note.values = {**values, "moved_from": origin, "moved_to": target}
    yield from record(note, FIT)


def first_field(detectors: Sequence[Any]) -> str:
    """The key that an alignment looks at unless told otherwise.

    Raises:
        PlanError: no detector says which of its values matters.
    """
    for detector in detectors:
        for field in fields_of(detector):
            return str(field)
    raise PlanError("no detector says which of its values to look at: give field=")
