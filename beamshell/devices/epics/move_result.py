"""MoveResult: how a move of a motor record ended, and the record's status word MSTA as text.

Pure: numbers of the record in, words out. The fields are those of the EPICS motor record's documentation
(motorRecord, "MSTA", "SPMG", "LVIO"); nothing here talks to a control system.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SPMG = ("Stop", "Pause", "Move", "Go")
_MOVES = 2
"""The first state of SPMG in which a motor moves."""

_FAULTS = {
    1 << 6: "slip or stall",
    1 << 9: "driver problem",
    1 << 12: "controller does not answer",
}
"""The bits of MSTA that say that something is wrong; the others describe what is normal."""

_HOME_SWITCH, _AT_HOME, _HOMED = 1 << 3, 1 << 7, 1 << 14

_STATES = {
    1 << 1: "done",
    1 << 2: "plus limit switch",
    _HOME_SWITCH: "home switch",
    1 << 5: "position maintained",
    _AT_HOME: "at home",
    1 << 8: "encoder present",
    1 << 10: "moving",
    1 << 11: "gain support",
    1 << 13: "minus limit switch",
    _HOMED: "homed",
}


def msta_words(msta: int) -> list[str]:
    """Every bit of MSTA that is set, in words, faults first."""
    words = [word for bit, word in {**_FAULTS, **_STATES}.items() if msta & bit]
    return [*words, "plus direction" if msta & 1 else "minus direction"]


def fault_words(msta: int) -> list[str]:
    """The faults in MSTA, in words; [] if there are none."""
    return [word for bit, word in _FAULTS.items() if msta & bit]


class MoveResult(enum.Enum):
    """The result of a move."""

    ARRIVED = "arrived"
    UNDER_WAY = "under way"
    SENT_ELSEWHERE = "sent elsewhere"
    MISSED = "missed"


@dataclass(frozen=True)
class Snapshot:
    """The fields of a motor record that show how a move ended, read after its end; positions in EGU."""

    readback: float
    setpoint: float
    done: bool
    high_switch: bool
    low_switch: bool
    spmg: int
    violates_limit: bool
    msta: int
    deadband: float
    """The largest of the record's own tolerances."""
    time: float = -math.inf
    """When the oldest of these values was current, in seconds of the record's clock."""

    def result(self, target: float) -> MoveResult:
        """The result of a move to `target`."""
        elsewhere = abs(self.setpoint - target) > self.deadband
        if not self.done:
            return MoveResult.SENT_ELSEWHERE if elsewhere else MoveResult.UNDER_WAY
        if abs(self.readback - target) <= self.deadband and not elsewhere:
            return MoveResult.ARRIVED
        return MoveResult.MISSED

    @property
    def at_home(self) -> bool:
        """True if MSTA says that the motor stands at home, or on its home switch."""
        return bool(self.msta & (_HOME_SWITCH | _AT_HOME))

    @property
    def homed(self) -> bool:
        """True if MSTA says that home was found, now or at any time before."""
        return bool(self.msta & _HOMED)

    def reason(self, target: float, with_unit: Callable[[float], str]) -> str:
        """The reason why a move to `target` did not end there: the rest of a sentence that begins "move to 1 deg"."""
        at = with_unit(self.readback)
        if not self.done:
            return f"was overruled: somebody else sent it to {with_unit(self.setpoint)}"
        if self.is_obstructed:
            return self.obstacle(with_unit)
        if abs(self.setpoint - target) > self.deadband:
            if abs(self.setpoint - self.readback) <= self.deadband:
                return f"was stopped at {at} by somebody else"
            return f"was overruled: somebody else sent it to {with_unit(self.setpoint)}, and it is at {at}"
        faults = ", ".join(fault_words(self.msta))
        distance = with_unit(abs(self.readback - target))
        return f"ended at {at}, {distance} away{f' ({faults})' if faults else ''}"

    def is_by_others(self, target: float) -> bool:
        """True if somebody else has ended a move to `target`: by another set point, by a stop, by SPMG."""
        is_elsewhere = abs(self.setpoint - target) > self.deadband
        return self.spmg < _MOVES or (is_elsewhere and not self.is_obstructed)

    @property
    def is_obstructed(self) -> bool:
        """True if the record itself would not go on: a limit, a switch, SPMG."""
        return self.violates_limit or self.high_switch or self.low_switch or self.spmg < _MOVES

    def obstacle(self, with_unit: Callable[[float], str]) -> str:
        """The obstacle that stopped the motor, as the rest of a sentence; "" if there was none."""
        at = with_unit(self.readback)
        if self.violates_limit:
            return f"was refused by the motor record (LVIO: beyond its own limits); it is at {at}"
        if self.high_switch or self.low_switch:
            return f"ended at {at}, on the {'high' if self.high_switch else 'low'} limit switch"
        if self.spmg < _MOVES:
            return f"ended at {at}: SPMG was set to {SPMG[self.spmg]}"
        if faults := fault_words(self.msta):
            return f"ended at {at} ({', '.join(faults)})"
        return ""
