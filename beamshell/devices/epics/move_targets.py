"""Targets of a motor record's moves: a position, home, a jog; and whether each was reached.

Pure: the fields of the record (a Snapshot) in, a MoveResult and its words out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from beamshell.devices.epics.move_result import MoveResult, Snapshot, fault_words


class MoveTarget(Protocol):
    """The target of a move, and how its end is judged."""

    def result(self, snapshot: Snapshot) -> MoveResult:
        """The result of the move."""

    def reason(self, snapshot: Snapshot, with_unit: Callable[[float], str]) -> str:
        """The reason why it was not reached, as the rest of a sentence."""


@dataclass(frozen=True)
class Position:
    """The target of an ordinary move: the position `target`."""

    target: float

    def result(self, snapshot: Snapshot) -> MoveResult:
        """The result of the move."""
        return snapshot.result(self.target)

    def reason(self, snapshot: Snapshot, with_unit: Callable[[float], str]) -> str:
        """The reason why the motor is not at the target."""
        return snapshot.reason(self.target, with_unit)


@dataclass(frozen=True)
class Home:
    """The target of a search for home.

    The record says so with the bits "at home" or "home switch" of MSTA, or with "homed" if that was not set before: a
    motor that was homed last week and is stopped on its way home today keeps that bit.
    """

    was_homed: bool

    def result(self, snapshot: Snapshot) -> MoveResult:
        """The result of the search."""
        if not snapshot.done:
            return MoveResult.UNDER_WAY
        is_home = snapshot.at_home or (snapshot.homed and not self.was_homed)
        return MoveResult.ARRIVED if is_home and not fault_words(snapshot.msta) else MoveResult.MISSED

    def reason(self, snapshot: Snapshot, with_unit: Callable[[float], str]) -> str:
        """The reason why the motor is not at home."""
        return (
            snapshot.obstacle(with_unit)
            or f"ended at {with_unit(snapshot.readback)}, and its MSTA does not say that it is home"
        )


@dataclass(frozen=True)
class Jog:
    """The target of a jog, which goes on until it is stopped from here: every other end is a failure."""

    def result(self, snapshot: Snapshot) -> MoveResult:
        """The result of the jog."""
        return MoveResult.MISSED if snapshot.done else MoveResult.UNDER_WAY

    def reason(self, snapshot: Snapshot, with_unit: Callable[[float], str]) -> str:
        """The reason of its end."""
        at = with_unit(snapshot.readback)
        return snapshot.obstacle(with_unit) or f"ended at {at}: its limit was reached, or somebody else stopped it"
