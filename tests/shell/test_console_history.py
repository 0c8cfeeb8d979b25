"""What the console log of several consoles says of the past, which of them have died, and in which scan."""

from __future__ import annotations

import json
import time

import pytest

from beamshell.shell.console_history import history_since, shift_of
from beamshell.store import ConsoleLog, Runs
from beamshell.store.open_runs import REASON
from beamshell.store.processes import this_process
from beamshell.views.incidents import Kind

LONG_AGO_S = 1000.0


@pytest.fixture
def here(tmp_path):
    return ConsoleLog(tmp_path, "here")


@pytest.fixture
def other(tmp_path):
    """The log of another console, as it wrote a while ago."""
    return ConsoleLog(tmp_path, "other", clock=lambda: time.time() - LONG_AGO_S)


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


def store_run(folder, number, points, reason="", command="scan det th -1 1 21"):
    """A run of 21 points that began when the other console wrote."""
    begin = time.time() - LONG_AGO_S + 1
    documents = [
        ("start", {"uid": f"run-{number}", "time": begin, "scan_id": number, "num_points": 21, "command": command}),
        ("descriptor", {"uid": f"d-{number}", "run_start": f"run-{number}", "name": "primary", "data_keys": {}}),
    ]
    documents += [
        (
            "event",
            {
                "uid": f"e{n}",
                "descriptor": f"d-{number}",
                "seq_num": n,
                "time": begin + n,
                "data": {},
                "timestamps": {},
            },
        )
        for n in range(1, points + 1)
    ]
    if reason:
        stop = {"run_start": f"run-{number}", "time": begin + points, "exit_status": "abort", "reason": reason}
        documents.append(("stop", {**stop, "uid": f"s-{number}", "num_events": {"primary": points}}))
    path = folder / "runs" / time.strftime("%Y/%m-%d") / f"{number:06d}_run.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(pair)}\n" for pair in documents))
    return begin + points


def gone():
    """A process of this computer that is no more."""
    return {**this_process(), "began": -1}


@pytest.mark.parametrize("reason", [REASON, ""])
def test_a_console_died_in_the_run_that_it_left_open_at_its_last_point(reason, here, other, runs, tmp_path):
    other.add("opened", operator="anna", **gone())
    other.add("plan", command="scan det th -1 1 21")
    other.add("run", scan=12, uid="run-12")
    last_point = store_run(tmp_path, 12, 7, reason)
    (died,) = history_since(here, runs).incidents
    assert (died.kind, died.scans, died.points) == (Kind.DIED, (12,), "point 7 of 21")
    assert died.time == pytest.approx(last_point)


def test_of_two_consoles_that_died_in_the_same_command_each_died_in_its_own_run(here, other, runs, tmp_path):
    third = ConsoleLog(tmp_path, "third", clock=lambda: time.time() - LONG_AGO_S)
    for console, number in ((other, 12), (third, 13)):
        console.add("opened", operator="anna", **gone())
        console.add("plan", command="scan det th -1 1 21")
        console.add("run", scan=number, uid=f"run-{number}")
        store_run(tmp_path, number, number)
    died = {one.console: (one.scans, one.points) for one in history_since(here, runs).incidents}
    assert died == {"other": ((12,), "point 12 of 21"), "third": ((13,), "point 13 of 21")}


def test_a_run_that_was_closed_in_order_is_not_the_one_in_which_a_console_died(here, other, runs, tmp_path):
    other.add("opened", **gone())
    other.add("plan", command="scan det th -1 1 21")
    other.add("run", scan=12, uid="run-12")
    store_run(tmp_path, 12, 7, "sample fell off")
    (died,) = history_since(here, runs).incidents
    assert (died.scans, died.points) == ((), "")


def test_a_console_whose_process_runs_is_alive_however_long_it_has_been_silent(here, other, runs):
    other.add("opened", **this_process())
    other.add("plan", command="scan det th -1 1 21")
    history = history_since(here, runs)
    assert history.incidents == []
    assert not history.story("other").is_closed


def test_one_on_another_computer_is_dead_if_it_does_not_say_any_more_that_it_lives(here, other, runs):
    other.add("opened", **{**this_process(), "host": "elsewhere"})
    assert history_since(here, runs).incidents == []
    other.add("alive")
    assert [one.kind for one in history_since(here, runs).incidents] == [Kind.DIED]


def test_who_a_console_is_of_is_known_although_it_was_opened_before(here, other, runs):
    other.add("opened", operator="anna", **gone())
    here.add("opened", operator="bert", **this_process())
    started = time.time() - 1
    ConsoleLog(here._folder.parent, "other").add("typed", line="x")
    assert history_since(here, runs, started).story("other").opened.facts["operator"] == "anna"


def test_up_to_a_moment_in_the_past_nobody_knows_who_has_died_since(here, other, runs):
    other.add("opened", **gone())
    assert history_since(here, runs, until=time.time() - LONG_AGO_S / 2).incidents == []
    assert history_since(here, runs, until=time.time() - 2 * LONG_AGO_S).entries == []


def test_this_console_has_not_died(here, runs):
    here.add("opened", **gone())
    assert history_since(here, runs).incidents == []


def test_a_shift_has_its_scans(here, other, runs, tmp_path):
    store_run(tmp_path, 12, 7, "sample fell off")
    now = time.time()
    (scan,) = shift_of(here, runs, now - 2 * LONG_AGO_S, now).scans
    assert (scan.number, scan.point_words, scan.status, scan.reason) == (12, "7 of 21", "abort", "sample fell off")
    assert shift_of(here, runs, now - 10, now).scans == []
