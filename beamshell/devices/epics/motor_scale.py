"""MotorScale: how a motor record counts its positions: offset, dial, limits; and how that is changed without a move.

It knows the record's fields, and nothing of moves, plans or the prompt. The fields are those of the EPICS motor
record's documentation (motorRecord, "OFF", "FOFF", "SET", "DHLM", "HLM").
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from beamshell.devices.epics.motor_record import MotorRecord
from beamshell.devices.limits import NO_LIMITS, as_limits, as_number
from beamshell.devices.values import begin_values
from beamshell.errors import DeviceError

_WITHIN_S = 10.0
_ROUNDING = 1e-9
"""The part of a limit by which the record may differ from what was written."""


class MotorScale(NamedTuple):
    """The scale of a motor record, all in its units.

    Attributes:
        user: its position, RBV.
        dial: its position as the controller counts it, DRBV.
        offset: user position = direction * dial + offset.
        limits: (low, high) of the record in user positions; equal ones mean that there are none.
    """

    user: float
    dial: float
    offset: float
    limits: tuple[float, float]


def begin_scale(motor: MotorRecord) -> Callable[[], MotorScale]:
    """Request the scale of a motor; the function returned collects it."""
    collect = begin_values(
        motor.user_readback, motor.dial_position, motor.user_offset, motor.low_limit_travel, motor.high_limit_travel
    )

    def collected() -> MotorScale:
        user, dial, offset, low, high = collect()
        return MotorScale(user, dial, offset, (low, high))

    return collected


def redefine_position(motor: MotorRecord, position: float) -> None:
    """Call the place where the motor stands, or was sent and has arrived, `position`; only its offset changes.

    One field is written, so nobody finds the record half changed, whenever the console ends.

    Raises:
        BadValue: it is no finite number.
        DeviceError: it moves, is in Set mode, or its offset is frozen; the message says how to change that.
    """
    value = as_number(motor.name, position)
    collect_location = motor.begin_location()
    _check_at_rest(motor)
    offset, is_frozen = begin_values(motor.user_offset, motor.offset_freeze_switch)()
    if is_frozen:
        raise DeviceError(
            f'{motor.name}: its offset is frozen (FOFF); to free it: {motor.name}.offset_freeze_switch.put("Variable")'
        )
    motor.user_offset.set(offset + value - collect_location()["setpoint"], timeout=_WITHIN_S).wait()


def redefine_dial(motor: MotorRecord, dial: float) -> None:
    """Call the place where the motor stands `dial` in the controller; with a free offset its user position stays.

    Raises:
        BadValue: it is no finite number.
        DeviceError: it moves, or is in Set mode already; the message says how to change that.
    """
    value = as_number(motor.name, dial, noun="dial position")
    _check_at_rest(motor)
    motor.set_use_switch.set("Set", timeout=_WITHIN_S).wait()
    try:
        motor.dial_setpoint.set(value, timeout=_WITHIN_S).wait()
    finally:
        motor.set_use_switch.set("Use", timeout=_WITHIN_S).wait()


def change_limits(motor: MotorRecord, low: float, high: float) -> None:
    """Write the user limits of the record; 0 and 0 mean that there are none.

    Raises:
        BadValue: they are no finite numbers with the low one first.
        DeviceError: the record has other limits afterwards than those that were written.
    """
    limits = (as_number(motor.name, low, noun="limit"), as_number(motor.name, high, noun="limit"))
    if limits == NO_LIMITS:  # the record knows "no limits" by its dial limits alone
        for signal in (motor.dial_low_limit_travel, motor.dial_high_limit_travel):
            signal.set(0.0, timeout=_WITHIN_S).wait()
        return
    as_limits(motor.name, limits)
    _, present_high = begin_values(motor.low_limit_travel, motor.high_limit_travel)()
    signals = [(motor.low_limit_travel, limits[0]), (motor.high_limit_travel, limits[1])]
    if limits[0] >= present_high:  # so that the low one is the lower one all the time
        signals.reverse()
    for signal, value in signals:
        signal.set(value, timeout=_WITHIN_S).wait()
    written = begin_values(motor.low_limit_travel, motor.high_limit_travel)()
    if not all(math.isclose(*pair, rel_tol=_ROUNDING, abs_tol=_ROUNDING) for pair in zip(written, limits, strict=True)):
        raise DeviceError(
            f"{motor.name}: its record has made {motor.with_unit(written[0])} to {motor.with_unit(written[1])} of the "
            "limits that were written"
        )


def _check_at_rest(motor: MotorRecord) -> None:
    done, calibrating = begin_values(motor.motor_done_move, motor.set_use_switch)()
    if not done:
        raise DeviceError(f"{motor.name}: its position cannot be set while it moves; wait, or type: stop {motor.name}")
    if calibrating:
        raise DeviceError(
            f"{motor.name}: it is in Set mode already; if nobody else calibrates it: "
            f'{motor.name}.set_use_switch.put("Use")'
        )
