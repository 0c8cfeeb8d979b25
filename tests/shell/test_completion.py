"""What Tab offers."""

from __future__ import annotations

import pytest

from beamshell.shell.commands import commands
from beamshell.shell.completion import candidates, hint


class Detector:
    component_names = ("count_time", "counts")

    def read(self):
        return {}

    def describe(self):
        return {}


class Motor(Detector):
    component_names = ("velocity", "acceleration")

    def set(self, value):
        raise AssertionError("completion moves nothing")

    @property
    def position(self):
        raise AssertionError("completion asks no hardware")


DEVICES = {"th": Motor(), "tth": Motor(), "samx": Motor(), "det": Detector()}


def offered(text):
    return candidates(text, commands(), DEVICES)


def test_a_motor_slot_lists_motors():
    assert offered("mov ") == ["th", "tth", "samx"]


def test_a_started_name_is_completed():
    assert offered("mov t") == ["th", "tth"]
    assert offered("%mov t") == ["th", "tth"]


def test_a_number_slot_offers_nothing():
    assert offered("mov th ") == []


def test_the_second_motor_of_a_move_is_completed_too():
    assert offered("mov th 1 s") == ["samx"]


def test_a_scan_offers_detectors_and_motors_until_a_motor_is_named():
    assert offered("scan ") == ["th", "tth", "samx", "det"]
    assert offered("scan det ") == ["th", "tth", "samx", "det"]
    assert offered("scan det th ") == []


def test_a_grid_offers_a_motor_after_each_three_numbers():
    assert offered("grid det th -1 1 ") == []
    assert offered("grid det th -1 1 5 ") == ["th", "tth", "samx"]


def test_the_parts_of_a_device_follow_its_dot():
    assert offered("devices th.") == ["th.velocity", "th.acceleration"]


def test_the_last_command_of_a_line_counts():
    assert offered("mov th 1; wm sa") == ["samx"]


@pytest.mark.parametrize("text", ["", "mo", "mov", "print(t", "x = t", "th.v", "# mov t", "mov th 1;"])
def test_what_is_no_command_is_left_to_python(text):
    assert offered(text) is None


def test_a_queue_offers_its_actions_then_commands_then_what_the_command_takes():
    assert offered("queue ") == ["add", "run", "remove", "move", "retry", "clear"]
    assert {"scan", "mov", "md"} <= set(offered("queue add "))
    assert "resume" not in offered("queue add ")
    assert offered("queue add sample=Si mov t") == ["th", "tth"]
    assert offered("queue run ") == ["on"]


def test_an_alignment_offers_detectors_and_a_motor():
    assert offered("align det s") == ["samx"]
    assert offered("xafs det th ") == []


def test_the_usage_of_what_is_being_typed_is_shown_with_the_next_word_marked():
    output = hint("mov th 1; scan det th ", commands(), DEVICES)
    assert str(output) == "scan [detector ...] motor >start< stop points [time]"
    assert hint("mov th 1; x = 1", commands(), DEVICES) is None


def test_settings_and_flags_are_offered_where_the_line_may_end():
    assert offered("align det th ") == ["field=", "dip"]
    assert offered("align det th dip f") == ["field="]
    assert offered("rehearse align det th d") == ["dip"]
