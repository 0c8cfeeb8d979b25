"""The motor record, seen over Channel Access by a foreign client (pyepics). Simulated time runs ten times as fast."""

import os
import random
import subprocess
import sys
import time

import epics
import pytest

from beamshell.ioc.process import DemoIoc

HOMED, AT_HOME, MINUS_SWITCH, MOVING, PROBLEM, SLIPPED, PLUS_SWITCH, DONE, UPWARDS = (
    0x4000, 0x80, 0x2000, 0x400, 0x200, 0x40, 0x4, 0x2, 0x1,
)  # fmt: skip


# ---- moves -----------------------------------------------------------------------------------


def test_a_put_with_completion_ends_with_the_motion(motor):
    began = time.monotonic()
    motor.do("VAL", 4)
    assert time.monotonic() - began >= 0.2  # two simulated seconds, at ten times the speed
    assert (motor["RBV"], motor["DMOV"], motor["MOVN"]) == (4.0, 1, 0)


@pytest.mark.parametrize(
    ("field", "value", "goal"), [("DVAL", 1.5, 1.5), ("RVAL", 12000, 1.2), ("RLV", -1.0, -1.0), ("TWF", 1, 0.1)]
)
def test_every_way_of_sending_the_motor_completes_at_its_goal(motor, field, value, goal):
    motor.do(field, value)
    assert motor["RBV"] == pytest.approx(goal)
    assert motor["DMOV"] == 1


def test_relative_moves_and_tweaks_start_from_the_last_target(motor):
    motor["TWV"] = 0.5
    for field, value in (("RLV", 1.0), ("TWR", 1), ("TWR", 1), ("TWF", 1)):
        motor.do(field, value)
    assert motor["RBV"] == pytest.approx(0.5)
    assert (motor["RLV"], motor["TWF"], motor["TWR"]) == (0, 0, 0)


def test_a_move_to_where_it_stands_completes_at_once(motor):
    motor["VELO"] = 1e-6  # the smallest motion would last longer than the put is waited for
    motor.do("VAL", 0)


@pytest.mark.parametrize(("field", "value"), [("VAL", 0), ("RLV", 0), ("HOMF", 1)])
def test_dmov_falls_and_rises_also_when_there_is_no_way_to_go(motor, field, value):
    states = []
    dmov = epics.PV("BL:samy.DMOV", callback=lambda value, **_: states.append(int(value)))
    motor.wait_for(lambda: states == [1])
    motor.do(field, value)
    motor.wait_for(lambda: len(states) >= 3)
    dmov.disconnect()
    assert states == [1, 0, 1]


@pytest.mark.parametrize("field", ["ACCL", "BACC"])
def test_a_time_to_speed_up_that_is_not_above_zero_becomes_a_tenth_of_a_second(motor, field):
    for seconds in (0, -1):
        motor[field] = seconds
        assert motor[field] == 0.1


def test_while_it_moves_the_motor_says_so(motor):
    completed = motor.start("VAL", -20)
    assert (motor["DMOV"], motor["MOVN"], motor["TDIR"]) == (0, 1, 0)
    assert int(motor["MSTA"]) & (MOVING | DONE | UPWARDS) == MOVING
    assert motor["DIFF"] < 0
    assert not completed()


def test_the_read_back_comes_often_rises_and_reaches_the_target_before_dmov(motor):
    record = []
    rbv, dmov = epics.PV("BL:samy.RBV"), epics.PV("BL:samy.DMOV")
    for pv in (rbv, dmov):
        pv.wait_for_connection(timeout=60)
        pv.add_callback(lambda pvname, value, timestamp, **_: record.append((pvname[8:], value, timestamp)))
    motor["VELO"] = 0.2
    motor.do("VAL", 10, timeout_s=60)
    motor.wait_for(lambda: record[-1][:2] == ("DMOV", 1))
    for pv in (rbv, dmov):
        pv.disconnect()
    moved = record[[event[:2] for event in record].index(("DMOV", 0)) :]
    positions = [value for name, value, _ in moved if name == "RBV"]
    assert len(positions) >= 8  # of more than a hundred in five seconds; a busy client gets fewer
    assert positions == sorted(positions)
    assert [event[:2] for event in moved[-2:]] == [("RBV", 10.0), ("DMOV", 1)]
    stamps = [timestamp for *_, timestamp in moved]
    assert stamps == sorted(stamps)
    assert abs(stamps[-1] - time.time()) < 5


