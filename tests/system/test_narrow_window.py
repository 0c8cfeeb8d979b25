"""A narrow window: what the console writes is broken between words, and tables hide columns, which they name."""

from __future__ import annotations

import pytest

from beamshell.shell.commands import commands


@pytest.mark.parametrize("columns", [60, 40])
def test_in_a_narrow_window_no_word_is_cut(open_console, columns):
    console = open_console(columns=columns)

    def words_of(line: str) -> str:
        return " ".join(console.do(line).split())

    assert "(hidden, the terminal is too narrow: dial, low limit, high limit)" in words_of("wa")
    end = words_of("scan det th -1 1 15")
    assert "success, 15 points," in end
    assert ", com 0." in end
    assert "(hidden, the terminal is too narrow: time" in words_of("runs")
    assert "scan det th -1 1 15" in words_of("runs")
    refusal = words_of("mov th 400 tth 1000")
    assert "th: 400 deg is above the limit 90 deg" in refusal
    assert "PV Access: the controller of temp, at its other door" in words_of("devices")
    assert "Run 1: scan det th -1 1 15, 15 points, success," in words_of("runs[-1]")
    assert f"uid {console.runs[0][0][1]['uid'][:8]}" in words_of("runs[-1]")
    assert [words_of("2 + 3"), words_of("_ + 1")] == ["5", "6"]  # a value without a number of its own
    assert words_of("list(Out.values())[-2:]") == "[5, 6]"
    assert "error: th: 400 deg is above the limit 90 deg" in words_of("last_error").lower()
    assert "" not in console.lines()  # no line is blank for nothing
    help_text = words_of("bhelp counting")
    missing = [each for each in ("ct", "scan", "rscan") if " ".join(commands()[each].summary.split()) not in help_text]
    assert missing == []
