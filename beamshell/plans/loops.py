"""The same measurement again and again: for each sample, at each temperature.

Each inner run says in its metadata which one it was. A failure ends the loop, or with `go_on` is told at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from beamshell.errors import FailedPause, PlanError, RequestAbort, RequestStop
from beamshell.messages import Msg, Plan
from beamshell.plans import stubs
from beamshell.plans.preprocessors import inject_md_wrapper, plan_mutator
from beamshell.plans.start_metadata import Metadata
from beamshell.plans.unrun_plan_guard import plan


@dataclass
class Turn:
    """One turn of a loop.

    Attributes:
        label: the sample's name, or such as "temp = 100".
        uids: of the runs that it made.
        failure: why it was not done; None if it was.
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
    """Go to each sample and measure it; a list of `Turn`.

    Args:
        samples: by the sample's name, where it is: positions by motor.
        measure: ``f(name)``, a plan for one sample; its runs have "sample" in their metadata.
        go_on: measure the other samples when one fails.
        md: metadata of each run.

    Raises:
        PlanError: some samples failed, with `go_on`; it names each with its reason.
        LimitError: a sample is out of reach, and nothing has moved.

    Example:
        ``RE(for_each_sample({"LaB6": {samx: 1}, "Si": {samx: 5}}, lambda name: scan([det], th, -1, 1, 41)))``
    """
    places = {name: dict(place) for name, place in samples.items()}
    for name, place in places.items():
        for motor, position in place.items():
            _check(f"sample {name}", motor, position)

    def turn(name: str) -> Plan:
        flat = [word for pair in places[name].items() for word in pair]
        if flat:
            yield from stubs.mv(*flat)
        return (yield from inject_md_wrapper(measure(name), {"sample": name, **(md or {})}))

    return (yield from _turns([(name, partial(turn, name)) for name in places], go_on))


@plan
def at_temperatures(
    temperature: Any,
    wanted: Iterable[float],
    settle_s: float,
    measure: Callable[[float], Plan],
    *,
    go_on: bool = False,
    md: Metadata = None,
) -> Plan:
    """Go to each temperature, or whatever else a device sets, wait, and measure; a list of `Turn`.

    Its runs have in their metadata what was wanted and what was reached, such as "temp_wanted" and "temp_reached".
    The temperature stays where it was last.

    Args:
        temperature: the device that is set.
        wanted: its values, in the order in which they are gone to.
        settle_s: seconds to wait at each before measuring.
        measure: ``f(wanted)``, a plan for one temperature.
        go_on: go to the other temperatures when one fails.
        md: metadata of each run.

    Raises:
        PlanError: some failed, with `go_on`; it names each with its reason.
        LimitError: one is out of limits, and nothing has changed.

    Example:
        ``RE(at_temperatures(temp, [100, 200, 300], 60, lambda kelvin: scan([det], th, -1, 1, 41)))``
    """
    values = list(wanted)
    if settle_s < 0:
        raise PlanError(f"settle_s is {settle_s:g}: it must be 0 or more")
    for value in values:
        _check(f"{temperature.name} = {value:g}", temperature, value)

    def turn(value: float) -> Plan:
        yield from stubs.mv(temperature, value)
        yield from stubs.checkpoint()  # a pause from here on does not ramp again
        if settle_s:
            yield from stubs.sleep(settle_s)
        reached = yield from stubs.rd(temperature)
        labels = {f"{temperature.name}_wanted": value, f"{temperature.name}_reached": reached}
        return (yield from inject_md_wrapper(measure(value), {**labels, **(md or {})}))

    named = [(f"{temperature.name} = {value:g}", partial(turn, value)) for value in values]
    return (yield from _turns(named, go_on))


def _turns(named: Sequence[tuple[str, Callable[[], Plan]]], go_on: bool) -> Plan:
    if not named:
        raise PlanError("there is nothing to go through: the list is empty")
    turns: list[Turn] = []
    for label, make in named:
        turn = Turn(label)
        turns.append(turn)
        yield Msg("checkpoint")
        try:
            yield from noting_runs(make(), turn.uids)
        except (RequestStop, RequestAbort, FailedPause):  # it was a person who ended it, and that ends all
            raise
        except Exception as exc:  # whatever it was, the other turns may do
            if not go_on:
                raise
            turn.failure = exc
    failed = [turn for turn in turns if turn.failure is not None]
    if failed:
        reasons = "; ".join(f"{turn.label}: {turn.failure}" for turn in failed)
        raise PlanError(f"{len(failed)} of {len(turns)} failed: {reasons}") from failed[0].failure
    return turns


def noting_runs(plan: Plan, uids: list[str]) -> Plan:
    """Run `plan`; the uids of the runs that it opens are added to `uids`."""

    def noted(msg: Msg) -> Plan:
        uid = yield msg
        uids.append(uid)
        return uid

    return plan_mutator(plan, lambda msg: (noted(msg), None) if msg.command == "open_run" else (None, None))


def _check(label: str, device: Any, position: Any) -> None:
    try:
        stubs.check(device, position)
    except Exception as exc:
        raise type(exc)(f"{label}: {exc}") from exc
