"""Beam: the beam of the demo beamline now and a moment ago: ring, shutter and monochromator.

The numbers come from `physics`. It knows no detector.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np

from beamshell.ioc import physics
from beamshell.ioc.base import Base
from beamshell.ioc.simulation_clock import SimulationClock

FOLLOW_S = 0.04
"""Real seconds between two polls of set points and switches."""
SHUTTER_DELAY_S = 0.1
CURRENT_NOISE_MA = 0.02
"""Of the reading of the ring current."""
_CHANGES = 64
"""So many times the beam may come and go within one exposure."""


class Beam:
    """The beam, in the simulation's thread; base must be running.

    Args:
        base: EPICS base, with the records of the demo beamline.
        clock: the clock of the simulation.
        random: makes the noise of the reading of the ring current.
    """

    def __init__(self, base: Base, clock: SimulationClock, random: np.random.Generator) -> None:
        self._clock = clock
        self._random = random
        self._bragg = base.field("BL:mono.RBV")
        self._command, self._readback = base.field("BL:shutter"), base.field("BL:shutter:rbv")
        self._current, self._drop = base.field("SR:current"), base.field("SR:current:drop")
        self._shutter_is_open, self._commanded_open, self._commanded_s = True, True, 0.0
        self._is_stored, self._injected_s, self._shown_s = True, clock.now(), -np.inf
        self._changes = deque([(clock.now(), True)], _CHANGES)  # when the beam came to the sample, or went
        self._readback.put(1)

    def energy_ev(self) -> float:
        """The photon energy."""
        return physics.bragg_energy_ev(self._bragg.get())

    def light(self) -> float:
        """The photons/s at the sample now, as in `physics.beam`."""
        return self._full_light() if self._is_on() else 0.0

    def mean_light(self, seconds: float) -> float:
        """The mean of the light over the last `seconds`; energy and ring current are those of now."""
        now = self._clock.now()
        begin = now - seconds
        lit_s = 0.0
        moments = [*self._changes, (now, False)]
        for (since, is_on), (until, _) in pairwise(moments):
            if is_on:
                lit_s += max(0.0, until - max(since, begin))
        return self._full_light() * lit_s / seconds if seconds > 0 else self.light()

    def follow(self) -> None:
        """Follow the switches of shutter and ring, and show the ring current once a second."""
        now = self._clock.now()
        self._follow_shutter(now)
        self._follow_ring(now)
        if self._is_on() != self._changes[-1][1]:
            self._changes.append((now, self._is_on()))

    def _is_on(self) -> bool:
        return self._is_stored and self._shutter_is_open

    def _full_light(self) -> float:
        return physics.beam(self._stored_ma(), True, self.energy_ev())

    def _stored_ma(self) -> float:
        return physics.stored_current_ma(self._clock.now() - self._injected_s)

    def _follow_shutter(self, now: float) -> None:
        command = bool(self._command.get())
        if command != self._commanded_open:
            self._commanded_open, self._commanded_s = command, now
        if self._shutter_is_open != command and now - self._commanded_s >= SHUTTER_DELAY_S:
            self._shutter_is_open = command
            self._readback.put(float(command))

    def _follow_ring(self, now: float) -> None:
        is_stored = not self._drop.get()
        if is_stored == self._is_stored and now - self._shown_s < self._clock.speed:
            return
        if is_stored and not self._is_stored:
            self._injected_s = now
        self._is_stored, self._shown_s = is_stored, now
        stored_ma = self._stored_ma() if is_stored else 0.0
        self._current.put(abs(stored_ma + self._random.normal(0.0, CURRENT_NOISE_MA)))
