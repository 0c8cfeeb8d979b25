"""The peak statistics of a run along one axis, and their sentence: "det: max 998 at th 0.100 deg, cen 0.052 ...".

Pure: it needs no plot.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from beamshell.analysis.peaks import Peak, peak
from beamshell.analysis.refusals import Shape
from beamshell.analysis.signals import parts_of, value_of
from beamshell.documents import Document
from beamshell.documents.alarms import INVALID, Alarms
from beamshell.documents.router import RunReceiver
from beamshell.text.numbers import counted, number, position_digits, with_unit
from beamshell.views.curves import as_numbers
from beamshell.views.fields import Field, as_rates, axes, field, resolve, signals


def clearest(peaks: Mapping[str, Peak]) -> Peak:
    """The first curve with a peak; else the first that is more than noise; else the first.

    Args:
        peaks: by signal, at least one.
    """
    good = [peak for peak in peaks.values() if peak.doubt is None]
    return next(iter([*good, *(peak for peak in peaks.values() if not is_noise(peak)), *peaks.values()]))


def is_noise(peak: Peak) -> bool:
    """Whether the curve is no more than noise; several narrow peaks are more, though none of them stands out alone."""
    several = peak.doubt is not None and peak.doubt.shape == Shape.SEVERAL
    return not (peak.significance.is_clear or several)


def is_curve(start: Document) -> bool:
    """True for a scan along one axis other than time."""
    scanned = axes(start)
    return len(scanned) == 1 and scanned != ["time"]


class RunPoints(NamedTuple):
    """The points of one signal of a scan along one axis."""

    x: Field
    y: Field
    xs: list[float]
    ys: list[float]
    exposures: list[float] | None
    """What counts were divided by; None if by nothing."""


class RunPeaks(RunReceiver):
    """Collects the points of the primary stream of a run that `is_curve`."""

    def __init__(self, start: Document) -> None:
        super().__init__()
        self._start = start
        self._primary: Document = {}
        self._points: dict[int, Document] = {}
        self._alarms = Alarms()

    def descriptor(self, descriptor: Document) -> None:
        """Note the primary stream."""
        if descriptor.get("name") == "primary":
            self._primary = descriptor

    def event(self, descriptor: Document, event: Document) -> None:
        """Take a point; one measured again replaces the one before. A value that is not to be trusted is left out."""
        self._alarms.take(descriptor, event)
        if descriptor.get("name") == "primary":
            data = event.get("data") or {}
            if severities := self._alarms.of(event):
                data = {key: value for key, value in data.items() if severities.get(key) != INVALID}
            self._points[event["seq_num"]] = data

    def signal(self, name: str) -> str | None:
        """The signal for a name: a key, a device or a quotient; counts with count times of their own are rates."""
        return next(iter(as_rates(self._primary, resolve(self._primary, [name])[0])), None)

    def peaks(self, *named: str | None) -> dict[str, Peak]:
        """The statistics by signal, the first detector first; those without a peak are left out.

        Args:
            named: signals to look at beside the detectors, such as "it/i0"; one that is not recorded is left out.
        """
        x = axes(self._start)[0]
        xs = self._column(x)
        keys = [*self.signals(), *filter(None, map(self.signal, filter(None, named)))]
        ys = [key for key in dict.fromkeys(keys) if field(self._primary, key).is_number]
        return {y: statistics for y in ys if (statistics := self._peak(x, y, xs)) is not None}

    def signals(self) -> list[str]:
        """The signals of the detectors, the first detector first."""
        return signals(self._start, self._primary)

    def points(self, signal: str) -> RunPoints:
        """The points of a signal against the axis of the scan."""
        x = axes(self._start)[0]
        about = field(self._primary, x), field(self._primary, signal)
        return RunPoints(*about, self._column(x), self._column(signal), self._divisor(signal))

    def _peak(self, x: str, y: str, xs: list[float]) -> Peak | None:
        about = field(self._primary, x)
        return peak(x, y, xs, self._column(y), self._divisor(y), unit=about.units, precision=about.precision)

    def _divisor(self, signal: str) -> list[float] | None:
        """What a signal was divided by; None if by nothing."""
        parts = parts_of(signal, self._primary.get("data_keys") or {})
        return None if parts is None else self._column(parts[1])

    def sentence(self, peak: Peak) -> str:
        """The statistics of one peak on a line: ``det: max 998 at th 0.100 deg, cen 0.052, fwhm 0.235, com 0.049``.

        A curve that may be noise has no centre: the line says how much it varies. Of one without a peak it says what
        there is instead. Positions have the digits of the axis, or more where its points are nearer to each other.
        """
        y = field(self._primary, peak.y)
        is_dip = peak.is_dip and not is_noise(peak)
        value, position = (peak.min_y, peak.min_x) if is_dip else (peak.max_y, peak.max_x)
        is_quotient = parts_of(peak.y, self._primary.get("data_keys") or {}) is not None
        height = f"{value:.6g}" if is_quotient else number(value, y.precision)
        left_out = f" ({counted(peak.left_out, 'point')} without a number left out)" if peak.left_out else ""
        place = with_unit(self.position(peak, position), self._unit(peak))
        text = f"{peak.y}: {'min' if is_dip else 'max'} {height} at {peak.x} {place}{left_out}"
        if is_noise(peak):
            return f"{text}; no clear peak ({peak.significance})"
        if peak.doubt is not None or peak.cen is None or peak.fwhm is None or peak.com is None:
            return f"{text}; no centre: {self.shape(peak)}"
        cen, fwhm, com = (self.position(peak, value) for value in (peak.cen, peak.fwhm, peak.com))
        return f"{text}, cen {cen}, fwhm {fwhm}, com {com}" + (" (a dip)" if peak.is_dip else "")

    def shape(self, peak: Peak) -> str:
        """What the curve shows, in a few words: "a peak", "a slope", "an edge at 8.9794 keV"."""
        if is_noise(peak):
            return Shape.NOISE
        if peak.doubt is None:
            return "a dip" if peak.is_dip else "a peak"
        places = " and ".join(self.position(peak, place) for place in peak.doubt.places)
        return f"{peak.doubt.shape} at {with_unit(places, self._unit(peak))}" if places else peak.doubt.shape

    def position(self, peak: Peak, value: float) -> str:
        """A position on the axis with as many digits as all positions of this curve have."""
        return number(value, position_digits(peak.step, field(self._primary, peak.x).precision), as_position=True)

    def _unit(self, peak: Peak) -> str:
        return field(self._primary, peak.x).units

    def _column(self, key: str) -> list[float]:
        return as_numbers([value_of(key, data) for data in self._points.values()])
