"""Documents over ZeroMQ are read by bluesky's own RemoteDispatcher, each once and in order."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import time

import pytest

from beamshell.errors import ConfigError, LineRefused, SinkDown
from beamshell.follow.lines import Line
from beamshell.follow.settings import make_sink
from beamshell.follow.sinks.zeromq import run_proxy

SUBSCRIBER = """
    import json, pickle, sys
    import msgpack
    from bluesky.callbacks.zmq import ClientCurve, RemoteDispatcher
    address, form, path, secret, server = sys.argv[1:]
    read = {"json": json.loads, "msgpack": msgpack.unpackb, "pickle": pickle.loads}[form]
    curve = ClientCurve(secret, server) if secret else None
    dispatcher = RemoteDispatcher(address, deserializer=read, prefix=b"bl", curve_config=curve)
    file = open(path, "w", buffering=1)
    dispatcher.subscribe(lambda name, doc: file.write(json.dumps([name, doc]) + chr(10)))
    dispatcher.start()
"""
PROXY = "import sys; from bluesky.callbacks.zmq import Proxy; Proxy(*sys.argv[1:]).start()"
OUR_PROXY = "import sys; from beamshell.shell.launch import main; sys.exit(main(['zmq-proxy', *sys.argv[1:]]))"


def wait_for(condition, most_s=60):
    deadline = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def python():
    """Starts Python programs, and ends them."""
    processes = []

    def start(code, *arguments):
        environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
        words = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
        processes.append(subprocess.Popen(words, env=environment))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def sink_of():
    """Makes sinks, and closes them."""
    sinks = []

    def make(**settings):
        sinks.append(make_sink("stream", {"sink": "zmq", "prefix": "bl", **settings}))
        return sinks[-1]

    yield make
    for sink in sinks:
        sink.close()


def address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"tcp://127.0.0.1:{server.getsockname()[1]}"


def lines_of(documents):
    uid = documents[0][1]["uid"]
    return [Line(f"{uid}:{n}", uid, name, json.dumps(doc)) for n, (name, doc) in enumerate(documents, start=1)]


def received(path):
    return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def send_until_taken(sink, lines):
    """As a follower does."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return sink.send(lines)
        except SinkDown:
            assert time.monotonic() < deadline


@pytest.mark.parametrize("form", ["json", "msgpack", "pickle"])
def test_a_subscriber_reads_the_documents_as_they_are(scan, python, sink_of, tmp_path, form):
    place, path = address(), tmp_path / "received"
    python(SUBSCRIBER, place, form, path, "", "")
    sink = sink_of(address=place, bind=True, serializer=form)
    wait_for(lambda: sink._look_for_subscriptions(100))
    documents = scan(20)
    sink.send(lines_of(documents))
    wait_for(lambda: len(received(path)) >= len(documents))
    assert received(path) == documents


@pytest.mark.parametrize("proxy", [PROXY, OUR_PROXY], ids=["bluesky's proxy", "ours"])
def test_documents_wait_for_the_proxy_and_pass_it(scan, python, sink_of, tmp_path, proxy):
    incoming, outgoing, path = address(), address(), tmp_path / "received"
    sink = sink_of(address=incoming)
    documents = scan()
    lines = lines_of(documents)
    with pytest.raises(SinkDown, match=f"no proxy answers at {incoming}"):
        sink.send(lines)
    python(SUBSCRIBER, outgoing, "json", path, "", "")
    python(proxy, incoming, outgoing)
    probe = lines_of(scan(1))
    wait_for(lambda: send_until_taken(sink, probe) or received(path))  # until the subscriber stands behind the proxy
    before = len(received(path))
    send_until_taken(sink, lines)
    wait_for(lambda: received(path)[-len(lines) :] == documents)
    assert before


def test_documents_wait_when_the_proxy_has_died_and_pass_its_successor(scan, python, sink_of, tmp_path):
    incoming, outgoing, path = address(), address(), tmp_path / "received"
    sink = sink_of(address=incoming)
    python(SUBSCRIBER, outgoing, "json", path, "", "")
    proxy = python(OUR_PROXY, incoming, outgoing)
    probe = lines_of(scan(1))
    wait_for(lambda: send_until_taken(sink, probe) or received(path))
    proxy.kill()
    proxy.wait()
    wait_for(lambda: not sink._look_for_subscriptions(50))
    documents = scan()
    with pytest.raises(SinkDown, match="no proxy answers"):
        sink.send(lines_of(documents))
    before = len(received(path))
    python(OUR_PROXY, incoming, outgoing)
    wait_for(lambda: send_until_taken(sink, probe) or len(received(path)) > before)
    send_until_taken(sink, lines_of(documents))
    wait_for(lambda: received(path)[-len(documents) :] == documents)


def test_with_curve_keys_only_who_has_them_reads(scan, python, sink_of, tmp_path):
    import zmq.auth

    keys = {name: zmq.auth.create_certificates(tmp_path, name) for name in ("publisher", "subscriber")}
    place, path = address(), tmp_path / "received"
    python(SUBSCRIBER, place, "json", path, keys["subscriber"][1], keys["publisher"][0])
    stranger = tmp_path / "stranger"
    python(SUBSCRIBER, place, "json", stranger, "", "")
    sink = sink_of(address=place, bind=True, secret_key=keys["publisher"][1])
    wait_for(lambda: sink._look_for_subscriptions(100))
    documents = scan()
    sink.send(lines_of(documents))
    wait_for(lambda: len(received(path)) >= len(documents))
    assert received(path) == documents
    assert received(stranger) == []


def test_a_number_that_msgpack_cannot_hold_is_refused_by_name(sink_of):
    sink = sink_of(address=address(), bind=True, serializer="msgpack")
    line = Line("u:3", "u", "event", json.dumps({"data": {"det": 2**70}}))
    with pytest.raises(LineRefused, match="event u:3 is left out: Integer value out of range"):
        sink.send([line])


def test_a_check_says_whether_anybody_listens(python, sink_of, tmp_path):
    place = address()
    sink = sink_of(address=place, bind=True)
    python(SUBSCRIBER, place, "json", tmp_path / "received", "", "")
    wait_for(lambda: sink._look_for_subscriptions(100))
    assert sink.check() == f"somebody listens at {place}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"serializer": "xml"}, "serializer 'xml' is none of json, msgpack, pickle"),
        ({"prefix": "a b"}, "the prefix 'a b' has a blank"),
        ({"address": "nonsense://x"}, "nonsense://x cannot be used"),
        ({"address": "tcp://127.0.0.1:99999999"}, "tcp://127.0.0.1:99999999: port 99999999: write one from 1 to 65535"),
        ({"secret_key": "/not/there"}, "the key /not/there cannot be used"),
    ],
)
def test_a_wrong_setting_is_one_line(settings, message):
    with pytest.raises(ConfigError, match=message):
        make_sink("stream", {"sink": "zmq", "address": "tcp://127.0.0.1:1", **settings})


@pytest.mark.parametrize("port", [0, -1, 99999999])
def test_the_proxy_listens_at_no_other_port_than_was_written(port):
    with pytest.raises(ConfigError, match=f"^127.0.0.1:{port}: port {port}: write one from 1 to 65535"):
        run_proxy([f"127.0.0.1:{port}", "127.0.0.1:99999999"])
