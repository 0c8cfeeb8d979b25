"""Logbooks on loopback, and a folder with a run in it."""

from __future__ import annotations

import json

import pytest
from logbook_servers import Elog, Olog, Telegram

from beamshell.follow.lines import Line
from beamshell.follow.settings import make_sink


@pytest.fixture
def olog():
    server = Olog()
    yield server
    server.close()


@pytest.fixture
def elog():
    server = Elog()
    yield server
    server.close()


@pytest.fixture
def telegram():
    server = Telegram()
    yield server
    server.close()


@pytest.fixture
def lines(folder, journal, scan):
    """The lines of a run that is in the data folder."""

    def lines(points=3, **start):
        documents = scan(points, **start)
        for name, doc in documents:
            journal(name, doc)
        uid = documents[0][1]["uid"]
        return [Line(f"{uid}:{n}", uid, name, json.dumps(doc)) for n, (name, doc) in enumerate(documents, start=1)]

    return lines


@pytest.fixture
def sink_for(folder):
    """Makes the sink of a logbook, with other settings where a test gives some."""
    sinks = []

    def sink_for(server, **settings):
        sink = make_sink("logbook", server.settings | settings)
        sink.folder, sink.memory = folder, folder / "memory.json"
        sinks.append(sink)
        return sink

    yield sink_for
    for sink in sinks:
        sink.close()
