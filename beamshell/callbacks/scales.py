"""Scales of pictures: how values become colours, heights and shades: linear, log, symlog or symmetric.

It knows no window and no run. matplotlib is imported with the first picture in a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from beamshell.arrays import np
from beamshell.errors import UsageError
from beamshell.text.lists import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scale: TypeAlias = Literal["linear", "log", "symlog", "symmetric"]
"""`log` shows what is above 0; `symmetric` has 0 in its middle; `symlog` too, and is logarithmic on both sides."""

Floats: TypeAlias = "NDArray[np.float64]"

_MOST_DECADES = 4
"""Decades on each side of 0 on a symlog scale; between them it is linear."""


def check(scale: str) -> None:
    """Return if there is such a scale.

    Raises:
        UsageError: there is not; the message names those there are.
    """
    if scale not in get_args(Scale):
        raise UsageError(f"there is no scale '{scale}': take one of {listed(get_args(Scale))}")


def value_range(values: Floats, scale: Scale) -> tuple[float, float]:
    """The lowest and the highest value that the scale shows; NaN and infinities do not count, (0, 1) if none counts."""
    shown = values[np.isfinite(values)]
    if scale == "log":
        shown = shown[shown > 0]
    elif scale != "linear":
        shown = np.concatenate([shown, -shown])
    if not shown.size:
        return (0.1, 1.0) if scale == "log" else (0.0, 1.0)
    return float(shown.min()), float(shown.max())


def linear_below(values: Floats) -> float:
    """The size of values below which a symlog scale is linear: that of the smallest, at most four decades down."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return float(max(sizes.min(), sizes.max() / 10**_MOST_DECADES)) if sizes.size else 1.0


def colours(values: Floats, scale: Scale) -> dict[str, Any]:
    """Norm and colour map for matplotlib's images, by argument."""
    from matplotlib import colors

    low, high = value_range(values, scale)
    match scale:
        case "linear":
            return {"norm": colors.Normalize(low, high)}
        case "log":
            return {"norm": colors.LogNorm(low, high, clip=True)}  # 0 has the darkest colour, it was measured
        case "symmetric":
            return {"norm": colors.Normalize(low, high), "cmap": "RdBu_r"}
    return {"norm": colors.SymLogNorm(linear_below(values), vmin=low, vmax=high, base=10), "cmap": "RdBu_r"}


def brightness(values: Floats, scale: Scale) -> Floats:
    """The values as numbers from 0 (dark) to 1 (bright); NaN is dark."""
    low, high = value_range(values, scale)
    inside = np.clip(np.nan_to_num(values, nan=low, posinf=high, neginf=low), low, high)
    ends = np.array([low, high])
    if scale == "log":
        inside, ends = np.log10(inside), np.log10(ends)
    elif scale == "symlog":
        threshold = linear_below(values)
        inside, ends = (np.arcsinh(part / threshold) for part in (inside, ends))
    if not ends[1] > ends[0]:
        return np.zeros(values.shape)
    return np.asarray((inside - ends[0]) / (ends[1] - ends[0]))


def set_heights(ax: Any, values: Floats, scale: Scale) -> None:
    """Scale the vertical axis of matplotlib axes, with all values inside and a margin.

    Without a value above 0 a log scale has nothing to show, and the axis is linear.
    """
    if scale == "log" and not np.any(values[np.isfinite(values)] > 0):
        scale = "linear"
    low, high = value_range(values, scale)
    if scale == "log":
        ax.set_yscale("log", nonpositive="mask")
        margin = (high / low) ** 0.05 if high > low else 2.0
        ax.set_ylim(low / margin, high * margin)
    elif scale == "symlog":
        threshold = linear_below(values)
        ax.set_yscale("symlog", linthresh=threshold)
        ax.set_ylim(1.5 * low - threshold, 1.5 * high + threshold)
    else:
        ax.set_yscale("linear")
        margin = margin_of(low, high)
        ax.set_ylim(low - margin, high + margin)


def margin_of(low: float, high: float) -> float:
    """The room left on both sides of the values of a linear axis."""
    return 0.05 * (high - low) or abs(high) * 0.05 or 1.0
