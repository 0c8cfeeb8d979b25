"""EpicsScaler: the scaler record: several counters that stop together after a preset time.

It knows the fields of the scaler record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from beamshell.devices.component import Component
from beamshell.devices.epics.counter import PresetCounter
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.part import Fact, Kind
from beamshell.text.nearest import unknown


class ScalerChannel(EpicsSignalRO):
    """One counter of a scaler record, with the name that was given to it there.

    Args:
        read_pv: its counts: "BL:scaler.S3".
        kwargs: those of EpicsSignalRO.
    """

    def __init__(self, read_pv: str, **kwargs: Any) -> None:
        super().__init__(read_pv, **kwargs)
        record, _, number = read_pv.rpartition(".S")
        self.title_signal = EpicsSignalRO(f"{record}.NM{number}", name=f"{self.name}_title", auto_monitor=True)

    @property
    def title(self) -> str:
        """Its name in the record, such as "I0"; "" if it has none or is offline."""
        latest = self.title_signal.latest
        return str(latest["value"]) if latest else ""

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """Its counts, and the record's field with its name."""
        yield from super().simulation(settings)
        yield from self.title_signal.simulation({})


class EpicsScaler(PresetCounter):
    """A scaler record with up to eight channels, recorded as `<name>_s1` and so on.

    Args:
        prefix: the record: "BL:scaler".
        name: its name.
        channels: the numbers of the channels that are recorded; None is all eight.
        hinted: the numbers of those that tables and plots show; None is all that are recorded but the clock, s1.
        kwargs: those of Device.

    Example:
        >>> scaler = EpicsScaler("BL:scaler", name="scaler", channels=[1, 2, 3])
        >>> scaler.count_time.set(0.5).wait()
        >>> scaler.trigger().wait()
    """

    s1 = Component(ScalerChannel, ".S1")
    s2 = Component(ScalerChannel, ".S2")
    s3 = Component(ScalerChannel, ".S3")
    s4 = Component(ScalerChannel, ".S4")
    s5 = Component(ScalerChannel, ".S5")
    s6 = Component(ScalerChannel, ".S6")
    s7 = Component(ScalerChannel, ".S7")
    s8 = Component(ScalerChannel, ".S8")
    count_time = Component(EpicsSignal, ".TP", kind=Kind.config)
    elapsed_time = Component(EpicsSignalRO, ".T", kind=Kind.omitted)
    clock_frequency = Component(EpicsSignalRO, ".FREQ", kind=Kind.config)
    clock_preset = Component(EpicsSignal, ".PR1", kind=Kind.omitted, lazy=True)
    start = Component(EpicsSignal, ".CNT", kind=Kind.omitted, write_timeout=None)

    def __init__(
        self,
        prefix: str,
        *,
        name: str = "",
        channels: list[int] | None = None,
        hinted: list[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(prefix, name=name, **kwargs)
        recorded = list(range(1, 9)) if channels is None else channels
        numbers_hinted = [number for number in recorded if number != 1] if hinted is None else hinted
        for number in {*recorded, *numbers_hinted} - set(range(1, 9)):
            raise unknown("channel", str(number), map(str, range(1, 9)), of=self.name or prefix)
        for number in range(1, 9):
            kind = Kind.hinted if number in numbers_hinted else Kind.normal if number in recorded else Kind.omitted
            self.channel(number).kind = kind

    def channel(self, number: int) -> ScalerChannel:
        """The counter with this number, from 1."""
        signal: ScalerChannel = self.part(f"s{number}")
        return signal

    @property
    def titles(self) -> dict[str, str]:
        """The names of the channels in the record, by recorded key."""
        return {channel.name: channel.title for channel in map(self.channel, range(1, 9))}

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """A scaler record."""
        yield {"is": "scaler", "record": self.prefix, **settings}
        yield from super().simulation(settings)
