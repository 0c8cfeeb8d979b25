"""Commands that scan with steps of their own, and for a time: regions, xafs, tscan.

The plans check every point before anything moves.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any

from beamshell import plans as bp
from beamshell.errors import BeamshellError
from beamshell.messages import Plan
from beamshell.plans.until import points_in
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import say
from beamshell.shell.parameter_types import Detectors, Duration, Motor, Number, Region, Seconds, Session
from beamshell.shell.slots import DetectorsSlot
from beamshell.text.numbers import counted

HEADING = "Regions, times, flights"


@command(HEADING, example="regions th -1:0:0.2 0:1:0.05")
def regions(detectors: Detectors, motor: Motor, regions: list[Region]) -> Plan:
    """Scan a motor over regions, each with its own STEP; a shared boundary is measured once.

    The time is what each point of the region counts, in seconds.
    """
    return bp.region_scan(detectors, motor, regions)


@command(HEADING, example="xafs mono.energy 8979 k_max=12 time=1")
def xafs(
    detectors: Annotated[list[Any], DetectorsSlot(tag="xafs")],
    energy: Motor,
    e0: Number,
    regions: list[Region] | None = None,
    *,
    k_max: Number | None = None,
    k_step: Number | None = None,
    time: Seconds | None = None,
    k_weight: Number | None = None,
) -> Plan:
    """Scan the photon energy over an absorption edge: regions in eV from e0, then even in k up to k_max.

    Without a detector, those with the tag `xafs` in the device file are read. e0 is in eV, k in 1/Å. Without regions:
    -150:-20:5 and -20:40:0.5; without k_step: 0.05. Above the last region points count longer, as
    (k / k_first)**k_weight.
    """
    options: dict[str, Any] = {"regions": regions, "k_max": k_max, "k_step": k_step, "time": time, "k_weight": k_weight}
    typed = {name: value for name, value in options.items() if value is not None}
    return bp.xafs(detectors, energy, e0, **typed)


@command(HEADING, example="tscan det 10min 1", aliases=("timefor",))
def tscan(session: Session, detectors: Detectors, duration: Duration, period: Duration | None = None) -> Followed:
    """Count for a time, a point every period: 90, 90s, 10min or 2h; without a period, without a gap.

    The pace does not drift, and each point records how late it was. A point that is late by a period or more replaces
    those that it has missed: if the detectors count longer than the period, that is said before.
    """
    plan = bp.time_scan(detectors, duration, period)
    if period is None:
        return followed_by(plan)
    wanted = points_in(duration, period)

    def say_if_slow() -> AbstractContextManager[None]:
        name, longest = max(((detector.name, _count_time(detector)) for detector in detectors), key=lambda one: one[1])
        if longest > period:
            session.RE.check_beside_paused(detector.name for detector in detectors)
            few = points_in(duration, longest)
            say(
                f"{name} counts for {longest:g} s, longer than the period of {period:g} s: "
                f"about {counted(few, 'point')} instead of {wanted}"
            )
        return nullcontext()

    def say_if_few(uid: str) -> None:
        measured = session.runs[uid].num_events.get("primary", 0)
        if measured < wanted:
            say(f"{measured} of {wanted} points: the others were missed, since a point took longer than {period:g} s")

    return followed_by(plan, say_if_few, during=say_if_slow)


def _count_time(detector: Any) -> float:
    """The count time of a detector in seconds; 0 if it has none or does not answer."""
    signal = getattr(detector, "count_time", None)
    try:
        return 0.0 if signal is None else float(signal.get())
    except (BeamshellError, TypeError, ValueError):
        return 0.0
