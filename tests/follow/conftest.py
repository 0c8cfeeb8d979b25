"""A data folder with a journal and a console log, and sinks that remember what they were sent."""

from __future__ import annotations

import json

import pytest
from run_documents import make_run as make_run

from beamshell.errors import LineRefused, SinkDown
from beamshell.follow.lines import AMENDMENT, CONSOLE
from beamshell.follow.sink import Sink
from beamshell.store import ConsoleLog, Journal


@pytest.fixture(autouse=True)
def rescue_place(tmp_path_factory, monkeypatch):
    place = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setenv("HOME", str(place / "home"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def journal(folder):
    journal = Journal(folder)
    yield journal
    journal.close()


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
