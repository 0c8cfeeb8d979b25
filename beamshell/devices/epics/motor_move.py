"""MotorMove: the status of one move of a motor record, and whether the record would make it.

It talks to no control system; EpicsMotor does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from beamshell.analysis.move_times import MoveSettings
from beamshell.devices.epics.arrival import ArrivalEvidence
from beamshell.devices.epics.move_result import SPMG
from beamshell.devices.epics.move_targets import MoveTarget, Position
from beamshell.devices.epics_signal import EpicsSignal
from beamshell.devices.positioner import MoveStatus
from beamshell.errors import BadValue, DeviceError

_MARGIN_S = 10.0
_MARGIN_FACTOR = 3.0


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


def check_switches(name: str, spmg: int, calibrating: bool) -> None:
    """Return if the record's switches SPMG and SET let it move.

    Raises:
        DeviceError: they do not; the message says how to change that.
    """
    if spmg < 2:
        raise DeviceError(
            f'{name}: it does not move while its SPMG is {SPMG[spmg]}; to let it: {name}.motor_spg.put("Go")'
        )
    if calibrating:
        raise DeviceError(
            f"{name}: it is in Set mode, where a move redefines its position; to leave it: "
            f'{name}.set_use_switch.put("Use")'
        )


def part_without_speed(settings: MoveSettings, start: float, target: float) -> str:
    """The part of a motor whose speed is 0, so that a move would never arrive; "" if there is none."""
    speeds = [leg.velocity for leg in settings.legs(start, target)]
    if 0 not in speeds:
        return ""
    return "velocity" if settings.velocity == 0 and speeds[0] == 0 else "backlash_velocity"


def allowed_s(expected_s: float) -> float:
    """A time-out in seconds that no healthy move reaches; a day if the velocity is 0."""
    return min(_MARGIN_S + _MARGIN_FACTOR * expected_s, 86400.0)


def of_direction(name: str, direction: str, choices: dict[str, Any]) -> Any:
    """The one of `choices` for this direction.

    Raises:
        BadValue: there is none.
    """
    if direction not in choices:
        raise BadValue(f"{name}: {direction!r} is no direction; write {' or '.join(map(repr, choices))}")
    return choices[direction]
