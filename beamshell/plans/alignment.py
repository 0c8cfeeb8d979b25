"""Plans that find a peak or an edge and go there: centre_on_peak, find_edge, knife_edge.

They look at the readings they take, never at a plot. What they find is recorded in the run's stream "fit"; where
nothing is found the motor goes back and the run says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from beamshell.errors import NoFit, PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.facts import Metadata, as_devices, fields_of, plan_facts, together_hints
from beamshell.plans.fitting import FEWEST_POINTS, Fit, fit_edge, fit_peak
from beamshell.plans.notes import Note, record
from beamshell.plans.planned import plan
from beamshell.plans.preprocessors import configure_count_time_wrapper, finalize_wrapper, run_wrapper, stage_wrapper
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
    detectors, num = as_devices(detectors), patterns.whole_number(line[2])
    if num < FEWEST_POINTS:
        raise PlanError(f"num is {num}: a fit needs at least {FEWEST_POINTS} points")
    field = first_field(detectors) if field is None else field
    origins = yield from origins_of([motor])
    origin = origins[motor]
    places = [stubs.moved_by(motor, origin, way) for way in patterns.positions(line[0], line[1], num)]
    patterns.check_points([{motor: place} for place in places], stubs.check)
    arguments = {"motor": motor, "start": line[0], "stop": line[1], "num": num, "field": field, "time": time, **more}
    facts = {
        **plan_facts(name, detectors, [motor], num, **arguments),
        "hints": together_hints([motor]),
        "extents": ([min(places), max(places)],),
        **(md or {}),
    }
    fits: list[tuple[Fit, float]] = []

    def steps() -> Plan:
        xs, ys = yield from _measure(detectors, motor, places, field)
        try:
            fit = fitter(_titled(motor), field, xs, ys)
        except NoFit as exc:
            raise NoFit(f"{exc}; {motor.name} goes back to {origin:g} {_unit(motor)}".rstrip()) from exc
        target = fit.centre if stays else origin
        yield from _record(fit, origin, target, _unit(motor))
        yield from stubs.mv(motor, target)
        fits.append((fit, target))

    def put_back() -> Plan:
        if not fits:
            yield Msg("set", motor, origin, group="return")
            yield Msg("wait", None, group="return")

    scan = configure_count_time_wrapper(run_wrapper(steps(), md=facts), time)
    uid = yield from stage_wrapper(finalize_wrapper(scan, put_back), [*detectors, motor])
    fit, target = fits[0]
    return Found(uid, field, fit, origin, target)


def _measure(detectors: list[Any], motor: Any, places: Sequence[float], field: str) -> Plan:
    """Visit the places; where the motor was and what the field was, two lists."""
    key = (fields_of(motor) or [motor.name])[0]
    xs: list[float] = []
    ys: list[float] = []
    for place in places:
        readings = yield from stubs.one_1d_step(detectors, motor, place)
        for values, wanted in ((xs, key), (ys, field)):
            if wanted not in readings:
                raise PlanError(f"nothing records {wanted!r}: the point has {', '.join(readings) or 'no values'}")
            values.append(float(readings[wanted]["value"]))
    return xs, ys


def _record(fit: Fit, origin: float, target: float, units: str) -> Plan:
    values = {name: getattr(fit, name) for name in Fit.__dataclass_fields__}
    of_motor = {"centre", "fwhm", "centre_error", "fwhm_error", "moved_from", "moved_to"}
    note = Note(FIT, {name: units if name in of_motor else "" for name in (*values, "moved_from", "moved_to")})
    note.values = {**values, "moved_from": origin, "moved_to": target}
    yield from record(note, FIT)


def _titled(motor: Any) -> str:
    return f"{motor.name} [{_unit(motor)}]" if _unit(motor) else str(motor.name)


def _unit(motor: Any) -> str:
    return str(getattr(motor, "units", "") or "")


def first_field(detectors: Sequence[Any]) -> str:
    """The key that an alignment looks at unless told otherwise.

    Raises:
        PlanError: no detector says which of its values matters.
    """
    for detector in detectors:
        for field in fields_of(detector):
            return str(field)
    raise PlanError("no detector says which of its values to look at: give field=")
