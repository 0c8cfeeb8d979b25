"""What consoles do, from the entries of their log."""

from __future__ import annotations

import pytest

from beamshell.follow.consoles import Consoles

ANNA, BOB = "pc:1:0", "pc:2:0"


@pytest.fixture
def consoles():
    return Consoles()


def entry(kind, console=ANNA, **facts):
    return {"time": 1.0, "console": console, "kind": kind, **facts}


def opened(console=ANNA, operator="anna", pid=1):
    return entry("opened", console, operator=operator, host="pc", boot="b", pid=pid, began=1)


def test_what_was_typed_and_its_error_are_said(consoles):
    assert consoles.take(entry("typed", line="mov th 1000\nwa")) == "> mov th 1000 ..."
    assert consoles.take(entry("answered", outcome="error", message="th: 1000 deg is above")) == "th: 1000 deg is above"
    assert consoles.take(entry("answered", outcome="ok")) == ""
    assert consoles.take(entry("answered", outcome="paused", message="Paused. Type resume")) == ""


def test_a_suspension_lasts_until_it_is_released(consoles):
    consoles.take(entry("plan", command="scan det th -1 1 21"))
    assert consoles.take(entry("suspended", reasons=["ring is 12 mA"])) == "waiting: ring is 12 mA"
    assert consoles.last.stands_still
    assert consoles.take(entry("released", reasons=[], seconds=63.0)) == "it goes on, after 1 min 3 s"
    assert not consoles.last.stands_still


def test_a_pause_lasts_until_it_is_resumed_or_the_plan_ends(consoles):
    for end in ("resumed", "ended", "plan"):
        assert consoles.take(entry("paused", reason="Ctrl+C")) == "paused: Ctrl+C"
        assert consoles.last.stands_still
        consoles.take(entry(end))
        assert not consoles.last.stands_still


def test_a_move_is_said_unless_it_is_one_of_a_scan(consoles):
    move = entry("moved", device="th", origin=0.0, place=1.5, unit="deg")
    assert consoles.take(move) == "th: 0.000 -> 1.500 deg"
    assert consoles.take(move | {"scan": 3}) == ""


def test_who_says_it_is_told_only_where_several_consoles_are_open(consoles):
    consoles.take(opened())
    assert consoles.take(entry("typed", line="wa")) == "> wa"
    consoles.take(opened(BOB, "bob", 2))
    assert consoles.take(entry("typed", line="wa")) == "[anna (pc:1)] > wa"
    consoles.take(entry("closed", BOB))
    assert consoles.take(entry("typed", line="wa")) == "> wa"


def test_a_run_belongs_to_the_console_that_says_so(consoles):
    consoles.take(opened())
    consoles.take(entry("run", uid="r1", scan=1))
    assert consoles.of_run("r1").name == "anna (pc:1)"
    assert consoles.of_run("r2") is None


def test_a_console_that_has_died_is_said_once_and_one_that_has_closed_itself_is_not(consoles):
    consoles.take(opened())
    consoles.take(opened(BOB, "bob", 2))
    consoles.take(entry("plan", command="scan det th -1 1 21"))
    dead = consoles.dead(lambda process: "its process is gone")
    consoles.take(entry("closed", BOB))  # it has written this after it was looked at
    assert consoles.note_deaths(dead) == ["anna (pc:1) has died while it ran scan det th -1 1 21: its process is gone"]
    assert consoles.open == []
    assert consoles.note_deaths(dead) == []


def test_an_entry_of_an_unknown_kind_says_nothing(consoles):
    assert consoles.take(entry("tomorrow's kind")) == ""
