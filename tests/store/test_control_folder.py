"""Control of the beamline in the data folder: one of several consoles has it, whatever happens to the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from beamshell.store.control_folder import ControlFolder
from beamshell.store.control_rules import DEAD_AFTER_S, FREE, Console, Control, State
from beamshell.store.processes import boot_id

HOLDER = """
import sys, time, os
from pathlib import Path
from beamshell.store.control_folder import ControlFolder
from beamshell.store.control_rules import FREE, Console, Control, State
from beamshell.store.processes import boot_id
import socket
console = Console("holder", "bob", socket.gethostname(), boot_id(), os.getpid(), time.time())
files = ControlFolder(Path(sys.argv[1]), console)
files.enter()
print(files.change(FREE, Control(State.BUSY, "holder")), flush=True)
time.sleep(1000)
"""


def console(key, host="", boot=None):
    return Console(key, key, host or os.uname().nodename, boot_id() if boot is None else boot, os.getpid(), 0.0)


@pytest.fixture
def enter(tmp_path):
    entered = []

    def enter_one(key, **where):
        files = ControlFolder(tmp_path, console(key, **where))
        files.enter()
        entered.append(files)
        return files

    yield enter_one
    for files in entered:
        files.leave()


@pytest.fixture
def holder(tmp_path):
    """A process that has control, and is busy."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.communicate()


def idle(key):
    return Control(State.IDLE, key)


def test_nobody_has_control_at_first_and_then_who_takes_it(enter):
    anna, bob = enter("anna"), enter("bob")
    assert anna.control() == bob.control() == FREE
    assert anna.since() is None
    assert anna.change(FREE, idle("anna"))
    assert not bob.change(FREE, idle("bob"))
    assert bob.control() == idle("anna")
    assert bob.since() > 0
    assert bob.console("anna") == anna.me
    assert not bob.is_dead("anna")
    assert [each.key for each in bob.others()] == ["anna"]


def test_of_many_consoles_that_take_it_at_one_moment_one_has_it(tmp_path):
    start, taken = threading.Barrier(8), []

    def take(key):
        files = ControlFolder(tmp_path, console(key))
        start.wait()
        files.enter()
        if files.change(FREE, idle(key)):
            taken.append(files)

    threads = [threading.Thread(target=take, args=(f"c{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    assert [path.name for path in (tmp_path / "control").glob("control.*")] == [f"control.idle.{taken[0].me.key}"]
    assert [path.name for path in tmp_path.iterdir()] == ["control"]


def test_who_is_busy_loses_it_to_none_and_who_was_idle_cannot_become_busy_after_it_was_taken(enter):
    anna, bob = enter("anna"), enter("bob")
    busy = Control(State.BUSY, "anna")
    assert anna.change(FREE, idle("anna"))
    assert anna.change(idle("anna"), busy)
    assert not bob.change(idle("anna"), idle("bob"))
    assert anna.change(busy, idle("anna"))
    assert bob.change(idle("anna"), idle("bob"))
    assert not anna.change(idle("anna"), busy)


def test_a_file_that_a_listing_has_missed_in_the_moment_of_its_renaming_is_not_made_twice(enter, monkeypatch, tmp_path):
    anna, bob = enter("anna"), enter("bob")
    anna.change(FREE, idle("anna"))
    listdir, listings = os.listdir, []

    def miss_it_twice(folder):
        listings.append(folder)
        return [] if len(listings) <= 2 else listdir(folder)

    monkeypatch.setattr(os, "listdir", miss_it_twice)
    bob.enter()
    listings.clear()
    assert bob.control() == idle("anna")
    monkeypatch.undo()
    assert [path.name for path in (tmp_path / "control").glob("control.*")] == ["control.idle.anna"]


def test_whoever_may_write_to_the_data_folder_may_have_control(tmp_path):
    tmp_path.chmod(0o2770)
    files = ControlFolder(tmp_path, console("anna"))
    files.enter()
    assert (tmp_path / "control").stat().st_mode & 0o777 == 0o770
    files.leave()


def test_a_console_that_closes_gives_it_up_and_leaves_nothing(enter, tmp_path):
    anna, bob = enter("anna"), enter("bob")
    anna.change(FREE, idle("anna"))
    anna.request("for nothing")
    anna.leave()
    assert bob.control() == FREE
    assert bob.is_dead("anna")
    assert sorted(path.name for path in (tmp_path / "control").iterdir()) == ["console.bob.json", "control.free"]


def test_the_control_of_a_console_that_was_killed_is_free_at_once(enter, holder):
    anna = enter("anna")
    assert not anna.is_dead("holder")
    holder.kill()
    holder.wait()
    assert anna.is_dead("holder")
    assert anna.change(anna.control(), idle("anna"))
    anna.enter()
    assert anna.console("holder") is None  # its file is cleared away


def test_a_console_that_is_stopped_with_sigstop_keeps_it(enter, holder):
    anna = enter("anna")
    holder.send_signal(signal.SIGSTOP)
    assert not anna.is_dead("holder")
    assert anna.control() == Control(State.BUSY, "holder")


def test_a_console_of_another_computer_has_died_when_it_has_been_silent_for_long(enter, tmp_path):
    far = enter("far", host="ws2", boot="another")
    os.close(far._fd)  # a file system that does not show locks to other computers
    far._fd = -1
    anna = enter("anna")
    assert not anna.is_dead("far")
    anna.beat()
    silent_since = (tmp_path / "control/console.anna.json").stat().st_mtime - DEAD_AFTER_S - 5
    os.utime(tmp_path / "control/console.far.json", (silent_since, silent_since))
    assert anna.is_dead("far")


def test_a_request_is_seen_and_can_be_withdrawn_or_refused_with_a_reason(enter):
    anna, bob = enter("anna"), enter("bob")
    assert anna.requests() == []
    assert bob.refusal() is None
    bob.request("align the mirror")
    [request] = anna.requests()
    assert (request.console, request.reason) == (bob.me, "align the mirror")
    anna.refuse(request, "in a scan")
    assert bob.refusal() == "in a scan"
    assert anna.requests() == []
    bob.request("")
    assert bob.refusal() is None
    bob.withdraw()
    anna.refuse(request, "too late")
    assert (anna.requests(), bob.refusal()) == ([], None)


def test_a_folder_that_somebody_has_deleted_is_made_again(enter, tmp_path):
    anna, bob = enter("anna"), enter("bob")
    anna.change(FREE, idle("anna"))
    for path in (tmp_path / "control").iterdir():
        path.unlink()
    assert bob.control() == FREE
    for files in (anna, bob):
        files.enter()
    assert bob.control() == FREE
    assert not bob.is_dead("anna")
    assert anna.change(FREE, idle("anna"))


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", json.dumps({"key": "far"}).encode()])
def test_a_damaged_file_of_a_console_is_no_console_and_no_error(content, enter, tmp_path):
    anna = enter("anna")
    (tmp_path / "control/console.far.json").write_bytes(content)
    (tmp_path / "control/request.far.json").write_bytes(content)
    assert anna.console("far") is None
    assert anna.others() == []
    assert anna.requests() == []
