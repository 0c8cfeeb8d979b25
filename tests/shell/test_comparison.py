"""Devices against what they must be: asked all at once, told apart from what cannot be checked, moved in order."""

from __future__ import annotations

import pytest

from beamshell.errors import NotConnected
from beamshell.plans.unrun_plan_guard import call_of
from beamshell.shell.comparison import compare, comparison_table, differences, plan_of_moves
from beamshell.shell.conditions import Is, Near, Within


class Signal:
    """A value that can only be read."""

    connected = True
    writable = False
    units, precision, enum_strs = "mA", 2, ()
    severity = 0

    def __init__(self, name, value, **attributes):
        self.name, self.value, self.asked = name, value, []
        vars(self).update(attributes)

    def begin_read(self):
        self.asked.append("begun")
        reading = {self.name: {"value": self.value, "alarm_severity": self.severity}}
        return lambda: self.asked.append("collected") or reading

    read = describe = set = begin_read


class Motor:
    connected = True
    egu, precision, position = "deg", 3, 0.0

    def __init__(self, name, position=0.0, tolerance=0.0, **attributes):
        self.name, self.place, self.tolerance = name, position, tolerance
        vars(self).update(attributes)

    def begin_location(self):
        return lambda: {"readback": self.place, "setpoint": self.place}

    def begin_tolerance(self):
        return lambda: self.tolerance

    def set(self, value):
        raise AssertionError("a comparison moves nothing")


class Shutter:
    connected = True
    name = "shutter"

    def begin_state(self):
        return lambda: {"position": "Open", "connected": True}

    def set(self, value):
        raise AssertionError("a comparison moves nothing")


def one(condition, device):
    (comparison,) = compare({device.name: condition}, {device.name: device})
    return comparison


def test_all_devices_are_asked_before_the_first_answer_is_waited_for():
    order = []
    devices = {name: Signal(name, 1.0, asked=order) for name in "abc"}
    compare(dict.fromkeys("abc", Within(low=0)), devices)
    assert order.index("collected") >= 3
    assert "begun" not in order[order.index("collected") :]


@pytest.mark.parametrize(
    ("condition", "device", "sentence"),
    [
        (Near(1), Motor("th", 0.5), "th is 0.500 deg, and must be 1.000 deg"),
        (Near(1, 0.01), Motor("th", 0.5), "th is 0.500 deg, and must be 1.000 ± 0.01 deg"),
        (Is("Closed"), Shutter(), "shutter is Open, and must be Closed"),
        (Within(low=100), Signal("ring", 12.3), "ring is 12.300 mA, and must be above 100.000 mA"),
        (Is("Beam"), Signal("mode", 0, enum_strs=("Off", "Beam"), units=""), "mode is Off, and must be Beam"),
        (Near(1, unit="mm"), Motor("th", 1), "th is in deg, not in mm, and must be 1.000 mm"),
        (Near(1), Motor("th", 1, connected=False), "th is OFFLINE, and must be 1.000 deg"),
        (Within(low=1), Signal("ring", 200, severity=3), "ring is in INVALID alarm, and must be above 1.000 mA"),
    ],
)
def test_what_differs_and_what_cannot_be_checked_is_said_in_one_sentence(condition, device, sentence):
    assert one(condition, device).differs
    assert differences([one(condition, device)]) == sentence


def test_what_is_lost_while_it_answers_is_offline():
    def lost():
        raise NotConnected("gone")

    assert one(Near(1), Motor("th", begin_location=lambda: lost)).problem == "OFFLINE"
    assert one(Near(1), Motor("th", begin_location=lost)).problem == "OFFLINE"


def test_a_motor_is_there_within_its_own_deadband_or_half_of_its_last_digit():
    assert not one(Near(1), Motor("th", 1.0004)).differs
    assert one(Near(1), Motor("th", 1.0006)).differs
    assert not one(Near(1), Motor("th", 1.009, tolerance=0.01)).differs
    assert one(Near(1, 0.001), Motor("th", 1.009, tolerance=0.01)).differs


def test_what_is_only_read_and_what_says_no_place_cannot_be_moved():
    assert one(Near(1), Motor("th")).can_be_moved
    assert one(Is("Closed"), Shutter()).can_be_moved
    assert not one(Near(1), Signal("ring", 0)).can_be_moved
    assert not one(Within(low=1), Motor("th")).can_be_moved
    assert not one(Near(1), Motor("th", read_only=True)).can_be_moved
    assert not one(Near(1), Motor("th", connected=False)).can_be_moved


def made(plan):
    """The function that has made a plan, which is not run, and its arguments."""
    call = call_of(plan)
    plan.close()
    return call.function.__name__, call.args


def test_motors_that_stand_together_move_together_and_a_shutter_when_it_is_its_turn():
    devices = {name: Motor(name) for name in ("th", "tth", "samx")} | {"shutter": Shutter()}
    conditions = {"th": Near(1), "tth": Near(2), "shutter": Is("Closed"), "samx": Near(3)}
    th, tth, samx, shutter = devices.values()
    name, args = made(plan_of_moves(compare(conditions, devices)))
    assert name == "mv_in_turn"
    assert args == ([th, 1, tth, 2], [shutter, "Closed"], [samx, 3])
    motors = {name: condition for name, condition in conditions.items() if name != "shutter"}
    assert made(plan_of_moves(compare(motors, devices))) == ("mv", (th, 1, tth, 2, samx, 3))


def test_many_differences_are_counted_in_one_line():
    devices = {name: Motor(name) for name in ("a", "b", "c", "d", "e")}
    line = differences(compare(dict.fromkeys(devices, Near(1)), devices))
    assert line.endswith("c is 0.000 deg, and must be 1.000 deg (and 2 more devices)")


def test_the_table_shows_value_condition_and_difference():
    devices = {"th": Motor("th", 0.5), "shutter": Shutter()}
    table = comparison_table(compare({"th": Near(1, 0.01), "shutter": Is("Closed")}, devices), "must be")
    assert [line.split() for line in table.splitlines()] == [
        ["now", "must", "be", "differs", "by"],
        ["th", "0.500", "deg", "1.000", "±", "0.01", "deg", "-0.500", "deg"],
        ["shutter", "Open", "Closed", "differs"],
    ]
