"""MultichannelScaler: counters that fill one bin after the other, such as the SIS3820.

It knows the records of SIS38XX.template (EPICS mca module), and no motor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from beamshell.devices.component import Component
from beamshell.devices.epics.counter import CountSwitch, StoppableCounter
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.part import Fact, Kind
from beamshell.devices.status import DeviceStatus, Status
from beamshell.devices.values import begin_values
from beamshell.errors import BadValue, LimitError
from beamshell.protocols import DataKey

_MARGIN_S = 10.0
_MARGIN_FACTOR = 3.0


class MultichannelScaler(StoppableCounter):
    """A multichannel scaler: ``mcs.count_bins(100, 0.05)``, or a trigger with the settings that it has.

    Each counter is a part of it, an array with a number a bin, recorded as `<name>_<counter>`.

    Args:
        prefix: the beginning of its addresses, "BL:mcs:" for BL:mcs:EraseStart and the others.
        name: its name.
        counters: the number of the array of each counter, by what it is called: {"i0": 2} for BL:mcs:mca2.
        hinted: the counters that the table and the plot of a flight show; None is all of them.
        kwargs: those of Device.

    Raises:
        BadValue: there is no counter, one cannot be called so, or one is hinted that is not there.

    Example:
        >>> mcs = MultichannelScaler("BL:mcs:", name="mcs", counters={"i0": 2, "it": 3})
        >>> mcs.count_bins(100, 0.05).wait()
        >>> mcs.begin_filled()()["it"].shape
        (100,)
    """

    start = Component(CountSwitch, "EraseStart", kind=Kind.omitted, write_timeout=None)
    stop_all = Component(EpicsSignal, "StopAll", kind=Kind.omitted)
    acquiring = Component(EpicsSignalRO, "Acquiring", kind=Kind.omitted, auto_monitor=True)
    bins = Component(EpicsSignalRO, "CurrentChannel", kind=Kind.hinted, auto_monitor=True)
    most_bins = Component(EpicsSignalRO, "MaxChannels", kind=Kind.omitted, auto_monitor=True)
    dwell = Component(EpicsSignal, "Dwell", kind=Kind.config)
    num_bins = Component(EpicsSignal, "NuseAll", kind=Kind.config)
    preset_time = Component(EpicsSignal, "PresetReal", kind=Kind.config)
    advance = Component(EpicsSignal, "ChannelAdvance", kind=Kind.config)

    def __init__(
        self,
        prefix: str,
        *,
        name: str = "",
        counters: Mapping[str, int],
        hinted: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.counters = tuple(counters)
        self.hinted = tuple(counters if hinted is None else hinted)
        self._check_counters(name or prefix)
        arrays = {counter: Component(EpicsSignalRO, f"mca{number}") for counter, number in counters.items()}
        super().__init__(prefix, name=name, own_parts=arrays, **kwargs)

    def _check_counters(self, name: str) -> None:
        if not self.counters:
            raise BadValue(f"{name}: it has no counters; write counters: {{i0: 2, it: 3}} for its arrays mca2 and mca3")
        for counter in self.counters:
            if not counter.isidentifier() or hasattr(type(self), counter):
                raise BadValue(f"{name}: a counter cannot be called {counter!r}; choose another name")
        if missing := [counter for counter in self.hinted if counter not in self.counters]:
            raise BadValue(f"{name}: {', '.join(missing)} is none of its counters {', '.join(self.counters)}")

    # ---- counting ----------------------------------------------------------------------------

    def prepare_bins(self, number: int, seconds: float, *, pulses: bool = False) -> list[Status]:
        """Set number and duration of the bins of the next start; the statuses of the writes.

        Args:
            number: the number of bins.
            seconds: the duration of each bin.
            pulses: True if external pulses begin the bins, in place of the time.

        Raises:
            BadValue: it cannot hold so many.
            LimitError: it has no bins of this duration.
        """
        self.check_bins(number, seconds)
        settings = (
            (self.num_bins, number),
            (self.dwell, seconds),
            (self.preset_time, 0.0),
            (self.advance, int(pulses)),
        )
        return [signal.set(value) for signal, value in settings]

    def check_bins(self, number: int, seconds: float) -> None:
        """Return if it can fill this number of bins, each for some seconds.

        Raises:
            BadValue: it cannot hold so many.
            LimitError: it has no bins of this duration.
        """
        latest = self.most_bins.latest if self.most_bins.connected else None
        if latest is not None and number > latest["value"]:
            raise BadValue(f"{self.name}: {number} bins are more than it holds, which is {latest['value']:g}")
        shortest, longest = self.dwell.limits
        if shortest < longest and not shortest <= seconds <= longest:
            raise LimitError(
                f"{self.name}: bins of {seconds:g} s are outside its limits {shortest:g} and {longest:g} s"
            )

    def begin_bins(self, allowed_s: float) -> DeviceStatus:
        """Erase and start; done when all bins are full, or when it has come to rest after a stop.

        Args:
            allowed_s: seconds until that has failed.

        Raises:
            NotConnected: it does not answer.
            NotStopped: it does not end the count before.
        """
        return self._begin_count(allowed_s)

    def count_bins(self, number: int, seconds: float) -> DeviceStatus:
        """Fill a number of bins, each for some seconds; done when all are full."""
        for written in self.prepare_bins(number, seconds):
            written.wait()
        return self.trigger()

    def trigger(self) -> DeviceStatus:
        """Fill the number of bins that is set; done when all are full."""
        number, seconds = begin_values(self.num_bins, self.dwell)()
        return self.begin_bins(allowed_bins_s(number, seconds))

    def _end_count(self) -> None:
        """Stop; the bins that are full are kept."""
        self.start.refuse_if_offline()
        self.stop_all.put(1)

    # ---- what it has counted -----------------------------------------------------------------

    def begin_filled(self) -> Any:
        """Request the bins that are full now; the function returned collects them, by counter: shape (bins,)."""
        collect = begin_values(self.bins, *(self.part(counter) for counter in self.counters))

        def collected() -> dict[str, npt.NDArray[Any]]:
            full, *arrays = collect()
            columns = [np.atleast_1d(array) for array in arrays]
            full = min([int(full), *(len(column) for column in columns)])
            return {counter: column[:full] for counter, column in zip(self.counters, columns, strict=True)}

        return collected

    def describe_bins(self, counters: Iterable[str]) -> dict[str, DataKey]:
        """The data keys of one bin of these counters, for flyers that hand bins over one by one."""
        described: dict[str, DataKey] = {}
        for counter in counters:
            signal = self.part(counter)
            whole: DataKey = signal.describe()[signal.name]
            one: DataKey = {**whole, "dtype": "number", "shape": []}
            if np.issubdtype(whole.get("dtype_numpy", "<f8"), np.integer):
                one = {**one, "dtype": "integer", "units": "counts", "precision": 0}
            described[signal.name] = one
        return described

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """A multichannel scaler, with its arrays."""
        yield {"is": "mcs", "prefix": self.prefix}
        yield from super().simulation(settings)


def allowed_bins_s(number: float, seconds: float) -> float:
    """A time-out in seconds that no healthy count of these bins reaches."""
    return _MARGIN_S + _MARGIN_FACTOR * number * seconds
