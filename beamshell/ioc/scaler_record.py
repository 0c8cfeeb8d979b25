"""ScalerRecord: the simulated scaler record: counters that start together and stop after a preset time.

The function `rates` gives the counts/s of each channel. Field meanings: scalerRecord.html of the EPICS std module, but
its counts and presets have 64 bits: with 32, as there, a clock of 10 MHz is full after 429 s and begins again at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from typing_extensions import override

from beamshell.ioc.base import Base
from beamshell.ioc.physics import counts
from beamshell.ioc.record import Field, Record, fields
from beamshell.ioc.simulation_clock import SimulationClock

MOST_CHANNELS = 64
"""The record has fields for so many channels; its field NCH says how many of them count."""

UPDATE_S = 0.1
MOST_TICKS = 2.0**53
"""Up to here a client that reads counts as float64, as Channel Access does, has each of them: 28 years at 10 MHz."""


class ScalerRecord(Record):
    """NCH counters, the first of which counts the clock. A put of 1 to CNT completes when the time is over."""

    TYPE = "scaler"
    MENUS = {"scalerCNT": ("Done", "Count"), "scalerCONT": ("OneShot", "AutoCount"), "scalerG": ("N", "Y")}
    FIELDS: ClassVar[list[Field]] = [
        *fields("VAL T", access="readback"),
        Field("CNT", "MENU", 0, "command", "scalerCNT"),
        Field("CONT", "MENU", 0, "command", "scalerCONT"),
        *fields("SS US", "SHORT", "readback"),
        Field("TP", initial=1.0),
        Field("FREQ", initial=1.0e7),
        *fields("TP1 DLY DLY1 RATE RAT1"),
        Field("PREC", "SHORT", 3, is_property=True),
        Field("EGU", "STRING", "counts", is_property=True),
        Field("NCH", "SHORT", 8, "readback"),
        *(Field(f"S{i}", "UINT64", 0, "readback") for i in range(1, MOST_CHANNELS + 1)),
        *(Field(f"PR{i}", "UINT64") for i in range(1, MOST_CHANNELS + 1)),
        *(Field(f"NM{i}", "STRING", "") for i in range(1, MOST_CHANNELS + 1)),
        *(Field(f"G{i}", "MENU", int(i == 1), "setting", "scalerG") for i in range(1, MOST_CHANNELS + 1)),
    ]

    rates: Callable[[], tuple[float, ...]]
    """Counts/s of the channels now, of NCH at most."""

    def __init__(self, base: Base, address: int, clock: SimulationClock, random: np.random.Generator) -> None:
        super().__init__(base, address)
        self._clock = clock
        self._random = random
        self._round = 0  # a tick of a count that was stopped has another number
        self._counts = False
        self._last = 0.0
        self._end = 0.0

    @override
    def on_start(self) -> None:
        self["PR1"] = self._ticks(self["TP"])

    @override
    def on_write(self, field: str) -> None:
        if field in ("TP", "FREQ"):
            self["PR1"] = self._ticks(self["TP"])
        elif field == "PR1":
            self["TP"] = self["PR1"] / self["FREQ"]
        elif field == "CNT":
            self._switch(bool(self["CNT"]))

    def _ticks(self, seconds: float) -> int:
        ticks: float = min(max(0.0, seconds) * self["FREQ"], MOST_TICKS)
        return round(ticks)

    def _switch(self, on: bool) -> None:
        if on == self._counts:
            return
        if not on:
            self._count_until_now()
            self._stop()
            return
        for field in ("T", "VAL", *(f"S{i}" for i in range(1, self["NCH"] + 1))):
            self[field] = 0
        self._round += 1
        self._counts = True
        self["SS"] = 2
        self._last = self._clock.now()
        self._end = self._last + max(0.0, self["TP"])
        self._schedule()

    def _schedule(self) -> None:
        round_number = self._round
        delay_s = min(self._end - self._clock.now(), UPDATE_S * self._clock.speed)
        self._clock.after(max(0.0, delay_s), lambda: self._tick(round_number))

    def _tick(self, round_number: int) -> None:
        rates = self.rates()  # before the lock: it looks at other records
        with self.locked():
            if not self._counts or round_number != self._round:
                return
            self._count_until_now(rates)
            if self._clock.now() < self._end:
                self._schedule()
                return
            self._stop()
            self.finish()

    def _count_until_now(self, rates: tuple[float, ...] | None = None) -> None:
        now = min(self._clock.now(), self._end)
        seconds, self._last = now - self._last, now
        self["T"] += seconds
        self["VAL"] = self["T"]
        clock, *others = rates or self.rates()
        self["S1"] = round(self["T"] * clock)
        for i, rate in enumerate(others, start=2):
            self[f"S{i}"] += counts(rate, seconds, self._random)

    def _stop(self) -> None:
        self._counts = False
        self["SS"] = 0
        self["CNT"] = 0

    @override
    def is_busy(self) -> bool:
        return self._counts

    @override
    def units(self, field: str) -> str:
        return "s" if field in ("TP", "T", "VAL", "DLY", "TP1") else "Hz" if field == "FREQ" else self.text("EGU")

    @override
    def precision(self, field: str) -> int:
        return int(self["PREC"])
