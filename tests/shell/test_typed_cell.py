"""What a typed cell becomes."""

from __future__ import annotations

import pytest

from beamshell.shell.typed_cell import is_command, with_commands

COMMANDS = {"mov", "scan", "wa", "md", "ct", "runs", "stop", "wm"}


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
        "mov (th, 1)",
        "runs [-1]",
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


@pytest.mark.parametrize("magic", ["bash", "writefile plan.py", "script sh", "html", "time", "anything"])
def test_the_body_of_a_cell_magic_is_never_touched(magic):
    text = f"%%{magic}\nmov a b; wa\nfor i in x: mov th {{i}}\npos = wm th\n"
    assert becomes(text) == text


@pytest.mark.parametrize("line", ["!cd x; mov a b", "x = !ls; mov a b", "%time mov th 1; wa", "%cd x; wa", "!!mov; wa"])
def test_a_line_of_the_systems_shell_or_of_another_magic_is_never_touched(line):
    assert becomes(line) == line


def test_what_stands_before_a_line_of_the_systems_shell_is_a_command():
    assert becomes("wa; !mov a b; ct 1") == "%wa\n!mov a b; ct 1\n"


@pytest.mark.parametrize(
    ("line", "block"),
    [
        ("for i in [1,2]: mov th {i}", "for i in [1,2]:\n    %mov th {i}\n"),
        ("for i in x: print(i); mov th i; wa", "for i in x:\n    print(i)\n    %mov th i\n    %wa\n"),
        ("while f(a[1:2]): ct 1", "while f(a[1:2]):\n    %ct 1\n"),
        ("if x: wa", "if x:\n    %wa\n"),
        ("else: mov th 1", "else:\n    %mov th 1\n"),
        ("with a as b: mov th 1", "with a as b:\n    %mov th 1\n"),
        ("    for i in x: ct 1", "    for i in x:\n        %ct 1\n"),
    ],
)
def test_commands_behind_the_colon_of_a_block_are_its_lines(line, block):
    assert becomes(line) == block


@pytest.mark.parametrize("line", ["for i in x: print(i)", "if x: y = {", "for wa in x: pass", "lambda: mov"])
def test_a_block_of_python_on_one_line_stays_as_it_is(line):
    assert becomes(line) == line


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ("pos = wm th", "pos = %value_of wm th"),
        ("pos = %wm th", "pos = %value_of wm th"),
        ("d['a'] = wm th # here", "d['a'] = %value_of wm th"),
        ("a, b = wm th tth; ct 1", "a, b = %value_of wm th tth\n%ct 1"),
    ],
)
def test_a_command_behind_an_equals_sign_gives_its_value(line, marked):
    assert becomes(line) == f"{marked}\n"


def test_a_command_that_counts_without_a_word_gives_its_value_too_unless_a_variable_has_its_name():
    assert with_commands(["x = ct\n"], COMMANDS, (), {"ct"}) == ["x = %value_of ct\n"]
    assert with_commands(["x = ct\n"], COMMANDS, {"ct"}, {"ct"}) == ["x = ct\n"]
    assert with_commands(["ct = []\n", "x = ct\n"], COMMANDS, (), {"ct"}) == ["ct = []\n", "x = ct\n"]


@pytest.mark.parametrize("line", ["pos = wm", "x = wm(th)", "x == wm", "f(x=wm)", "x = wm - 1"])
def test_python_behind_an_equals_sign_stays_python(line):
    assert becomes(line) == line


def test_a_question_mark_after_a_blank_asks_for_the_help_too():
    assert becomes("mov ?") == "mov?\n"


def test_a_call_behind_a_percent_sign_is_the_call():
    assert becomes("%mov(th, 1)") == "mov(th, 1)\n"


def test_a_bare_name_that_is_a_variable_is_python():
    assert not is_command("runs", COMMANDS, {"runs"})
    assert not is_command("runs - 1", COMMANDS, {"runs"})


def test_a_variable_does_not_switch_a_command_with_words_off():
    assert is_command("wa th", COMMANDS, {"wa"})


@pytest.mark.parametrize("line", ["xafs? ", "  th.velocity?? \t", "%mov? ", "mono.*? "])
def test_a_question_keeps_its_mark_and_loses_the_blank_behind_it(line):
    assert becomes(f"{line}\n") == f"{line.rstrip()}\n"


# ---- continue, a word of Python too --------------------------------------------------------------


def with_continue(text):
    return "".join(with_commands(text.splitlines(keepends=True), COMMANDS | {"continue"}))


@pytest.mark.parametrize("line", ["continue", "continue 12", "continue -1", "continue  # the scan of last night"])
def test_continue_at_the_prompt_is_the_command(line):
    assert with_continue(f"{line}\n") == f"%{line.partition('#')[0].strip()}\n"


def test_continue_behind_another_command_is_the_command():
    assert with_continue("mov th 1; continue\n") == "%mov th 1\n%continue\n"


@pytest.mark.parametrize(
    "text",
    [
        "for i in x:\n    continue\n",
        "for i in x: continue\n",
        "while x:\n    if y:\n        continue\n    f(x)\n",
        "for i in x:\n    if y: continue\n    f(x)\n",
        "def f():\n    for i in x:\n        try:\n            continue\n        finally: pass\n",
    ],
)
def test_continue_in_a_loop_stays_pythons(text):
    assert with_continue(text) == text


def test_continue_with_a_number_is_the_command_in_a_loop_too():
    assert with_continue("for i in (1, 2):\n    continue 12\n") == "for i in (1, 2):\n    %continue 12\n"
    assert with_continue("for i in x: mov th i; continue\n") == "for i in x:\n    %mov th i\n    continue\n"
