"""A follower in a process of its own: killed at any moment it loses nothing; one that hangs or dies costs nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from beamshell.follow.process import RUNS_ALREADY
from beamshell.follow.status import FollowerStatus, status_path
from beamshell.follow.supervisor import Supervisor

HERE = Path(__file__).parent
CODE = """
import json, sys
from pathlib import Path
from beamshell.follow.process import follow
folder, block, name = sys.argv[1:]
sys.exit(follow(Path(folder), name, json.loads(block), with_console=True))
"""


def command(folder, sink="FileSink", **settings):
    import json

    settings = {"sink": f"sinks_for_tests:{sink}", "since": "beginning", **settings}
    return [sys.executable, "-c", CODE, str(folder), json.dumps(settings)]


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{HERE}:{os.environ.get('PYTHONPATH', '')}")


@pytest.fixture
def start(folder):
    processes = []

    def start(*words):
        processes.append(subprocess.Popen([*words, "copy"], stdin=subprocess.PIPE, stderr=subprocess.PIPE))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stderr.close()


def write(journal, documents):
    for name, doc in documents:
        journal(name, doc)


def end(supervisor):
    """Close it, and wait for the processes that it leaves alone with their last lines."""
    supervisor.close()
    for child in supervisor._children.values():
        if child.process is not None:
            child.process.wait(60)


def wait_for(condition, most_s=60):
    deadline = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def keys(folder):
    path = folder / "out"
    return path.read_text().split() if path.exists() else []


def keys_of(documents):
    return [f"{documents[0][1]['uid']}:{number}" for number in range(1, len(documents) + 1)]


def test_killed_at_any_moment_it_sends_each_line_once_and_in_order(folder, journal, scan, start):
    chance = random.Random(7)
    words = command(folder, path=str(folder / "out"))
    expected = []
    for _ in range(8):
        process = start(*words)
        documents = scan(40)
        write(journal, documents)
        goal = len(expected) + chance.randrange(len(documents))
        expected += keys_of(documents)
        wait_for(lambda goal=goal: len(keys(folder)) >= goal)
        process.kill()  # in the middle of the run, more or less
        process.wait()
    process = start(*words)
    wait_for(lambda: len(keys(folder)) >= len(expected))
    process.stdin.close()
    assert process.wait(60) == 0
    assert keys(folder) == expected


def test_it_ends_with_its_console_and_sends_what_was_written_before(folder, journal, scan, start):
    process = start(*command(folder, path=str(folder / "out")))
    documents = scan()
    write(journal, documents)
    process.stdin.close()
    assert process.wait(60) == 0
    assert keys(folder) == keys_of(documents)
    assert FollowerStatus.load(status_path(folder, "copy")).state == "ended"


def test_a_second_process_of_the_same_name_leaves(folder, start):
    words = command(folder, path=str(folder / "out"))
    start(*words)
    wait_for(lambda: FollowerStatus.load(status_path(folder, "copy")))
    assert start(*words).wait(60) == RUNS_ALREADY


def test_a_sink_that_hangs_is_told_and_ends_with_the_console(folder, journal, scan, start):
    process = start(*command(folder, "HangingSink"))
    write(journal, scan())

    def hangs():
        status = FollowerStatus.load(status_path(folder, "copy"))
        return status is not None and status.state == "sending" and time.time() - status.since > 1 and status.behind_s

    wait_for(hangs)
    process.stdin.close()
    assert process.wait(60) == 1


def test_wrong_settings_are_a_state_of_their_own(folder, start):
    process = start(*command(folder, paht="out"))
    assert process.wait(60) != 0
    status = FollowerStatus.load(status_path(folder, "copy"))
    assert status.state == "failed"
    assert status.error == "followers: copy (sinks_for_tests:FileSink) has no setting 'paht': did you mean path?"


def test_a_follower_that_dies_is_started_again_and_said_once(folder, journal, scan, monkeypatch):
    said = []
    supervisor = Supervisor(folder, command(folder, "DyingSink"), ["copy"], said.append)
    supervisor.start()
    try:
        write(journal, scan())
        wait_for(lambda: said)
        wait_for(lambda: supervisor._children["copy"].starts >= 2)
    finally:
        end(supervisor)
    assert said == ["the follower copy has ended (exit status 3) and is started again: followers copy"]


def test_closing_the_console_lets_the_last_lines_arrive(folder, journal, scan):
    supervisor = Supervisor(folder, command(folder, path=str(folder / "out")), ["copy"], print)
    supervisor.start()
    documents = scan(50)
    write(journal, documents)
    wait_for(lambda: FollowerStatus.load(status_path(folder, "copy")))
    end(supervisor)
    wait_for(lambda: keys(folder) == keys_of(documents))


def test_sigterm_ends_it(folder, journal, scan, start):
    process = start(*command(folder, path=str(folder / "out")))
    wait_for(lambda: FollowerStatus.load(status_path(folder, "copy")))
    write(journal, scan())
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_a_follower_with_wrong_settings_is_said_once_and_left_alone(folder):
    said = []
    supervisor = Supervisor(folder, command(folder, paht="out"), ["copy"], said.append)
    supervisor.start()
    try:
        wait_for(lambda: said)
    finally:
        end(supervisor)
    (line,) = said
    assert line.startswith("the follower copy is not there: followers: copy (sinks_for_tests:FileSink) has no setting")
    assert supervisor._children["copy"].starts == 1


def test_a_sink_with_a_fault_is_told_with_its_error(folder, journal, scan, start):
    process = start(*command(folder, "BrokenSink"))
    write(journal, scan())
    assert process.wait(60) == 1
    status = FollowerStatus.load(status_path(folder, "copy"))
    assert (status.state, status.error) == ("broken", "LookupError: no such lamp")


def test_the_last_status_is_not_written_beside_another(folder, journal, scan, start):
    process = start(*command(folder, "BrokenSinkOnSlowDisk", path=str(folder / "written")))
    write(journal, scan())
    assert process.wait(60) == 1
    words = (folder / "written").read_text().split()
    assert words == ["begin", "end"] * (len(words) // 2)
    assert FollowerStatus.load(status_path(folder, "copy")).state == "broken"


def test_a_sink_that_cannot_be_made_is_told_with_its_error(folder, start):
    process = start(*command(folder, path="/not/there/out"))
    assert process.wait(60) == 1
    status = FollowerStatus.load(status_path(folder, "copy"))
    assert status.state == "failed"
    assert "No such file or directory" in status.error