def test_a_new_target_on_the_way_is_followed_without_a_rest(motor):
    dmov = []
    pv = epics.PV("BL:samy.DMOV", callback=lambda value, **_: dmov.append(value))
    pv.wait_for_connection(timeout=60)
    completed = motor.start("VAL", 20)
    motor.wait_for(lambda: motor["RBV"] > 1)
    motor["VAL"] = -1
    motor.wait_for(completed)
    pv.disconnect()
    assert motor["RBV"] == -1
    assert dmov[-2:] == [0, 1]
    assert dmov.count(0) == 1


def test_the_speed_is_the_one_asked_for(motor):
    motor["VELO"] = 1
    began = time.monotonic()
    motor.do("VAL", 4)
    assert time.monotonic() - began >= 0.4  # at the usual 2 mm/s it would be 0.2


# ---- stop, pause, go -------------------------------------------------------------------------


def test_stop_ends_the_move_completes_the_put_and_takes_val_back(motor):
    completed = motor.start("VAL", 20)
    motor.wait_for(lambda: motor["RBV"] > 0.5)
    motor["STOP"] = 1
    motor.wait_for(completed)
    here = motor["RBV"]
    assert 0.5 < here < 20
    assert (motor["VAL"], motor["DVAL"], motor["DMOV"], motor["STOP"]) == (here, here, 1, 0)
    time.sleep(0.05)
    assert motor["RBV"] == here


def test_spmg_stop_halts_and_keeps_the_motor_until_go(motor):
    completed = motor.start("VAL", 20)
    motor["SPMG"] = "Stop"
    motor.wait_for(completed)
    here = motor["RBV"]
    assert motor["VAL"] == here
    motor.do("VAL", here + 1)
    assert motor["RBV"] == here
    motor["SPMG"] = "Go"
    motor.wait_for(lambda: motor["RBV"] == here + 1)


def test_spmg_pause_keeps_the_target_and_go_resumes(motor):
    completed = motor.start("VAL", 8)
    motor["SPMG"] = "Pause"
    motor.wait_for(completed)
    assert motor["VAL"] == 8
    assert motor["RBV"] < 8
    assert motor["DMOV"] == 1
    motor["SPMG"] = "Go"
    motor.wait_for(lambda: motor["RBV"] == 8)


def test_spmg_move_makes_one_move_and_pauses(motor):
    motor["SPMG"] = "Move"
    motor.do("VAL", 1)
    assert motor["RBV"] == 1
    assert epics.caget("BL:samy.SPMG", as_string=True, use_monitor=False) == "Pause"


# ---- coordinates -----------------------------------------------------------------------------


def test_an_offset_shifts_user_position_and_limits_but_not_the_dial(motor):
    motor.do("VAL", 1)
    motor["OFF"] = 5
    assert (motor["VAL"], motor["RBV"], motor["DVAL"], motor["DRBV"]) == (6, 6, 1, 1)
    assert (motor["LLM"], motor["HLM"], motor["DLLM"], motor["DHLM"]) == (-20, 30, -25, 25)


def test_a_reversed_motor_counts_the_other_way(motor):
    motor["FOFF"] = "Frozen"
    motor["DIR"] = "Neg"
    motor["OFF"] = 1
    motor.do("VAL", 3)
    assert (motor["RBV"], motor["DRBV"], motor["TDIR"]) == (3, -2, 1)
    assert (motor["LLM"], motor["HLM"]) == (-24, 26)


def test_reversing_with_a_variable_offset_keeps_the_user_position(motor):
    motor.do("VAL", 3)
    motor["DIR"] = "Neg"
    assert (motor["VAL"], motor["RBV"], motor["DVAL"], motor["OFF"]) == (3, 3, 3, 6)


def test_set_mode_redefines_the_user_position_without_motion(motor):
    motor.do("VAL", 1)
    motor["SET"] = "Set"
    motor.do("VAL", 10)
    motor["SET"] = "Use"
    assert (motor["VAL"], motor["RBV"], motor["OFF"], motor["DRBV"]) == (10, 10, 9, 1)


def test_set_mode_with_a_frozen_offset_redefines_the_dial(motor):
    motor["FOFF"] = "Frozen"
    motor["SET"] = "Set"
    motor.do("VAL", 10)
    motor["SET"] = "Use"
    assert (motor["RBV"], motor["DRBV"], motor["OFF"]) == (10, 10, 0)


def test_set_mode_on_the_dial_keeps_the_user_position(motor):
    motor["SET"] = "Set"
    motor.do("DVAL", 4)
    motor["SET"] = "Use"
    assert (motor["RBV"], motor["DRBV"], motor["OFF"]) == (0, 4, -4)


