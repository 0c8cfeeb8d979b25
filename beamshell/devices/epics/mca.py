"""EpicsMCA: the mca record, a spectrum that is counted for a preset time, and sums over regions of it.

It knows the fields of the mca record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from typing_extensions import override

from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.epics.counter import CountSwitch, PresetCounter
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.part import Fact, Kind
from beamshell.devices.values import begin_current_values, begin_values
from beamshell.errors import BadValue, DeviceError
from beamshell.protocols import Hints
from beamshell.text.nearest import unknown

REGIONS = 10
_LONGEST_DEAD = 10.0
"""The factor by which a count may last longer than its live time before it has failed."""


class McaRegion(Device):
    """A region of the spectrum: the counts in the channels from `low` to `high`, both included.

    The counts are recorded under the name of the region.
    """

    counts = Component(EpicsSignalRO, "", kind=Kind.hinted)
    net = Component(EpicsSignalRO, "N", kind=Kind.omitted, doc="counts above the line between its ends")
    low = Component(EpicsSignal, "LO", kind=Kind.config)
    high = Component(EpicsSignal, "HI", kind=Kind.config)
    title = Component(EpicsSignal, "NM", kind=Kind.omitted, string=True)

    def part_name(self, attr: str) -> str:
        """The counts have the name of the region itself."""
        return self.name if attr == "counts" and self.name else super().part_name(attr)

    @property
    def hints(self) -> Hints:
        """Its counts, if they are to be shown."""
        return {"fields": [self.counts.name] if self.counts.kind & Kind.hinted == Kind.hinted else []}


def _region(number: int) -> Component[McaRegion]:
    return Component(McaRegion, f".R{number}", kind=Kind.omitted, lazy=True)


class EpicsMCA(PresetCounter):
    """A multichannel analyser: `<name>_spectrum`, and the counts of its regions as `<name>_<region>`.

    A trigger erases the spectrum and counts until a preset time is over: `count_time` in real time or `live_preset` in
    live time, whichever comes first; 0 is none.

    Args:
        prefix: the record: "BL:mca1".
        name: its name.
        rois: the regions by name, each with its first and last channel: ``{"Fe": [610, 670]}``; at most ten. They are
            written to the record whenever the device is staged.
        hinted: the regions that tables and plots show; None is all. Without regions that is the sum of the spectrum.
        kwargs: those of Device.

    Example:
        >>> mca = EpicsMCA("BL:mca1", name="mca", rois={"Fe": [610, 670]})
        >>> mca.count_time.set(0.5).wait()
        >>> mca.trigger().wait()

    Raises:
        BadValue: a region is no pair of channels.
        UnknownName: `hinted` names a region that is not in `rois`.
    """

    spectrum = Component(EpicsSignalRO, ".VAL", kind=Kind.normal)
    total = Component(EpicsSignalRO, ".ACT", kind=Kind.normal)
    real_time = Component(EpicsSignalRO, ".ERTM", kind=Kind.normal)
    live_time = Component(EpicsSignalRO, ".ELTM", kind=Kind.normal)
    dead_time = Component(EpicsSignalRO, ".DTIM", kind=Kind.normal, doc="in percent of the real time")
    dead_time_now = Component(EpicsSignalRO, ".IDTIM", kind=Kind.omitted)
    count_time = Component(EpicsSignal, ".PRTM", kind=Kind.config)
    live_preset = Component(EpicsSignal, ".PLTM", kind=Kind.config)
    channels = Component(EpicsSignal, ".NUSE", kind=Kind.config)
    energy_offset = Component(EpicsSignal, ".CALO", kind=Kind.config)
    energy_slope = Component(EpicsSignal, ".CALS", kind=Kind.config)
    energy_quadratic = Component(EpicsSignal, ".CALQ", kind=Kind.config)
    energy_unit = Component(EpicsSignalRO, ".EGU", kind=Kind.config, string=True)
    acquiring = Component(EpicsSignalRO, ".ACQG", kind=Kind.omitted)
    start = Component(CountSwitch, ".ERST", kind=Kind.omitted, write_timeout=None)
    stop_button = Component(EpicsSignal, ".STOP", kind=Kind.omitted, put_complete=False)
    roi0 = _region(0)
    roi1 = _region(1)
    roi2 = _region(2)
    roi3 = _region(3)
    roi4 = _region(4)
    roi5 = _region(5)
    roi6 = _region(6)
    roi7 = _region(7)
    roi8 = _region(8)
    roi9 = _region(9)

    def __init__(
        self,
        prefix: str,
        *,
        name: str = "",
        rois: Mapping[str, Sequence[int]] | None = None,
        hinted: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self._channels_of = {region: _pair(f"{name}: region {region}", ends) for region, ends in (rois or {}).items()}
        self._attrs = {region: f"roi{number}" for number, region in enumerate(self._channels_of)}
        self._names = {attr: region for region, attr in self._attrs.items()}
        if len(self._attrs) > REGIONS:
            raise BadValue(f"{name}: {len(self._attrs)} regions are too many, the record has {REGIONS}")
        super().__init__(prefix, name=name, **kwargs)
        for region in hinted or ():
            if region not in self._attrs:
                raise unknown("region", region, self._attrs, of=name)
        for region in self._attrs:
            self.region(region).kind = Kind.hinted if hinted is None or region in hinted else Kind.normal
            self.region(region).counts.kind = self.region(region).kind
        if not self._attrs:
            self.total.kind = Kind.hinted

    def part_name(self, attr: str) -> str:
        """A region has the name that the device file gives it."""
        return super().part_name(attr) if attr not in self._names else f"{self.name}_{self._names[attr]}"

    def region(self, name: str) -> McaRegion:
        """The region of this name.

        Raises:
            UnknownName: there is none; the message offers the nearest.
        """
        if name not in self._attrs:
            raise unknown("region", name, self._attrs, of=self.name)
        region: McaRegion = self.part(self._attrs[name])
        return region

    @property
    def energies(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The energy of each channel in `energy_unit`, by the record's calibration: float64, shape (channels,)."""
        parts = (self.channels, self.energy_offset, self.energy_slope, self.energy_quadratic)
        count, offset, slope, quadratic = begin_values(*parts)()
        channels = np.arange(int(count), dtype=np.float64)
        energies: np.ndarray[Any, np.dtype[np.float64]] = offset + channels * (slope + channels * quadratic)
        return energies

    @override
    def stage(self) -> list[Any]:
        """Make ready for a run; the regions of the device file are written to the record, and stay there.

        Raises:
            DeviceError: it is read-only, and the record has other regions.
        """
        if self.read_only:
            self._compare_regions()
        else:
            self._write_regions()
        return super().stage()

    def _write_regions(self) -> None:
        written = []
        for name, (low, high) in self._channels_of.items():
            region = self.region(name)
            written += [region.low.set(low), region.high.set(high), region.title.set(name[:15])]
        for status in written:
            status.wait()

    def _compare_regions(self) -> None:
        for name, ends in self._channels_of.items():
            region = self.region(name)
            recorded = begin_values(region.low, region.high)()
            if recorded != list(ends):
                raise DeviceError(
                    f"{region.name}: the record has channels {recorded} and the device file {list(ends)}; it is "
                    "read-only here, so change one of them"
                )

    @override
    def _longest_s(self) -> float:
        real_s, live_s = begin_current_values(self.count_time, self.live_preset)()
        if real_s <= 0 and live_s <= 0:
            raise DeviceError(
                f"{self.name}: it has no preset time and would count for ever: {self.name}.count_time.set(1)"
            )
        return float(real_s) if real_s > 0 else float(live_s) * _LONGEST_DEAD

    @override
    def _end_count(self) -> None:
        self.start.refuse_if_offline()
        self.stop_button.put(1)

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """An mca record."""
        yield {"is": "mca", "record": self.prefix}
        yield from super().simulation(settings)


def _pair(label: str, channels: Sequence[int]) -> tuple[int, int]:
    numbers = [int(one) for one in channels if isinstance(one, int)] if isinstance(channels, Sequence) else []
    if len(numbers) != 2 or len(channels) != 2 or not 0 <= numbers[0] <= numbers[1]:
        raise BadValue(f"{label}: {channels!r} is no pair of channels: write [first, last], such as [610, 670]")
    return numbers[0], numbers[1]
