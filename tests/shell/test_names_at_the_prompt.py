"""Names at the prompt: variables that take the name of a command, of a device or of the console, and `reset`."""

from __future__ import annotations

import pytest

from beamshell.devices.loader import load_devices
from beamshell.devices.registry import Registry
from beamshell.shell.prompt_names import CONSOLE_NAMES, PAUSED_WORDS, PromptNames

PAUSING = """
def pausing():
    yield from bps.checkpoint()
    yield from bps.pause()
RE(pausing())
"""


@pytest.fixture
def paused(prompt, typed):
    typed(PAUSING)
    assert prompt.session.state == "paused"
    return prompt


@pytest.mark.parametrize("word", PAUSED_WORDS)
def test_when_paused_each_of_the_four_words_is_the_command_whatever_variable_has_its_name(word, paused, typed):
    typed(f"{word} = lambda: 3")
    typed(word)
    assert paused.session.state == "idle"
    assert paused(f"{word}()") == 3


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("th = 3", "th is the device again; your value is th_"),
        ("for th in (1, 2, 3): pass", "th is the device again; your value is th_"),
        ("th = samx", "th is the device again; your value is th_"),
        ("from math import e as th", "th is the device again; your value is th_"),
        ("RE = 3", "RE is the console's again; your value is RE_"),
        ("session = lambda: 3", "session is the console's again; your value is session_"),
        ("for wa in (1, 2): pass", "wa is the command again; your value is wa_"),
        ("stop = 3", "stop is the command again; your value is stop_"),
        ("runs = []", "runs is the command again; your value is runs_"),
        ("th, x, scan = 1, 2, 3", "scan, th are the console's again; your values are scan_, th_"),
    ],
)
def test_a_protected_name_is_given_back_after_the_cell_and_the_value_is_kept_beside_it(cell, line, prompt, typed):
    name = line.split()[0].rstrip(",")
    given, cell_with_value = prompt.names[name], f"{cell}\nmine = {name}"
    assert typed(cell_with_value) == f"beamshell: {line}\n"
    assert prompt.names[name] is given
    assert prompt.names[f"{name}_"] is prompt.names["mine"]
    assert typed("x = 1") == ""
    assert typed(cell) == f"beamshell: {line}\n"


def test_a_cell_that_takes_a_protected_name_goes_on_to_its_end_with_its_own_value(prompt, typed):
    typed("seen = []\nfor th in (1, 2):\n    seen.append(th)\ntwice = 2 * th")
    assert (prompt.names["seen"], prompt.names["twice"]) == ([1, 2], 4)
    assert typed("mov th 1") == "th: 0.000 -> 1.000\n"


def test_a_saved_value_takes_no_variable_of_the_person(prompt, typed):
    typed("th_ = 'mine'")
    assert typed("th = 3") == "beamshell: th is the device again; your value is th__\n"
    assert typed("th = 4") == "beamshell: th is the device again; your value is th__\n"
    assert (prompt.names["th_"], prompt.names["th__"]) == ("mine", 4)


def test_a_device_of_that_name_that_one_makes_is_kept(prompt, typed):
    assert typed("from beamshell.devices.sim import SynAxis; th = SynAxis(name='th')") == ""
    assert prompt("th") is not prompt.session.registry["th"]


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        (
            "def scan(): pass",
            "scan is your own now; %scan is the command (del scan gives it back)",
        ),
        ("stop = print", "stop is your own now; at PAUSED it stays the command (del stop gives it back)"),
        ("log = 3", "log is your own now; %log is the command (del log gives it back)"),
        ("pi = 3", "pi is your own now; it hides the console's (del pi gives it back)"),
        ("list = [1]", "list is your own now; it hides Python's (del list gives it back)"),
    ],
)
def test_a_name_that_people_take_on_purpose_is_taken_and_said_once_at_once(cell, line, prompt, typed):
    name = line.split()[0]
    assert typed(cell) == f"beamshell: {line}\n"
    assert typed("x = 1") == ""
    assert typed(f"del {name}") == ""
    assert typed(cell) == f"beamshell: {line}\n"


def test_a_module_imported_under_its_usual_name_is_no_news(typed):
    assert typed("import numpy as np; import matplotlib.pyplot as plt; import time") == ""


def test_names_of_python_that_a_star_import_hides_are_said_in_one_line(typed):
    lines = typed("from numpy import abs, max, min, pi, sum").splitlines()
    assert lines == ["beamshell: abs, max, min, sum are your own now; they hide Python's (del abs gives it back)"]


def test_a_start_up_file_that_takes_a_name_of_the_console_is_told_at_the_start(prompt, tmp_path, capsys):
    folder = prompt.session.folder / "startup"
    folder.mkdir()
    (folder / "10-mine.py").write_text("wa = 3\n")
    prompt.session._user_files_run = False
    prompt.session.run_user_files()
    assert capsys.readouterr().err == "beamshell: wa is the command again; your value is wa_\n"
    assert prompt.names["wa_"] == 3


def test_after_reset_all_names_of_the_console_are_back(prompt, typed):
    given = {name: prompt.names[name] for name in (*CONSOLE_NAMES, *prompt.session.devices, "mov", "scan")}
    typed("mine = 1")
    typed("%reset -f")
    assert "mine" not in prompt.names
    assert {name: prompt.names[name] for name in given} == given
    assert typed("mov th 1") == "th: 0.000 -> 1.000\n"
    assert "mine" not in typed("who")


@pytest.mark.parametrize("name", ["stop", "wa", "scan", "RE", "session", "bp", "bps", "pi"])
def test_a_device_file_cannot_take_a_name_of_the_console_and_the_rest_loads(name, tmp_path):
    names = PromptNames({}, {})
    for command in ("stop", "wa", "scan"):
        names.add_command(command, "the command")
    path = tmp_path / "devices.yml"
    path.write_text(f"{name}: {{class: sim_motor}}\nth: {{class: sim_motor}}\n")
    registry, [problem] = load_devices(path, Registry(meaning=names.meaning))
    assert str(problem).startswith(f"{path}:1:1: '{name}' cannot be the name of a device: it is a")
    assert list(registry) == ["th"]
    names.set_devices(registry)
    assert names._namespace.get(name) in (None, "the command")