def test_steps_follow_the_resolution(motor):
    motor.do("VAL", 1)
    assert (motor["RVAL"], motor["RRBV"]) == (10000, 10000)
    motor["MRES"] = 1e-3
    assert (motor["RBV"], motor["RRBV"]) == (1, 1000)


# ---- limits ----------------------------------------------------------------------------------


def test_the_axis_stands_on_whole_steps_and_the_target_stays_as_it_was_written(motor):
    motor["MRES"] = 0.01
    motor.do("VAL", 0.3141)
    assert (motor["VAL"], motor["DVAL"], motor["RVAL"]) == (0.3141, 0.3141, 31)
    assert (motor["RBV"], motor["RRBV"], motor["RDIF"]) == (pytest.approx(0.31), 31, 0)
    assert motor["DIFF"] == pytest.approx(0.0041)
    motor.do("VAL", 0.3)
    assert motor["RBV"] == 0.3


def test_a_motor_with_backlash_passes_its_target_and_comes_back_at_its_own_speed(motor):
    motor.do("VAL", 2)
    motor["VELO"] = 0.2  # slow, so that a busy client sees the lowest place too
    motor["BDST"], motor["BVEL"], motor["BACC"] = 0.5, 0.05, 0.0
    way = []
    readback = epics.PV("BL:samy.RBV", callback=lambda value, **_: way.append(value))
    motor.wait_for(lambda: way == [2.0])  # it is followed from here on
    began = time.monotonic()
    motor.do("VAL", 1)
    assert time.monotonic() - began >= (1.5 / 0.2 + 0.05 + 0.5 / 0.05) / 10  # the simulation is ten times as fast
    assert motor["RBV"] == 1
    motor.wait_for(lambda: way[-1:] == [1.0])
    readback.disconnect()
    assert min(way) == pytest.approx(0.5, abs=0.2)
    assert way[way.index(min(way)) :] == sorted(way[way.index(min(way)) :])
    assert motor["TDIR"] == 1


def test_during_the_settle_time_the_motor_stands_and_is_not_done(motor):
    motor["DLY"] = 100
    ended = motor.start("VAL", 0.1)
    motor.wait_for(lambda: motor["MOVN"] == 0, timeout_s=8.0)
    assert (motor["DMOV"], motor["RBV"]) == (0, 0.1)
    assert not ended()
    motor.wait_for(ended, timeout_s=60.0)
    assert motor["DMOV"] == 1


@pytest.mark.parametrize(("field", "value"), [("VAL", 26), ("DVAL", -26), ("RLV", 40), ("VAL", float("nan"))])
def test_a_move_beyond_a_soft_limit_is_refused_and_val_restored(motor, field, value):
    motor.do("VAL", 2)
    motor.do(field, value)
    assert (motor["LVIO"], motor["VAL"], motor["DVAL"], motor["RBV"], motor["DMOV"]) == (1, 2, 2, 2, 1)
    motor.do("VAL", 1)
    assert motor["LVIO"] == 0


def test_limits_of_zero_and_zero_mean_none(motor):
    motor[":hard_high"] = 1000
    motor["DHLM"] = motor["DLLM"] = 0
    motor["VELO"] = 20
    motor.do("VAL", 60)
    assert (motor["RBV"], motor["LVIO"]) == (60, 0)


def test_user_limits_set_the_dial_limits(motor):
    motor["OFF"] = 1
    motor["HLM"] = 11
    motor["LLM"] = -4
    assert (motor["DHLM"], motor["DLLM"]) == (10, -5)


def test_position_fields_carry_unit_precision_and_limits(motor):
    motor["DHLM"] = 12
    for field in ("VAL", "RBV"):
        properties = epics.PV(f"BL:samy.{field}", auto_monitor=False).get_ctrlvars()
        assert (properties["units"], properties["precision"]) == ("mm", 3)
        assert (properties["lower_ctrl_limit"], properties["upper_ctrl_limit"]) == (-25, 12)
        assert (properties["lower_disp_limit"], properties["upper_disp_limit"]) == (-25, 12)
    assert epics.PV("BL:samy.VELO", auto_monitor=False).get_ctrlvars()["units"] == "mm/s"


@pytest.mark.parametrize(
    ("field", "choices"),
    [("SPMG", ("Stop", "Pause", "Move", "Go")), ("SET", ("Use", "Set")), ("DIR", ("Pos", "Neg"))],
)
def test_menus_have_their_choices(motor, field, choices):
    assert epics.PV(f"BL:samy.{field}", auto_monitor=False).get_ctrlvars()["enum_strs"] == choices


@pytest.mark.parametrize("field", ["RBV", "DMOV", "MSTA"])
def test_read_backs_cannot_be_written(motor, field):
    assert epics.get_pv(f"BL:samy.{field}", connect=True).write_access is False


