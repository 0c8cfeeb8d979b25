"""Loops over a measurement: for each sample, at each temperature.

The metadata of each run name the turn of the loop. A failure ends the loop; with `go_on` it is reported at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from beamshell.errors import FailedPause, PlanError, RequestAbort, RequestStop
from beamshell.messages import Msg, Plan
from beamshell.plans import stubs
from beamshell.plans.arguments import seconds
from beamshell.plans.preprocessors import inject_md_wrapper, plan_mutator
from beamshell.plans.start_metadata import Metadata
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import NamedMovable


@dataclass
class Turn:
    """One turn of a loop.

    Attributes:
        label: the sample's name, or a text such as "temp = 100".
        uids: the uids of its runs.
        failure: the exception that ended it; None if it succeeded.
    """

    label: str
    uids: list[str] = field(default_factory=list)
    failure: Exception | None = None


@plan
def for_each_sample(
    samples: Mapping[str, Mapping[Any, Any]],
    measure: Callable[[str], Plan],
    *,
    go_on: bool = False,
    md: Metadata = None,
) -> Plan:
    """Go to each sample and measure it. Returns a list of `Turn`.

    Args:
        samples: by sample's name, its positions by motor.
        measure: ``f(name)``, a plan for one sample; its runs get "sample" in their metadata.
        go_on: True measures the other samples when one fails.
        md: metadata of each run.

    Raises:
        PlanError: with `go_on`, some samples failed; the message names each with its reason.
        LimitError: a sample is outside the limits; nothing has moved.

    Example:
        ``RE(for_each_sample({"LaB6": {samx: 1}, "Si": {samx: 5}}, lambda name: scan([det], th, -1, 1, 41)))``
    """
    places = {name: dict(place) for name, place in samples.items()}
    for name, place in places.items():
        for motor, position in place.items():
            _check(f"sample {name}", motor, position)

    def turn(name: str) -> Plan:
        moves = [word for pair in places[name].items() for word in pair]
        if moves:
            yield from stubs.mv(*moves)
        return (yield from inject_md_wrapper(measure(name), {"sample": name, **(md or {})}))

    return (yield from _run_turns([(name, partial(turn, name)) for name in places], go_on))


@plan
def at_temperatures(
    temperature: NamedMovable,
    setpoints: Iterable[float],
    settle_s: float,
    measure: Callable[[float], Plan],
    *,
    go_on: bool = False,
    md: Metadata = None,
) -> Plan:
    """Go to each temperature (or another setpoint), wait, and measure. Returns a list of `Turn`.

    The metadata of the runs hold setpoint and readback: "temp_wanted" and "temp_reached" of a device temp. The
    temperature stays at its last value.

    Args:
        temperature: the device that is set.
        setpoints: its values, in this order.
        settle_s: seconds to wait at each value before measuring.
        measure: ``f(setpoint)``, a plan for one temperature.
        go_on: True goes on with the other temperatures when one fails.
        md: metadata of each run.

    Raises:
        PlanError: with `go_on`, some temperatures failed; the message names each with its reason.
        LimitError: a temperature is outside the limits; nothing has changed.

    Example:
        ``RE(at_temperatures(temp, [100, 200, 300], 60, lambda kelvin: scan([det], th, -1, 1, 41)))``
    """
    values = list(setpoints)
    settle_s = seconds(settle_s, "settle_s")
    for value in values:
        _check(f"{temperature.name} = {value:g}", temperature, value)

    def turn(value: float) -> Plan:
        yield from stubs.mv(temperature, value)
        yield from stubs.checkpoint()  # a pause after this point does not ramp again
        if settle_s:
            yield from stubs.sleep(settle_s)
        reached = yield from stubs.rd(temperature)
        labels = {f"{temperature.name}_wanted": value, f"{temperature.name}_reached": reached}
        return (yield from inject_md_wrapper(measure(value), {**labels, **(md or {})}))

    turns = [(f"{temperature.name} = {value:g}", partial(turn, value)) for value in values]
    return (yield from _run_turns(turns, go_on))


def _run_turns(turns_to_run: Sequence[tuple[str, Callable[[], Plan]]], go_on: bool) -> Plan:
    if not turns_to_run:
        raise PlanError("nothing to measure: the list is empty")
    turns: list[Turn] = []
    for label, make in turns_to_run:
        turn = Turn(label)
        turns.append(turn)
        yield Msg("checkpoint")
        try:
            yield from collect_uids(make(), turn.uids)
        except (RequestStop, RequestAbort, FailedPause):  # a person ended it: that ends the whole loop
            raise
        except Exception as exc:  # the other turns may still succeed
            if not go_on:
                raise
            turn.failure = exc
    failed = [turn for turn in turns if turn.failure is not None]
    if failed:
        reasons = "; ".join(f"{turn.label}: {turn.failure}" for turn in failed)
        raise PlanError(f"{len(failed)} of {len(turns)} failed: {reasons}") from failed[0].failure
    return turns


def collect_uids(plan: Plan, uids: list[str]) -> Plan:
    """Run `plan`, and append the uid of each run that it opens to `uids`."""

    def append_uid(msg: Msg) -> Plan:
        uid = yield msg
        uids.append(uid)
        return uid

    return plan_mutator(plan, lambda msg: (append_uid(msg), None) if msg.command == "open_run" else (None, None))


def _check(label: str, device: Any, position: Any) -> None:
    try:
        stubs.check(device, position)
    except Exception as exc:
        raise type(exc)(f"{label}: {exc}") from exc
