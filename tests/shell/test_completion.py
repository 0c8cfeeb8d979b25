"""What Tab offers."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter

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


def test_a_number_slot_offers_the_numbers_at_the_prompt():
    class Names(dict):
        variables = {"x": 2, "half": 0.5, "pi": 3.1, "_i": 3, "word": "x", "th": 1, "flag": True}

    names = Names(DEVICES)
    assert candidates("mov th ", commands(), names) == ["x", "half"]
    assert candidates("scan det th h", commands(), names) == ["half"]
    assert candidates("scan det th 0 1 ", commands(), names) == ["x"]


@pytest.mark.parametrize("text", ["for i in x: mov t", "pos = wm t", "%time mov t", "a['b'] = wm t", "if y: wa; mov t"])
def test_a_command_behind_a_colon_or_an_equals_sign_is_completed_too(text):
    assert offered(text) == ["th", "tth"]


@pytest.mark.parametrize("text", ["mov thx 1 ", "scan det thx ", "bhelp scan ", "stop ", "md sample ", "runs 3 "])
def test_where_nothing_belongs_nothing_is_offered(text):
    assert offered(text) == []


def test_one_run_offers_what_a_run_has():
    assert offered("runs[-1].st") == ["start", "stop", "streams"]
    assert "append" not in offered("print(runs[12].")


def test_the_last_command_of_a_line_counts():
    assert offered("mov th 1; wm sa") == ["samx"]


@pytest.mark.parametrize("text", ["", "mo", "mov", "print(t", "x = t", "th.v", "# mov t", "mov th 1;"])
def test_what_is_no_command_is_left_to_python(text):
    assert offered(text) is None


def test_a_queue_offers_its_actions_then_commands_then_what_the_command_takes():
    actions = ["add", "run", "list", "hold", "release", "skip", "edit", "repeat", "move", "retry", "remove", "clear"]
    assert offered("queue ") == actions
    assert {"scan", "mov", "md"} <= set(offered("queue add "))
    assert "resume" not in offered("queue add ")
    assert offered("queue add sample=Si mov t") == ["th", "tth"]
    assert offered("queue run ") == ["on"]


def test_a_wait_offers_devices_then_comparisons_then_how_long():
    assert {"th", "det"} <= set(offered("watchpv "))
    assert offered("watchpv th ") == [">", "<", ">=", "<=", "==", "!=", "above", "below"]
    assert offered("watchpv th > 1 ") == ["for", "within"]
    assert offered("watchpv th > 1 for 10s ") == ["within"]


def test_a_file_of_commands_and_a_repeated_command_are_offered(tmp_path, monkeypatch):
    (tmp_path / "night.txt").touch()
    monkeypatch.chdir(tmp_path)
    assert offered("do ") == ["night.txt"]
    assert offered("do night.txt ") == ["goon"]
    assert offered("every 10min mov t") == ["th", "tth"]


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


# ---- at the prompt -----------------------------------------------------------------------------


@pytest.fixture
def tab(prompt):
    def texts(line):
        with provisionalcompleter():
            completions = list(prompt.shell.Completer.completions(line, len(line)))
        assert {one.end for one in completions} <= {len(line)}
        return [line[: one.start] + one.text for one in completions]

    return texts


@pytest.mark.parametrize(
    "line", ["scan det th ", "mov thh 1 ", "bhelp scan ", "stop ", "x = wm thh ", "scan det th 0 1 3 "]
)
def test_tab_in_a_free_slot_offers_no_word_of_python_and_no_magic(line, tab):
    assert tab(line) == []


def test_tab_completes_the_word_that_is_typed(tab):
    assert tab("x = 1; mov tt") == ["x = 1; mov tth"]
    assert tab("bhelp sca") == ["bhelp scan"]
    assert tab("mov th.rea") == ["mov th.readback"]
    assert tab("print(runs[-1].exi") == ["print(runs[-1].exit_status"]
    assert tab("y = 1\nmov tt") == ["y = 1\nmov tth"]


def test_magics_are_offered_only_behind_a_percent_sign(tab):
    assert "scan" in tab("sc")
    assert not any("%" in text for text in tab("sc"))
    assert "%scan" in tab("%sc")


def test_python_is_completed_as_ever(tab):
    assert tab("th.posit") == ["th.position"]
    assert "RE(bp.scan" in tab("RE(bp.sca")
