"""Entries come into an Olog once, with the plot; no secret is anywhere."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time

import pytest

from beamshell.errors import ConfigError, SinkDown
from beamshell.follow.lines import AMENDMENT, Line

CODE = """
import json, os, sys
from pathlib import Path
from beamshell.follow.process import follow
folder, block, name = sys.argv[1:]
sys.exit(follow(Path(folder), name, json.loads(block), with_console=True))
"""


def test_a_run_becomes_an_entry_with_its_plot(olog, sink_for, lines):
    sink = sink_for(olog, tags=["Scan"], level={"completed": "Info", "failed": "Problem"})
    run = lines(sample="LaB6_2", command="scan det th -1 1 3")
    sink.send(run)
    sink.poll()
    (log,) = olog.entries
    assert log["title"].startswith("scan 1: success, 3 points")
    assert "sample LaB6\\_2" in log["description"]
    assert (log["level"], log["tags"]) == ("Info", [{"name": "Scan"}])
    assert {"name": "run", "value": run[0].run} in log["properties"][0]["attributes"]
    ((name, png),) = olog.files
    assert (name, png[:8]) == ("scan_1.png", b"\x89PNG\r\n\x1a\n")
    assert f"![scan_1.png](attachment/{log['attachments'][0]['id']})" in log["description"]


def test_a_comment_becomes_an_entry_without_a_picture(olog, sink_for):
    amendment = {"time": 1.0, "kind": "comment", "value": "nice peak", "scan_id": 7, "operator": "kate"}
    sink = sink_for(olog)
    sink.send([Line("amendment:1", "r", AMENDMENT, json.dumps(amendment))])
    sink.poll()
    (log,) = olog.entries
    assert (log["title"], log["attachments"]) == ("kate on scan 7: nice peak", [])


def test_what_is_wrong_in_the_drawing_holds_no_entry_back(olog, sink_for, lines, folder):
    sink = sink_for(olog)
    run = lines()
    for path in (folder / "runs").rglob("*.jsonl"):
        path.unlink()
    sink.send(run)
    sink.poll()
    assert [log["attachments"] for log in olog.entries] == [[]]


def test_a_run_without_points_has_no_picture(olog, sink_for, lines):
    sink = sink_for(olog)
    sink.send(lines(0))
    sink.poll()
    assert [log["attachments"] for log in olog.entries] == [[]]


def test_a_picture_that_is_too_large_is_left_out(olog, sink_for, lines):
    olog.largest = 5000
    sink = sink_for(olog)
    sink.send(lines())
    sink.poll()
    assert [log["attachments"] for log in olog.entries] == [[]]


def test_an_answer_that_is_none_of_olog_is_told(olog, sink_for):
    sink = sink_for(olog)
    olog.answer = lambda *request: (200, {}, b"<html>a login page</html>")
    with pytest.raises(SinkDown, match="does not answer as Olog does"):
        sink.has_entry("0d1c")
    with pytest.raises(SinkDown, match="does not answer as Olog does"):
        sink.check()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"password": "secret"}, "takes no entry: 401"),
        ({"logbooks": ["Operation"]}, r"takes no entry: 400 One or more invalid logbook name\(s\)"),
    ],
)
def test_a_refusal_is_told_in_the_words_of_olog(olog, sink_for, settings, message):
    with pytest.raises(SinkDown, match=message) as refused:
        sink_for(olog, **settings).check()
    assert "secret" not in str(refused.value)


def test_a_check_writes_a_test_entry(olog, sink_for):
    assert sink_for(olog).check() == f"a test entry is in Operations of {olog.url}"
    assert olog.entries[0]["title"] == "beamshell: a test message"


def test_a_password_in_the_url_is_used_and_not_shown(olog, sink_for):
    url = olog.url.replace("http://", "http://kate:xyzzy@")
    sink = sink_for(olog, url=url, user="", password="")
    assert "xyzzy" not in sink.check()
    olog.fault = "down"
    with pytest.raises(SinkDown) as refused:
        sink.check()
    assert "xyzzy" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"url": "olog.example.org"}, "the url of the logbook begins with https://"),
        ({"url": "http://host:xyzzy/"}, "the url of the logbook is none"),
        ({"logbooks": "Operations"}, "logbooks is a list of one logbook or more"),
    ],
)
def test_a_wrong_setting_is_one_line(olog, sink_for, settings, message):
    with pytest.raises(ConfigError, match=message) as refused:
        sink_for(olog, **settings)
    assert "xyzzy" not in str(refused.value)


def test_killed_follower_and_failing_olog_leave_each_scan_once(olog, journal, scan, folder):
    chance = random.Random(3)
    settings = {"sink": "olog", "url": olog.url, "user": "kate", "password": "env:OLOG", "logbooks": ["Operations"]}
    block = json.dumps(settings | {"since": "beginning", "picture": False})
    environ = os.environ | {"OLOG": "xyzzy"}
    scans = 0

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", CODE, str(folder), block, "logbook"], stdin=subprocess.PIPE, env=environ
        )

    for _ in range(6):
        process = start()
        for _ in range(4):
            for name, doc in scan():
                journal(name, doc)
            scans += 1
        olog.fault = chance.choice(["", "mute", "down"])
        goal = len(olog.entries) + chance.randrange(3)
        wait_for(lambda goal=goal: len(olog.entries) >= goal or olog.fault == "down")
        process.kill()
        process.wait()
        process.stdin.close()
    olog.fault = ""
    process = start()
    wait_for(lambda: len(olog.entries) >= scans)
    process.stdin.close()
    assert process.wait(60) == 0
    assert sorted(int(log["title"].split()[1].rstrip(":")) for log in olog.entries) == list(range(1, scans + 1))


def wait_for(condition, most_s=60):
    deadline = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
