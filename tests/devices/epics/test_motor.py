"""EpicsMotor on a real record: a move that did not end where it was sent is never a success."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from motor_bench import PV, Outsider, failure, on_its_way, until, until_sent

from beamshell import protocols
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.errors import BadValue, DeviceError, LimitError, MoveFailed, NotConnected
from beamshell.ioc.process import DemoIoc
from beamshell.plans import stubs as bps
from beamshell.simulate import rehearse

# ---- what it is


def test_a_motor_is_what_the_engine_asks_for(motor: EpicsMotor) -> None:
    for protocol in (
        protocols.Movable,
        protocols.Checkable,
        protocols.Locatable,
        protocols.Stoppable,
        protocols.Readable,
        protocols.BeginsRead,
        protocols.Subscribable,
    ):
        assert isinstance(motor, protocol)


def test_a_motor_is_recorded_under_its_name(motor: EpicsMotor) -> None:
    assert list(motor.read()) == ["tth", "tth_user_setpoint"]
    described = motor.describe()["tth"]
    assert (described["source"], described["units"], described["precision"]) == (f"ca://{PV}.RBV", "deg", 4)
    assert motor.hints == {"fields": ["tth"]}
    assert set(motor.read_configuration()) == set(motor.describe_configuration())
    assert "tth_velocity" in motor.read_configuration()


def test_a_motor_knows_its_limits_units_and_precision(motor: EpicsMotor) -> None:
    assert (motor.limits, motor.units, motor.precision) == ((-10.0, 150.0), "deg", 4)


# ---- arriving


def test_a_move_ends_where_it_was_sent(motor: EpicsMotor) -> None:
    motor.set(1.5).wait(15)
    assert motor.position == pytest.approx(1.5, abs=0.001)
    assert motor.locate() == {"setpoint": 1.5, "readback": motor.position}


def test_every_one_of_many_short_moves_is_there_when_it_says_so(motor: EpicsMotor) -> None:
    for step in range(40):
        target = 0.02 * step
        motor.set(target).wait(15)
        assert abs(motor.position - target) <= 0.001


def test_a_move_to_where_it_is_ends_at_once(motor: EpicsMotor) -> None:
    motor.set(0).wait(2)


def test_a_new_move_supersedes_the_old_one_and_arrives(motor: EpicsMotor) -> None:
    first = on_its_way(motor)
    second = motor.set(0.1)
    assert failure(first) == "tth: move to 140 deg was superseded by a move to 0.1 deg"
    second.wait(15)
    assert motor.position == pytest.approx(0.1, abs=0.001)


def test_superseding_at_any_moment_of_a_move_never_ends_the_new_one_early(motor: EpicsMotor) -> None:
    for number in range(25):
        target = 0.3 + 0.01 * number
        motor.set(0.2 if number % 2 else 0.05)
        time.sleep(0.003 * number)
        motor.set(target).wait(15)
        assert abs(motor.position - target) <= 0.001


# ---- refused before anything moves


@pytest.mark.parametrize(
    ("position", "message"),
    [
        (1e9, r"^tth: 1e\+09 deg is above the limit 150 deg$"),
        (-10.5, r"^tth: -10\.5 deg is below the limit -10 deg$"),
    ],
)
def test_a_move_beyond_the_limit_is_refused(motor: EpicsMotor, position: float, message: str) -> None:
    with pytest.raises(LimitError, match=message):
        motor.set(position)
    with pytest.raises(LimitError, match=message):
        motor.check_value(position)
    assert motor.locate() == {"setpoint": 0.0, "readback": 0.0}


@pytest.mark.parametrize("position", [float("nan"), float("inf"), "five", None, True])
def test_what_is_no_position_is_refused(motor: EpicsMotor, position: Any) -> None:
    with pytest.raises(BadValue, match=r"^tth: "):
        motor.set(position)


def test_limits_that_have_just_changed_in_the_record_hold(motor: EpicsMotor, outsider: Outsider) -> None:
    outsider.put(".HLM", 2, wait=True)
    until_sent(motor.high_limit_travel, 2)
    with pytest.raises(LimitError, match=r"3 deg is above the limit 2 deg"):
        motor.set(3)


def test_own_limits_narrow_those_of_the_record(motor: EpicsMotor) -> None:
    motor.limits = (-1, 200)
    assert motor.limits == (-1.0, 150.0)
    with pytest.raises(LimitError, match=r"-2 deg is below the limit -1 deg"):
        motor.set(-2)


def test_limits_of_zero_are_none(motor: EpicsMotor, outsider: Outsider) -> None:
    outsider.put(".LLM", 0, wait=True)
    outsider.put(".HLM", 0, wait=True)
    motor.set(-0.5).wait(15)
    until(lambda: motor.limits == (0.0, 0.0))
    motor.check_value(1e6)


def test_a_motor_switched_to_stop_is_not_sent_anywhere(motor: EpicsMotor, outsider: Outsider) -> None:
    outsider.put(".SPMG", 0, wait=True)
    until_sent(motor.motor_spg, 0)
    with pytest.raises(DeviceError, match=r'its SPMG is Stop; to let it: tth\.motor_spg\.put\("Go"\)'):
        motor.set(1)
    assert motor.state()["words"] == ["SPMG Stop"]


def test_a_motor_in_set_mode_is_not_sent_anywhere(motor: EpicsMotor, outsider: Outsider) -> None:
    outsider.put(".SET", 1, wait=True)
    until_sent(motor.set_use_switch, 1)
    with pytest.raises(DeviceError, match="Set mode, where a move redefines its position"):
        motor.set(1)
    assert motor.user_offset.get() == 0.0


def test_a_motor_that_does_not_answer_names_its_address(demo_ioc: DemoIoc) -> None:
    lost = EpicsMotor("BL:nosuch", name="lost")
    for _, signal in lost.walk_signals():
        signal.connection_timeout = 0.05
    with pytest.raises(NotConnected, match=r"^lost: BL:nosuch\.RBV has not answered"):
        lost.set(1)
    assert lost.state()["words"] == ["offline"]
    assert not lost.connected


# ---- a speed of 0


@pytest.mark.parametrize(("name", "field"), [("velocity", "VELO"), ("backlash_velocity", "BVEL")])
def test_a_move_at_a_speed_of_zero_is_refused_with_what_to_type(motor: EpicsMotor, name: str, field: str) -> None:
    speed, before = motor.part(name), motor.part(name).get()
    motor.backlash_distance.set(0.1).wait(5)
    speed.set(0.0).wait(5)
    try:
        until(lambda: speed.latest["value"] == 0)
        with pytest.raises(DeviceError, match=rf"^tth: its {name} \({field}\) is 0, .*: tth\.{name}\.set\(1\)$"):
            motor.set(-1)
        assert "would never arrive" in str(rehearse(bps.mv(motor, -1)).problems)
        motor.set(motor.position).wait(5)  # no way, no speed
    finally:
        speed.set(before).wait(5)
        motor.backlash_distance.set(0.0).wait(5)


def test_a_speed_of_zero_of_a_backlash_that_is_not_taken_out_is_none_of_its_concern(motor: EpicsMotor) -> None:
    before = motor.backlash_velocity.get()
    motor.backlash_velocity.set(0.0).wait(5)
    motor.set(0.5).wait(30)
    motor.backlash_velocity.set(before).wait(5)


def test_a_jog_and_a_search_for_home_at_a_speed_of_zero_are_refused(motor: EpicsMotor) -> None:
    for name, start in (("jog_velocity", motor.jog), ("home_velocity", motor.home)):
        before = motor.part(name).get()
        motor.part(name).set(0.0).wait(5)
        with pytest.raises(DeviceError, match=rf"^tth: its {name}"):
            start()
        motor.part(name).set(before).wait(5)


# ---- ending elsewhere


def test_a_stop_of_ours_is_a_failure_that_says_where(motor: EpicsMotor) -> None:
    status = on_its_way(motor)
    motor.stop()
    assert failure(status).startswith("tth: move to 140 deg was stopped at ")
    assert not motor.motor_is_moving.get()


def test_a_stop_of_ours_as_a_success_is_one(motor: EpicsMotor) -> None:
    status = on_its_way(motor)
    motor.stop(success=True)
    status.wait(15)
    assert motor.position < 100


def test_a_stop_from_elsewhere_is_a_failure(motor: EpicsMotor, outsider: Outsider) -> None:
    status = on_its_way(motor)
    outsider.put(".STOP", 1)
    assert "by somebody else" in failure(status)


def test_somebody_elses_target_is_a_failure(motor: EpicsMotor, outsider: Outsider) -> None:
    status = on_its_way(motor)
    outsider.put(".VAL", 0.2)
    assert "was overruled: somebody else sent it to 0.2 deg" in failure(status)


def test_a_limit_switch_is_a_failure(motor: EpicsMotor, outsider: Outsider) -> None:
    outsider.put(":hard_high", 3, wait=True)
    assert failure(motor.set(5)) == "tth: move to 5 deg ended at 3 deg, on the high limit switch"
    assert "high limit switch" in motor.state()["words"]


def test_a_stall_is_a_failure(motor: EpicsMotor, outsider: Outsider) -> None:
    outsider.put(":stall", 1, wait=True)
    assert failure(motor.set(1)) == "tth: move to 1 deg ended at 0 deg, 1 deg away (slip or stall, driver problem)"


@pytest.mark.parametrize(("mode", "word"), [(0, "Stop"), (1, "Pause")])
def test_spmg_is_a_failure(motor: EpicsMotor, outsider: Outsider, mode: int, word: str) -> None:
    status = on_its_way(motor)
    outsider.put(".SPMG", mode)
    assert f"SPMG was set to {word}" in failure(status)


def test_a_move_begun_during_somebody_elses_is_not_kept_waiting_by_it(motor: EpicsMotor, outsider: Outsider) -> None:
    theirs = outsider.put_with_completion(".VAL", 140)
    until(lambda: motor.position > 0.5)
    motor.set(0.1).wait(10)
    assert abs(motor.position - 0.1) <= 0.001
    theirs.wait(5)


def test_a_stop_leaves_nothing_queued_in_the_record_that_would_move_it_later(
    motor: EpicsMotor, outsider: Outsider
) -> None:
    outsider.put_with_completion(".VAL", 140)
    until(lambda: motor.position > 0.5)
    ours = motor.set(100)
    motor.stop()
    assert "was stopped at" in failure(ours)
    rests_at = motor.position
    time.sleep(0.3)  # a queued write would have set it off by now
    assert (motor.position, bool(motor.motor_is_moving.get())) == (rests_at, False)


def test_after_any_failure_the_next_move_works(motor: EpicsMotor, outsider: Outsider) -> None:
    status = on_its_way(motor)
    outsider.put(".STOP", 1)
    failure(status)
    motor.set(0).wait(30)
    assert motor.position == 0.0


# ---- for people


def test_a_state_says_what_a_table_shows(motor: EpicsMotor) -> None:
    state = motor.state()
    assert state == {
        "name": "tth",
        "connected": True,
        "position": 0.0,
        "dial": 0.0,
        "setpoint": 0.0,
        "low_limit": -10.0,
        "high_limit": 150.0,
        "units": "deg",
        "precision": 4,
        "moving": False,
        "words": [],
    }


def test_a_position_can_be_redefined_without_moving(motor: EpicsMotor) -> None:
    motor.set_current_position(5)
    try:
        assert (motor.position, motor.user_offset.get(), motor.dial_position.get()) == (5.0, 5.0, 0.0)
        assert motor.set_use_switch.get(as_string=True) == "Use"
    finally:
        motor.set_current_position(0)


def test_a_position_is_not_redefined_while_it_moves(motor: EpicsMotor) -> None:
    on_its_way(motor)
    with pytest.raises(DeviceError, match="cannot be set while it moves"):
        motor.set_current_position(5)


def test_settings_are_configured_together_and_both_states_come_back(motor: EpicsMotor) -> None:
    before, after = motor.configure({"velocity": 1.5, "acceleration": 0.2})
    try:
        assert [state["tth_velocity"]["value"] for state in (before, after)] == [2.0, 1.5]
        assert after["tth_acceleration"]["value"] == 0.2
    finally:
        motor.configure({"velocity": 2.0, "acceleration": before["tth_acceleration"]["value"]})


def test_the_dial_and_the_offset_are_there_too(motor: EpicsMotor) -> None:
    motor.set_current_position(1)
    try:
        motor.dial_setpoint.set(2).wait(15)
        assert motor.position == pytest.approx(3, abs=0.001)
        assert (motor.state()["dial"], motor.limits) == (pytest.approx(2, abs=0.001), (-9.0, 151.0))
    finally:
        motor.set(1).wait(15)
        motor.set_current_position(0)


def test_the_time_of_a_move_is_estimated_from_the_record(motor: EpicsMotor) -> None:
    assert motor.estimate_time_s(0, 10) == pytest.approx(10 / 2 + 0.05)


def test_the_time_of_a_move_counts_backlash_its_speed_and_the_delay(motor: EpicsMotor) -> None:
    settings = {
        "backlash_distance": 0.5, "backlash_velocity": 0.1, "backlash_acceleration": 0.2, "readback_settle_time": 1.5
    }  # fmt: skip
    before = {name: motor.part(name).get() for name in settings}
    motor.configure(settings)
    try:
        until(lambda: motor.estimate_time_s(0, 10) == pytest.approx((9.5 / 2 + 0.05) + (0.5 / 0.1 + 0.2) + 1.5))
        assert motor.estimate_time_s(10, 0) == pytest.approx((10.5 / 2 + 0.05) + (0.5 / 0.1 + 0.2) + 1.5)
        move = motor.set(-0.3)  # 0.8 down, then 0.5 up slowly
        assert move.timeout == pytest.approx(10 + 3 * ((0.8 / 2 + 0.05) + (0.5 / 0.1 + 0.2) + 1.5))
        move.wait(15)
        motor.configure({"user_offset_dir": 1})
        until(lambda: motor.move_settings().backlash == -0.5)
    finally:
        motor.configure({"user_offset_dir": 0, **before})


def test_subscribers_get_the_position(motor: EpicsMotor) -> None:
    values: list[float] = []
    token = motor.subscribe(lambda value, **_: values.append(value), run=False)
    motor.set(0.5).wait(15)
    until(lambda: 0.5 in values)
    motor.unsubscribe(token)


# ---- whatever happens


def test_a_success_is_always_true_whoever_interferes_at_whatever_moment(motor: EpicsMotor, outsider: Outsider) -> None:
    """Property 7: stops and targets, ours and others', at random moments; each status ends, and tells the truth."""
    chance = random.Random(7)
    for case in range(40):
        target = chance.uniform(0, 4)
        status = motor.set(target)
        overruled = False
        deeds = chance.choices(["stop", "target", "own stop", "own target"], k=chance.choice([0, 1, 1, 2]))
        for deed in deeds:
            time.sleep(chance.uniform(0, 0.08))
            if deed == "stop":
                outsider.put(".STOP", 1)
            elif deed == "target":
                outsider.put(".VAL", chance.uniform(0, 4))
                overruled = True
            elif deed == "own stop":
                motor.stop()
            else:
                target = chance.uniform(0, 4)
                status = motor.set(target)
                overruled = False
        assert status.exception(timeout=10) is None or isinstance(status.exception(), MoveFailed), (case, deeds)
        if status.success and not overruled:  # a foreign target after our arrival is nobody's failure
            assert abs(motor.position - target) <= 0.001, (case, deeds)
        motor.stop()
        until(lambda: not motor.motor_is_moving.get())


