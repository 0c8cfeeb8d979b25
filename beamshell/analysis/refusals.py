"""What points show that have no clear peak or edge, and the refusals that say so.

Pure: columns of numbers in, NoFit with its reason out. It knows no device and no plan.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from beamshell.analysis.least_squares import LeastSquares, background_alone, fitted
from beamshell.analysis.models import FWHM_PER_SIGMA, Background, error_function, gaussian
from beamshell.analysis.noise import (
    counting_variance,
    counts_per_value,
    is_measured,
    scaled,
    smallest_difference,
)
from beamshell.analysis.significance import FALSE_ALARMS, deviations_of_t, limit_for_peaks, significance
from beamshell.analysis.waves import wave_alone
from beamshell.arrays import Floats, np
from beamshell.errors import NoFit
from beamshell.text.lists import listed
from beamshell.text.numbers import counted, number, position_digits, with_error

FEWEST_POINTS = 5
"""The least number of points for a fit: one more than there are parameters."""

_ONE_IN_1000, _ONE_IN_20 = 3.29, 1.96  # standard deviations by which one curve is better than another
_PLATEAU = 3  # equal highest points in a row
_LEVEL = 1.5  # widths sigma from an edge: 93 % of its height
_OTHER_SIGN = 1.5  # times the chi-square of the peak asked for
_CLEARLY = 3.0  # standard deviations of a point above or below half height
_END = 10  # a tenth of the points at each end shows the background
_MAD_TO_SIGMA, _SECOND_DIFFERENCE = 1.4826, math.sqrt(6)


class Shape(StrEnum):
    """What points show that have no clear peak or edge: the `shape` of a `NoFit`."""

    FEW = f"fewer than {FEWEST_POINTS} points"
    FLAT = "the same everywhere"
    NOISE = "no more than noise"
    SLOPE = "a slope"
    BROAD = "one broad curve"
    EDGE = "an edge"
    POINT = "a single point"
    NARROW = "narrower than one step"
    SEVERAL = "several peaks"
    END = "a peak at the end of the scan"
    WIDE = "a peak wider than the scan"
    FLANK = "not half as high on both sides"
    SATURATED = "a saturated peak"
    PEAK = "a peak"
    DIP = "a dip"


@dataclass(frozen=True)
class Curve:
    """The measured points in rising order, and the names for messages."""

    x: str
    y: str
    at: Floats
    values: Floats
    exposures: Floats | None
    per_value: Floats | None
    """Counts that one unit of a value stands for; None for unknown noise."""
    exponent: int
    """The values are those measured over this power of two."""
    precision: int | None
    """Digits after the point of positions as the motor says, or None."""

    @classmethod
    def of(
        cls,
        word: str,
        x: str,
        y: str,
        xs: Sequence[float] | Floats,
        ys: Sequence[float] | Floats,
        exposures: Sequence[float] | Floats | None,
        precision: int | None,
        *,
        fewest: int | None = None,
    ) -> Curve:
        """The points; NoFit if they are fewer than `fewest`, at most `FEWEST_POINTS`, or all the same."""
        fewest = fewest or FEWEST_POINTS
        at, values = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
        measured = np.isfinite(at) & is_measured(values)
        divided = None if exposures is None else np.asarray(exposures, dtype=float)[measured]
        at, values = at[measured], values[measured]
        order = np.argsort(at, kind="stable")
        at, values, divided = at[order], values[order], None if divided is None else divided[order]
        if at.size < fewest or np.ptp(at) == 0:
            raise NoFit(
                f"{counted(at.size, 'point')} {'does' if at.size == 1 else 'do'} not show where "
                f"{'an' if word == 'edge' else 'a'} {word} is in {x}: {fewest} or more are needed",
                Shape.FEW,
            )
        values, exponent = scaled(values)
        curve = cls(x, y, at, values, divided, counts_per_value(values, divided), exponent, precision)
        if np.ptp(values) == 0:
            level = curve.in_units(float(values[0]))
            raise NoFit(f"{y} is {level:.5g} {curve.scanned} in {x}: there is no {word}", Shape.FLAT)
        return curve

    @property
    def scanned(self) -> str:
        """The range in words."""
        return f"from {self.place(self.at[0])} to {self.place(self.at[-1])}"

    @property
    def spacing(self) -> float:
        """The mean step from point to point."""
        return float(np.ptp(self.at)) / (self.at.size - 1)

    def spacing_at(self, position: float) -> float:
        """The step between the points on both sides of a position."""
        after = int(np.clip(np.searchsorted(self.at, position), 1, self.at.size - 1))
        return float(self.at[after] - self.at[after - 1])

    def place(self, position: float) -> str:
        """A position in words, with the digits that all positions of this curve have."""
        return number(float(position), position_digits(self.spacing, self.precision), as_position=True)

    def in_units(self, value: float) -> float:
        """A value in the unit that was measured."""
        with np.errstate(over="ignore"):  # a height from the least to the largest float is infinite
            return float(np.ldexp(value, self.exponent))

    def require_more_than_noise(self, word: str) -> None:
        """NoFit if noise alone could have made the curve."""
        evidence = significance(self.values, self.exposures)
        if not evidence.is_clear:
            raise NoFit(f"{self.y} has no clear {word} {self.scanned} in {self.x}: {evidence}", Shape.NOISE)

    def require_more_than_background(self, word: str, fit: LeastSquares) -> None:
        """NoFit if a slope, a broad curve or, for a peak, an edge does as well as the fit."""
        limit = limit_for_peaks(self.at.size)
        is_flat = fit.background is Background.FLAT
        is_wide = float(fit.parameters[1]) * FWHM_PER_SIGMA > float(np.ptp(self.at)) / 2
        alternatives = [(Background.LINE, Shape.SLOPE, _ONE_IN_1000 if is_flat else limit)]
        if is_wide or not is_flat:
            alternatives += [(Background.CURVE, Shape.BROAD, _ONE_IN_20 if is_flat else limit)]
        for background, shape, least in alternatives:
            alone = background_alone(self.at, self.values, self.per_value, background)
            if self.deviations(alone, fit) <= least:
                if word != "edge":
                    self.refuse_edge_if(word, lambda edge: self.deviations(self._curved, edge) > limit)
                is_narrow = word == "edge" and float(fit.parameters[1]) * FWHM_PER_SIGMA < 2 * self.spacing
                advice = "scan a narrower range, in finer steps" if is_narrow else "scan wider"
                raise NoFit(f"{self.y} is {shape} {self.scanned} in {self.x}, without a clear {word}: {advice}", shape)
        if word != "edge":
            self.refuse_edge(word, fit, _ONE_IN_1000 if is_flat else limit)

    def refuse_edge(self, word: str, fit: LeastSquares, least: float) -> None:
        """NoFit if an edge does as well as this peak, unless it stands on a flat line on both sides."""
        centre, fwhm = float(fit.parameters[0]), float(fit.parameters[1]) * FWHM_PER_SIGMA
        falls_on_both_sides = self.at[0] <= centre - fwhm and centre + fwhm <= self.at[-1]
        if not (fit.background is Background.FLAT and falls_on_both_sides):
            self.refuse_edge_if(word, lambda edge: self.deviations(edge.misfit, fit) <= least)

    def refuse_edge_if(self, word: str, is_likely: Callable[[LeastSquares], bool]) -> None:
        """NoFit if an edge inside of the scan is likely."""
        edge = fitted(error_function, self.at, self.values, self.per_value, Background.FLAT)
        if edge is None or not self.at[0] <= float(edge.parameters[0]) <= self.at[-1] or not is_likely(edge):
            return
        place = float(edge.parameters[0])
        raise NoFit(
            f"{self.y} has an edge and no {word} (at {self.x} {self.place(place)}): use edge", Shape.EDGE, (place,)
        )

    @property
    def _curved(self) -> float:
        """The misfit of a parabola."""
        return background_alone(self.at, self.values, self.per_value, Background.CURVE)

    def deviations(self, misfit: float, fit: LeastSquares) -> float:
        """By how much `fit` is better than a curve of this misfit, in standard deviations."""
        if not fit.is_counting_noise and fit.misfit <= 1e-18 * float(self.values @ self.values):
            return math.inf if misfit > 100 * fit.misfit else 0.0
        t = math.sqrt(max(misfit - fit.misfit, 0.0) / fit.scale) if fit.scale else math.inf
        return t if fit.is_counting_noise else deviations_of_t(t, fit.freedom)


def is_inside(curve: Curve, fit: LeastSquares) -> bool:
    """Whether it is a peak between the first and the last point, narrower than the scan."""
    centre, sigma = float(fit.parameters[0]), float(fit.parameters[1])
    return bool(curve.at[1] <= centre <= curve.at[-2]) and sigma * FWHM_PER_SIGMA < float(np.ptp(curve.at)) / 2


def is_much_better(curve: Curve, one: LeastSquares, other: LeastSquares) -> bool:
    """Whether one fit is better than the other, clearly and by a large factor."""
    return one.misfit * _OTHER_SIGN < other.misfit and curve.deviations(other.misfit, one) > _ONE_IN_1000


def check_place(word: str, curve: Curve, fit: LeastSquares, at_end: bool, is_resolved: bool = True) -> None:
    """Refuse what is outside of the scan or at its end, wider than it, or anywhere in it."""
    x, y, scanned = curve.x, curve.y, curve.scanned
    centre, fwhm, error = float(fit.parameters[0]), float(fit.parameters[1]) * FWHM_PER_SIGMA, float(fit.errors[0])
    place = curve.place(centre)
    if not curve.at[0] <= centre <= curve.at[-1]:
        raise NoFit(
            f"the {word} of {y} is outside of what was scanned, {scanned} in {x}: {_farther(curve, fit)}", Shape.END
        )
    if at_end:
        raise NoFit(f"the {word} of {y} is at the end of what was scanned, near {x} {place}: scan around it", Shape.END)
    if fwhm > np.ptp(curve.at):
        raise NoFit(
            f"the {word} of {y} is {fwhm:.3g} wide, more than what was scanned, {scanned} in {x}: scan wider",
            Shape.WIDE,
        )
    if is_resolved and error > fwhm and error > curve.spacing:
        raise NoFit(f"the {word} of {y} is at {x} {place} +- {error:.2g}: that is no position", Shape.NOISE)


def check_one_peak(word: str, curve: Curve, sign: int) -> None:
    """Refuse several peaks that are clearly higher than half of the highest, with points clearly below beside each."""
    above, few = curve.values * sign, max(1, curve.at.size // _END)
    background = min(float(above[:few].mean()), float(above[-few:].mean()))
    half = (background + float(above.max())) / 2
    bends = np.abs(np.diff(above, 2)) / _SECOND_DIFFERENCE
    noise = np.full(above.size, _MAD_TO_SIGMA * float(np.median(bends)))
    if curve.per_value is not None:
        noise = np.maximum(noise, np.sqrt(counting_variance(np.abs(curve.values), curve.per_value)))
    clear = np.flatnonzero(np.abs(above - half) > _CLEARLY * noise)
    runs = [(is_high, list(points)) for is_high, points in itertools.groupby(clear, lambda n: bool(above[n] > half))]
    tops = [max(points, key=lambda n: float(above[n])) for is_high, points in runs[1:-1] if is_high]
    places = tuple(float(curve.at[top]) for top in tops)
    if len(places) > 1:
        where = " and ".join(filter(None, [listed(map(curve.place, places[:-1])), curve.place(places[-1])]))
        raise NoFit(
            f"{curve.y} has {len(places)} {word}s, at {curve.x} {where}: scan around one of them", Shape.SEVERAL, places
        )


def _farther(curve: Curve, fit: LeastSquares) -> str:
    """Where to scan for what is outside; with a place only if it is near and the fit knows it."""
    centre, error, span = float(fit.parameters[0]), float(fit.errors[0]), float(np.ptp(curve.at))
    away = max(curve.at[0] - centre, centre - curve.at[-1])
    near = f", about {with_error(centre, error)}" if 0 < error < span / 4 and away < span / 2 else ""
    return f"scan {'lower' if centre < curve.at[0] else 'higher'}{near}"


def check_plateaus(curve: Curve, edge: LeastSquares, peak: LeastSquares | None) -> None:
    """Refuse an edge that is not level on both sides, or that a parabola, a slow wave or a peak fits as well."""
    parabola = background_alone(curve.at, curve.values, curve.per_value, Background.CURVE)
    wave = wave_alone(curve.at, curve.values, curve.per_value)
    if edge.background is Background.LINE:
        wave = min(wave, wave_alone(curve.at, curve.values, curve.per_value, slope=True))
    centre, sigma = map(float, edge.parameters[:2])
    if curve.deviations(min(parabola, wave), edge) <= _ONE_IN_20:
        reason = "bends slowly"
    elif peak is not None and peak.misfit < edge.misfit:
        reason = "is the flank of a peak"
    elif curve.at[0] <= centre <= curve.at[-1] and min(centre - curve.at[0], curve.at[-1] - centre) < _LEVEL * sigma:
        reason = "rises or falls to its end"
    else:
        return
    raise NoFit(
        f"{curve.y} {reason} {curve.scanned} in {curve.x}, not level on both sides of an edge: scan wider", Shape.BROAD
    )


def check_saturation(curve: Curve, fit: LeastSquares) -> None:
    """Refuse equal highest points in a row that chance does not make, if the flanks lead higher than they are."""
    at, values = curve.at, curve.values
    top = float(values.max())
    flat = values == top
    row = max(len(list(run)) for is_flat, run in itertools.groupby(flat) if is_flat)
    if row < _PLATEAU or np.count_nonzero(~flat) < FEWEST_POINTS or np.ptp(values[~flat]) == 0:
        return
    if curve.per_value is not None:
        noise, digit = math.sqrt(max(top * curve.per_value.min(), 1.0)), 1.0
    else:
        noise, digit = fit.scatter, smallest_difference(values)
    same = min(digit / (noise * math.sqrt(2 * math.pi)), 1.0) if noise else 1.0  # chance that two neighbours are equal
    if curve.per_value is not None and values.size * same ** (row - 1) > FALSE_ALARMS:
        return
    per_value = None if curve.per_value is None else curve.per_value[~flat]
    flanks = fitted(gaussian, at[~flat], values[~flat], per_value, Background.FLAT, 1)
    if flanks is None:
        return
    above = float(flanks.parameters[2] + flanks.parameters[3]) - top
    if above > 0.05 * np.ptp(values) and above > 3 * float(flanks.errors[2]):
        raise NoFit(
            f"{curve.y} is saturated: {row} points in a row near {curve.x} {curve.place(fit.parameters[0])} are all "
            f"{curve.in_units(top):.6g}, where the flanks lead higher; attenuate the beam or count for less",
            Shape.SATURATED,
        )
