"""Messages arrive once at each receiver, and the secrets in addresses are nowhere."""

from __future__ import annotations

import base64
import json

import pytest
from web_server import Receiver
from web_server import receiver as receiver

from beamshell.errors import ConfigError, SinkDown
from beamshell.follow.lines import Line
from beamshell.follow.settings import make_sink


@pytest.fixture
def other():
    receiver = Receiver()
    yield receiver
    receiver.close()


def sink_for(*receivers, memory=None, **settings):
    addresses = [f"json://kate:xyzzy@127.0.0.1:{each.server.server_port}/beamline" for each in receivers]
    sink = make_sink("phone", {"sink": "notify", "to": addresses, **settings})
    sink.memory = memory
    return sink


START = Line("r:1", "r", "start", json.dumps({"uid": "r", "time": 1.0, "scan_id": 7, "command": "scan det th -1 1 3"}))
STOP = Line("r:2", "r", "stop", json.dumps({"time": 2.0, "exit_status": "fail", "reason": "th: stalled at 3 deg"}))


def test_a_scan_that_fails_is_told_with_what_to_type(receiver, tmp_path):
    sink = sink_for(receiver, kinds=["failed"], memory=tmp_path / "memory.json")
    sink.send([START, STOP])
    sink.poll()
    (body,) = receiver.bodies
    assert body["title"] == "scan 7: fail, 0 points, 1 s: th: stalled at 3 deg"
    assert "why 7 tells why; continue 7 measures the rest, if it can." in body["message"]
    sink.poll()
    assert len(receiver.bodies) == 1


def test_a_message_that_does_not_arrive_is_kept_also_over_a_kill(receiver, tmp_path):
    receiver.fault = "down"
    sink = sink_for(receiver, kinds=["failed"], memory=tmp_path / "memory.json")
    sink.send([START, STOP])
    with pytest.raises(SinkDown, match="a message does not arrive at json://"):
        sink.poll()
    receiver.fault = ""
    after_a_kill = sink_for(receiver, kinds=["failed"], memory=tmp_path / "memory.json")
    after_a_kill.send([START, STOP])  # the lines of the last half second come again
    after_a_kill.poll()
    assert [body["title"][:12] for body in receiver.bodies] == ["scan 7: fail"]


def test_of_two_receivers_only_the_one_that_failed_is_tried_again_and_the_other_does_not_wait(
    receiver, other, tmp_path
):
    receiver.fault = "down"
    sink = sink_for(receiver, other, kinds=["failed"], at_most_every="0", memory=tmp_path / "memory.json")
    for run in "abc":
        sink.send([Line(f"{run}{line.key}", run, line.name, line.text) for line in (START, STOP)])
        with pytest.raises(SinkDown):
            sink.poll()
    assert (len(receiver.bodies), len(other.bodies)) == (0, 3)
    receiver.fault = ""
    sink_for(receiver, other, kinds=["failed"], at_most_every="0", memory=tmp_path / "memory.json").poll()
    assert (len(receiver.bodies), len(other.bodies)) == (3, 3)


def test_a_check_sends_a_test_message(receiver):
    assert sink_for(receiver).check() == "a test message is on its way"
    assert receiver.bodies[0]["title"] == "beamshell: a test message"


def test_a_check_tries_all_addresses(receiver, other):
    receiver.fault = "down"
    with pytest.raises(SinkDown, match="does not arrive at json"):
        sink_for(receiver, other).check()
    assert len(other.bodies) == 1


def test_no_secret_is_in_a_message_of_an_error_nor_in_a_file(receiver, tmp_path, caplog):
    receiver.fault = "down"
    sink = sink_for(receiver, memory=tmp_path / "memory.json")
    sink.send([START, STOP])
    with pytest.raises(SinkDown) as refused:
        sink.poll()
    assert "xyzzy" not in str(refused.value)
    assert "xyzzy" not in caplog.text
    for path in tmp_path.rglob("*"):
        assert b"xyzzy" not in path.read_bytes()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"to": ["nonsense://xyzzy"]}, r"address 1 \(nonsense://...\) is none that apprise knows"),
        ({"to": [], "kinds": ["fail"]}, "no kind 'fail' of happenings: did you mean failed"),
    ],
)
def test_a_wrong_setting_is_one_line(settings, message):
    with pytest.raises(ConfigError, match=message) as refused:
        make_sink("phone", {"sink": "notify", **settings})
    assert "xyzzy" not in str(refused.value)


def test_the_end_of_a_run_brings_its_plot(receiver, lines, folder):
    sink = sink_for(receiver, memory=folder / "memory.json", kinds=["completed"])
    sink.folder = folder
    sink.send(lines())
    sink.poll()
    (attachment,) = receiver.bodies[0]["attachments"]
    assert (attachment["filename"], attachment["mimetype"]) == ("scan_1.png", "image/png")
    assert base64.b64decode(attachment["base64"]).startswith(b"\x89PNG")


def test_without_pictures_a_message_has_none(receiver, lines, folder):
    sink = sink_for(receiver, memory=folder / "memory.json", kinds=["completed"], picture=False)
    sink.folder = folder
    sink.send(lines())
    sink.poll()
    assert receiver.bodies[0]["attachments"] == []
