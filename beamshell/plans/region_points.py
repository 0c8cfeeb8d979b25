"""The points of region scans and absorption spectra: positions and count times.

Energies are in eV, wave numbers in 1/Å, times in seconds. Pure: it knows no device.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from beamshell.arrays import np
from beamshell.errors import PlanError
from beamshell.plans.arguments import real_number, require_not_too_many
from beamshell.text.numbers import in_full, power_of_ten

EV_ANGSTROM2 = 1.054571817e-34**2 / (2 * 9.1093837015e-31 * 1.602176634e-19) * 1e20
"""hbar² / 2 m = 3.80998 eV Å² (CODATA 2018): E - E0 = this times k² of a photoelectron, k in 1/Å."""

Region: TypeAlias = Sequence[float]
"""(start, stop, step), or (start, stop, step, seconds) with the count time of its points."""

MOST_SECONDS = 1e6
"""The longest count time that a `k_weight` may lead to: eleven days."""

_SAME = 1e-6
"""Fraction of a step: positions closer than this are the same."""


def wave_number(energy_ev: float) -> float:
    """Wave number k of a photoelectron in 1/Å.

    Args:
        energy_ev: its energy above the edge, in eV.

    Raises:
        PlanError: the energy is below the edge, where there is no photoelectron.
    """
    if energy_ev < 0:
        raise PlanError(f"{energy_ev:g} eV is below the edge: there is no photoelectron")
    return math.sqrt(energy_ev / EV_ANGSTROM2)


def electron_energy(k: float) -> float:
    """Energy of a photoelectron above the edge in eV, from its wave number k in 1/Å."""
    return EV_ANGSTROM2 * k * k


def steps(start: float, stop: float, step: float) -> list[float]:
    """Positions from `start` to exactly `stop` in steps of `step`; the last step may be shorter.

    Raises:
        PlanError: the step is not positive or not finite, or start and stop are the same.
    """
    if not all(map(math.isfinite, (start, stop, step))) or not step > 0:
        raise PlanError(f"from {start:g} to {stop:g} in steps of {step:g}: a step must be more than 0")
    if start == stop:
        raise PlanError(f"a region from {start:g} to {stop:g} has no width")
    in_steps = abs(stop - start) / step + _SAME
    require_not_too_many(in_steps + 1, f"from {start:g} to {stop:g} in steps of {step:g} the number of points")
    whole = math.floor(in_steps)
    positions = start + math.copysign(step, stop - start) * np.arange(whole + 1)
    if whole and abs(positions[-1] - stop) <= _SAME * step:
        positions = positions[:-1]
    return [*map(float, positions), float(stop)]


def joined_regions(regions: Iterable[Region]) -> tuple[list[float], list[float | None]]:
    """The positions of all regions in order, and the count time of each; a shared boundary comes once.

    A shared boundary takes the count time of the region that ends there.

    Raises:
        PlanError: there is no region, one is not (start, stop, step) or (start, stop, step, seconds), or one begins
            before the last one ends: let each begin where the last one ends, or beyond.
    """
    positions: list[float] = []
    times: list[float | None] = []
    for region in regions:
        start, stop, step, seconds = _parts(region)
        added = steps(start, stop, step)
        if positions and abs(positions[-1] - added[0]) <= _SAME * min(step, abs(stop - start)):
            added = added[1:]
        require_not_too_many(len(positions) + len(added))
        positions += added
        times += [seconds] * len(added)
    if not positions:
        raise PlanError("there is no region: give (start, stop, step), or a list of them")
    falls = positions[1] < positions[0]
    for before, after in itertools.pairwise(positions):
        if (after < before) is not falls or after == before:
            raise PlanError(f"regions overlap: {in_full(after)} comes after {in_full(before)}; put them in order")
    return positions, times


def _parts(region: Any) -> tuple[float, float, float, float | None]:
    if not isinstance(region, Sequence) or isinstance(region, str) or len(region) not in (3, 4):
        raise PlanError(f"{region!r} is not a region: give (start, stop, step) or (start, stop, step, seconds)")
    start, stop, step, *seconds = map(float, region)
    return start, stop, step, seconds[0] if seconds else None


def spectrum(
    regions: Sequence[Region],
    k_max: float | None,
    k_step: float,
    time: float | None,
    k_weight: float,
) -> tuple[list[float], list[float] | None]:
    """Rising energies relative to the edge in eV, and the count time of each in seconds (None without times).

    Above the last region the points are equidistant in k, from the end of that region to exactly `k_max`; their step is
    `k_step`, or a little less. There the count time grows as (k / k_first)**k_weight, because the oscillations decay
    with k.

    Args:
        regions: (start, stop, step) or (start, stop, step, seconds) in eV from the edge, in rising order.
        k_max: end of the spectrum in 1/Å; None ends it with the last region.
        k_step: the largest step above the last region, in 1/Å.
        time: seconds for points whose region has no time of its own.
        k_weight: exponent of the count time; 0 for a constant time.

    Raises:
        PlanError: the energies do not rise, `k_max` is not above the last region, or only some points have a time.
    """
    k_max = None if k_max is None else real_number(k_max, "k_max")
    k_step, k_weight = real_number(k_step, "k_step"), real_number(k_weight, "k_weight")
    energies, region_times = joined_regions(regions)
    seconds = [time if region_time is None else region_time for region_time in region_times]
    if k_max is not None:
        k_first = _first_wave_number(energies[-1], k_max)
        ks = _even_steps(k_first, k_max, k_step)[1:]
        energies += [electron_energy(k) for k in ks]
        last = seconds[-1]
        seconds += [None if last is None else _grown(last, k / k_first, k_weight) for k in ks]
    for before, after in itertools.pairwise(energies):
        if not after > before:
            raise PlanError(f"energies must rise, but {after:g} eV comes after {before:g} eV: put regions in order")
    if all(value is None for value in seconds):
        return energies, None
    if any(value is None for value in seconds):
        raise PlanError("some regions have a count time and some have none: give time= for those")
    return energies, [float(value) for value in seconds if value is not None]


def _grown(seconds: float, ratio: float, k_weight: float) -> float:
    """``seconds * ratio**k_weight``, a count time.

    Raises:
        PlanError: it is longer than `MOST_SECONDS`.
    """
    if (
        k_weight
        and seconds > 0
        and (digits := math.log10(seconds) + k_weight * math.log10(ratio)) > math.log10(MOST_SECONDS)
    ):
        raise PlanError(
            f"k_weight is {k_weight:g}: a point would count for {power_of_ten(digits)} s, at most {MOST_SECONDS:g} s"
        )
    return float(seconds * ratio**k_weight)


def _even_steps(start: float, stop: float, step: float) -> list[float]:
    """Positions from `start` to exactly `stop`, in equal steps of at most `step`."""
    return [float(position) for position in np.linspace(start, stop, len(steps(start, stop, step)))]


def _first_wave_number(end_ev: float, k_max: float) -> float:
    k_first = wave_number(end_ev) if end_ev > 0 else 0.0
    if k_first <= 0:
        raise PlanError(f"the last region ends at {end_ev:g} eV, below the edge: k begins above it")
    if not k_max > k_first:
        raise PlanError(f"k_max is {k_max:g} 1/Å, below the last region's end: {end_ev:g} eV is {k_first:.3g} 1/Å")
    return k_first
