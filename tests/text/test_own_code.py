"""The place of an error in a person's own code."""

from __future__ import annotations

import json
import traceback

import pytest

from beamshell.text.own_code import full_traceback, own_frames, place_in_own_code, place_of_frame, with_place


def error_of(function, *args):
    try:
        function(*args)
    except Exception as exc:
        return exc


def sweep():
    return missing  # noqa: F821


def test_the_place_is_the_innermost_line_of_own_code_with_file_line_and_function():
    line = sweep.__code__.co_firstlineno + 1
    exc = error_of(sweep)
    assert place_in_own_code(exc) == f"{__file__}:{line}, in sweep"
    assert with_place(exc) == f"NameError: name 'missing' is not defined ({__file__}:{line}, in sweep)"


def test_frames_of_python_and_of_installed_packages_are_nobodys_own():
    exc = error_of(json.loads, "{")
    assert [frame.name for frame in own_frames(exc)] == ["error_of"]


def test_an_error_that_was_not_raised_has_no_place():
    assert place_in_own_code(ValueError("x")) == ""
    assert full_traceback(ValueError("x")) == "ValueError: x\n"


@pytest.mark.parametrize(
    ("code", "typed"),
    [
        ("get_ipython().run_line_magic('mov', 'th {x}')", "mov th {x}"),
        ("pos = get_ipython().run_line_magic('value_of', 'wm th')", "pos = wm th"),
        ("get_ipython().run_line_magic('wa', '')", "wa"),
        ("move(1)", "move(1)"),
    ],
)
def test_a_command_in_a_cell_is_shown_as_it_was_typed(code, typed):
    frame = traceback.FrameSummary("<ipython-input-1-ab>", 3, "go", line=code)
    assert place_of_frame(frame) == f"line 3, in go: {typed}"


def test_a_full_traceback_begins_with_own_lines():
    text = full_traceback(error_of(json.loads, "{"))
    own, everything = text.split("\nAll of it:\n")
    assert own.startswith("In your own code:\n")
    assert "json" not in own.replace("json.decoder.JSONDecodeError", "").replace("json.loads", "")
    assert "raw_decode" in everything
