"""The peak statistics of a run along one axis, and their sentence: "det: max 998 at th 0.100 deg, cen 0.052 ...".

Pure: it needs no plot.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from beamshell.analysis.peaks import Peak, peak
from beamshell.analysis.signals import parts_of, value_of
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.text.numbers import number, with_unit
from beamshell.views.curves import as_numbers
from beamshell.views.fields import axes, field, resolve, signals


def clearest(peaks: Mapping[str, Peak]) -> Peak:
    """The first peak that is more than noise and has a centre; else the first that is more than noise; else the first.

    Args:
        peaks: by detector, at least one.
    """
    clear = [peak for peak in peaks.values() if peak.significance.is_clear]
    return next(iter([*(peak for peak in clear if peak.cen is not None), *clear, *peaks.values()]))


def is_curve(start: Document) -> bool:
    """True for a scan along one axis other than time."""
    scanned = axes(start)
    return len(scanned) == 1 and scanned != ["time"]


class RunPeaks(RunReceiver):
    """Collects the points of the primary stream of a run that `is_curve`."""

    def __init__(self, start: Document) -> None:
        super().__init__()
        self._start = start
        self._primary: Document = {}
        self._points: dict[int, Document] = {}

    def descriptor(self, descriptor: Document) -> None:
        """Note the primary stream."""
        if descriptor.get("name") == "primary":
            self._primary = descriptor

    def event(self, descriptor: Document, event: Document) -> None:
        """Take a point; one measured again replaces the one before."""
        if descriptor.get("name") == "primary":
            self._points[event["seq_num"]] = event.get("data") or {}

    def peaks(self, named: str | None = None) -> dict[str, Peak]:
        """The statistics by signal, the first detector first; those without a peak are left out.

        Args:
            named: a signal to look at beside the detectors, such as "it/i0"; one that is not recorded is left out.
        """
        x = axes(self._start)[0]
        xs = self._column(x)
        keys = [*signals(self._start, self._primary), *resolve(self._primary, [named] if named else [])[0]]
        ys = [key for key in dict.fromkeys(keys) if field(self._primary, key).is_number]
        return {y: statistics for y in ys if (statistics := self._peak(x, y, xs)) is not None}

    def _peak(self, x: str, y: str, xs: list[float]) -> Peak | None:
        parts = parts_of(y, self._primary.get("data_keys") or {})
        return peak(x, y, xs, self._column(y), None if parts is None else self._column(parts[1]))

    def sentence(self, peak: Peak) -> str:
        """The statistics of one peak on a line: ``det: max 998 at th 0.100 deg, cen 0.052, fwhm 0.235, com 0.049``.

        A curve that may be noise has no centre: the line says how much it varies. Positions have the digits of the
        axis, or more where its points are nearer to each other.
        """
        x, y = field(self._primary, peak.x), field(self._primary, peak.y)
        digits = max(x.precision or 0, 3, math.ceil(-math.log10(peak.step)) + 1)
        is_dip = peak.is_dip and peak.significance.is_clear
        value, position = (peak.min_y, peak.min_x) if is_dip else (peak.max_y, peak.max_x)
        place = with_unit(number(position, digits, as_position=True), x.units)
        is_quotient = parts_of(peak.y, self._primary.get("data_keys") or {}) is not None
        height = f"{value:.6g}" if is_quotient else number(value, y.precision)
        text = f"{peak.y}: {'min' if is_dip else 'max'} {height} at {peak.x} {place}"
        if not peak.significance.is_clear:
            return f"{text}; no clear peak ({peak.significance})"
        if peak.cen is None or peak.fwhm is None or peak.com is None:
            return f"{text} (no centre: half height is not crossed on both sides)"
        cen, fwhm, com = (number(value, digits, as_position=True) for value in (peak.cen, peak.fwhm, peak.com))
        return f"{text}, cen {cen}, fwhm {fwhm}, com {com}" + (" (a dip)" if peak.is_dip else "")

    def _column(self, key: str) -> list[float]:
        return as_numbers([value_of(key, data) for data in self._points.values()])
