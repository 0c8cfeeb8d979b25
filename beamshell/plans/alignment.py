"""Alignment plans: scan, fit a peak or an edge, go there: centre_on_peak, find_edge, knife_edge.

They fit their own readings, never a plot. The fit is recorded in the run's stream "fit". Without a fit the motor goes
back, and the run's stop document says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from numbers import Real
from typing import Any, Protocol

from beamshell.analysis.fits import Fit, fit_edge, fit_peak
from beamshell.analysis.refusals import FEWEST_POINTS
from beamshell.analysis.signals import parts_of, value_of
from beamshell.analysis.significance import significance
from beamshell.errors import NoFit, PlanError
from beamshell.messages import Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.arguments import Detectors, real_number, require_a_range, seconds, whole_number
from beamshell.plans.computed_values import ComputedValues, record
from beamshell.plans.preprocessors import configure_count_time_wrapper, run_wrapper, stage_wrapper
from beamshell.plans.relative import origins_metadata, origins_of, returning
from beamshell.plans.start_metadata import (
    Metadata,
    as_devices,
    hinted_fields,
    position_field,
    position_text,
    precision_of,
    start_metadata,
    together_hints,
    unit_of,
)
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import NamedMovable
from beamshell.text.numbers import counted, label

Column = tuple[list[float], list[float] | None]
"""The values of a signal, and what they were divided by."""


class FitFunction(Protocol):
    """A fit of points."""

    def __call__(
        self,
        x: str,
        y: str,
        xs: Sequence[float],
        ys: Sequence[float],
        *,
        exposures: Sequence[float] | None = None,
        precision: int | None = None,
    ) -> Fit:
        """The fit; NoFit if there is none."""


@dataclass(frozen=True)
class AlignmentResult:
    """The result of an alignment."""

    uid: str
    """The run's uid."""
    field: str
    """The recorded key that was fitted."""
    fit: Fit
    origin: float
    """The motor's setpoint before the scan."""
    position: float
    """The motor's setpoint after it."""


@plan
def centre_on_peak(
    detectors: Detectors,
    motor: NamedMovable,
    start: float,
    stop: float,
    num: int,
    *,
    field: str | None = None,
    dip: bool = False,
    time: float | None = None,
    md: Metadata = None,
) -> Plan:
    """Scan around where the motor is, fit a Gaussian, go to its centre. Returns a `AlignmentResult`.

    The motor goes back to where it was if there is no peak, and also if it is interrupted.

    Args:
        detectors: a list of readable devices.
        motor: the motor that is scanned.
        start: distance of the first point from where the motor is.
        stop: distance of the last.
        num: the number of points.
        field: the recorded key to fit, or a quotient "it/i0"; None takes the first hinted key that shows a peak.
        dip: True looks for a peak that points down.
        time: count time of each point in seconds; None leaves the detectors as they are.
        md: metadata of the run.

    Raises:
        NoFit: the points show no such peak; the message says why. The run has failed with it.
        LimitError: a point is out of limits, and nothing has moved.

    Example:
        ``found = yield from centre_on_peak([det], th, -1, 1, 41)`` and then ``found.fit.centre``, ``found.fit.fwhm``
    """
    fit, line = partial(fit_peak, dip=dip), (start, stop, num)
    return (yield from _align("centre_on_peak", detectors, motor, line, field, time, fit, True, md, dip=dip))


@plan
def find_edge(
    detectors: Detectors,
    motor: NamedMovable,
    start: float,
    stop: float,
    num: int,
    *,
    field: str | None = None,
    time: float | None = None,
    md: Metadata = None,
) -> Plan:
    """Scan around where the motor is, fit an error function, go to its half height. Returns a `AlignmentResult`.

    The arguments are those of `centre_on_peak`; the edge may rise or fall.

    Raises:
        NoFit: the points show no edge; the motor is back where it was.
    """
    return (yield from _align("find_edge", detectors, motor, (start, stop, num), field, time, fit_edge, True, md))


