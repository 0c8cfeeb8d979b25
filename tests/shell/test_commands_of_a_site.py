"""Commands that a site adds: in place of ours, without an example, with a list before a number."""

from __future__ import annotations

import pytest
from own_commands import own_commands

from beamshell.shell.commands import commands


@pytest.fixture(autouse=True)
def commands_as_before(prompt):
    with own_commands():
        yield


MINE = "from beamshell import command\n@command()\ndef mov(x: float):\n    'Mine.'\n    print('mine', x)"


def test_one_that_replaces_ours_says_so_and_our_other_words_mean_it_too(typed):
    assert typed(MINE) == "beamshell: mov and mv: your own command now, in place of beamshell's\n"
    assert typed("mov 1") == typed("mv 1") == "mine 1.0\n"
    assert typed(MINE) == ""


def test_one_without_an_example_shows_its_usage_in_its_place(typed):
    typed("from beamshell import command\n@command()\ndef tilt(x: float):\n    'Tilt it.'")
    assert typed("tilt") == "Tilt it.\n\nUsage:    tilt x\nPython:   tilt(x)\n"
    assert "  tilt x  Tilt it." in typed("bhelp tilt it")
    assert typed("tilt a") == "beamshell: tilt: 'a' is not a number (x).\nUsage: tilt x\n"


def test_a_list_before_a_number_leaves_it_its_word(typed):
    typed("from beamshell import command\n@command()\ndef many(xs: list[float], y: float):\n    print(xs, y)")
    assert typed("many 1 2 3") == "[1.0, 2.0] 3.0\n"
    assert "many: y is missing." in typed("many 1")


def test_a_group_that_is_missing_once_more_is_named(typed):
    assert typed("grid det samx -1 1 2").startswith("beamshell: grid: a second motor is missing.\n")


# ---- commands in Python --------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["RE(scan(det, th, 0, 1, 3))", "RE(scan([det], th, 0, 1, points=3), sample='Si')"])
def test_a_command_inside_re_gives_its_plan_which_is_run_once(line, typed, prompt):
    before = len(prompt.session.runs)
    output = typed(line)
    assert "beamshell:" not in output
    assert len(prompt.session.runs) == before + 1


def test_a_command_behind_yield_from_gives_its_plan(typed, prompt):
    typed("def mine():\n    yield from mov(th, 2)\n    yield from scan(det, tth, 0, 1, 3)")
    assert "success, 3 points" in typed("RE(mine())")
    assert prompt.position("th") == 2


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("scan(det, th, 0, 1, 3)", "scan det th 0 1 3"),
        ("scan([det], th, start=-1, stop=1, points=3)", "scan det th -1 1 3"),
        ("scan('det', 'th', '0', 1.5, 3, time=None)", "scan det th 0 1.5 3"),
        ("regions(det, th, (0, 1, 0.5))", "regions det th 0:1:0.5"),
        ("loopscan(3)", "loopscan det 3"),
        ("align(det, th, dip=True, field='det')", "align det th field=det dip"),
        ("scan(det, th, bp.np.float64(0.25) if hasattr(bp, 'np') else 0.25, 1, 3)", "scan det th 0.25 1 3"),
    ],
)
def test_the_label_of_a_call_in_python_can_be_typed_again(call, line, typed, prompt):
    typed(call)
    assert prompt.session.runs[-1].start["command"] == line
    typed(line)
    assert prompt.session.runs[-1].start["command"] == line
    first, second = prompt.session.runs[-2:]
    assert first.start["plan_form"] == second.start["plan_form"]


# ---- other words -----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["x", "4.75", "samx"])
def test_a_word_that_is_no_run_and_no_folder_is_not_made_a_folder(word, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    typed("scan det th 0 1 3")
    assert typed(f"export csv {word}").startswith(f"beamshell: no run with {word}")
    assert list(tmp_path.iterdir()) == []
    assert typed(f"export csv ./{word}").startswith(f"{word}/")


def test_the_session_and_the_state_of_the_engine_are_shown_in_words(typed):
    assert typed("RE.state") == "Out[0]: 'idle'\n"
    assert typed("session").startswith("Out[0]: <session of beamshell: idle, 5 devices, next scan ")


def test_each_command_of_ours_has_an_example():
    assert [command.name for command in commands().commands if not command.example] == []
