"""Scans that choose each point by the last measurement: adaptive_scan, and tweak with the operator."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from beamshell.errors import DeviceError, PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.arguments import Detectors, real_number
from beamshell.plans.preprocessors import run_wrapper, stage_wrapper
from beamshell.plans.relative import relative
from beamshell.plans.start_metadata import (
    Metadata,
    as_devices,
    position_field,
    position_text,
    start_metadata,
    together_hints,
)
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import NamedMovable, Readable


@plan
def adaptive_scan(
    detectors: Detectors,
    target_field: str,
    motor: NamedMovable,
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
    start, stop = real_number(start, "start"), real_number(stop, "stop")
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
            value = number_in(readings, target_field)
            if not math.isfinite(value):
                raise PlanError(
                    f"{target_field} is {value} at {position_text(motor, position)}: no step follows from it"
                )
            position += sign * stepping.advance(value)

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


def number_in(readings: dict[str, Any], field: str) -> float:
    """The number that a point has recorded under this key.

    Raises:
        PlanError: nothing records it, or its value is no number.
    """
    if field not in readings:
        raise PlanError(f"nothing records {field!r}: the detectors have {', '.join(readings) or 'no values'}")
    value = readings[field]["value"]
    if isinstance(value, bool | Real):
        return float(value)
    raise PlanError(f"{field} is {value!r}: name a value that is a number")


# ---- steered by hand -----------------------------------------------------------------------------


@plan
def tweak(detector: Readable, target_field: str, motor: NamedMovable, step: float, *, md: Metadata = None) -> Plan:
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
            position, value = number_in(readings, key), number_in(readings, target_field)
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
