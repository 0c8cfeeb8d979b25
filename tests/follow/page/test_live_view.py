"""What the page says of this moment: state, why, messages, and the run that began last."""

from __future__ import annotations

import pytest

from beamshell.follow.page.live_view import LiveView
from beamshell.store.console_log import LogEntry


class Clock:
    def __init__(self, now=1000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def view(clock):
    return LiveView(clock)


def say(view, time, kind, **facts):
    view.take_entry(LogEntry(time, "me", kind, facts))


def state(view):
    return view.whole()["state"]["state"]


def test_without_a_console_it_says_so(view):
    assert state(view) == "no console"


def test_a_plan_runs_waits_pauses_and_ends(view):
    say(view, 900, "opened", operator="anna")
    assert state(view) == "idle"
    say(view, 901, "plan", plan="scan", command="scan det th -1 1 21")
    assert view.whole()["state"]["command"] == "scan det th -1 1 21"
    assert state(view) == "running"
    say(view, 902, "suspended", reasons=["ring.current: 0 mA is below 80 mA"])
    assert state(view) == "suspended"
    assert view.whole()["state"]["why"] == "ring.current: 0 mA is below 80 mA"
    say(view, 903, "released")
    assert state(view) == "running"
    say(view, 904, "paused", by_person=True)
    assert state(view) == "paused"
    say(view, 905, "resumed")
    say(view, 906, "ended", status="success")
    assert state(view) == "idle"
    say(view, 907, "closed")
    assert state(view) == "closed"


def test_a_console_that_says_nothing_for_minutes_is_silent(view, clock):
    say(view, 900, "opened")
    say(view, 901, "alive")
    clock.now = 1100.0
    assert state(view) == "silent"


def test_a_console_whose_process_is_gone_has_died_and_the_messages_say_so(clock):
    view = LiveView(clock, lambda process: "its process is gone" if process.get("pid") == 7 else "")
    say(view, 900, "opened", operator="anna", host="bl7", pid=7)
    say(view, 901, "plan", command="mov th 5")
    shown = view.whole()
    assert shown["state"]["state"] == "died"
    assert "its process is gone" in view.whole()["messages"][-1][2]


def test_what_is_typed_and_what_fails_are_messages(view):
    say(view, 900, "typed", line="mov th 999")
    say(view, 901, "answered", outcome="error", message="th: 999 deg is above the limit 90 deg")
    (_, typed, line), (_, bad, words) = view.whole()["messages"]
    assert (typed, line, bad) == ("typed", "mov th 999", "bad")
    assert "999 deg is above the limit" in words


def test_only_what_has_changed_is_told(view, scan):
    say(view, 900, "opened")
    view.whole()
    assert view.changes() == {}
    say(view, 901, "plan", command="scan")
    assert view.changes().keys() == {"state"}
    documents = scan()
    for name, doc in documents[:3]:
        view.take_document("00000001-run", name, doc)
    assert view.changes().keys() == {"run"}
    assert view.changes() == {}


def test_the_run_that_began_last_is_shown(view, scan):
    older, newer = scan(time=500.0), scan(time=600.0)
    for documents in (newer, older):
        for name, doc in documents:
            view.take_document(documents[0][1]["uid"], name, doc)
    assert view.whole()["run"]["scan"] == newer[0][1]["scan_id"]


def test_the_time_of_a_pause_is_no_time_of_the_run(view, clock, scan):
    documents = scan(5, time=1000.0)
    say(view, 999, "opened")
    say(view, 999, "plan", command="scan")
    view.take_document("00000001-run", *documents[0])
    clock.now = 1060.0
    say(view, 1010, "paused")
    assert view.whole()["run"]["progress"][2] == "10 s"
    say(view, 1050, "resumed")
    assert view.whole()["run"]["progress"][2] == "20 s"
