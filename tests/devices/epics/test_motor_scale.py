"""Offset, dial position and limits of a real motor record are changed, and nothing moves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from motor_bench import Outsider, on_its_way, until

from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.epics.motor_scale import MotorScale
from beamshell.errors import BadValue, DeviceError, LimitError

LIMITS = (-10.0, 150.0)


@pytest.fixture
def own_scale(motor: EpicsMotor) -> Iterator[EpicsMotor]:
    """The motor at 0, whose scale is put right afterwards."""
    yield motor
    motor.stop()
    until(lambda: bool(motor.motor_done_move.get()))
    motor.offset_freeze_switch.put("Variable", wait=True)
    motor.set_dial_position(0)
    motor.set_current_position(0)
    motor.set_limits(*LIMITS)


def scale(motor: EpicsMotor) -> MotorScale:
    return motor.begin_scale()()


def test_another_user_position_changes_the_offset_and_the_limits_stay_at_their_places(own_scale: EpicsMotor) -> None:
    own_scale.set_current_position(1.5)
    assert scale(own_scale) == MotorScale(user=1.5, dial=0.0, offset=1.5, limits=(-8.5, 151.5))
    assert own_scale.locate() == {"setpoint": 1.5, "readback": 1.5}
    assert own_scale.set_use_switch.get(as_string=True) == "Use"


def test_another_dial_position_keeps_the_user_position(own_scale: EpicsMotor) -> None:
    own_scale.set_dial_position(3)
    assert scale(own_scale) == MotorScale(user=0.0, dial=3.0, offset=-3.0, limits=(-13.0, 147.0))
    assert own_scale.set_use_switch.get(as_string=True) == "Use"


def test_with_a_frozen_offset_the_user_position_is_not_changed_and_follows_the_dial(own_scale: EpicsMotor) -> None:
    own_scale.offset_freeze_switch.put("Frozen", wait=True)
    with pytest.raises(DeviceError, match=r'frozen \(FOFF\); to free it: tth\.offset_freeze_switch\.put\("Variable"\)'):
        own_scale.set_current_position(1)
    own_scale.set_dial_position(3)
    assert (scale(own_scale).user, scale(own_scale).offset) == (3.0, 0.0)


def test_after_a_stop_it_is_the_place_where_it_stands_that_is_redefined(own_scale: EpicsMotor) -> None:
    status = on_its_way(own_scale)
    own_scale.stop()
    assert status.exception(timeout=15) is not None
    own_scale.set_current_position(0)
    assert own_scale.position == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize("method", ["set_current_position", "set_dial_position"])
def test_nothing_is_redefined_while_it_moves_or_is_in_set_mode(
    own_scale: EpicsMotor, outsider: Outsider, method: str
) -> None:
    outsider.put(".SET", 1, wait=True)
    with pytest.raises(DeviceError, match=r'in Set mode already; .*: tth\.set_use_switch\.put\("Use"\)'):
        getattr(own_scale, method)(5)
    outsider.put(".SET", 0, wait=True)
    on_its_way(own_scale)
    with pytest.raises(DeviceError, match=r"its position cannot be set while it moves; wait, or type: stop tth"):
        getattr(own_scale, method)(5)


@pytest.mark.parametrize("method", ["set_current_position", "set_dial_position"])
def test_what_is_no_number_is_refused(motor: EpicsMotor, method: str) -> None:
    with pytest.raises(BadValue, match=r"^tth: "):
        getattr(motor, method)(float("nan"))


def test_limits_are_written_into_the_record_and_hold(own_scale: EpicsMotor) -> None:
    own_scale.set_limits(-1, 2)
    assert scale(own_scale).limits == (-1.0, 2.0)
    own_scale.set_limits(5, 8)  # both above the old high one
    assert scale(own_scale).limits == (5.0, 8.0)
    own_scale.set_limits(-8, -5)
    assert scale(own_scale).limits == (-8.0, -5.0)
    with pytest.raises(LimitError, match="is above the limit -5 deg"):
        own_scale.set(0)


def test_limits_of_0_and_0_are_none_also_with_an_offset(own_scale: EpicsMotor) -> None:
    own_scale.set_current_position(1.5)
    own_scale.set_limits(0, 0)
    low, high = scale(own_scale).limits
    assert low == high
    own_scale.check_value(1e6)
    own_scale.set(-9).wait(30)  # below the limit of before, above the switch


@pytest.mark.parametrize(
    ("limits", "words"), [((5, -5), "leave no room"), ((3, 3), "no room"), ((0, float("inf")), "is not a limit")]
)
def test_limits_that_are_none_are_refused(own_scale: EpicsMotor, limits: tuple[float, float], words: str) -> None:
    with pytest.raises(BadValue, match=words):
        own_scale.set_limits(*limits)
    assert scale(own_scale).limits == LIMITS
