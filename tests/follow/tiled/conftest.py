"""A real Tiled server, and runs of which each has a uid of its own."""

from __future__ import annotations

import json
import uuid

import pytest
from tiled_server import API_KEY, TiledServer

from beamshell.follow.settings import make_sink


@pytest.fixture(scope="module")
def readable(tmp_path_factory):
    """The folder of files that the server may read."""
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def server(tmp_path_factory, readable):
    server = TiledServer(tmp_path_factory.mktemp("tiled"), readable)
    server.start()
    server.wait()
    yield server
    server.kill()


@pytest.fixture
def catalogue(server):
    """The catalogue, as a client of the facility reads it."""
    import dask
    from tiled.client import from_uri

    root = from_uri(server.url, api_key=API_KEY)
    with dask.config.set(scheduler="synchronous"):  # no threads that stay
        yield root
    root.context.close()


@pytest.fixture
def sink_of(server, folder, monkeypatch):
    """Makes the sink of a follower of the data folder."""
    monkeypatch.setenv("TILED_KEY_OF_TEST", API_KEY)
    monkeypatch.setattr("tiled.client.utils.TILED_RETRY_ATTEMPTS", 1)  # as in a follower's process
    sinks = []

    def sink_of(**settings):
        sink = make_sink("catalogue", server.block | settings)
        sink.folder = folder
        sinks.append(sink)
        return sink

    yield sink_of
    for sink in sinks:
        sink.close()


@pytest.fixture
def fresh(scan):
    """The documents of a scan whose uid no other test has."""

    def fresh(points=3, **start):
        documents = scan(points, **start)
        old, new = documents[0][1]["uid"], str(uuid.uuid4())
        return [(name, json.loads(json.dumps(doc).replace(old, new))) for name, doc in documents]

    return fresh
