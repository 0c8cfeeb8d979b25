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
    typed(f"{word} = 3")
    typed(word)
    assert paused.session.state == "idle"
    assert paused(word) == 3


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("stop = 3", "stop is your own now; at PAUSED it stays the command (del stop gives it back)"),
        (
            "for wa in (1, 2): pass",
            "wa is your own now; %wa is the command (del wa gives it back)",
        ),
        ("runs = []", "runs is your own now; %runs is the command (del runs gives it back)"),
        (
            "def scan(): pass",
            "scan is your own now; %scan is the command (del scan gives it back)",
        ),
        ("th = 3", "th is your own now; commands still mean the device (del th gives it back)"),
        ("RE = 3", "RE is your own now; it hides the console's (del RE gives it back)"),
        ("pi = 3", "pi is your own now; it hides the console's (del pi gives it back)"),
        ("list = [1]", "list is your own now; it hides Python's (del list gives it back)"),
    ],
)
def test_a_variable_with_the_name_of_something_else_is_made_and_said_once_at_once(cell, line, prompt, typed):
    name = line.split()[0]
    assert typed(cell) == f"beamshell: {line}\n"
    assert typed("x = 1") == ""
    assert typed(f"del {name}") == ""
    assert typed(cell) == f"beamshell: {line}\n"


def test_a_module_imported_under_its_usual_name_is_no_news(typed):
    assert typed("import numpy as np; import matplotlib.pyplot as plt; import time") == ""


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
