"""The prompt's text."""

from __future__ import annotations

import pytest

from beamshell.shell.prompt import arrow_for, prompt_text


def test_the_prompt_shows_the_beamline_and_the_next_scan():
    assert prompt_text("demo", 42, "idle") == "demo 42 ▸ "


def test_a_state_that_is_not_idle_stands_out():
    assert prompt_text("demo", 42, "paused") == "demo 42 PAUSED ▸ "


def test_without_metadata_there_is_no_number():
    assert prompt_text("demo", None, "idle", ">") == "demo > "


@pytest.mark.parametrize(("encoding", "arrow"), [("utf-8", "▸"), ("ascii", ">"), (None, ">"), ("no-such", ">")])
def test_the_arrow_is_one_that_the_terminal_can_show(encoding, arrow):
    assert arrow_for(encoding) == arrow
