import socket
import struct
import threading
import time

import pytest

from beamshell.channels.reconnect import ReconnectProbe, addresses, answered_numbers, search_datagram


def test_a_search_asks_for_the_name_under_a_number():
    datagram = search_datagram("BL:th", 7)
    assert datagram[:2] == b"\0\0"  # first the protocol's version
    command, size, _, _, number, again = struct.unpack_from(">HHHHII", datagram, 16)
    assert (command, size, number, again) == (6, 8, 7, 7)
    assert datagram[32:] == b"BL:th\0\0\0"


def test_the_numbers_of_all_answers_in_a_datagram_are_found():
    version = struct.pack(">HHHHII", 0, 0, 0, 13, 0, 0)
    answers = [struct.pack(">HHHHII", 6, 8, 5064, 0, 0xFFFFFFFF, number) + bytes(8) for number in (3, 4)]
    assert answered_numbers(version + b"".join(answers)) == [3, 4]
    assert answered_numbers(b"") == []
    assert answered_numbers(answers[0][:10]) == []


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (
            {"EPICS_CA_ADDR_LIST": "127.0.0.1:6000 10.0.0.255", "EPICS_CA_AUTO_ADDR_LIST": "NO"},
            [("127.0.0.1", 6000), ("10.0.0.255", 5064)],
        ),
        ({"EPICS_CA_SERVER_PORT": "6001"}, [("255.255.255.255", 6001), ("ioc1", 6001)]),
        ({"EPICS_CA_ADDR_LIST": "", "EPICS_CA_AUTO_ADDR_LIST": "NO"}, []),
    ],
)
def test_searches_go_where_the_environment_says(environment, expected):
    assert addresses(environment, "ioc1:34567") == expected


class _LostChannel:
    def __init__(self, name, server):
        self.name, self.server = name, server
        self.connected = False
        self.reconnected = threading.Event()

    def reconnect(self):
        self.connected = True
        self.reconnected.set()


@pytest.fixture
def ioc(monkeypatch):
    """An IOC as far as searches go: a socket that the environment points to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        monkeypatch.setenv("EPICS_CA_ADDR_LIST", f"127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("EPICS_CA_AUTO_ADDR_LIST", "NO")
        yield server


def answer(ioc, *names):
    """Which of these names was asked for; it is answered. Channels that other tests have lost are asked for too."""
    while True:
        question, client = ioc.recvfrom(4096)
        name = question[32:].rstrip(b"\0").decode()
        if name in names:
            number = struct.unpack_from(">I", question, 24)[0]
            ioc.sendto(struct.pack(">HHHHII", 6, 0, 5064, 0, 0xFFFFFFFF, number), client)
            return name


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


@pytest.fixture
def probe():
    """A probe whose thread ends with the test."""
    probe = ReconnectProbe()
    yield probe
    probe.stop()


def test_all_channels_of_a_server_are_made_anew_when_it_answers_for_one(ioc, probe):
    channels = [_LostChannel(name, "ioc1:5064") for name in ("RC:th", "RC:tth")]
    with probe._lock:  # so that the thread sees both
        for channel in channels:
            probe.add(channel)
    answer(ioc, "RC:th", "RC:tth")
    assert all(channel.reconnected.wait(5) for channel in channels)


def test_a_server_is_asked_again_until_it_answers(ioc, probe):
    channel = _LostChannel("RC:th", "ioc1:5064")
    probe.add(channel)
    ioc.recvfrom(4096)  # lost on the way
    assert not channel.connected
    answer(ioc, "RC:th")
    assert channel.reconnected.wait(5)


def test_a_channel_that_was_never_there_is_asked_for_too(ioc, probe):
    channel = _LostChannel("RC:th", "")
    probe.add(channel)
    answer(ioc, "RC:th")
    assert channel.reconnected.wait(5)


def test_a_new_channel_is_left_to_connect_by_itself_for_eight_round_trips(ioc, probe):
    """On a slow network it would be made anew again and again before it could connect."""
    channel = _LostChannel("RC:th", "")
    probe.add(channel)
    while True:
        question, client = ioc.recvfrom(4096)
        if question[32:].rstrip(b"\0") == b"RC:th":
            break
    assert not channel.reconnected.wait(0.5)  # the way there and back
    ioc.sendto(struct.pack(">HHHHII", 6, 0, 5064, 0, 0xFFFFFFFF, struct.unpack_from(">I", question, 24)[0]), client)
    wait_until(lambda: probe.connects_within_s > 0)
    assert probe.connects_within_s >= 8 * 0.5
    assert not channel.reconnected.wait(1.5)  # it was made anew after a second, whatever the network
    assert channel.reconnected.wait(10)


def test_a_forgotten_channel_is_not_made_anew(ioc, probe):
    kept, gone = _LostChannel("RC:th", "ioc1:5064"), _LostChannel("RC:tth", "ioc1:5064")
    with probe._lock:  # its thread is quick: it would ask before it is told to forget
        probe.add(gone)
        probe.forget(gone)
        probe.add(kept)
    assert answer(ioc, "RC:th", "RC:tth") == "RC:th"
    assert kept.reconnected.wait(5)
    assert not gone.connected


class _SlowChannel(_LostChannel):
    """Is in the middle of being made anew until it is let go."""

    def __init__(self, name, server):
        super().__init__(name, server)
        self.begun, self.go_on = threading.Event(), threading.Event()

    def reconnect(self):
        self.begun.set()
        self.go_on.wait(5)
        super().reconnect()


def test_at_the_end_what_is_being_made_anew_is_waited_for_and_nothing_else_begun(ioc, probe):
    channels = [_SlowChannel(name, "ioc1:5064") for name in ("RC:th", "RC:tth")]
    with probe._lock:
        for channel in channels:
            probe.add(channel)
    answer(ioc, "RC:th", "RC:tth")
    assert channels[0].begun.wait(5)
    end = threading.Thread(target=probe.stop)
    end.start()
    end.join(0.05)
    assert end.is_alive()
    channels[0].go_on.set()
    end.join(5)
    assert not end.is_alive()
    assert [channel.connected for channel in channels] == [True, False]
    late = _LostChannel("RC:samx", "ioc1:5064")
    probe.add(late)
    assert probe._thread is None
