"""Where an absorption spectrum is measured, and how long at each point: numpy and nothing else.

Energies are in eV, wave numbers in 1/Å, times in seconds. It knows no device.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from beamshell.errors import PlanError

EV_ANGSTROM2 = 1.054571817e-34**2 / (2 * 9.1093837015e-31 * 1.602176634e-19) * 1e20
"""hbar² / 2 m = 3.80998 eV Å² (CODATA 2018): E - E0 of a photoelectron whose wave number is 1/Å."""

Region: TypeAlias = Sequence[float]
"""(start, stop, step), and perhaps how many seconds each of its points counts."""

_SAME = 1e-6  # of a step: positions closer than this are one


def wave_number(energy_ev: float) -> float:
    """K in 1/Å of a photoelectron, from its energy above the edge in eV.

    Raises:
        PlanError: the energy is below the edge, where there is none.
    """
    if energy_ev < 0:
        raise PlanError(f"{energy_ev:g} eV is below the edge: there is no photoelectron")
    return math.sqrt(energy_ev / EV_ANGSTROM2)


def electron_energy(k: float) -> float:
    """The energy above the edge in eV of a photoelectron, from its wave number in 1/Å."""
    return EV_ANGSTROM2 * k * k


def steps(start: float, stop: float, step: float) -> list[float]:
    """Positions from `start` in steps of `step`, and `stop` itself: the last step may be a shorter one.

    Raises:
        PlanError: the step is not positive or not finite, or there is no way to go.
    """
    if not all(map(math.isfinite, (start, stop, step))) or not step > 0:
        raise PlanError(f"from {start:g} to {stop:g} in steps of {step:g}: a step must be more than 0")
    if start == stop:
        raise PlanError(f"a region from {start:g} to {stop:g} has no width")
    whole = math.floor(abs(stop - start) / step + _SAME)
    places = start + math.copysign(step, stop - start) * np.arange(whole + 1)
    if abs(places[-1] - stop) <= _SAME * step:
        places = places[:-1]
    return [*map(float, places), float(stop)]


def joined(regions: Iterable[Region]) -> tuple[list[float], list[float | None]]:
    """The positions of all regions in order, and the count time of each; a shared boundary comes once.

    A boundary counts as long as the region that ends there.

    Raises:
        PlanError: there is no region, or one is no (start, stop, step) or (start, stop, step, seconds).
    """
    places: list[float] = []
    times: list[float | None] = []
    for region in regions:
        start, stop, step, seconds = _parts(region)
        fresh = steps(start, stop, step)
        if places and abs(places[-1] - fresh[0]) <= _SAME * step:
            fresh = fresh[1:]
        places += fresh
        times += [seconds] * len(fresh)
    if not places:
        raise PlanError("there is no region: give (start, stop, step), or a list of them")
    return places, times


def _parts(region: Any) -> tuple[float, float, float, float | None]:
    if not isinstance(region, Sequence) or isinstance(region, str) or len(region) not in (3, 4):
        raise PlanError(f"{region!r} is no region: it is (start, stop, step) or (start, stop, step, seconds)")
    start, stop, step, *seconds = map(float, region)
    return start, stop, step, seconds[0] if seconds else None


def spectrum(
    regions: Sequence[Region],
    k_max: float | None,
    k_step: float,
    time: float | None,
    k_weight: float,
) -> tuple[list[float], list[float] | None]:
    """Energies relative to the edge in eV, rising, and the count time of each point, None if none is given.

    Above the last region the points are even in k, from where that region ends to `k_max`. There the time grows as
    (k / k_first)**k_weight, since the oscillations that are measured fall as fast.

    Args:
        regions: (start, stop, step) or (start, stop, step, seconds) in eV from the edge, in rising order.
        k_max: where the spectrum ends, in 1/Å; None ends it with the last region.
        k_step: from point to point above the last region, in 1/Å.
        time: seconds for points whose region says nothing else.
        k_weight: 0 for the same time all over.

    Raises:
        PlanError: the energies do not rise, `k_max` is not above the last region, or only some points have a time.
    """
    energies, given = joined(regions)
    seconds = [time if own is None else own for own in given]
    if k_max is not None:
        k_first = _k_first(energies[-1], k_max)
        ks = steps(k_first, k_max, k_step)[1:]
        energies += [electron_energy(k) for k in ks]
        last = seconds[-1]
        seconds += [None if last is None else last * (k / k_first) ** k_weight for k in ks]
    for before, after in itertools.pairwise(energies):
        if not after > before:
            raise PlanError(f"energies must rise, but {after:g} eV comes after {before:g} eV: put regions in order")
    if all(value is None for value in seconds):
        return energies, None
    if any(value is None for value in seconds):
        raise PlanError("some regions have a count time and some have none: give time= for those")
    return energies, [float(value) for value in seconds if value is not None]


def _k_first(end_ev: float, k_max: float) -> float:
    k_first = wave_number(end_ev) if end_ev > 0 else 0.0
    if k_first <= 0:
        raise PlanError(f"the last region ends at {end_ev:g} eV, below the edge: k begins above it")
    if not k_max > k_first:
        raise PlanError(f"k_max is {k_max:g} 1/Å, below the last region's end: {end_ev:g} eV is {k_first:.3g} 1/Å")
    return k_first
