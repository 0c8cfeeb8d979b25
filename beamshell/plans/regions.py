"""Scans over regions with steps of different sizes: region_scan, and xafs along an energy axis.

Where the points are is worked out in `energies`; here they become plans.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Plan
from beamshell.plans.energies import Region, joined, spectrum
from beamshell.plans.start_metadata import Metadata, as_devices, pattern_metadata, start_metadata, together_hints
from beamshell.plans.timed import visit_timed
from beamshell.plans.unrun_plan_guard import plan

EDGE_REGIONS: tuple[Region, ...] = ((-150.0, -20.0, 5.0), (-20.0, 40.0, 0.5))
"""Before the edge and over it, in eV from E0."""

_EV = {"ev": 1.0, "kev": 1e-3}


@plan
def region_scan(detectors: Any, motor: Any, regions: Sequence[Region], *, md: Metadata = None) -> Plan:
    """Scan a motor over regions, each with its own step; the run's uid.

    Args:
        detectors: a list of readable devices.
        motor: what moves.
        regions: (start, stop, step), or (start, stop, step, seconds) to say how long each point counts. A region ends
            at `stop` itself; where the next one begins there, that point is measured once.
        md: metadata of the run.

    Raises:
        PlanError: a region is none, or some have a count time and some have not.
        LimitError: a point is out of limits, and nothing has moved.

    Example:
        ``RE(region_scan([det], th, [(-1, 0, 0.25), (0, 0.6, 0.05), (0.6, 2, 0.2)]))``
    """
    detectors, listed = as_devices(detectors), [tuple(region) for region in regions]
    places, given = joined(regions)
    times = [seconds for seconds in given if seconds is not None]
    if times and len(times) != len(given):
        raise PlanError("some regions have a count time and some have none: give it for all")
    facts = {
        **start_metadata("region_scan", detectors, [motor], len(places), motor=motor, regions=listed),
        **pattern_metadata("joined", regions=listed),
        "plan_pattern_module": "beamshell.plans.energies",
        "hints": together_hints([motor]),
        **(md or {}),
    }
    return (yield from visit_timed(detectors, [{motor: place} for place in places], times or None, facts))


@plan
def xafs(
    detectors: Any,
    energy: Any,
    e0: float,
    regions: Sequence[Region] = EDGE_REGIONS,
    *,
    k_max: float | None = None,
    k_step: float = 0.05,
    time: float | None = None,
    k_weight: float = 0.0,
    md: Metadata = None,
) -> Plan:
    """Scan the photon energy over an absorption edge: even in energy up to the edge, in k above; the run's uid.

    Args:
        detectors: a list of readable devices.
        energy: the axis of the photon energy, in eV or keV as its units say.
        e0: the edge, in eV.
        regions: (start, stop, step) or (start, stop, step, seconds), in eV from the edge, in rising order.
        k_max: where the spectrum ends, in 1/Å; None ends it with the last region.
        k_step: from point to point above the last region, in 1/Å.
        time: seconds that each point counts; None leaves the detectors as they are.
        k_weight: above the last region points count longer, as (k / k_first)**k_weight.
        md: metadata of the run.

    Raises:
        PlanError: the energies do not rise or are not positive, or the axis has no unit of energy.
        LimitError: a point is out of limits, and nothing has moved.

    Example:
        ``RE(xafs([det], mono.energy, 8979, k_max=12, time=1, k_weight=1))``
    """
    detectors, listed = as_devices(detectors), [tuple(region) for region in regions]
    relative, times = spectrum(regions, k_max, k_step, time, k_weight)
    places = _in_units_of(energy, e0, relative)
    shape = {"regions": listed, "k_max": k_max, "k_step": k_step, "time": time, "k_weight": k_weight}
    facts = {
        **start_metadata("xafs", detectors, [energy], len(places), energy=energy, e0=e0, **shape),
        **pattern_metadata("spectrum", **shape),
        "plan_pattern_module": "beamshell.plans.energies",
        "e0_ev": float(e0),
        "hints": together_hints([energy]),
        **(md or {}),
    }
    return (yield from visit_timed(detectors, [{energy: place} for place in places], times, facts))


def _in_units_of(energy: Any, e0: float, relative: list[float]) -> list[float]:
    units = str(getattr(energy, "units", "") or "")
    factor = _EV.get(units.strip().lower())
    if factor is None:
        raise PlanError(f"{energy.name} is in {units or 'no unit'}: xafs needs an axis of energy, in eV or keV")
    if not e0 + relative[0] > 0:
        raise PlanError(f"the first point would be at {e0 + relative[0]:g} eV: e0 is {e0:g}, and it is given in eV")
    return [(e0 + value) * factor for value in relative]
