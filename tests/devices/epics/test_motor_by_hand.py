"""Homing, jogging and tweaking a motor record: each ends with the truth, as a move does."""

from __future__ import annotations

from typing import Any

import pytest
from motor_bench import Outsider, failure, on_its_way, until, until_sent

from beamshell.devices.epics.motor import EpicsMotor
from beamshell.errors import BadValue, DeviceError, LimitError


def test_a_search_for_home_ends_at_home(motor: EpicsMotor) -> None:
    motor.set(2).wait(15)
    status = motor.home("reverse")
    assert status.success
    assert motor.dial_position.get() == 0
    assert {"homed", "at home"} <= set(motor.status_words())


def test_the_ready_methods_wait_by_default(motor: EpicsMotor) -> None:
    motor.set(2).wait(15)
    status = motor.home("forward", wait=False)
    assert not status.done
    status.wait(15)


def test_a_search_for_home_that_somebody_stops_has_failed_though_it_was_homed_before(
    motor: EpicsMotor, outsider: Outsider
) -> None:
    motor.home()
    motor.set(10).wait(15)
    status = motor.home("reverse", wait=False)
    until(lambda: motor.position < 9.5)
    outsider.put(".STOP", 1)
    assert "search for home (reverse) ended at" in failure(status)
    assert "its MSTA does not say that it is home" in str(status.exception())


def test_a_search_for_home_that_we_stop_has_failed(motor: EpicsMotor) -> None:
    motor.set(10).wait(15)
    status = motor.home("reverse", wait=False)
    until(lambda: motor.position < 9.5)
    motor.stop()
    assert "search for home (reverse) was stopped at" in failure(status)


def test_a_search_for_home_that_stalls_says_so(motor: EpicsMotor, outsider: Outsider) -> None:
    motor.set(2).wait(15)
    outsider.put(":stall", 1, wait=True)
    assert "slip or stall" in failure(motor.home(wait=False))


def test_a_jog_goes_on_until_it_is_stopped(motor: EpicsMotor) -> None:
    status = motor.jog("forward")
    until(lambda: motor.position > 0.5)
    assert not status.done
    motor.stop()
    status.wait(5)
    assert not motor.motor_is_moving.get()
    assert 0.5 < motor.position < 149


def test_a_jog_that_meets_its_limit_has_failed(motor: EpicsMotor) -> None:
    motor.low_limit_travel.put(-1, wait=True)
    assert failure(motor.jog("reverse")).startswith("tth: jog (reverse) ended at -1 deg: its limit was reached")


def test_a_jog_that_meets_a_switch_has_failed(motor: EpicsMotor, outsider: Outsider) -> None:
    outsider.put(":hard_high", 1, wait=True)
    assert failure(motor.jog()) == "tth: jog (forward) ended at 1 deg, on the high limit switch"


def test_while_it_jogs_it_is_sent_nowhere(motor: EpicsMotor) -> None:
    status = motor.jog()
    with pytest.raises(DeviceError, match=r"a jog \(forward\) is under way; wait for it, or tth\.stop\(\)"):
        motor.set(1)
    motor.stop()
    status.wait(5)
    motor.set(1).wait(15)


def test_while_it_moves_it_is_neither_homed_nor_jogged(motor: EpicsMotor) -> None:
    on_its_way(motor)
    for attempt in (motor.home, motor.jog):
        with pytest.raises(DeviceError, match="it moves; wait until it stands"):
            attempt()


def test_a_tweak_is_one_step_from_where_it_was_sent(motor: EpicsMotor) -> None:
    motor.tweak_value.put(0.25, wait=True)
    motor.tweak()
    motor.tweak("forward")
    assert motor.locate()["setpoint"] == 0.5
    motor.tweak("reverse")
    assert motor.position == pytest.approx(0.25, abs=0.001)


def test_a_tweak_beyond_the_limit_is_refused(motor: EpicsMotor) -> None:
    motor.tweak_value.put(1000, wait=True)
    with pytest.raises(LimitError, match=r"1000 deg is above the limit 150 deg"):
        motor.tweak()


@pytest.mark.parametrize("method", ["home", "jog", "tweak"])
def test_a_direction_that_is_none_is_refused(motor: EpicsMotor, method: str) -> None:
    attempt: Any = getattr(motor, method)
    with pytest.raises(BadValue, match=r"tth: 'up' is no direction; write 'forward' or 'reverse'"):
        attempt("up")


def test_a_motor_switched_to_stop_is_not_homed(motor: EpicsMotor, outsider: Outsider) -> None:
    outsider.put(".SPMG", 0, wait=True)
    until_sent(motor.motor_spg, 0)
    with pytest.raises(DeviceError, match="its SPMG is Stop"):
        motor.home()


def test_a_tweak_after_a_stall_is_one_step_from_where_it_stands(motor: EpicsMotor, outsider: Outsider) -> None:
    outsider.put(":stall", 1, wait=True)
    failure(motor.set(5))
    outsider.put(":stall", 0, wait=True)
    motor.tweak_value.put(0.25, wait=True)
    motor.tweak()
    assert motor.position == pytest.approx(0.25, abs=0.002)
