"""EpicsCounter: a point detector that counts once for a preset time.

It knows the records of such a detector, and nothing of what is counted.
"""

from __future__ import annotations

from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.kind import Kind
from beamshell.devices.signal import EpicsSignal, EpicsSignalRO


class EpicsCounter(Device):
    """A detector with a start, a preset time and a result, recorded under the name of the device itself.

    Args:
        prefix: what its addresses begin with: "BL:det" for BL:det:CNT, BL:det:TP and BL:det:S.
        name: its name.
        kwargs: those of Device.

    Example:
        >>> det = EpicsCounter("BL:det", name="det")
        >>> det.count_time.set(0.5).wait()
        >>> det.trigger().wait()
        >>> det.read()
        {'det': {'value': 24613.0, 'timestamp': 1700000000.0, ...}}
    """

    counts = Component(EpicsSignalRO, ":S", kind=Kind.hinted)
    count_time = Component(EpicsSignal, ":TP", kind=Kind.config, limits=True)
    start = Component(EpicsSignal, ":CNT", kind=Kind.omitted, trigger_value=1, write_timeout=None)

    def part_name(self, attr: str) -> str:
        """The result has the name of the device itself."""
        return self.name if attr == "counts" and self.name else super().part_name(attr)

    def stop(self, success: bool = False) -> None:  # noqa: ARG002  a count that was cut short has ended, that is all
        """Stop counting now."""
        self.start.put(0)
