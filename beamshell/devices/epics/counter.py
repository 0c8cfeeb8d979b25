"""Counters: detectors that count once for a preset time when they are triggered.

They know the records of such detectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from beamshell.channels.timers import call_later
from beamshell.channels.updates import completions
from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO, pv_of
from beamshell.devices.part import Fact, Kind
from beamshell.devices.status import DeviceStatus, Status
from beamshell.devices.values import begin_current_values
from beamshell.errors import DeviceError, NotConnected, NotStopped

_MARGIN_S = 10.0
_MARGIN_FACTOR = 2.0
ENDS_WITHIN_S = 5.0
"""Seconds that a detector may take to come to rest after a stop."""


class CountSwitch(EpicsSignal):
    """Starts a count by a write of 1, and ends it by one of 0.

    The write of 1 completes when the detector is at rest, also after a stop. A count that began before would end with
    the completion of the count before it, and with no counts.
    """

    _count: Status | None = None

    def begin_count(self) -> Status:
        """Write 1; the status ends when the detector is at rest, whatever is written meanwhile.

        Raises:
            NotConnected: nothing answers.
            NotStopped: the count before has not ended.
        """
        self._await_rest()
        checked = self._to_write(1)
        count = Status(self, action="count")

        def on_done(failure: BaseException | None) -> None:
            count.end(None if failure is None else type(failure)(f"{self.name}: {failure}"))

        with self._named():
            self._writer.put(checked, on_done)
        self._count = count
        return count

    def end_count(self) -> None:
        """Write 0.

        Raises:
            NotConnected: nothing answers, so the hardware goes on.
        """
        self.refuse_if_offline()
        self.put(0)

    def refuse_if_offline(self) -> None:
        """Return if it answers now; a stop must not wait for one that does not.

        Raises:
            NotConnected: it does not answer.
        """
        if not self.connected:
            raise NotConnected(f"{self.name}: it is offline, so what it has begun goes on")

    @property
    def is_at_rest(self) -> bool:
        """False while a count that was begun here has not ended."""
        return self._count is None or self._count.done

    def _await_rest(self) -> None:
        if self._count is None:
            return
        try:
            self._count.exception(ENDS_WITHIN_S)
        except TimeoutError:
            raise still_counts(self.root.name) from None


def still_counts(name: str) -> NotStopped:
    """The failure of a detector that has not obeyed a stop."""
    return NotStopped(f"{name}: it still counts, {ENDS_WITHIN_S:g} s after it was stopped; look at its IOC")


class StoppableCounter(Device):
    """The base of all devices that count until they are at rest by themselves, or are stopped.

    A subclass declares `start`, a CountSwitch.
    """

    start: CountSwitch
    _counting: DeviceStatus | None = None
    _stop: tuple[DeviceStatus, bool] | None = None  # the count that was stopped, and whether that is a success

    def _begin_count(self, allowed_s: float) -> DeviceStatus:
        """Start; done when the detector is at rest.

        A count that is under way is stopped first.

        Args:
            allowed_s: seconds until that has failed.

        Raises:
            NotConnected: the detector does not answer.
            NotStopped: it does not end the count before.
        """
        if not self.start.is_at_rest:
            self.stop()
        begun = self.start.begin_count()
        counting = self._counting = DeviceStatus(self, action="count", timeout=allowed_s)
        begun.add_callback(lambda ended: self._on_rest(counting, ended.exception()))
        return counting

    def _on_rest(self, counting: DeviceStatus, failure: BaseException | None) -> None:
        """The detector is at rest. Completions worker."""
        if failure is None and self._stop is not None and self._stop[0] is counting and not self._stop[1]:
            failure = DeviceError(f"{self.name}: the count was stopped")
        counting.end(failure)

    def stop(self, success: bool = False) -> None:
        """Stop counting now; an unfinished count ends when the detector is at rest: it has failed, unless `success`.

        Raises:
            NotConnected: it does not answer, so its hardware goes on counting.
        """
        counting = None if self._counting is None or self._counting.done else self._counting
        if counting is not None and (self._stop is None or self._stop[0] is not counting):
            self._stop = (counting, success)
        try:
            if not self.read_only:
                self._end_count()
        except DeviceError as exc:
            if counting is not None:
                counting.end(exc)
            raise
        if counting is not None:
            call_later(ENDS_WITHIN_S, lambda: completions.post(lambda: counting.end(still_counts(self.name))))

    def _end_count(self) -> None:
        self.start.end_count()


class PresetCounter(StoppableCounter):
    """The base of all devices that count for a preset time.

    A subclass declares `start` (a CountSwitch) and `count_time`. A count that is stopped keeps what it has counted.
    """

    keeps_stopped_count: ClassVar[bool] = True
    """Its values after a stop are those of the count that was cut short, and not of the one before."""
    count_time: Any

    def trigger(self) -> Status:
        """Count once; done when the count time is over and the results are there.

        A count that is under way is stopped first.

        Raises:
            NotConnected: the detector does not answer.
            NotStopped: it does not end the count before.
        """
        return self._begin_count(_MARGIN_S + _MARGIN_FACTOR * self._longest_s())

    def _longest_s(self) -> float:
        """The longest duration of a count in seconds, by its presets."""
        return float(begin_current_values(self.count_time)()[0])

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
    start = Component(CountSwitch, ":CNT", kind=Kind.omitted, write_timeout=None)

    def part_name(self, attr: str) -> str:
        """The result has the name of the device itself."""
        return self.name if attr == "counts" and self.name else super().part_name(attr)
