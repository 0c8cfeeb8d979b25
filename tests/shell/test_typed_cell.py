"""What a typed cell becomes."""

from __future__ import annotations

import pytest

from beamshell.shell.typed_cell import is_command, with_commands

COMMANDS = {"mov", "scan", "wa", "md", "ct", "runs", "stop"}


def becomes(text, variables=()):
    return "".join(with_commands(text.splitlines(keepends=True), COMMANDS, variables))


@pytest.mark.parametrize(
    "text", ["mov th 1", "mov th -1", "wa", "md sample LaB6", "ct 0.5", "runs 12", "ct -1", "stop"]
)
def test_a_command_gets_its_percent_sign(text):
    assert becomes(text) == f"%{text}\n"


@pytest.mark.parametrize(
    "text",
    [
        "mov = 1",
        "md['a'] = 1",
        "md.get('a')",
        "scan(1)",
        "stop == 1",
        "x = 5; y = 6",
        "scan: int = 1",
        "stop += 1",
        "f()",
    ],
)
def test_python_stays_python(text):
    assert becomes(text + "\n") == text + "\n"


def test_commands_of_one_line_become_lines():
    assert becomes("mov th 1; scan det th -1 1 11") == "%mov th 1\n%scan det th -1 1 11\n"


def test_commands_and_python_mix_on_one_line():
    assert becomes("x = 1; mov th {x}; print(';')") == "x = 1\n%mov th {x}\nprint(';')\n"


def test_commands_marked_already_are_split_too():
    assert becomes("%mov th 1; mov samx 2") == "%mov th 1\n%mov samx 2\n"


def test_a_pasted_block_of_commands_is_a_block_of_commands():
    assert becomes("mov th 1\nwa\n") == "%mov th 1\n%wa\n"


def test_a_command_in_a_loop_keeps_its_indent():
    assert becomes("for i in range(3):\n    mov th {i}\n") == "for i in range(3):\n    %mov th {i}\n"


@pytest.mark.parametrize("text", ['x = """\nmov th 1\n"""\n', "f(\nwa\n)\n", "x = 1 + \\\nwa\n"])
def test_inside_strings_and_brackets_nothing_is_a_command(text):
    assert becomes(text) == text


def test_what_a_command_says_opens_no_string():
    assert becomes("md note don't (\nwa\n") == "%md note don't (\n%wa\n"


def test_a_bare_name_that_is_a_variable_is_python():
    assert not is_command("runs", COMMANDS, {"runs"})
    assert not is_command("runs - 1", COMMANDS, {"runs"})


def test_a_variable_does_not_switch_a_command_with_words_off():
    assert is_command("wa th", COMMANDS, {"wa"})