# ---- where a relative move starts


def test_after_a_stall_a_relative_move_starts_where_it_stands(motor: EpicsMotor, outsider: Outsider) -> None:
    outsider.put(":stall", 1, wait=True)
    failure(motor.set(1))
    assert motor.user_setpoint.get() == 1.0
    assert motor.locate()["setpoint"] == pytest.approx(0.0, abs=0.001)


def test_after_a_stop_of_another_client_a_relative_move_starts_where_it_stands(
    motor: EpicsMotor, outsider: Outsider
) -> None:
    status = on_its_way(motor)
    outsider.put(".STOP", 1)
    failure(status)
    assert motor.locate()["setpoint"] == pytest.approx(motor.position, abs=0.001)
    assert motor.locate()["setpoint"] < 139


def test_a_move_to_exactly_the_limit_is_made_though_the_sum_exceeds_it(motor: EpicsMotor, outsider: Outsider) -> None:
    outsider.put(".HLM", 0.3, wait=True)
    until(lambda: motor.high_limit == 0.3)
    motor.set(0.1).wait(15)
    motor.check_value(0.1 + 0.2)
    motor.set(motor.locate()["setpoint"] + 0.2).wait(15)
    assert motor.user_setpoint.get() == 0.3
    with pytest.raises(LimitError, match=r"tth: 0\.301 deg is above the limit 0\.3 deg"):
        motor.set(0.301)


def test_the_limit_switch_that_it_is_at_is_known_without_asking(motor, outsider, monkeypatch):
    assert motor.limit_switch() == ""  # from now on the record sends it
    outsider.put(":hard_high", 1, wait=True)
    assert "limit" in failure(motor.set(3))
    with monkeypatch.context() as patch:
        for switch in (motor.high_limit_switch, motor.low_limit_switch):
            patch.setattr(switch, "begin_read", None)
        until(lambda: motor.limit_switch() == "high")
