"""tune_centroid: find a peak's centroid by ever narrower scans, and go there.

Each scan has to show the peak again. Where one does not, or anything fails, the motor goes back to where it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from beamshell.analysis.noise import counting_variance, counts_per_value
from beamshell.analysis.peaks import Peak, peak
from beamshell.arrays import np
from beamshell.errors import NoFit, PlanError
from beamshell.messages import Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.adaptive import number_in
from beamshell.plans.arguments import Detectors, real_number, require_a_range, whole_number
from beamshell.plans.preprocessors import run_wrapper, stage_wrapper
from beamshell.plans.relative import origins_of, returning
from beamshell.plans.start_metadata import (
    Metadata,
    as_devices,
    position_field,
    position_text,
    start_metadata,
    together_hints,
)
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import NamedMovable

_NEAR = 0.25  # of the full width at half maximum
_NEAR_THE_TOP = 75  # percentile of the points above half height
_FAR = 3.0  # standard deviations of counting noise


@plan
def tune_centroid(
    detectors: Detectors,
    signal: str,
    motor: NamedMovable,
    start: float,
    stop: float,
    min_step: float,
    num: int = 10,
    step_factor: float = 3.0,
    snake: bool = False,
    *,
    md: Metadata = None,
) -> Plan:
    """Find a peak's centroid by ever narrower scans, and go there. Returns the run's uid.

    The points of all scans make one curve, in which a new scan replaces what was measured in its range. After each scan
    this curve has to be a clear peak, whose centroid lies between the places of half height, and in that scan or within
    a quarter of the peak's width of it. A last point is measured at the centroid, which has to be on the peak too. The
    motor goes back to where it was if one of these fails, and also if it is interrupted.

    Args:
        detectors: a list of readable devices.
        signal: the recorded key that has the peak, such as "det".
        motor: the motor that is scanned.
        start: where the first scan begins.
        stop: where it ends; no later scan leaves this range.
        min_step: scans go on as long as their steps are at least this.
        num: points of each scan.
        step_factor: each scan is narrower than the last by this factor.
        snake: True lets every other scan go backwards, which saves time if there is no backlash.
        md: metadata of the run.

    Raises:
        PlanError: start and stop are the same, `min_step` is not positive or above the first step, or `step_factor` is
            not above 1.
        NoFit: there is no clear peak, or a later scan does not show it again; the motor is back where it was.
    """
    detectors, num = as_devices(detectors), whole_number(num)
    start, stop = real_number(start, "start"), real_number(stop, "stop")
    require_a_range(start, stop)
    if not min_step > 0 or not step_factor > 1 or num < 2:
        raise PlanError(f"min_step > 0, step_factor > 1, num > 1 must hold: {min_step}, {step_factor}, {num}")
    settings = {"min_step": min_step, "num": num, "step_factor": step_factor, "snake": snake}
    arguments = {"signal": signal, "motor": motor, "start": start, "stop": stop, **settings}
    run_md = {
        **start_metadata("tune_centroid", detectors, [motor], None, **arguments),
        "hints": together_hints([motor]),
        **(md or {}),
    }
    patterns.check_points([{motor: start}, {motor: stop}], stubs.check)
    if (first_step := abs(stop - start) / (num - 1)) < min_step:
        raise PlanError(f"min_step is {min_step:g}, above the first step, {first_step:g}: nothing would be measured")
    search = _Search(detectors, signal, motor)

    def passes() -> Plan:
        low, high = sorted((start, stop))
        first, last = start, stop
        while abs(last - first) / (num - 1) >= min_step:
            middle = yield from search.measure(patterns.positions(first, last, num))
            half = (last - first) / step_factor / 2
            first, last = (min(max(end, low), high) for end in (middle - half, middle + half))
            if snake:
                first, last = last, first
        yield from search.verify(middle)

    origins = yield from origins_of([motor])

    def tuning() -> Plan:
        try:
            yield from passes()
        except NoFit as exc:
            raise NoFit(f"{exc}; {motor.name} goes back to {position_text(motor, origins[motor])}") from exc

    scan = returning(run_wrapper(tuning(), md=run_md), origins, after_success=False)
    return (yield from stage_wrapper(scan, [*detectors, motor]))


class _Measured(NamedTuple):
    """One point: the motor's readback and the signal."""

    position: float
    value: float


