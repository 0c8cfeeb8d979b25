"""What a command is."""

from __future__ import annotations

import pytest

from beamshell.errors import CommandError, UnknownName, UsageError
from beamshell.shell.command import CommandSet
from beamshell.shell.commands import by_heading, commands

SET = CommandSet()


@SET.add("number", example="twice 2", plan="RE(twice(2))", aliases=("double",), needs_words=True)
def twice(_session, words):
    """Two times a number."""
    if words.peek() == "bug":
        raise RuntimeError("nobody foresaw this")
    if words.peek() == "nobody":
        raise UnknownName("no device 'nobody'")
    return 2 * words.number("number")


def run(line):
    return SET["twice"].run(None, line, {})


def test_a_command_does_what_its_function_does():
    assert run("2.5") == 5


def test_an_alias_is_the_same_command():
    assert SET["double"] is SET["twice"]
    assert SET.commands == [SET["twice"]]


def test_a_word_that_does_not_fit_is_answered_with_usage_and_example():
    with pytest.raises(UsageError) as refused:
        run("abc")
    assert str(refused.value) == ("twice: 'abc' is not a number (number). Usage: twice number, such as: twice 2")


def test_an_unknown_name_says_all_there_is_to_say():
    with pytest.raises(UnknownName, match=r"^no device 'nobody'$"):
        run("nobody")


def test_an_error_that_nobody_foresaw_becomes_one_line():
    with pytest.raises(CommandError, match=r"twice: RuntimeError: nobody foresaw this \(last_error shows where\)"):
        run("bug")


def test_without_words_the_usage_is_shown(capsys):
    assert run("") is None
    shown = capsys.readouterr().out
    for expected in ("Two times a number.", "twice number", "twice 2", "RE(twice(2))", "double"):
        assert expected in shown


def test_every_command_of_the_console_explains_itself_and_its_example_begins_with_its_name():
    for command in commands().commands:
        assert command.summary.endswith((".", "it.")), command.name
        assert command.example.split()[0] == command.name


def test_a_scan_says_whether_it_means_points_or_intervals():
    for name in ("scan", "rscan", "grid"):
        assert "POINTS" in commands()[name].help()
    for name in ("ascan", "dscan", "mesh"):
        assert "INTERVALS" in commands()[name].help()


def test_bhelp_shows_every_command_once_under_a_heading(capsys):
    commands()["bhelp"].run(None, "", {})
    paragraphs = [paragraph.splitlines() for paragraph in capsys.readouterr().out.strip().split("\n\n")]
    shown = {heading: [line.split()[0] for line in lines] for heading, *lines in paragraphs[:-1]}
    assert shown["Moving"] == ["mov", "movr", "umv", "umvr", "wm", "wa"]
    names = [name for its_commands in shown.values() for name in its_commands]
    assert sorted(names) == sorted(command.name for command in commands().commands)
    assert paragraphs[-1][0].startswith("bhelp scan")


def test_commands_that_a_site_adds_are_under_a_heading_of_their_own(monkeypatch):
    monkeypatch.setattr(commands(), "_by_name", {**commands()._by_name, "twice": SET["twice"]})
    assert by_heading()["Added here"] == [SET["twice"]]
