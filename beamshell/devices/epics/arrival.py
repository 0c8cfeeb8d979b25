"""ArrivalEvidence: whether what a motor record has sent by subscription since a command proves that it has arrived.

Pure: values of the record's fields in, a yes or no out. Where it proves nothing, the record is read.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from beamshell.protocols import Reading

_SMALLEST = 1e-9
"""The least tolerance, relative to the set point: rounding."""


@dataclass(frozen=True)
class MotorReadings:
    """Readings of a motor record that came by subscription; None where there is none as good as one of now."""

    readback: Reading | None
    setpoint: Reading | None
    deadband: Reading | None
    resolution: Reading | None


class Arrival(enum.IntEnum):
    """How sure an arrival is."""

    UNPROVED = 0
    LIKELY = 1
    """Proved, if nothing else comes for a moment: what was sent before may still come."""
    PROVED = 2


class ArrivalEvidence:
    """The evidence of one move.

    Subscriptions and the completion of a write are not ordered, and neither are two subscriptions: an old "done", or a
    position in passing, may come last. So the record must have been at rest before the command, have left that rest and
    come to rest again, at the target. That is proved by a position of that very moment, by the record's clock. An older
    one, as of a motor that was there before it was done, is one in passing if a newer one is still on its way.

    Args:
        from_rest: by subscription, the record was at rest when the command was written.

    Example:
        >>> evidence = ArrivalEvidence(from_rest=True)
        >>> evidence.note_done(False, 10.0)
        >>> evidence.note_done(True, 12.5)
        >>> evidence.rests_since
        12.5
    """

    def __init__(self, *, from_rest: bool) -> None:
        self._from_rest = from_rest
        self._moves_since: float | None = None
        self.rests_since: float | None = None
        """When it came to rest after the command, in seconds of the record's clock; None if it did not."""

    def note_done(self, done: bool, timestamp: float) -> None:
        """Note a change of DMOV after the command, with the record's time."""
        if not done:
            self._moves_since, self.rests_since = timestamp, None
        elif self._moves_since is not None and self._from_rest:
            self.rests_since = timestamp

    def of_arrival(self, target: float, readings: MotorReadings) -> Arrival:
        """How sure it is that the record stands at `target`, in its user coordinates, and was sent there last."""
        readback, setpoint = readings.readback, readings.setpoint
        deadband, resolution = readings.deadband, readings.resolution
        if self.rests_since is None or not (readback and setpoint and deadband and resolution):
            return Arrival.UNPROVED
        limit = tolerance(deadband["value"], resolution["value"], setpoint["value"])
        if max(abs(readback["value"] - target), abs(setpoint["value"] - target)) > limit:
            return Arrival.UNPROVED
        if readback["timestamp"] == self.rests_since:
            return Arrival.PROVED
        return Arrival.LIKELY if readback["timestamp"] >= (self._moves_since or 0.0) else Arrival.UNPROVED


def tolerance(deadband: float, resolution: float, setpoint: float) -> float:
    """The largest distance from the set point that is an arrival, in EGU: RDBD, MRES or rounding."""
    return max(abs(deadband), abs(resolution), _SMALLEST * max(1.0, abs(setpoint)))
