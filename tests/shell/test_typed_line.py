"""How a typed line is cut."""

from __future__ import annotations

import pytest

from beamshell.shell.typed_line import cut_line, joined, words_of_call


def texts(line):
    return [command.text for command in cut_line(line)]


def words(line):
    return [command.words for command in cut_line(line)]


def test_a_line_is_cut_at_each_semicolon():
    assert texts("mov th 1; scan det th -1 1 11 ;; wa") == ["mov th 1", "scan det th -1 1 11", "wa"]


@pytest.mark.parametrize("text", ["md note 'a; b'", 'md note "a; b"', "x = f(';')", "d = {1: [2, (3)]}"])
def test_a_semicolon_in_quotes_or_brackets_cuts_nothing(text):
    assert texts(text) == [text]


def test_an_apostrophe_in_a_word_opens_no_quote():
    assert texts("md note don't; wa") == ["md note don't", "wa"]


def test_quotes_keep_blanks_together_and_are_taken_off():
    assert words("sample 'LaB6 660c' \"b c\" [1, 2]") == [["sample", "LaB6 660c", "b c", "[1, 2]"]]


def test_a_comment_is_left_out_but_a_number_sign_in_a_word_is_kept():
    assert words("th 1 # there") == [["th", "1"]]
    assert words("sample #3") == [["sample", "#3"]]


def test_a_comment_ends_with_the_line_and_hides_the_commands_in_it():
    assert texts("mov th 1 # there; mov th 2") == ["mov th 1"]
    assert words("mov th 1 # there; mov th 2") == [["mov", "th", "1"]]


def test_an_empty_line_has_no_commands():
    assert cut_line("  ; ;") == cut_line("# a comment") == []


@pytest.mark.parametrize("line", ["md sample 'LaB6 660c'", "scan det th -1 1 11", "md note 'a;b'"])
def test_words_are_joined_as_they_were_typed(line):
    assert joined(cut_line(line)[0].words) == line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scan(det, th, 0, 1, 3)", "scan det th 0 1 3"),
        ("scan([det, cam], th, -1, x/2, 3)", "scan det cam th -1 x/2 3"),
        ("align(det, th, field='scaler_s4', dip=True)", "align det th field=scaler_s4 dip=True"),
        ("md('sample', 'LaB6 660c')", "md sample LaB6 660c"),
        ("scan det th", ""),
        ("a.b(c)", ""),
        ("scan(det th)", ""),
    ],
)
def test_a_call_in_python_has_the_words_of_the_command(text, expected):
    assert " ".join(words_of_call(text)) == expected
