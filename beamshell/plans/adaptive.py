"""Scans that choose each point by the last measurement: adaptive_scan, tune_centroid, and tweak with the operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from beamshell.analysis.peaks import peak
from beamshell.errors import DeviceError, NoFit, PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.arguments import whole_number
from beamshell.plans.preprocessors import run_wrapper, stage_wrapper
from beamshell.plans.relative import relative
from beamshell.plans.start_metadata import Metadata, as_devices, position_field, start_metadata, together_hints
from beamshell.plans.unrun_plan_guard import plan


@plan
def adaptive_scan(
    detectors: Any,
    target_field: str,
    motor: Any,
    start: float,
    stop: float,
    min_step: float,
    max_step: float,
    target_delta: float,
    backstep: bool,
    threshold: float = 0.8,
    *,
    md: Metadata = None,
) -> Plan:
    """Scan in small steps where the signal changes, in large ones where it does not. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        target_field: the recorded key that steers the steps, such as "det".
        motor: the motor.
        start: the first position.
        stop: the scan ends here; no point lies beyond it.
        min_step: the smallest step.
        max_step: the largest step.
        target_delta: the change of the signal from point to point to aim at.
        backstep: True lets it go back after a step that was too large.
        threshold: it goes back if the step should have been smaller than this fraction of itself.
        md: metadata of the run.

    Raises:
        PlanError: the steps are not 0 < min_step < max_step, start and stop are nearer than `min_step`, or nothing
            records `target_field`.
    """
    rule: dict[str, Any] = {
        "min_step": min_step,
        "max_step": max_step,
        "target_delta": target_delta,
        "backstep": backstep,
        "threshold": threshold,
    }
    detectors = as_devices(detectors)
    arguments = {"target_field": target_field, "motor": motor, "start": start, "stop": stop, **rule}
    run_md = {
        **start_metadata("adaptive_scan", detectors, [motor], None, **arguments),
        "hints": together_hints([motor]),
        **(md or {}),
    }
    patterns.check_points([{motor: start}, {motor: stop}], stubs.check)
    stepping, sign = Stepping(**rule), 1 if stop >= start else -1
    if abs(stop - start) < min_step:
        raise PlanError(f"from {start:g} to {stop:g} is less than min_step, {min_step:g}: scan further")

    def steps() -> Plan:
        position = start
        while position * sign < stop * sign:
            readings = yield from _point(detectors, motor, position)
            position += sign * stepping.advance(_number(readings, target_field))

    return (yield from stage_wrapper(run_wrapper(steps(), md=run_md), [*detectors, motor]))


rel_adaptive_scan = relative(adaptive_scan, {"start": "motor", "stop": "motor"})


class Stepping:
    """The step sizes of an adaptive scan, from the measured values alone.

    The ideal step would have changed the signal by `target_delta`. The step follows the ideal one slowly (by a fifth of
    the difference each time), but at once where the last step was so large that it has to be taken back.

    Raises:
        PlanError: the steps are not 0 < min_step < max_step.
    """

    def __init__(self, min_step: float, max_step: float, target_delta: float, backstep: bool, threshold: float) -> None:
        if not 0 < min_step < max_step:
            raise PlanError(f"0 < min_step < max_step must hold: they are {min_step} and {max_step}")
        self.min_step, self.max_step, self.target_delta = min_step, max_step, target_delta
        self.backstep, self.threshold = backstep, threshold
        self._step = max((max_step - min_step) / 2, min_step)
        self._last: float | None = None

    def advance(self, value: float) -> float:
        """Distance to the next point from this one, where `value` was measured; negative to go back."""
        if self._last is None:
            self._last = value
            return self._step
        ideal = self._ideal_step(abs(value - self._last))
        if self.backstep and ideal < self._step * self.threshold:
            distance = ideal - self._step
            self._step = ideal
            return distance
        self._last = value
        self._step += 0.2 * (ideal - self._step)
        return self._step

    def _ideal_step(self, change: float) -> float:
        if change == 0:
            return min(1.1 * self._step, self.max_step)
        return min(max(self.target_delta * self._step / change, self.min_step), self.max_step)


def _point(detectors: list[Any], motor: Any, position: float) -> Plan:
    yield Msg("checkpoint")
    yield from stubs.mv(motor, position)
    return (yield from stubs.trigger_and_read([*detectors, motor]))


def _number(readings: dict[str, Any], field: str) -> float:
    if field not in readings:
        raise PlanError(f"nothing records {field!r}: the detectors have {', '.join(readings) or 'no values'}")
    return float(readings[field]["value"])


# ---- centroid of a peak --------------------------------------------------------------------------


@plan
def tune_centroid(
    detectors: Any,
    signal: str,
    motor: Any,
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

    The background of the first scan is taken off all of them. Where it shows no clear peak, the motor goes back.

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
        PlanError: `min_step` is not positive or above the first step, or `step_factor` is not above 1.
        NoFit: there is no clear peak, or a narrower scan has lost it; the motor is back where it was.
    """
    detectors, num = as_devices(detectors), whole_number(num)
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

    def passes() -> Plan:
        origin = yield from stubs.setpoint(motor)
        try:
            yield from tune()
        except NoFit as exc:
            yield from stubs.mv(motor, origin)
            raise NoFit(f"{exc}; {motor.name} is back at {origin:g}") from exc

    def tune() -> Plan:
        low, high = sorted((start, stop))
        first, last, background = start, stop, None
        while abs(last - first) / (num - 1) >= min_step:
            xs, ys = yield from _pass(detectors, signal, motor, patterns.positions(first, last, num))
            background = _background(signal, xs, ys) if background is None else background
            middle = _clipped(_centroid(signal, xs, ys, background), low, high)
            half = (last - first) / step_factor / 2
            first, last = _clipped(middle - half, low, high), _clipped(middle + half, low, high)
            if snake:
                first, last = last, first
        yield from stubs.mv(motor, middle)

    return (yield from stage_wrapper(run_wrapper(passes(), md=run_md), [*detectors, motor]))


