"""Counters: detectors that count once for a preset time when they are triggered.

They know the records of such detectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO, pv_of
from beamshell.devices.part import Fact, Kind
from beamshell.devices.positioner import begin_current_values
from beamshell.devices.status import DeviceStatus, Status
from beamshell.errors import DeviceError

_MARGIN_S = 10.0
_MARGIN_FACTOR = 2.0


class PresetCounter(Device):
    """The base of all devices that count for a preset time.

    A subclass declares `start` (a write of 1 begins, and completes when the time is over; 0 ends it) and `count_time`.
    """

    start: Any
    count_time: Any
    _counting: DeviceStatus | None = None

    def trigger(self) -> Status:
        """Count once; done when the count time is over and the results are there.

        Raises:
            NotConnected: the detector does not answer.
        """
        allowed_s = _MARGIN_S + _MARGIN_FACTOR * self._longest_s()
        counting = self._counting = DeviceStatus(self, action="count", timeout=allowed_s)
        try:
            self.start.set(1).add_callback(lambda written: counting.end(written.exception()))
        except DeviceError as exc:
            counting.end(exc)
            raise
        return counting

    def stop(self, success: bool = False) -> None:
        """Stop counting now; an unfinished count then has failed, or succeeded if `success`."""
        if self._counting is not None:
            self._counting.end(None if success else DeviceError(f"{self.name}: the count was stopped"))
        if not self.read_only:
            self._end_count()

    def _longest_s(self) -> float:
        """The longest duration of a count in seconds, by its presets."""
        return float(begin_current_values(self.count_time)()[0])

    def _end_count(self) -> None:
        self.start.put(0)

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """A counter, whose results are all that is recorded in every event and cannot be written."""
        signals = [signal for _, signal in self.walk_signals()]
        results = [pv_of(signal) for signal in signals if Kind.normal in signal.kind and not signal.writable]
        yield {"is": "counter", "start": pv_of(self.start), "preset": pv_of(self.count_time), "results": results}
        yield from super().simulation(settings)


class EpicsCounter(PresetCounter):
    """A detector with a start, a preset time and a result, recorded under the name of the device itself.

    Args:
        prefix: the beginning of its addresses: "BL:det" for BL:det:CNT, BL:det:TP and BL:det:S.
        name: its name.
        kwargs: those of Device.

    Example:
        >>> det = EpicsCounter("BL:det", name="det")
        >>> det.count_time.set(0.5).wait()
        >>> det.trigger().wait()
        >>> det.read()
        {'det': {'value': ..., 'timestamp': ..., ...}}
    """

    counts = Component(EpicsSignalRO, ":S", kind=Kind.hinted)
    count_time = Component(EpicsSignal, ":TP", kind=Kind.config, limits=True)
    start = Component(EpicsSignal, ":CNT", kind=Kind.omitted, write_timeout=None)

    def part_name(self, attr: str) -> str:
        """The result has the name of the device itself."""
        return self.name if attr == "counts" and self.name else super().part_name(attr)
