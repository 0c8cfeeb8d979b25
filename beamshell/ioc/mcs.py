"""MultichannelScaler: a simulated multichannel scaler: counters that fill one bin after the other.

Count rates and motor position come from two functions. Its records are named as those of the SIS3820
(SIS38XX.template of the EPICS mca module).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from beamshell.ioc.base import ArrayField, Base
from beamshell.ioc.physics import counts
from beamshell.ioc.record import Record
from beamshell.ioc.simulation_clock import SimulationClock
from beamshell.ioc.small_records import BusyRecord

MAX_CHANNELS = 10_000
CLOCK_HZ = 1e7
TICK_S = 0.01
"""Real seconds between two updates of the counts."""
SHOW_S = 0.1
"""Real seconds between two updates of the array records."""

_SHORTEST_TICK_S = 1e-6  # rounding must not let a tick fall just before the end of the last bin, again and again

_COUNTERS = ("mca1", "mca2", "mca3")


def records(prefix: str) -> str:
    """Its database, such as for "BL:mcs:": three counters, the first of which counts the clock, and an encoder."""
    buttons = "".join(f'record(busy, "{prefix}{name}") {{ }}\n' for name in _BUTTONS)
    arrays = "".join(
        f'record(waveform, "{prefix}{name}") {{ field(FTVL, "LONG") field(NELM, "{MAX_CHANNELS}") '
        'field(PINI, "YES") }\n'
        for name in _COUNTERS
    )
    return f"""
{buttons}{arrays}
record(waveform, "{prefix}mca4") {{
    field(DESC, "position in each bin") field(FTVL, "DOUBLE") field(NELM, "{MAX_CHANNELS}") field(PREC, "4")
    field(PINI, "YES")
}}
record(bi, "{prefix}Acquiring") {{ field(ZNAM, "Done") field(ONAM, "Acquiring") field(VAL, "0") field(PINI, "YES") }}
record(bo, "{prefix}ChannelAdvance") {{
    field(ZNAM, "Internal") field(ONAM, "External") field(VAL, "0") field(PINI, "YES")
}}
record(ao, "{prefix}Dwell") {{ field(VAL, "0.1") field(EGU, "s") field(PREC, "4") field(PINI, "YES")
    field(DRVL, "0.001") field(DRVH, "10000") field(LOPR, "0.001") field(HOPR, "10000") }}
record(ao, "{prefix}PresetReal") {{ field(VAL, "0") field(EGU, "s") field(PREC, "3") field(PINI, "YES") }}
record(longout, "{prefix}NuseAll") {{ field(VAL, "100") field(PINI, "YES")
    field(DRVL, "1") field(DRVH, "{MAX_CHANNELS}") field(LOPR, "1") field(HOPR, "{MAX_CHANNELS}") }}