def _pass(detectors: list[Any], signal: str, motor: Any, positions: Sequence[float]) -> Plan:
    """Measure at these positions; returns the motor's readbacks and the values of the signal."""
    key = position_field(motor)
    points = []
    for position in positions:
        readings = yield from _point(detectors, motor, position)
        points.append((_number(readings, key), _number(readings, signal)))
    xs, ys = zip(*points, strict=True)
    return list(xs), list(ys)


def _background(signal: str, xs: Sequence[float], ys: Sequence[float]) -> float:
    """The value beside the peak; NoFit if there is no clear one inside of what was scanned."""
    scanned = f"from {xs[0]:g} to {xs[-1]:g}"
    curve = peak("", signal, xs, ys)
    if curve is None:
        raise NoFit(f"{signal} is {ys[0]:g} {scanned}: there is no peak to go to")
    if not curve.significance.is_clear:
        raise NoFit(f"{signal} has no clear peak {scanned} ({curve.significance})")
    if curve.is_dip or curve.com is None:
        reason = "a dip and no peak" if curve.is_dip else "no peak that falls to half on both sides"
        raise NoFit(f"{signal} has {reason} {scanned}")
    return curve.background


def _centroid(signal: str, xs: Sequence[float], ys: Sequence[float], background: float) -> float:
    """The mean position weighted with what is above the background; NoFit if nothing is."""
    weights = [max(y - background, 0.0) for y in ys]
    if not (total := sum(weights)) > 0:
        raise NoFit(f"{signal} is not above its background, {background:g}, from {xs[0]:g} to {xs[-1]:g}")
    return sum(weight * x for weight, x in zip(weights, xs, strict=True)) / total


def _clipped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


# ---- steered by hand -----------------------------------------------------------------------------


@plan
def tweak(detector: Any, target_field: str, motor: Any, step: float, *, md: Metadata = None) -> Plan:
    """Move a motor step by step, asking the operator for each step. Returns the run's uid.

    The operator answers with the next step, with Enter for the same step, or with any word to end.

    Args:
        detector: what is counted.
        target_field: the recorded key that is shown, such as "det".
        motor: the motor that is scanned.
        step: the first step.
        md: metadata of the run.
    """
    arguments = {"detector": detector, "target_field": target_field, "motor": motor, "step": step}
    run_md = {**start_metadata("tweak", [detector], [motor], None, **arguments), "hints": together_hints([motor])}
    run_md["plan_args"].pop("detectors")

    def steps() -> Plan:
        distance, refusal = step, ""
        key = position_field(motor)
        while True:
            yield Msg("checkpoint")
            readings = yield from stubs.trigger_and_read([detector, motor])
            position, value = _number(readings, key), _number(readings, target_field)
            prompt = f"{refusal}{motor.name} {position:g}, {target_field} {value:g}; step [{distance:g}] or q: "
            answer = yield from stubs.input_plan(prompt)
            try:
                distance = float(answer) if answer and answer.strip() else distance
            except ValueError:
                return
            refusal = yield from _try_move(motor, position + distance)

    return (yield from stage_wrapper(run_wrapper(steps(), md={**run_md, **(md or {})}), [detector, motor]))


def _try_move(motor: Any, position: float) -> Plan:
    """Move if the limits allow it; returns the refusal for the next prompt, "" if it moved."""
    try:
        stubs.check(motor, position)
    except DeviceError as exc:
        return f"{exc}. "
    yield Msg("set", motor, position, group=stubs.MOVE_GROUP)
    yield Msg("wait", None, group=stubs.MOVE_GROUP)
    return ""
