"""The demo beamline's gas supply: a flow controller with a pressure gauge, on a serial line.

It knows nothing of EPICS, nor of who asks. Lines end in a line feed: "FLOW?" -> "1.500", "SP 2" -> "OK".
"""

from __future__ import annotations

import math
import os
import termios
from collections.abc import Callable

from beamshell.ioc.ramp import Ramp

HIGHEST_SCCM = 10.0
_RATE_SCCM_PER_S = 2.0
_BASE_MBAR = 1e-6


class GasSupply:
    """What the instrument answers.

    Args:
        clock: the time of the simulation, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._flow = Ramp(0.0, _RATE_SCCM_PER_S, clock)

    def answer(self, line: str) -> str:
        """What it says to one line."""
        word, _, value = line.strip().partition(" ")
        if word == "SP" and value:
            return self._send(value)
        if word == "*IDN?":
            return "beamshell demo gas supply"
        flow = self._flow.value
        readings = {"SP?": self._flow.goal, "FLOW?": flow}
        if word in readings:
            return f"{readings[word]:.3f}"
        return f"{_BASE_MBAR * (1 + 100 * flow):.3e}" if word == "PRES?" else f"ERR {line.strip()!r} is no command"

    def _send(self, text: str) -> str:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value <= HIGHEST_SCCM:
            return f"ERR {text} sccm is not between 0 and {HIGHEST_SCCM:g}"
        self._flow.go(value)
        return "OK"


def serve_gas_supply(supply: GasSupply, line: int) -> None:
    """Answer on a pseudo-terminal until it is gone.

    Args:
        supply: what answers.
        line: the file descriptor of its master side.
    """
    termios.tcflush(line, termios.TCIFLUSH)  # what was asked of an instrument that was off is not answered later
    got = b""
    while more := os.read(line, 1024):
        *lines, got = (got + more).split(b"\n")
        for each in lines:
            os.write(line, f"{supply.answer(each.decode('latin-1'))}\n".encode("latin-1"))
