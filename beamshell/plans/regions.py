"""Scans over regions of different steps: region_scan, and xafs over an absorption edge.

The points are computed in `region_points`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Plan
from beamshell.plans.arguments import Detectors
from beamshell.plans.region_points import Region, joined_regions, spectrum
from beamshell.plans.start_metadata import Metadata, as_devices, pattern_metadata, start_metadata, together_hints
from beamshell.plans.step_scan import timed_step_scan
from beamshell.plans.unrun_plan_guard import plan
from beamshell.protocols import NamedMovable

EDGE_REGIONS: tuple[Region, ...] = ((-150.0, -20.0, 5.0), (-20.0, 40.0, 0.5))
"""The default regions before and over the edge: (start, stop, step) in eV from E0."""

_UNITS_PER_EV = {"ev": 1.0, "kev": 1e-3}
_MODULE = "beamshell.plans.region_points"
"""The module of the functions that make the points, for the start document."""


@plan
def region_scan(detectors: Detectors, motor: NamedMovable, regions: Sequence[Region], *, md: Metadata = None) -> Plan:
    """Scan a motor over regions, each with its own step. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        motor: the motor that is scanned.
        regions: (start, stop, step), or (start, stop, step, seconds) with a count time. A region ends exactly at
            `stop`; if the next region begins there, that point is measured once. Regions may not overlap.
        md: metadata of the run.

    Raises:
        PlanError: a region is not of this form, or begins before the last one ends; or only some have a count time:
            give it for all or for none.
        LimitError: a point is outside the limits; nothing has moved.

    Example:
        ``RE(region_scan([det], th, [(-1, 0, 0.25), (0, 0.6, 0.05), (0.6, 2, 0.2)]))``
    """
    detectors, regions = as_devices(detectors), [tuple(region) for region in regions]
    positions, seconds = joined_regions(regions)
    times = [time for time in seconds if time is not None]
    if times and len(times) != len(seconds):
        raise PlanError("some regions have a count time and some have none: give it for all")
    run_md = {
        **start_metadata("region_scan", detectors, [motor], len(positions), motor=motor, regions=regions),
        **pattern_metadata("joined_regions", module=_MODULE, regions=regions),
        "hints": together_hints([motor]),
        **(md or {}),
    }
    return (yield from timed_step_scan(detectors, [{motor: position} for position in positions], times or None, run_md))


@plan
def xafs(
    detectors: Detectors,
    energy: NamedMovable,
    e0: float,
    regions: Sequence[Region] = EDGE_REGIONS,
    *,
    k_max: float | None = None,
    k_step: float = 0.05,
    time: float | None = None,
    k_weight: float = 0.0,
    md: Metadata = None,
) -> Plan:
    """Scan the photon energy over an absorption edge, in steps of energy, then of k. Returns the run's uid.

    Args:
        detectors: a list of readable devices.
        energy: the axis of the photon energy, in eV or keV (its `units` say which).
        e0: energy of the edge in eV.
        regions: (start, stop, step) or (start, stop, step, seconds), in eV from the edge, in rising order.
        k_max: end of the spectrum in 1/Å; None ends it with the last region.
        k_step: the largest step above the last region, in 1/Å; all steps are equal, so that the last point is k_max.
        time: count time of each point in seconds; None leaves the detectors as they are.
        k_weight: above the last region the count time grows as (k / k_first)**k_weight.
        md: metadata of the run.

    Raises:
        PlanError: the energies do not rise or are not positive, or the axis has no unit of energy.
        LimitError: a point is outside the limits; nothing has moved.

    Example:
        ``RE(xafs([det], mono.energy, 8979, k_max=12, time=1, k_weight=1))``
    """
    detectors, regions = as_devices(detectors), [tuple(region) for region in regions]
    relative, times = spectrum(regions, k_max, k_step, time, k_weight)
    positions = _in_units_of(energy, e0, relative)
    settings = {"regions": regions, "k_max": k_max, "k_step": k_step, "time": time, "k_weight": k_weight}
    run_md = {
        **start_metadata("xafs", detectors, [energy], len(positions), energy=energy, e0=e0, **settings),
        **pattern_metadata("spectrum", module=_MODULE, **settings),
        "e0_ev": float(e0),
        "hints": together_hints([energy]),
        **(md or {}),
    }
    return (yield from timed_step_scan(detectors, [{energy: position} for position in positions], times, run_md))


def _in_units_of(energy: Any, e0: float, relative: list[float]) -> list[float]:
    """Energies relative to the edge in eV, as absolute positions in the unit of the axis."""
    units = str(getattr(energy, "units", "") or "")
    factor = _UNITS_PER_EV.get(units.strip().lower())
    if factor is None:
        raise PlanError(f"{energy.name} is in {units or 'no unit'}: xafs needs an energy axis in eV or keV")
    if not e0 + relative[0] > 0:
        raise PlanError(f"the first point would be at {e0 + relative[0]:g} eV: give e0 in eV (it is {e0:g})")
    return [(e0 + value) * factor for value in relative]