@plan
def knife_edge(
    detectors: Detectors,
    motor: NamedMovable,
    start: float,
    stop: float,
    num: int,
    *,
    field: str | None = None,
    time: float | None = None,
    md: Metadata = None,
) -> Plan:
    """Scan a knife edge through the beam and back: the beam's centre and width. Returns a `AlignmentResult`.

    The arguments are those of `centre_on_peak`. The motor always goes back to where it was.

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
    fit: FitFunction,
    goes_there: bool,
    md: Metadata,
    **more: Any,
) -> Plan:
    """Scan, fit, record the fit, and go to its centre (`goes_there`) or back."""
    detectors, motor = as_devices(detectors), stubs.single_axis(motor)
    start, stop, num = real_number(line[0], "start"), real_number(line[1], "stop"), whole_number(line[2])
    require_a_range(start, stop)
    if num < FEWEST_POINTS:
        raise PlanError(f"{counted(num, 'point')}: a fit needs at least {FEWEST_POINTS}")
    time = None if time is None else seconds(time, "time", positive=True)
    fields = hinted_fields(detectors, motor) if field is None else [field]
    origin = (yield from origins_of([motor]))[motor]
    positions = [stubs.moved_by(motor, origin, distance) for distance in patterns.positions(start, stop, num)]
    patterns.check_points([{motor: position} for position in positions], stubs.check)
    named = {"field": ", ".join(fields), "time": time}
    arguments = {"motor": motor, "start": start, "stop": stop, "num": num, **named, **more}
    run_md = {
        **start_metadata(name, detectors, [motor], num, **arguments),
        "hints": together_hints([motor]),
        "extents": ([min(positions), max(positions)],),
        **origins_metadata({motor: origin}),
        **(md or {}),
    }
    search = _Search(motor, origin, fields, fit, goes_there)
    scan = configure_count_time_wrapper(run_wrapper(search.steps(detectors, positions), md=run_md), time)
    uid = yield from stage_wrapper(returning(scan, {motor: origin}, after_success=False), [*detectors, motor])
    assert search.fit is not None  # or the scan would have raised
    return AlignmentResult(uid, search.field, search.fit, origin, search.target)


class _Search:
    """One alignment scan; `fit`, `field` and `target` are set when the fit has succeeded."""

    def __init__(self, motor: Any, origin: float, fields: list[str], fit: FitFunction, goes_there: bool) -> None:
        self.fit: Fit | None = None
        self.field = fields[0]
        self.target = origin
        self._motor, self._origin, self._fields = motor, origin, fields
        self._fit_points, self._goes_there = fit, goes_there

    def steps(self, detectors: list[Any], positions: Sequence[float]) -> Plan:
        """Measure at these positions, fit, record the fit, and go to its centre or back."""
        xs, columns = yield from self._measure(detectors, positions)
        fit = self._fitted(xs, columns)
        if self._goes_there:
            self.target = fit.centre
        yield from _record(self.field, fit, self._origin, self.target, unit_of(self._motor))
        yield from stubs.mv(self._motor, self.target)
        self.fit = fit

    def _measure(self, detectors: list[Any], positions: Sequence[float]) -> Plan:
        """Measure at these positions; returns the motor's readbacks, and the values of each signal, by signal."""
        key = position_field(self._motor)
        points: list[dict[str, Any]] = []
        for position in positions:
            readings = yield from stubs.one_1d_step(detectors, self._motor, position)
            point = {field: reading["value"] for field, reading in readings.items()}
            for signal in (key, *self._fields):
                if signal not in point and parts_of(signal, point) is None:
                    raise PlanError(f"nothing records {signal!r}: the point has {', '.join(readings) or 'no values'}")
            points.append(point)
        columns = {signal: column for signal in self._fields if (column := _column(points, signal)) is not None}
        if not columns:
            raise PlanError(f"{', '.join(self._fields)}: these values are no numbers, name one that is: field=...")
        return [float(point[key]) for point in points], columns

    def _fitted(self, xs: Sequence[float], columns: dict[str, Column]) -> Fit:
        """The fit of the first signal that has one."""
        try:
            self.field, fit = first_fit(self._fit_points, self._motor, xs, columns)
        except NoFit as exc:
            back = position_text(self._motor, self._origin)
            raise NoFit(f"{exc}; {self._motor.name} goes back to {back}") from exc
        return fit


def first_fit(
    fit_points: FitFunction, motor: Any, xs: Sequence[float], columns: Mapping[str, Column]
) -> tuple[str, Fit]:
    """The first signal that is more than noise and has a fit, and its fit.

    Args:
        fit_points: `fit_peak` or `fit_edge`.
        motor: what was scanned; messages have its name, unit and digits.
        xs: the motor's readbacks, float [n].
        columns: by signal, its values and what they were divided by; at least one signal.

    Raises:
        NoFit: none has a fit; the message is that of the first.
    """
    failure: NoFit | None = None
    axis, precision = label(str(motor.name), unit_of(motor)), precision_of(motor)
    clear = {signal: column for signal, column in columns.items() if significance(*column).is_clear}
    for signal, (ys, exposures) in (clear or columns).items():
        try:
            return signal, fit_points(axis, signal, xs, ys, exposures=exposures, precision=precision)
        except NoFit as exc:
            failure = failure or exc
    assert failure is not None
    raise failure


def _column(points: list[dict[str, Any]], signal: str) -> Column | None:
    """The values of a key or a quotient; None if one of them is no number."""
    if not points:
        return None
    values = [value_of(signal, point) for point in points]
    if not all(isinstance(value, Real) for value in values):
        return None
    parts = parts_of(signal, points[0])
    divisors = None if parts is None else [float(point[parts[1]]) for point in points]
    return [float(value) for value in values], divisors


def _record(field: str, fit: Fit, origin: float, target: float, unit: str) -> Plan:
    """Record what was fitted, the fit, and the motor's positions before and after it, in the stream "fit"."""
    values = {"field": field, **asdict(fit), "moved_from": origin, "moved_to": target}
    on_the_axis = {"centre", "fwhm", "centre_error", "fwhm_error", "moved_from", "moved_to"}
    computed = ComputedValues("fit", {name: unit if name in on_the_axis else "" for name in values})
    computed.values = values
    yield from record(computed, "fit")
