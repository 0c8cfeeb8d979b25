"""Commands as people type them, also in the ways of Python, of SPEC and of the system's shell."""

from __future__ import annotations

import pytest

WAYS_TO_MOVE = ["mov(th, 1)", "mov (th, 1)", "%mov(th, 1)", "mov th 1 # go", "mov(th, 1) # go", "mov th, 1"]


@pytest.mark.parametrize("line", WAYS_TO_MOVE)
def test_a_move_is_typed_in_any_of_these_ways(line, prompt, typed):
    assert typed(line) == "th: 0.000 -> 1.000\n"


@pytest.mark.parametrize("line", ["scan(det, th, 0, 1, 3)", "scan det, th, 0, 1, 3", "scan ([det], th, 0, 1, 3)"])
def test_a_scan_is_typed_in_any_of_these_ways(line, typed):
    assert "success, 3 points" in typed(line)
    assert typed(f"rehearse {line}").startswith("3 points")
    assert typed(f"queue add {line}").startswith("1: scan det")
    typed("queue clear")


@pytest.mark.parametrize("line", ["wa", "wa()", "wa;", "wm th, tth", "wm(th, tth)"])
def test_positions_are_asked_for_in_any_of_these_ways(line, typed):
    assert "\ntth" in typed(line)


def test_a_loop_on_one_line_runs_its_commands(prompt, typed):
    assert typed("for i in [1,2]: mov th {i}; mov tth i") == (
        "th: 0.000 -> 1.000\ntth: 0.000 -> 1.000\nth: 1.000 -> 2.000\ntth: 1.000 -> 2.000\n"
    )


def test_a_command_in_a_function_means_the_functions_own_variables(prompt, typed):
    typed("x = 10\ndef go(x, motor):\n    mov th x\n    here = wm motor\n    return here")
    assert prompt("go(1, th)") == 1
    assert prompt.position("th") == 1


def test_positions_are_kept_as_numbers(prompt, typed):
    typed("mov th 1.5 tth 2")
    assert typed("pos = wm th; a, b = wm th t*h; %time both = %wm th tth").startswith("CPU")
    assert (prompt.names["pos"], prompt.names["a"], prompt.names["b"]) == (1.5, 1.5, 2)


def test_counts_are_kept_as_numbers(prompt, typed):
    assert typed("x = ct; y = ct det 0.1; both = ct det th; z = ct") == ""
    reading = prompt.session.devices["det"].read()["det"]["value"]
    assert prompt.names["x"] == prompt.names["y"] == reading
    assert {"det", "th"} <= set(prompt.names["both"])
    typed("ct = print")  # a function of one's own
    typed("x = ct")
    assert prompt.names["x"] is print


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("md -d sample", "md: '-d' is no word of it: write md del sample"),
        ("md delete sample", "md: 'delete' is no word of it: write md del sample"),
        ("md set sample LaB6", "md: 'set' is no name for metadata: write md sample LaB6"),
        ("md 3 LaB6", "md: '3' is no name for metadata: write md sample LaB6"),
        ("md a=b LaB6", "md: 'a=b' is no name for metadata: write md sample LaB6"),
        ("queue delete 2", "queue: 'delete' is no word of it: write queue remove 2"),
        ("x = scan det th 0 1 3", "scan gives no value: type it alone; runs[-1] is the last run"),
        ("x = bhelp scan", "bhelp gives no value: type it alone"),
        ("x = wm thh", "no device 'thh': did you mean th?"),
        ("resum", "no command 'resum': did you mean resume?"),
        ("help scan", "type bhelp scan, or scan?"),
        ("MOV th 0", "no command 'MOV': did you mean mov?"),
        ("th 1", "type mov th 1 to move it there"),
        ("mov th=1", "mov: 'th=1' is not understood: write th 1"),
        ("wm th,tth", "wm: 'th,tth' is not understood: write th tth"),
        ("scan det,th 0 1 3", "scan: 'det,th' is not understood: write det th"),
    ],
)
def test_what_is_not_done_is_answered_with_what_to_type(line, message, typed):
    assert typed(line) == f"beamshell: {message}\n"


def test_files_are_no_motors_and_the_answer_says_how_they_are_moved(typed):
    assert typed("mv a.txt b.txt").endswith("(mv moves motors; for files type !mv a.txt b.txt)\n")
    assert "for files" not in typed("mv tht 1") + typed("mv th.velocity 1")


def test_the_body_of_a_cell_magic_is_left_alone_unless_it_runs_our_language(typed, tmp_path):
    typed(f"%%writefile {tmp_path / 'x.txt'}\nmv a b\nwa\n")
    assert (tmp_path / "x.txt").read_text() == "mv a b\nwa\n"
    assert typed("%%time\nmov th 1").startswith("th: 0.000 -> 1.000\n")
    assert typed("%%capture shown\nmov th 2") == ""
    assert typed("print(shown.stdout, end='')") == "th: 1.000 -> 2.000\n"


def test_a_question_with_a_blank_behind_it_is_answered(typed):
    assert "Usage:    scan" in typed("scan? ")
    assert "SyntaxError" not in typed("th? ")


def test_a_comment_behind_a_command_is_no_part_of_what_is_recorded(prompt, typed):
    typed("scan det th 0 1 3       # three points; press Ctrl+C in the middle")
    start = prompt.session.own_runs[-1].start
    assert start["command"] == "scan det th 0 1 3"
    assert "#" not in typed("runs")


def test_a_command_at_the_prompt_is_nobodys_own_code_and_one_in_a_function_is(prompt, typed):
    for line in ("mov th 1 2", "x = wm thh", "scan det th 0 1 3; wm thh"):
        typed(line)
        assert "In your own code" not in prompt.session.last_error.text
    typed("def go(): mov thh 1")
    typed("go()")
    assert "In your own code" in prompt.session.last_error.text


def test_an_array_is_broken_between_its_numbers_in_a_narrow_window(prompt, typed, monkeypatch):
    monkeypatch.setattr("beamshell.shell.values_shown.window_width", lambda _stream: 60)
    lines = typed("np.arange(22200., 22220.)").splitlines()
    assert len(lines) > 3
    assert max(map(len, lines)) <= 60
    assert "array([0, 1, 2])\n" in typed("np.arange(3)")
    monkeypatch.setattr("beamshell.shell.values_shown.window_width", lambda _stream: None)
    assert max(map(len, typed("np.arange(22200., 22220.)").splitlines())) > 60


def test_each_command_knows_a_motor_that_was_made_at_the_prompt(prompt, typed):
    typed("from beamshell.devices.sim import SynAxis, SynGauss")
    typed("mine = SynAxis(name='sy'); again = mine; dg = SynGauss(name='dg', motor=mine, center=0.2, sigma=0.2)")
    assert "success" in typed("scan dg mine -1 1 21")
    assert typed("cen").startswith("sy: 1.000 -> 0.200 ")
    for command in ("wa", "devices"):
        names = [line.split()[0] for line in typed(command).splitlines() if line.strip()]
        assert names.count("mine") == 1
        assert "again" not in names