# ---- what gets in the way --------------------------------------------------------------------


def test_a_limit_switch_ends_the_move_where_it_is(motor):
    motor[":hard_high"] = 3
    motor.do("VAL", 10)
    assert (motor["RBV"], motor["VAL"], motor["DMOV"], motor["HLS"], motor["LLS"]) == (3, 3, 1, 1, 0)
    assert int(motor["MSTA"]) & PLUS_SWITCH
    assert motor["SEVR"] == 2
    motor.do("VAL", 1)
    assert (motor["RBV"], motor["HLS"], motor["SEVR"]) == (1, 0, 0)


def test_on_a_reversed_motor_the_plus_switch_is_the_low_one(motor):
    motor["FOFF"] = "Frozen"
    motor["DIR"] = "Neg"
    motor[":hard_high"] = 3
    motor.do("VAL", -10)
    assert (motor["RBV"], motor["HLS"], motor["LLS"], motor["RHLS"]) == (-3, 0, 1, 1)


def test_a_stalled_motor_ends_short_of_its_target_and_says_so(motor):
    motor[":stall"] = 1
    motor.do("VAL", 2)
    assert (motor["VAL"], motor["RBV"], motor["DMOV"], motor["MISS"]) == (2, 0, 1, 1)
    assert int(motor["MSTA"]) & (SLIPPED | PROBLEM) == SLIPPED | PROBLEM
    assert motor["SEVR"] == 2
    motor[":stall"] = 0
    motor.do("VAL", 1)
    assert (motor["RBV"], motor["MISS"], motor["SEVR"]) == (1, 0, 0)


# ---- jog and home ----------------------------------------------------------------------------


@pytest.mark.parametrize(("button", "sign"), [("JOGF", 1), ("JOGR", -1)])
def test_a_jog_lasts_as_long_as_its_button_is_pressed(motor, button, sign):
    motor[button] = 1
    motor.wait_for(lambda: sign * motor["RBV"] > 1)
    assert motor["DMOV"] == 0
    motor[button] = 0
    motor.wait_for(lambda: motor["DMOV"] == 1)
    assert motor["VAL"] == motor["RBV"]
    assert 1 < sign * motor["RBV"] < 20


def test_a_jog_ends_at_the_soft_limit(motor):
    motor["DHLM"] = 2
    motor["JOGF"] = 1
    motor.wait_for(lambda: motor["RBV"] == 2)
    motor.wait_for(lambda: motor["DMOV"] == 1)
    assert motor["JOGF"] == 0


@pytest.mark.parametrize("button", ["HOMF", "HOMR"])
def test_homing_ends_at_dial_zero_and_is_remembered(motor, button):
    motor["OFF"] = 3
    motor.do("VAL", 6)
    motor.do(button, 1)
    assert (motor["DRBV"], motor["RBV"], motor["VAL"], motor[button]) == (0, 3, 3, 0)
    assert int(motor["MSTA"]) & (HOMED | AT_HOME) == HOMED | AT_HOME
    motor.do("VAL", 4)
    assert int(motor["MSTA"]) & (HOMED | AT_HOME) == HOMED


# ---- all at once -----------------------------------------------------------------------------


def test_every_put_completes_and_the_motor_rests_where_it_says_whatever_is_pressed(motor):
    chance = random.Random(5)
    pv = epics.get_pv("BL:samy.VAL", connect=True)
    for _ in range(40):
        pv.put(chance.uniform(-20, 20), use_complete=True)
        for _ in range(chance.randrange(4)):
            field, value = chance.choice(
                [("STOP", 1), ("SPMG", 0), ("SPMG", 1), ("TWF", 1), ("JOGF", 1), ("JOGR", 1), ("HOMF", 1), ("DVAL", 3)]
            )
            motor[field] = value
            time.sleep(chance.choice([0.0, 0.02]))
            motor["SPMG"] = 3
        motor["STOP"] = 1
        motor.wait_for(lambda: pv.put_complete)
        assert (motor["DMOV"], motor["MOVN"], motor["JOGF"], motor["HOMF"]) == (1, 0, 0, 0)
        assert motor["RBV"] == motor["VAL"]


def test_a_button_released_before_it_was_ever_pressed_does_nothing(demo_ioc):
    with DemoIoc.start() as fresh:
        fresh.wait_ready()
        code = "import epics; print([epics.caput('BL:samx.JOGF', 0, wait=True), epics.caget('BL:samx.DMOV')])"
        env = {**os.environ, **fresh.client_environment}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=20)
    assert done.stdout.strip() == "[1, 1]"
