"""Colours at the prompt, and a terminal that has none, or where nobody wants them."""

from __future__ import annotations

import re

COLOUR = re.compile(r"\x1b\[[0-9;]*[1-9][0-9;]*m")


def test_on_a_terminal_that_knows_no_escape_codes_none_is_written_and_ctrl_c_pauses(open_console):
    console = open_console(variables={"TERM": "dumb"}, speed=1.0)
    assert "SyntaxError: unmatched ']'" in console.do("nix]")
    assert console.do("1 + 1") == "2"
    start = console.begin("scan det th -1 1 21")
    console.wait_for_point(2, start)
    console.press_twice(start)
    assert console.state == "PAUSED"
    assert "scan 1: success" in console.do("stop")
    console.press_ctrl_c()
    assert console.do("_ + 1") == "3"
    assert "\x1b" not in console.written


def test_with_no_color_nothing_is_coloured(open_console):
    console = open_console(variables={"NO_COLOR": "1"})
    console.do("nix]")
    console.do("scan det th -1 1 3")
    assert "SyntaxError" in console.written
    assert "scan 1: success" in console.written
    assert COLOUR.findall(console.written) == []


def test_otherwise_the_prompt_and_the_end_of_a_scan_are_coloured(open_console):
    console = open_console()
    console.do("scan det th -1 1 3")
    assert "\x1b[32mscan 1: success, 3 points" in console.written
    assert COLOUR.findall(console.written)
