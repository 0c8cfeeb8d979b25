"""A server that does not answer on its circuit is noticed long before libca calls the circuit unresponsive."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from motor_bench import until
from network_proxy import NetworkProxy

from beamshell.channels.ca.channel import CaChannel
from beamshell.channels.ca.circuits import circuit_watch
from beamshell.errors import ReadTimeout


@pytest.fixture
def setpoint(far: NetworkProxy) -> Iterator[CaChannel]:
    channel = CaChannel("FAR:samx.VAL")
    channel.connect()
    channel.wait_connected(20)
    yield channel
    channel.close()


def is_silent(channel: CaChannel, ask_s: float = 0.0) -> bool:
    silence = channel.silence(ask_s)
    return silence is not None and silence.until is None


def test_a_read_that_is_not_answered_in_time_begins_a_silence_and_the_next_answer_ends_it(
    far: NetworkProxy, setpoint: CaChannel
) -> None:
    with far.black_hole():
        with pytest.raises(ReadTimeout, match=r"did not answer within 0\.1 s"):
            setpoint.get(0.1)
        assert is_silent(setpoint)
    until(lambda: not is_silent(setpoint), 20)
    silence = setpoint.silence()
    assert silence is not None
    assert silence.since < silence.until
    assert silence.address == setpoint.server


def test_a_write_that_cannot_end_is_noticed_without_a_read(far: NetworkProxy, setpoint: CaChannel) -> None:
    ended = threading.Event()
    with far.black_hole():
        setpoint.put(0.05, lambda _: ended.set())
        until(lambda: is_silent(setpoint), 20)
        assert not ended.is_set()
    until(lambda: not is_silent(setpoint), 20)
    assert ended.wait(20)


def test_a_server_is_asked_on_request(far: NetworkProxy, setpoint: CaChannel) -> None:
    assert not is_silent(setpoint, ask_s=0.5)
    with far.black_hole():
        until(lambda: is_silent(setpoint, ask_s=0.1), 20)
    until(lambda: not is_silent(setpoint), 20)


def test_a_silence_ends_with_the_circuit_though_the_library_never_answers_for_a_closed_channel(
    far: NetworkProxy,
) -> None:
    channel = CaChannel("FAR:samx.VAL")
    channel.connect()
    channel.wait_connected(20)
    server = channel.server
    with far.black_hole():
        until(lambda: is_silent(channel, ask_s=0.1), 20)
        channel.close()
        silence = circuit_watch.last_silence(server)
        assert silence is not None
        until(lambda: silence.until is not None, 20)


def test_a_lost_circuit_is_a_silence_of_its_channels(far: NetworkProxy, setpoint: CaChannel) -> None:
    before = setpoint.silence()
    far.lose_circuits()
    until(lambda: setpoint.silence() is not before, 20)
    setpoint.wait_connected(20)
    silence = setpoint.silence()
    assert silence is not None
    assert silence.address == "FAR:samx.VAL"
    assert silence.until is not None


def test_writes_that_end_soon_are_followed_by_no_probe(far: NetworkProxy, setpoint: CaChannel) -> None:
    far.delay(0.0)
    until(lambda: not is_silent(setpoint), 20)
    for _ in range(10):  # a stall of the machine is a silence too, and brings probes
        with far.counted() as trips:
            for number in range(20):
                ended = threading.Event()
                setpoint.put(0.01 * number, lambda _, ended=ended: ended.set())
                assert ended.wait(20)
        if trips.requests == 20:
            break
    assert trips.requests == 20
