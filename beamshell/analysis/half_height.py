"""Peak statistics from half height alone, as the field's `PeakStats` has them: they judge neither noise nor background.

Pure: columns of numbers in, statistics out. `analysis.peaks` says beside them whether there is a peak at all.
"""

from __future__ import annotations

from typing import NamedTuple

from beamshell.arrays import Floats, np

Place = tuple[float, float]
"""A position and the value there."""


class HalfHeightStatistics(NamedTuple):
    """Statistics of one curve; positions in the unit of x."""

    min: Place
    max: Place
    com: float
    """Centre of mass of the values as they are; a background pulls it to the middle of the scan."""
    cen: float | None
    """Mean of the crossings; None if there is none."""
    crossings: Floats | None
    """Where the curve crosses the middle between its lowest and its highest value, float [k]."""
    fwhm: float | None
    """Distance of the first and the last crossing; None if there are fewer than two."""
    lin_bkg: dict[str, float] | None
    """Slope "m" and offset "b" of the background that was subtracted; None if none was."""


def half_height_statistics(x: Floats, y: Floats, edge_count: int | None = None) -> HalfHeightStatistics:
    """The statistics of a curve.

    Args:
        x: positions, float [n], in the order in which they were measured.
        y: values, float [n]; at least one.
        edge_count: points at each end whose mean values show a linear background, which is subtracted; None
            subtracts none.
    """
    values, background = y, None
    if edge_count is not None:
        (left_x, left_y), (right_x, right_y) = (
            (float(x[part].mean()), float(y[part].mean())) for part in (slice(edge_count), slice(-edge_count, None))
        )
        slope = (right_y - left_y) / (right_x - left_x)
        background = {"m": slope, "b": left_y - slope * left_x}
        values = y - (slope * x + background["b"])
    low, high = int(values.argmin()), int(values.argmax())
    with np.errstate(divide="ignore", invalid="ignore"):  # the values may add up to 0
        middle_of_mass = np.arange(len(x)) @ values / values.sum()
    crossings = _crossings(x, values - (values[high] + values[low]) / 2)
    return HalfHeightStatistics(
        min=(float(x[low]), float(y[low])),
        max=(float(x[high]), float(y[high])),
        com=float(np.interp(middle_of_mass, np.arange(len(x)), x)),
        cen=float(crossings.mean()) if crossings.size else None,
        crossings=crossings if crossings.size else None,
        fwhm=abs(float(crossings[-1] - crossings[0])) if crossings.size > 1 else None,
        lin_bkg=background,
    )


def _crossings(x: Floats, above: Floats) -> Floats:
    """Where the values change their sign, interpolated, float [k]."""
    before = np.flatnonzero(np.diff((above > 0).astype(np.int8)))
    run, rise = x[before + 1] - x[before], above[before + 1] - above[before]
    return np.asarray(x[before] - above[before] * run / rise)
