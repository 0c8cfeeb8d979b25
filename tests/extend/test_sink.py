"""docs/how-to/extend/sink.md does what it says, in a package of its own."""

from __future__ import annotations

import re
import socket
import threading
import time
import tomllib
from pathlib import Path

import pytest
from tiny_package import installed

from beamshell.errors import ConfigError, SinkDown
from beamshell.follow.lines import Line
from beamshell.follow.settings import make_sink

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "extend" / "sink.md").read_text()
MODULE, *_BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(PROJECT,) = (tomllib.loads(text)["project"] for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(autouse=True)
def our_sinks(tmp_path):
    """The page's package, installed."""
    ((group, entries),) = PROJECT["entry-points"].items()
    ((name, cls),) = entries.items()
    module, _, attribute = cls.partition(":")
    (tmp_path / "site").mkdir()
    with installed(tmp_path / "site", module, MODULE, {group: {name: attribute}}):
        yield


@pytest.fixture
def lamp():
    """A lamp: its port, and what it shows."""
    texts = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            connection, _address = server.accept()
            with connection, connection.makefile() as words:
                text = words.read()
            texts.append(text)
            if text == "end\n":
                return

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.getsockname()[1], texts
    with socket.create_connection(server.getsockname()) as last:
        last.sendall(b"end\n")
    thread.join()
    server.close()


def test_the_sink_of_the_page_tells_the_lamp(lamp):
    port, texts = lamp
    sink = make_sink("hutch", {"sink": "lamp", "host": "127.0.0.1", "port": port})
    sink.send([Line("u:1", "u", "start", '{"scan_id": 7}'), Line("u:2", "u", "stop", "{}")])
    assert sink.check() == "the lamp shows: test"
    sink.send([Line("u:1", "u", "event", "{}")])
    deadline = time.monotonic() + 60
    while len(texts) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert texts == ["scan 7\n", "free\n", "test\n"]


def test_a_lamp_that_does_not_answer_is_named():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    sink = make_sink("hutch", {"sink": "lamp", "host": "127.0.0.1", "port": port})
    with pytest.raises(SinkDown, match=rf"the lamp at 127\.0\.0\.1:{port} does not answer"):
        sink.check()


def test_a_setting_that_the_class_does_not_take_is_named():
    with pytest.raises(ConfigError, match="has no setting 'hots': did you mean host"):
        make_sink("hutch", {"sink": "lamp", "hots": "lamp.beamline"})
