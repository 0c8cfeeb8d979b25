"""Errors in code that people write: plans, subscribers, conditions, commands, start-up files."""

from __future__ import annotations

import warnings

import pytest

PLANS = """\
from beamshell import command
from beamshell.plans import stubs as bps

def inner():
    yield from bps.null()
    yield from bps.mv(smaple, 1)

def outer():
    yield from inner()

def subscriber(name, doc):
    doc["nothing"]

def condition():
    return 1 / 0
"""


@pytest.fixture
def plans(prompt, tmp_path):
    path = tmp_path / "plans.py"
    path.write_text(PLANS)
    prompt.session.run_file(path)
    return path


def test_an_error_in_a_plan_names_file_line_and_function(plans, typed):
    assert typed("RE(outer())") == f"beamshell: NameError: name 'smaple' is not defined ({plans}:6, in inner)\n"


def test_last_error_begins_with_the_persons_own_lines(plans, typed):
    typed("RE(outer())")
    lines = typed("last_error").splitlines()
    assert lines[0] == "In your own code:"
    own = lines[: lines.index("All of it:")]
    assert [line.split(", ", 1)[1] for line in own if line.startswith("  File")] == [
        "line 1, in <module>",
        "line 9, in outer",
        "line 6, in inner",
    ]


def test_an_error_whose_message_fails_leaves_the_error_lines_on(typed):
    typed("class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError")
    assert typed("raise Odd").startswith("beamshell: Odd: its message cannot be shown: RuntimeError")
    assert typed("1 / 0") == "beamshell: ZeroDivisionError: division by zero\n"


def test_help_alone_names_what_helps_here(typed):
    assert "bhelp shows the commands" in typed("help")


def test_a_mistyped_number_brings_no_warning_of_python(typed):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "Warning" not in typed("mov th 1if")


def test_an_error_in_a_plan_of_the_prompt_shows_its_line(typed):
    typed("def mine():\n    yield from bps.null()\n    1 / 0")
    assert typed("RE(mine())") == "beamshell: ZeroDivisionError: division by zero (line 3, in mine: 1 / 0)\n"


def test_an_error_of_a_cell_of_several_lines_shows_its_line_and_of_one_line_only_itself(typed):
    assert typed("x = 3\nint('a')").endswith("base 10: 'a' (line 2: int('a'))\n")
    assert typed("int('a')").endswith("base 10: 'a'\n")


def test_an_error_of_a_subscriber_names_file_line_and_function(plans, typed):
    typed("token = RE.subscribe(subscriber)")
    assert f"failed with a start document: KeyError: 'nothing' ({plans}:12, in subscriber)" in typed(
        "ct det; RE(bp.count([det]))"
    )
    typed("RE.unsubscribe(token)")


def test_an_error_of_a_condition_names_file_line_and_function(plans, typed, prompt):
    typed("from beamshell.engine.suspenders import SuspendWhen\nwhen = SuspendWhen(condition)\nwhen.tripped")
    assert f"is unknown: ZeroDivisionError: division by zero ({plans}:15, in condition)" in prompt("when.reason")


def test_an_error_of_a_command_of_ones_own_names_file_line_and_function(typed, prompt, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from beamshell import command\n@command()\ndef mine(number: float):\n    return {}[number]\n")
    prompt.session.run_file(path)
    assert typed("mine 1") == f"beamshell: mine: KeyError: 1.0 ({path}:4, in mine; last_error shows all)\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\nx = smaple\n", "{path}:2: NameError: name 'smaple' is not defined"),
        ("def f():\n    1/0\nf()\n", "{path}:2, in f: ZeroDivisionError: division by zero"),
        ("x = = 1\n", "{path}:1: SyntaxError: invalid syntax"),
        (
            "import json\njson.loads('{')\n",
            "{path}:2: JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
    ],
)
def test_an_error_of_a_start_up_file_names_file_and_line_once(text, line, prompt, tmp_path, capsys):
    path = tmp_path / "10-mine.py"
    path.write_text(text)
    prompt.session.run_file(path)
    assert capsys.readouterr().err == f"beamshell: {line.format(path=path)}\n"
