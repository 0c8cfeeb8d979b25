"""MotorMove: the status of one move of a motor record, and the record as it is before a move.

It talks to no control system; EpicsMotor does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from beamshell.analysis.move_times import MoveSettings
from beamshell.devices.epics.arrival import ArrivalEvidence
from beamshell.devices.epics.move_targets import MoveTarget, Position
from beamshell.devices.epics_signal import EpicsSignal
from beamshell.devices.positioner import MoveStatus


class ReadyRecord(NamedTuple):
    """A record that would accept a move: its readback, the target, whether it rests, the settings of the move."""

    start: float
    target: float
    done: bool
    settings: MoveSettings


class MotorMove(MoveStatus):
    """The status of a move, a search for home or a jog of a motor record.

    Args:
        motor: the motor.
        aim: the target: a position, home, or a jog.
        command: the signal whose write starts the motion.
        value: the value to write there.
        from_rest: by subscription, the motor is at rest.
        kwargs: those of MoveStatus.
    """

    def __init__(
        self,
        motor: Any,
        aim: MoveTarget,
        command: EpicsSignal,
        value: float,
        *,
        from_rest: bool = False,
        **kwargs: Any,
    ) -> None:
        self.aim = aim
        self.command = command
        self.value = value
        self.evidence = ArrivalEvidence(from_rest=from_rest)
        self.is_written = False  # the write has completed
        super().__init__(motor, aim.target if isinstance(aim, Position) else None, **kwargs)