record(longin, "{prefix}MaxChannels") {{ field(VAL, "{MAX_CHANNELS}") field(PINI, "YES") }}
record(longin, "{prefix}CurrentChannel") {{ field(VAL, "0") field(PINI, "YES") }}
record(ai, "{prefix}ElapsedReal") {{ field(EGU, "s") field(PREC, "3") field(PINI, "YES") }}
"""


_BUTTONS = ("EraseStart", "StartAll", "StopAll", "EraseAll")


class MultichannelScaler:
    """The scaler behind the records: all it does, it does in the simulation's thread.

    Args:
        prefix: what its records begin with, "BL:mcs:".
        base: EPICS base, running.
        clock: the clock of the simulation.
        random: source of the counting statistics.
        busy: the busy records of the process by name.
        rates: counts/s of its three counters where the motor is at this position.
        position: where the motor is at a moment of the clock.
    """

    def __init__(
        self,
        prefix: str,
        base: Base,
        clock: SimulationClock,
        random: np.random.Generator,
        busy: dict[str, Record],
        rates: Callable[[float], tuple[float, float, float]],
        position: Callable[[float], float],
    ) -> None:
        self._clock, self._random, self._rates, self._position = clock, random, rates, position
        self._buttons = {name: _button(busy[f"{prefix}{name}"]) for name in _BUTTONS}
        self._arrays = [ArrayField(base, f"{prefix}{name}") for name in (*_COUNTERS, "mca4")]
        names = ("Acquiring", "ChannelAdvance", "Dwell", "PresetReal", "NuseAll", "CurrentChannel", "ElapsedReal")
        self._fields = {name: base.field(f"{prefix}{name}") for name in names}
        self._acquiring = False
        self._external = False
        self._bin = 0
        self._dwell_s, self._began, self._last, self._showed_at = 0.0, 0.0, 0.0, 0.0
        self._last_position = 0.0
        self._counts, self._way, self._seconds = np.zeros((3, 0)), np.zeros(0), np.zeros(0)
        actions: tuple[Callable[[], None], ...] = (
            partial(self._start, erase=True),
            self._start,
            self._stop,
            self._erase,
        )
        for name, action in zip(_BUTTONS, actions, strict=True):
            self._buttons[name].begin = partial(clock.after, 0.0, action)
            self._buttons[name].cancel = partial(clock.after, 0.0, self._end)

    def advance(self, moment: float) -> None:
        """Begin the next bin at `moment`, the time of an external pulse. In the simulation's thread."""
        if not (self._acquiring and self._external):
            return
        self._count_until(moment)
        if self._bin < 0:
            self._began = self._last
        self._bin += 1
        if self._bin >= self._way.size:
            self._end()

    # ---- all below is done in the simulation's thread ----------------------------------------------

    def _erase(self) -> None:
        size = int(self._fields["NuseAll"].get())
        self._bin = 0
        self._counts, self._way, self._seconds = np.zeros((3, size)), np.zeros(size), np.zeros(size)
        for array in self._arrays:
            array.put_array(())
        self._fields["CurrentChannel"].put(0)
        self._fields["ElapsedReal"].put(0)
        self._buttons["EraseAll"].done()

    def _start(self, *, erase: bool = False) -> None:
        if self._acquiring:
            return
        if erase or self._way.size != int(self._fields["NuseAll"].get()):
            self._erase()
        self._external = bool(self._fields["ChannelAdvance"].get())
        self._dwell_s = max(1e-3, self._fields["Dwell"].get())
        self._bin = -1 if self._external else min(self._bin, self._way.size)
        self._acquiring = True
        self._fields["Acquiring"].put(1)
        self._last = self._showed_at = self._clock.now()
        self._last_position = self._position(self._last)
        self._began = self._last - max(0, self._bin) * self._dwell_s
        self._tick(self._last)

    def _tick(self, due: float) -> None:
        """Count until `due`, and no further even if this thread is late: a pulse may have been due since."""
        if not self._acquiring:
            return
        self._count_until(due)
        preset_s = self._fields["PresetReal"].get()
        if self._bin >= self._way.size or 0 < preset_s <= self._last - self._began:
            self._end()
            return
        if self._last - self._showed_at >= SHOW_S * self._clock.speed:
            self._show()
        delay_s = TICK_S * self._clock.speed
        if not self._external:
            delay_s = min(delay_s, self._began + self._way.size * self._dwell_s - self._last)
        following = due + max(_SHORTEST_TICK_S, delay_s)
        self._clock.after(following - self._clock.now(), partial(self._tick, following))

    def _count_until(self, now: float) -> None:
        """Count from the last update until now, each bin with the position that the motor had then."""
        now = max(now, self._last)
        before, position_now = (self._last, self._last_position), self._position(now)
        while self._last < now and self._bin < self._way.size:
            edge = math.inf if self._external else self._began + (self._bin + 1) * self._dwell_s
            until = min(now, edge)
            middle = (self._last + until) / 2
            position = float(np.interp(middle, (before[0], now), (before[1], position_now)))
            self._put(until - self._last, position)
            self._last = until
            if until == edge:
                self._bin += 1
        self._last, self._last_position = now, position_now

    def _put(self, seconds: float, position: float) -> None:
        if self._bin < 0 or seconds <= 0:
            return
        clock, *others = self._rates(position)
        self._counts[0, self._bin] += seconds * clock
        for counter, rate in enumerate(others, start=1):
            self._counts[counter, self._bin] += counts(rate, seconds, self._random)
        self._way[self._bin] += seconds * position
        self._seconds[self._bin] += seconds

    def _show(self) -> None:
        """Update the records of the full bins; their number comes last, when the arrays are there."""
        full = max(0, min(self._bin, self._way.size))
        for array, values in zip(self._arrays, self._counts, strict=False):
            array.put_array(np.round(values[:full]))
        self._arrays[-1].put_array(self._way[:full] / np.maximum(self._seconds[:full], 1e-12))
        self._fields["ElapsedReal"].put(float(self._seconds.sum()))
        self._fields["CurrentChannel"].put(full)
        self._showed_at = self._last

    def _stop(self) -> None:
        self._end()
        self._buttons["StopAll"].done()

    def _end(self) -> None:
        if not self._acquiring:
            return
        self._count_until(self._clock.now())
        self._acquiring = False
        self._show()
        self._fields["Acquiring"].put(0)
        erase_start, start = self._buttons["EraseStart"], self._buttons["StartAll"]
        with erase_start.locked(), start.locked():  # a client starts the next one as soon as one of them is done
            erase_start.done()
            start.done()


def _button(record: Record) -> BusyRecord:
    assert isinstance(record, BusyRecord)
    return record
