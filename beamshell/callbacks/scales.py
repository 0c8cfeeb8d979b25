"""Scales of pictures in matplotlib: norms and colour maps of images, heights of axes.

It knows no window and no run; views/scales.py says what the scales are. matplotlib is imported with the first picture
in a window.
"""

from __future__ import annotations

from typing import Any

from beamshell.arrays import Floats, np
from beamshell.views.scales import Scale, linear_below, margin_of, value_range


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
