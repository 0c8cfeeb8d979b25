"""`beamshell watch` in a pipe: what a data folder gets is shown as plain lines."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading

import pytest
from data_folder import journal as journal
from run_documents import make_run as make_run

from beamshell.store import ConsoleLog

PATIENCE_S = 60.0


class Watching:
    """A watch whose lines are read as they come."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "beamshell", "watch", f"--data={folder}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines = []
        self._queue = queue.Queue()
        self._reader = threading.Thread(target=lambda: [self._queue.put(line) for line in self.process.stdout])
        self._reader.start()

    def wait_for(self, part):
        """The lines up to the first that has this part."""
        while not (self.lines and part in self.lines[-1]):
            self.lines.append(self._queue.get(timeout=PATIENCE_S).rstrip("\n"))
        return self.lines

    def end(self, number):
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE_S)
        self._reader.join()
        return status, self.process.stderr.read()


@pytest.fixture
def log(tmp_path):
    log = ConsoleLog(tmp_path, "pc:1:0")
    yield log
    log.close()


@pytest.fixture
def watch(tmp_path):
    started = []

    def watch():
        started.append(Watching(tmp_path))
        started[-1].wait_for("Ctrl+C leaves")
        return started[-1]

    yield watch
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)
        one.process.stdout.close()
        one.process.stderr.close()


def documents(make_run, points, **start):
    run = make_run(["th"], ["det"], [(float(point), point % 7) for point in range(points)], **start)
    return [(name, json.loads(json.dumps(doc))) for name, doc in run]


def write(journal, run):
    for name, doc in run:
        journal(name, doc)


def rows(lines):
    return [int(line.split()[0]) for line in lines if line.split() and line.split()[0].isdecimal()]


def test_a_run_and_what_was_typed_come_as_plain_lines_and_ctrl_c_leaves(journal, log, watch, make_run):
    watching = watch()
    log.add("typed", line="scan det th 0 2 3")
    watching.wait_for("> scan det th 0 2 3")
    write(journal, documents(make_run, 3))
    log.add("suspended", reasons=["ring is 12 mA"])
    lines = watching.wait_for("waiting: ring is 12 mA")
    assert rows(lines)[:-1] == [1, 2, 3]  # the last is the highest once more
    assert any("success, 3 points" in line for line in lines)
    assert "\x1b" not in "".join(lines)
    assert watching.end(signal.SIGINT) == (0, "")


def test_who_comes_late_sees_the_open_run_from_its_beginning_and_no_earlier_one(journal, log, watch, make_run):
    write(journal, documents(make_run, 2))
    *run, stop = documents(make_run, 2500, time=2000.0)
    write(journal, run)
    watching = watch()
    write(journal, [stop])
    lines = watching.wait_for("success, 2500 points")
    assert rows(lines)[:-1] == [*range(1, 2501)]


def test_a_reader_that_closes_the_pipe_ends_it_without_a_traceback(journal, log, tmp_path, make_run):
    process = subprocess.Popen(
        [sys.executable, "-m", "beamshell", "watch", f"--data={tmp_path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    process.stdout.close()
    try:
        log.add("typed", line="wa")
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
