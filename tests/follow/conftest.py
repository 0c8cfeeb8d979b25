"""A data folder with a journal and a console log, and sinks that remember what they were sent."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time

import pytest
from data_folder import journal as journal
from data_folder import rescue_place as rescue_place
from logbook_servers import ELOG_HASH, PASSWORD
from run_documents import make_run as make_run
from tiled_server import API_KEY

from beamshell.errors import LineRefused, SinkDown
from beamshell.follow.lines import AMENDMENT, CONSOLE
from beamshell.follow.sink import Sink
from beamshell.store import ConsoleLog
from beamshell.store.control_folder import ControlFolder
from beamshell.store.control_rules import Console
from beamshell.store.processes import this_process

SECRETS = re.compile(f"{PASSWORD}|{re.escape(ELOG_HASH)}|{API_KEY}|s3cret".encode())


@pytest.fixture(autouse=True)
def no_secret_in_files_and_arguments(tmp_path, monkeypatch):
    """A test that writes a secret into a file, or starts a process with one in its arguments, has failed."""
    start, arguments = subprocess.Popen.__init__, []

    def note(process, words, *more, **options):
        arguments.append(repr(words).encode())
        start(process, words, *more, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", note)
    yield
    assert not [words for words in arguments if SECRETS.search(words)]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if SECRETS.search(path.read_bytes())]


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def log(folder):
    log = ConsoleLog(folder, "me")
    yield log
    log.close()


@pytest.fixture
def scan(make_run):
    """The documents of one scan of so many points."""

    def scan(points=3, **start):
        documents = make_run(["th"], ["det"], [(float(i), i * i) for i in range(points)], **start)
        return [(name, json.loads(json.dumps(doc))) for name, doc in documents]

    return scan


class MemorySink(Sink):
    """Remembers lines; it is down, or refuses the lines of some names, when a test says so."""

    also = (AMENDMENT, CONSOLE)

    def __init__(self):
        self.lines = []
        self.is_down = False
        self.refuses = ()

    def send(self, lines):
        if self.is_down:
            raise SinkDown("nobody answers at memory:1")
        for line in lines:
            if line.name in self.refuses:
                raise LineRefused(line, "too large")
            self.lines.append(line)

    def pairs(self):
        return [(line.name, line.doc) for line in self.lines]


@pytest.fixture
def sink():
    return MemorySink()


@pytest.fixture
def open_console(folder):
    """Opens what a console leaves in the data folder, for a process that sleeps."""
    opened = []

    def open_one(host="", boot=""):
        sleep = [sys.executable, "-c", "import time; print('there', flush=True); time.sleep(3600)"]
        process = subprocess.Popen(sleep, stdout=subprocess.PIPE)
        process.stdout.readline()
        facts = this_process() | {"pid": process.pid, "began": began(process.pid)}
        facts |= {"host": host or facts["host"], "boot": boot or facts["boot"]}
        key = f"{facts['host']}:{process.pid}:1"
        log = ConsoleLog(folder, key)
        log.add("opened", operator="kate", **facts)
        files = ControlFolder(folder, Console(key, "kate", facts["host"], facts["boot"], process.pid, time.time()))
        files.enter()
        opened.append((process, log, files))
        return key, process, log, files

    yield open_one
    for process, log, files in opened:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        files.leave()
        log.close()


def began(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[19])
