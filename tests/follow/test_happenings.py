"""What is worth a message: told from lines, and from the time."""

from __future__ import annotations

import json

import pytest

from beamshell.follow.happenings import KINDS, URGENT, HappeningFinder
from beamshell.follow.lines import AMENDMENT, CONSOLE, Line
from beamshell.follow.watchdog import Trouble, Watched

START = {
    "uid": "r",
    "time": 100.0,
    "scan_id": 7,
    "command": "scan det th -1 1 21",
    "sample": "LaB6",
    "operator": "kate",
}


def document(name, **doc):
    return Line(f"r:{name}", "r", name, json.dumps(doc))


def entry(kind, time=100.0, console="c", **facts):
    return Line(
        f"console:{kind}:{time}", "", CONSOLE, json.dumps({"time": time, "console": console, "kind": kind} | facts)
    )


def stop(status, **more):
    return document(
        "stop", **{"time": 160.0, "exit_status": status, "num_events": {"primary": 21}, "reason": "", **more}
    )


@pytest.fixture
def finder():
    return HappeningFinder(suspended_after_s=60.0, disk_gb=5.0)


def take(finder, *lines):
    return [happening for line in lines for happening in finder.take(line)]


def test_the_begin_of_a_scan_is_told_with_its_command_and_sample(finder):
    (begun,) = take(finder, document("start", **START))
    assert (begun.kind, begun.run) == ("begun", "r")
    assert begun.title == "scan 7 has begun: scan det th -1 1 21"
    assert begun.text == "sample LaB6, operator kate"


@pytest.mark.parametrize(
    ("end", "kind", "title"),
    [
        (stop("success"), "completed", "scan 7: success, 21 points, 1 min 0 s"),
        (stop("abort", reason="Ctrl+C"), "aborted", "scan 7: abort, 21 points, 1 min 0 s: Ctrl+C"),
        (stop("fail", reason="th: stalled"), "failed", "scan 7: fail, 21 points, 1 min 0 s: th: stalled"),
    ],
)
def test_the_end_of_a_scan_is_told_with_its_reason(finder, end, kind, title):
    _begun, ended = take(finder, document("start", **START), end)
    assert (ended.kind, ended.title) == (kind, title)


def test_of_what_did_not_succeed_it_is_told_what_to_type(finder):
    _begun, ended = take(finder, document("start", **START), stop("fail"))
    assert "why 7 tells why; continue 7 measures the rest, if it can." in ended.text


def test_the_end_of_a_run_whose_begin_was_not_seen_is_not_told(finder):
    assert take(finder, stop("success")) == []


def test_a_short_wait_is_not_told_and_a_long_one_once(finder):
    take(finder, entry("suspended", 100.0, reasons=["ring is 0 mA, below 50 mA"]))
    assert list(finder.due(159.0, 100.0)) == []
    (waiting,) = finder.due(160.0, 100.0)
    assert waiting.kind == "suspended"
    assert waiting.title == "waiting for 1 min 0 s: ring is 0 mA, below 50 mA"
    assert list(finder.due(200.0, 100.0)) == []
    (released,) = take(finder, entry("released", 400.0))
    assert released.title == "it goes on, after 5 min 0 s"


def test_the_end_of_a_short_wait_is_not_told(finder):
    take(finder, entry("suspended", 100.0))
    assert take(finder, entry("released", 110.0)) == []
    assert list(finder.due(400.0, 100.0)) == []


@pytest.mark.parametrize("kind", ["ended", "paused", "closed"])
def test_a_wait_that_ends_otherwise_is_over(finder, kind):
    take(finder, entry("suspended", 100.0), entry(kind, 110.0, status="abort"))
    assert list(finder.due(400.0, 100.0)) == []


def test_a_move_that_failed_is_told_and_a_scan_only_by_its_run(finder):
    (failed,) = take(finder, entry("ended", status="fail", command="mov th 95", reason="th: stalled at 3 deg", uids=[]))
    assert failed.title == "mov th 95 has failed: th: stalled at 3 deg"
    assert take(finder, entry("ended", status="fail", uids=["r"])) == []


def test_an_item_of_the_queue_that_failed_is_told(finder):
    (failed,) = take(finder, entry("item", state="failed", line="scan det th -1 1 3", reason="no beam"))
    assert failed.title == "the queue: scan det th -1 1 3 has failed: no beam"
    assert take(finder, entry("item", state="done", line="wa")) == []


def test_a_comment_is_told_and_a_tag_is_not(finder):
    amendment = {"time": 1.0, "kind": "comment", "value": "nice peak", "scan_id": 7, "operator": "kate"}
    (comment,) = take(finder, Line("a:1", "r", AMENDMENT, json.dumps(amendment)))
    assert comment.title == "kate on scan 7: nice peak"
    assert take(finder, Line("a:2", "r", AMENDMENT, json.dumps(amendment | {"kind": "tag"}))) == []


def test_a_disk_that_fills_is_told_once_until_there_is_room(finder):
    (low,) = finder.due(0.0, 4.9)
    assert low.title == "the data folder's disk has 4.9 GB left"
    assert list(finder.due(1.0, 4.8)) == []
    assert list(finder.due(2.0, 6.0)) == []
    assert len(list(finder.due(3.0, 4.0))) == 1


def test_every_urgent_kind_is_a_kind():
    assert KINDS.keys() >= URGENT


PROCESS = {"host": "ws1", "boot": "b", "pid": 1234, "began": 5}


def trouble(kind, reason=""):
    return Trouble(kind, "c", Watched("kate", PROCESS, 90.0), reason)


def test_a_console_that_died_in_a_scan_is_told_with_the_scan_and_what_to_type(finder):
    take(finder, document("start", **START), entry("run", uid="r", scan=7))
    dead = finder.trouble(trouble("died", "its process is gone"), 120.0)
    assert (dead.kind, dead.run) == ("dead", "r")
    assert dead.title == "the console of kate (ws1, pid 1234) has died in scan 7: its process is gone"
    assert "beamshell opens it again and closes the run; continue 7 measures the rest, if it can." in dead.text


def test_a_console_that_died_after_its_scan_is_told_without_it(finder):
    take(finder, document("start", **START), entry("run", uid="r", scan=7), stop("success"))
    dead = finder.trouble(trouble("died", "its process is gone"), 120.0)
    assert dead.title == "the console of kate (ws1, pid 1234) has died: its process is gone"
    assert dead.text == "beamshell opens it again; why tells what it did."


@pytest.mark.parametrize(
    ("kind", "title", "remedy"),
    [
        ("stopped", "is stopped: by Ctrl+Z, or SIGSTOP", "kill -CONT 1234 on ws1"),
        ("silent", "hangs: no sign of life for 30 s", "kill -9 1234 on ws1"),
    ],
)
def test_a_console_that_hangs_is_told_with_what_to_type(finder, kind, title, remedy):
    hung = finder.trouble(trouble(kind), 120.0)
    assert hung.title == f"the console of kate (ws1, pid 1234) {title}"
    assert remedy in hung.text


def test_a_console_that_goes_on_is_told_as_released(finder):
    assert finder.trouble(trouble("back"), 120.0).kind == "released"


def test_the_end_of_the_queue_is_told(finder):
    (ended,) = take(finder, entry("queue", states="5 done, 1 failed"))
    assert (ended.kind, ended.title) == ("queue", "the queue has come to its end: 5 done, 1 failed")
