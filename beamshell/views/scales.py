"""Scales: how values become places on an axis and shades: linear, log, symlog or symmetric.

Pure: it knows no window, no terminal and no run.
"""

from __future__ import annotations

import sys
from typing import Literal, NamedTuple, TypeAlias, get_args

from beamshell.arrays import Floats, np
from beamshell.errors import UsageError
from beamshell.text.lists import listed

Scale: TypeAlias = Literal["linear", "log", "symlog", "symmetric"]
"""`log` shows what is above 0; `symmetric` has 0 in its middle; `symlog` too, and is logarithmic on both sides."""

_MOST_DECADES = 4
"""Decades on each side of 0 on a symlog scale; between them it is linear."""
_LIMIT_SLACK = 0.02
_LARGEST = sys.float_info.max


def check(scale: str) -> None:
    """Return if there is such a scale.

    Raises:
        UsageError: there is not; the message names those there are.
    """
    if scale not in get_args(Scale):
        raise UsageError(f"there is no scale '{scale}': take one of {listed(get_args(Scale))}")


def value_range(values: Floats, scale: Scale) -> tuple[float, float]:
    """The lowest and the highest value that the scale shows; NaN and infinities do not count, (0, 1) if none counts."""
    finite = values[np.isfinite(values)]
    if scale == "log":
        finite = finite[finite > 0]
    if not finite.size:
        return (0.1, 1.0) if scale == "log" else (0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if scale in ("symmetric", "symlog"):
        high = max(abs(low), abs(high))
        low = -high
    return low, high


def linear_below(values: Floats) -> float:
    """The size of values below which a symlog scale is linear: that of the smallest, at most four decades down."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return float(max(sizes.min(), sizes.max() / 10**_MOST_DECADES)) if sizes.size else 1.0


class Span(NamedTuple):
    """The part of a scale that an axis or a row of shades covers.

    Attributes:
        low: the value at its lower end.
        high: the value at its upper end, above `low`.
        scale: linear, log, symlog or symmetric.
        linear_below: of a symlog scale: the size of values below which it is linear.
    """

    low: float
    high: float
    scale: Scale = "linear"
    linear_below: float = 1.0

    def shares(self, values: Floats) -> Floats:
        """Where the values are between the lower end, 0, and the upper end, 1; nan where the scale shows none.

        Args:
            values: of any shape; those outside are below 0 or above 1.
        """
        ends = np.array([self.low, self.high])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if self.scale == "log":
                values, ends = np.log10(np.where(values > 0, values, np.nan)), np.log10(ends)
            elif self.scale == "symlog":
                values, ends = np.arcsinh(values / self.linear_below), np.arcsinh(ends / self.linear_below)
            exponent = int(np.frexp(np.abs(ends).max())[1])
            if abs(exponent) > 1000:  # where a difference of floats is none
                values, ends = np.ldexp(values, -exponent), np.ldexp(ends, -exponent)
            return np.asarray((values - ends[0]) / (ends[1] - ends[0]), dtype=np.float64)


def span_of(values: Floats, scale: Scale) -> Span:
    """The span that shows all these values; a single one is in its middle.

    Without a value above 0 a log scale has nothing to show, and the span is linear.
    """
    if scale == "log" and not np.any(values[np.isfinite(values)] > 0):
        scale = "linear"
    low, high = value_range(values, scale)
    if not high > low and scale == "log":
        return Span(low / 2 or low, min(high * 2, _LARGEST), scale)
    return Span(*widened(low, high), scale, linear_below(values) if scale == "symlog" else 1.0)


def horizontal_span(values: Floats, limits: tuple[float, float] | None) -> Span:
    """The span of a horizontal axis: all values, and the whole of what the run covers if they lie in it.

    Args:
        values: float [n].
        limits: where the run says that it begins and ends, the lower first. A relative scan names distances, not
            positions: then the values lie outside, and they alone count.
    """
    low, high = value_range(values, "linear")
    if limits is not None and np.isfinite(values).any():
        slack = _LIMIT_SLACK * (limits[1] - limits[0])
        if low >= limits[0] - slack and high <= limits[1] + slack:
            low, high = min(low, limits[0]), max(high, limits[1])
    return Span(*widened(low, high))


def brightness(values: Floats, scale: Scale) -> Floats:
    """The values as numbers from 0 (dark) to 1 (bright); NaN is dark."""
    low, high = value_range(values, scale)
    if not high > low:
        return np.zeros(values.shape)
    inside = np.clip(np.nan_to_num(values, nan=low, posinf=high, neginf=low), low, high)
    threshold = linear_below(values) if scale == "symlog" else 1.0
    return np.clip(np.nan_to_num(Span(low, high, scale, threshold).shares(inside)), 0.0, 1.0)


def margin_of(low: float, high: float) -> float:
    """The room left on both sides of the values of a linear axis."""
    return 0.05 * (high - low) or abs(high) * 0.05 or 1.0


def widened(low: float, high: float) -> tuple[float, float]:
    """The two ends; of a single value, ends with it in their middle."""
    if high > low:
        return low, high
    margin = margin_of(low, high)
    return max(low - margin, -_LARGEST), min(high + margin, _LARGEST)