class _Search:
    """The points of all passes, and the peak that they show."""

    def __init__(self, detectors: Sequence[Any], signal: str, motor: Any) -> None:
        self._detectors, self._signal, self._motor = detectors, signal, motor
        self._curve: list[_Measured] = []

    def measure(self, positions: Sequence[float]) -> Plan:
        """Measure at these positions; returns the centroid of the peak that all points show now."""
        points: list[_Measured] = []
        for position in positions:
            point = yield from self._point(position)
            points.append(point)
        low, high = min(points).position, max(points).position
        self._curve = [*(point for point in self._curve if not low <= point.position <= high), *points]
        return self._centroid(low, high)

    def verify(self, centroid: float) -> Plan:
        """Go to the centroid and measure there; NoFit if that point is not on the peak."""
        peak = self._peak()
        half_width = max(peak.fwhm or 0.0, 1.01 * peak.step) / 2
        on_peak = [point.value for point in self._curve if abs(point.position - centroid) <= half_width]
        top = float(np.percentile(on_peak, _NEAR_THE_TOP)) if on_peak else peak.max_y
        value = (yield from self._point(centroid)).value
        is_low = value < (top + peak.background) / 2 and top - value > _FAR * self._noise(top)
        if is_low or not math.isfinite(value):
            place = position_text(self._motor, centroid)
            raise NoFit(f"{self._signal} is {value:.5g} at {place}, where it was {top:.5g} before: the peak is lost")

    def _noise(self, value: float) -> float:
        """The counting noise of a value; 0 if the values are no counts, whose noise is not known."""
        per_value = counts_per_value(np.array([point.value for point in self._curve]))
        if per_value is None:
            return 0.0
        return math.sqrt(float(counting_variance(np.array([value]), per_value[:1])[0]))

    def _point(self, position: float) -> Plan:
        readings = yield from stubs.one_1d_step(self._detectors, self._motor, position)
        key = position_field(self._motor)
        return _Measured(number_in(readings, key), number_in(readings, self._signal))

    def _peak(self) -> Peak:
        """The clear peak of all points; NoFit if there is none."""
        xs, ys = zip(*sorted(self._curve), strict=True)
        curve = peak("", self._signal, xs, ys)
        if curve is None:
            raise NoFit(f"{self._signal} is {ys[0]:.5g} {self._between(xs[0], xs[-1])}: there is no peak to go to")
        if not curve.significance.is_clear:
            raise NoFit(f"{self._signal} has no clear peak {self._between(xs[0], xs[-1])} ({curve.significance})")
        if curve.is_dip or curve.com is None:
            reason = "a dip and no peak" if curve.is_dip else "no peak that falls to half on both sides"
            raise NoFit(f"{self._signal} has {reason} {self._between(xs[0], xs[-1])}")
        return curve

    def _centroid(self, low: float, high: float) -> float:
        """The centroid of the peak, put between `low` and `high`; NoFit if it is not on the peak, or far from there."""
        peak = self._peak()
        assert peak.com is not None  # or _peak would have refused
        assert peak.cen is not None
        assert peak.fwhm is not None
        if abs(peak.com - peak.cen) > peak.fwhm / 2:
            place, highest = (position_text(self._motor, position) for position in (peak.com, peak.max_x))
            raise NoFit(
                f"{self._signal} has more than one peak: the centroid {place} is beside the highest, at {highest}"
            )
        near = _NEAR * peak.fwhm  # of a broad peak, noise moves the centroid by more than a narrow scan's range
        if not low - near <= peak.com <= high + near:
            raise NoFit(f"{self._signal} has no peak {self._between(low, high)}, where the scan before showed one")
        return min(max(peak.com, low), high)

    def _between(self, low: float, high: float) -> str:
        return f"from {position_text(self._motor, low, unit=False)} to {position_text(self._motor, high)}"
