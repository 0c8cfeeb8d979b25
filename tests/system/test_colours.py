"""Colours at the prompt, and a terminal that has none, or where nobody wants them."""

from __future__ import annotations

import io
import re

import pytest
import terminal

COLOUR = re.compile(r"\x1b\[[0-9;]*[1-9][0-9;]*m")


@pytest.fixture
def open_with(open_console, monkeypatch):
    """Opens a console with variables of the environment; and what it writes, byte by byte."""

    def open_one(speed=5.0, **variables):
        usual = terminal.environment
        monkeypatch.setattr(terminal, "environment", lambda data: usual(data) | variables)
        console = open_console(speed=speed, wait=False)
        console.process.logfile_read = written = io.StringIO()
        console.wait_for_prompt()
        return console, written

    return open_one


def test_on_a_terminal_that_knows_no_escape_codes_none_is_written_and_ctrl_c_pauses(open_with):
    console, written = open_with(speed=1.0, TERM="dumb")
    assert "SyntaxError: unmatched ']'" in console.do("nix]")
    assert console.do("1 + 1") == "2"
    start = console.begin("scan det th -1 1 21")
    console.wait_for_point(2, start)
    console.press_twice(start)
    assert console.state == "PAUSED"
    assert "scan 1: success" in console.do("stop")
    console.press_ctrl_c()
    assert console.do("_ + 1") == "3"
    assert "\x1b" not in written.getvalue()


def test_with_no_color_nothing_is_coloured(open_with):
    console, written = open_with(NO_COLOR="1")
    console.do("nix]")
    console.do("scan det th -1 1 3")
    assert "SyntaxError" in written.getvalue()
    assert "scan 1: success" in written.getvalue()
    assert COLOUR.findall(written.getvalue()) == []


def test_otherwise_the_prompt_and_the_end_of_a_scan_are_coloured(open_with):
    console, written = open_with()
    console.do("scan det th -1 1 3")
    assert "\x1b[32mscan 1: success, 3 points" in written.getvalue()
    assert COLOUR.findall(written.getvalue())
