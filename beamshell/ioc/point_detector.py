"""PointDetector: simulates a counter with a start, a preset time and a result.

The function `rate` gives its counts/s. It knows no beamline.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from beamshell.ioc.base import DatabaseField
from beamshell.ioc.physics import counts
from beamshell.ioc.simulation_clock import SimulationClock
from beamshell.ioc.small_records import BusyRecord

SLICE_S = 0.04
"""Real seconds that are counted at one rate."""


class PointDetector:
    """A count lasts the preset time, and its result is there before the button is done.

    It counts slice after slice, each at the rate of that moment.

    Args:
        button: begins and ends a count.
        preset: seconds.
        result: gets the counts.
        clock: the clock of the simulation.
    """

    def __init__(
        self, button: BusyRecord, preset: DatabaseField, result: DatabaseField, clock: SimulationClock
    ) -> None:
        self._button = button
        self._preset = preset
        self._result = result
        self._clock = clock
        self._round = 0  # a slice of a count that was cancelled has another number
        self._counts = 0
        self._last, self._end = 0.0, 0.0

    def connect(self, rate: Callable[[], float], random: np.random.Generator) -> None:
        """Count at `rate()` counts/s from now on."""
        self._rate = rate
        self._random = random
        self._result.put(0)
        self._button.begin = self._begin
        self._button.cancel = self._cancel

    # ---- the switch: the client's thread --------------------------------------------------------

    def _begin(self) -> None:
        self._round += 1
        began, seconds, round_number = self._clock.now(), max(0.0, self._preset.get()), self._round
        self._clock.after(0.0, lambda: self._start(round_number, began, seconds))

    def _cancel(self) -> None:
        self._round += 1
        cancelled = self._clock.now()
        self._clock.after(0.0, lambda: self._keep(cancelled))

    # ---- a count: the simulation's thread ---------------------------------------------------------

    def _start(self, round_number: int, began: float, seconds: float) -> None:
        self._counts, self._last, self._end = 0, began, began + seconds
        self._schedule(round_number)

    def _schedule(self, round_number: int) -> None:
        following = min(self._end, self._last + SLICE_S * self._clock.speed)
        self._clock.after(following - self._clock.now(), lambda: self._tick(round_number))

    def _tick(self, round_number: int) -> None:
        if round_number != self._round:
            return
        self._count_until(self._clock.now())
        if self._last < self._end:
            self._schedule(round_number)
            return
        self._result.put(self._counts)
        with self._button.locked():  # so that it is not cancelled or started at this moment
            if round_number == self._round:
                self._button.done()

    def _count_until(self, moment: float) -> None:
        now = min(moment, self._end)
        self._counts += counts(self._rate(), max(0.0, now - self._last), self._random)
        self._last = now

    def _keep(self, cancelled: float) -> None:
        self._count_until(cancelled)
        self._result.put(self._counts)
