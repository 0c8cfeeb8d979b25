"""The prompt's text."""

from __future__ import annotations

import pytest

from beamshell.shell.prompt import BeamshellPrompts, arrow_for, prompt_text


def test_the_prompt_shows_the_beamline_and_the_next_scan():
    assert prompt_text("demo", 42, "idle") == "demo 42 ▸ "


def test_a_state_that_is_not_idle_stands_out():
    assert prompt_text("demo", 42, "paused") == "demo 42 PAUSED ▸ "


def test_without_metadata_there_is_no_number():
    assert prompt_text("demo", None, "idle", ">") == "demo > "


@pytest.mark.parametrize(("encoding", "arrow"), [("utf-8", "▸"), ("ascii", ">"), (None, ">"), ("no-such", ">")])
def test_the_arrow_is_one_that_the_terminal_can_show(encoding, arrow):
    assert arrow_for(encoding) == arrow


def prompts(state):
    return BeamshellPrompts(None, lambda: ("demo", 42, state))


def test_a_state_that_is_not_idle_has_another_colour():
    (idle,), (paused,) = prompts("idle").in_prompt_tokens(), prompts("paused").in_prompt_tokens()
    assert idle[0] != paused[0]
    assert paused[1] == "demo 42 PAUSED ▸ "
