"""A console that dies or is stopped is told to people within seconds, by its own follower; a closed one is not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from web_server import receiver as receiver

from beamshell.follow.status import FollowerStatus, status_path
from beamshell.store.processes import why_dead

DEMO = Path(__file__).parents[2] / "profiles" / "profile_demo"


@pytest.fixture
def profile(tmp_path, receiver):
    """The demo's profile with a follower that tells of consoles."""
    profile = tmp_path / "profile_demo"
    shutil.copytree(DEMO, profile)
    block = {
        "sink": "notify",
        "to": [f"json://127.0.0.1:{receiver.server.server_port}/"],
        "kinds": ["dead", "released"],
        "at_most_every": "0",
    }
    with (profile / "ipython_config.py").open("a") as file:
        file.write(f"\nc.Beamshell.followers = {{'phone': {block!r}}}\n")
    return profile


@pytest.fixture
def open_watched(open_console, profile, data):
    """Opens a console whose follower has seen it."""

    def open_one():
        console = open_console(f"--profile={profile}")
        memory = data / "follow" / "phone.memory.json"

        def is_watched():
            return memory.exists() and str(console.process.pid) in str(json.loads(memory.read_text())["watchdog"])

        console.wait_until(is_watched, what="the watchdog")
        return console

    return open_one


@pytest.fixture
def follower(data):
    """The follower's process, as its status says."""
    return lambda: FollowerStatus.load(status_path(data, "phone")).process


def wait_for(condition, most_s=60):
    deadline = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_console_killed_while_idle_is_told_and_its_follower_ends_then(open_watched, receiver, follower):
    console, process = open_watched(), follower()
    console.process.kill(signal.SIGKILL)
    console.wait_for_end()
    wait_for(lambda: receiver.messages)
    (message,) = receiver.messages
    assert f"pid {console.process.pid}) has died: its process is gone" in message
    assert "beamshell opens it again" in message
    wait_for(lambda: why_dead(process))
    assert len(receiver.messages) == 1


def test_a_console_killed_in_a_scan_is_told_with_the_scan_also_when_the_receiver_was_down(
    open_watched, receiver, follower
):
    receiver.fault = "down"
    console, process = open_watched(), follower()
    start = console.begin("loopscan 100 0.2")
    console.wait_for_point(2, start)
    console.process.kill(signal.SIGKILL)
    console.wait_for_end()
    wait_for(lambda: FollowerStatus.load(status_path(console.data, "phone")).state == "waiting")
    assert not why_dead(process)
    receiver.fault = ""
    wait_for(lambda: receiver.messages)
    (message,) = receiver.messages
    assert "has died in scan 1: its process is gone" in message
    assert "continue 1 measures the rest, if it can" in message
    wait_for(lambda: why_dead(process))


def test_a_console_that_is_stopped_and_goes_on_and_is_closed_properly(open_watched, receiver, follower):
    console, process = open_watched(), follower()
    console.process.kill(signal.SIGSTOP)
    wait_for(lambda: receiver.messages)
    assert "is stopped: by Ctrl+Z, or SIGSTOP" in receiver.messages[0]
    assert f"kill -CONT {console.process.pid} on {os.uname().nodename}" in receiver.messages[0]
    console.process.kill(signal.SIGCONT)
    wait_for(lambda: len(receiver.messages) == 2)
    assert "goes on" in receiver.messages[1]
    console.do("print(6 * 7)")
    assert console.leave() == 0
    wait_for(lambda: why_dead(process))
    assert len(receiver.messages) == 2
