"""McaRecord: the simulated mca record: a spectrum, counted for a preset real or live time, and sums over regions.

The function `rates` gives the counts/s in each channel. Field meanings: mcaRecord.html of the EPICS mca module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from beamshell.ioc.base import Base
from beamshell.ioc.physics import live_fraction
from beamshell.ioc.record import Field, Record, fields
from beamshell.ioc.simulation_clock import SimulationClock

CHANNELS = 2048
REGIONS = 10
UPDATE_S = 0.1
_COUNTS = {"VAL", "ACT", *(f"R{i}{sort}" for i in range(REGIONS) for sort in ("", "N"))}


class McaRecord(Record):
    """One spectrum. A put of 1 to ERST (erase and start) or STRT completes when the preset time is over.

    PRTM is in real time, PLTM in live time; 0 is none. Both count from the last erase.
    """

    TYPE = "mca"
    MENUS = {
        "mcaSTRT": ("Done", "Acquire"),
        "mcaSTOP": ("Done", "Stop"),
        "mcaERAS": ("Done", "Erase"),
        "mcaREAD": ("Done", "Read"),
    }
    FIELDS: ClassVar[list[Field]] = [
        Field("VAL", "ARRAY", elements=CHANNELS),
        Field("NMAX", "LONG", CHANNELS, "readback"),
        Field("NUSE", "LONG", CHANNELS),
        *(Field(name, "MENU", 0, "command", "mcaSTRT") for name in ("STRT", "ERST")),
        Field("STOP", "MENU", 0, "command", "mcaSTOP"),
        Field("ERAS", "MENU", 0, "command", "mcaERAS"),
        Field("READ", "MENU", 0, "command", "mcaREAD"),
        Field("ACQG", "MENU", 0, "readback", "mcaSTRT"),
        *fields("PRTM PLTM"),
        *fields("ERTM ELTM ACT DTIM IDTIM", access="readback"),
        *fields("CALO CALS CALQ"),
        Field("PREC", "SHORT", 3, is_property=True),
        Field("EGU", "STRING", "keV", is_property=True),
        *(Field(f"R{i}{end}", "LONG", -1) for i in range(REGIONS) for end in ("LO", "HI")),
        *(Field(f"R{i}BG", "SHORT", -1) for i in range(REGIONS)),
        *(Field(f"R{i}NM", "STRING", "") for i in range(REGIONS)),
        *(Field(f"R{i}{sort}", access="readback") for i in range(REGIONS) for sort in ("", "N")),
    ]

    rates: Callable[[], npt.NDArray[np.float64]]
    """Counts/s that arrive now in each channel, shape (CHANNELS,)."""

    def __init__(self, base: Base, address: int, clock: SimulationClock, random: np.random.Generator) -> None:
        super().__init__(base, address)
        self._clock = clock
        self._random = random
        self._round = 0  # a tick of an acquisition that was stopped has another number
        self._last = 0.0

    @property
    def energies(self) -> npt.NDArray[np.float64]:
        """Of all channels, by the calibration: offset, slope and the quadratic term."""
        channels = np.arange(CHANNELS)
        energies: npt.NDArray[np.float64] = self["CALO"] + channels * (self["CALS"] + channels * self["CALQ"])
        return energies

    @override
    def on_write(self, field: str) -> None:
        if field in ("STRT", "ERST", "STOP", "ERAS", "READ"):
            if self[field]:
                self._command(field)
                self[field] = 0
        elif field == "NUSE":
            self["NUSE"] = min(max(1, self["NUSE"]), CHANNELS)
        elif field[-2:] in ("LO", "HI", "BG"):
            self._sum_regions()

    def _command(self, field: str) -> None:
        if self["ACQG"]:
            self._count_until_now(self.rates())
        if field in ("ERST", "ERAS"):
            self._erase()
        if field == "STOP":
            self._stop()
        elif field in ("STRT", "ERST") and not self["ACQG"]:
            self["ACQG"] = 1
            self._round += 1
            self._last = self._clock.now()
            self._schedule(self.rates())

    def _erase(self) -> None:
        self.arrays["VAL"][:] = 0
        self._last = self._clock.now()
        for field in ("ERTM", "ELTM", "ACT", "DTIM", "IDTIM"):
            self[field] = 0
        self._sum_regions()
        self.post("VAL")

    def _left_s(self, live: float) -> float:
        """Seconds until the first preset is reached; endless without one."""
        real = self["PRTM"] - self["ERTM"] if self["PRTM"] > 0 else np.inf
        lively = (self["PLTM"] - self["ELTM"]) / live if self["PLTM"] > 0 else np.inf
        return float(max(0.0, min(real, lively)))

    def _schedule(self, rates: npt.NDArray[np.float64]) -> None:
        round_number = self._round
        delay_s = min(self._left_s(live_fraction(rates.sum())), UPDATE_S * self._clock.speed)
        self._clock.after(delay_s, lambda: self._tick(round_number))

    def _tick(self, round_number: int) -> None:
        rates = self.rates()  # before the lock: it looks at other records
        with self.locked():
            if not self["ACQG"] or round_number != self._round:
                return
            self._count_until_now(rates)
            if self._left_s(1.0) > 1e-9:
                self._schedule(rates)
                return
            self._stop()
            self.finish()

    def _count_until_now(self, rates: npt.NDArray[np.float64]) -> None:
        live = live_fraction(rates.sum())
        now = self._clock.now()
        seconds, self._last = min(now - self._last, self._left_s(live)), now
        in_use = self["NUSE"]
        self.arrays["VAL"][:in_use] += self._random.poisson(rates[:in_use] * live * seconds).astype(np.int32)
        self["ERTM"] += seconds
        self["ELTM"] += seconds * live
        self["ACT"] = float(self.arrays["VAL"].sum())
        self["IDTIM"] = 100 * (1 - live)
        self["DTIM"] = 100 * (1 - self["ELTM"] / self["ERTM"]) if self["ERTM"] else 0.0
        self._sum_regions()
        self.post("VAL")

    def _sum_regions(self) -> None:
        spectrum = self.arrays["VAL"][: self["NUSE"]]
        for i in range(REGIONS):
            self[f"R{i}"], self[f"R{i}N"] = region(spectrum, self[f"R{i}LO"], self[f"R{i}HI"], self[f"R{i}BG"])

    def _stop(self) -> None:
        self["ACQG"] = 0

    @override
    def used_elements(self, field: str) -> int:
        return int(self["NUSE"])

    @override
    def is_busy(self) -> bool:
        return bool(self["ACQG"])

    @override
    def units(self, field: str) -> str:
        if field in ("PRTM", "PLTM", "ERTM", "ELTM"):
            return "s"
        if field in ("DTIM", "IDTIM"):
            return "%"
        if field == "CALO":
            return self.text("EGU")
        return "counts" if field in _COUNTS else ""

    @override
    def precision(self, field: str) -> int:
        return 6 if field.startswith("CAL") else int(self["PREC"]) if field[-2:] == "TM" else 0


def region(spectrum: npt.NDArray[np.int32], low: int, high: int, beside: int) -> tuple[float, float]:
    """Counts of a region, and those above the straight line between its ends; (0, 0) if there is no region.

    Args:
        spectrum: counts, shape (n,).
        low: the first channel.
        high: the last channel, which belongs to it.
        beside: the line goes through the means of so many channels on both sides of each end; below 0, no line.
    """
    if not 0 <= low <= high or low >= len(spectrum):
        return 0.0, 0.0
    inside = spectrum[low : high + 1]
    total = float(inside.sum())
    if beside < 0:
        return total, total
    ends = [spectrum[max(end - beside, 0) : end + beside + 1].mean() for end in (low, min(high, len(spectrum) - 1))]
    return total, total - float(np.mean(ends)) * len(inside)


def records(name: str) -> str:
    """One mca record as text, 10 eV a channel."""
    return f"""
record(mca, "{name}") {{
    field(DESC, "fluorescence detector") field(CALS, "0.01") field(PRTM, "1")
    field(R0NM, "Fe Ka") field(R0LO, "610") field(R0HI, "670")
    field(R1NM, "Cu Ka") field(R1LO, "775") field(R1HI, "835")
}}
"""
