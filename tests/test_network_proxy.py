"""The proxy of the network tests: what it counts, what it delays, what it loses."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Iterator

import pytest
from motor_bench import until
from network_proxy import Delay, Message, NetworkProxy, RoundTrips, Splitter, answer_key, request_key, with_port

from beamshell.devices import EpicsSignal
from beamshell.devices.values import begin_values
from beamshell.errors import NotConnected, WaitTimeoutError, WriteFailed

FAR_S = 0.1


def message(command: int, first: int = 0, second: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack(">HHHHII", command, len(payload), 5, 1, first, second) + payload


# ---- the pure part -----------------------------------------------------------------------------------------------


def test_a_stream_is_split_into_the_same_messages_however_it_is_cut() -> None:
    large = struct.pack(">HHHHIIII", 15, 0xFFFF, 5, 0, 1, 8, 70_000, 1) + bytes(70_000)
    stream = message(15, 3, 7) + message(4, 1, 2, bytes(16)) + large + message(19, 5, 9)
    expected = [Message(15, 5, 3, 7), Message(4, 5, 1, 2), Message(15, 5, 1, 8), Message(19, 5, 5, 9)]
    chance = random.Random(1)
    for _ in range(50):
        cuts = sorted(chance.sample(range(len(stream)), 6))
        splitter = Splitter()
        pieces = [stream[first:last] for first, last in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert [each for piece in pieces for each in splitter.feed(piece)] == expected


def test_an_answer_has_the_key_of_its_request_and_plain_writes_have_none() -> None:
    for command in (1, 15, 19):  # a subscription, a read, a write with completion
        assert request_key(Message(command, 5, 3, 7)) == answer_key(Message(command, 5, 1, 7)) == (command, 7)
    assert request_key(Message(18, 0, 4, 13)) == answer_key(Message(18, 5, 4, 99)) == answer_key(Message(26, 0, 4, 0))
    assert request_key(Message(6, 5, 4, 4)) == answer_key(Message(6, 5064, 0xFFFFFFFF, 4)) == (6, 4)
    assert request_key(Message(4, 5, 3, 7)) is None
    assert request_key(Message(23, 0, 0, 0)) is None


def test_the_answer_to_a_search_gets_the_port_of_the_proxy() -> None:
    answer = message(0) + message(6, 0xFFFFFFFF, 12, bytes(8))
    assert [each.data_type for each in Splitter().feed(with_port(answer, 1234))] == [5, 1234]


def test_requests_that_wait_for_no_answer_share_a_round_trip() -> None:
    trips = RoundTrips()
    for key in range(10):
        trips.sent((key,))
    for key in range(10):
        trips.answered((key,))
    assert (trips.number, trips.requests) == (1, 10)


def test_a_request_after_an_answer_is_one_more_round_trip_though_others_are_under_way() -> None:
    trips = RoundTrips()
    trips.sent(("a",))
    trips.sent(("slow",))
    trips.answered(("a",))
    trips.sent(("b",))
    trips.answered(("slow",))
    trips.sent(("c",))  # not after an answer to b
    trips.answered(("b",))
    trips.answered(("c",))
    assert trips.number == 2


def test_what_is_not_answered_is_no_round_trip_and_neither_is_what_was_sent_before() -> None:
    trips = RoundTrips()
    trips.sent(("before",))
    trips.reset()
    trips.answered(("before",))
    trips.sent(("never",))
    assert trips.number == 0


def test_the_same_seed_makes_the_same_jitter_and_nothing_overtakes() -> None:
    def times(seed: int) -> list[float]:
        delay = Delay(random.Random(seed))
        delay.fixed_s, delay.jitter_s = 0.05, 0.1
        return [delay.due(n * 0.01) for n in range(100)]

    assert times(3) == times(3) != times(4)
    assert times(3) == sorted(set(times(3)))
    assert all(n * 0.01 + 0.05 <= due for n, due in enumerate(times(3)))


# ---- on sockets --------------------------------------------------------------------------------------------------


@pytest.fixture
def signals(far: NetworkProxy) -> Iterator[list[EpicsSignal]]:
    signals = [EpicsSignal(f"FAR:th.{field}", name=field.lower()) for field in ("TWV", "VELO", "ACCL")]
    for signal in signals:
        signal.wait_for_connection(20)
    yield signals
    for signal in signals:
        signal.destroy()


def test_reads_that_are_requested_together_are_one_round_trip_and_one_by_one_three(
    far: NetworkProxy, signals: list[EpicsSignal]
) -> None:
    far.delay(FAR_S)
    with far.counted() as trips:
        begin_values(*signals)()
    assert trips.number == 1
    with far.counted() as trips:
        for signal in signals:
            signal.get()
    assert trips.number == 3


def test_a_write_with_completion_is_one_round_trip_and_a_plain_one_none(
    far: NetworkProxy, signals: list[EpicsSignal]
) -> None:
    far.delay(FAR_S)
    with far.counted() as trips:
        signals[0].set(0.5).wait(10)
    assert trips.number == 1
    with far.counted() as trips:
        signals[0].put(0.25)
        assert signals[0].get() == 0.25  # after it, on the same circuit
    assert trips.number == 1


def test_a_round_trip_takes_no_less_than_both_delays(far: NetworkProxy, signals: list[EpicsSignal]) -> None:
    far.delay(FAR_S, jitter_s=0.02)
    begun = time.monotonic()
    with far.counted() as trips:
        for _ in range(3):
            signals[0].get()
    assert trips.number == 3
    assert time.monotonic() - begun >= 2 * FAR_S * trips.number


def test_a_lost_circuit_fails_what_is_under_way_and_comes_back(far: NetworkProxy, signals: list[EpicsSignal]) -> None:
    far.delay(FAR_S)
    written = signals[0].set(0.75)
    far.lose_circuits()
    assert isinstance(written.exception(timeout=20), WriteFailed | NotConnected)
    until(lambda: not signals[0].connected, 20)
    until(lambda: signals[0].connected, 20)
    assert signals[0].get() in (0.25, 0.5, 0.75)  # whether the write has come through nobody knows


def test_what_falls_into_a_black_hole_comes_out_when_it_ends(far: NetworkProxy, signals: list[EpicsSignal]) -> None:
    with far.black_hole():
        written = signals[0].set(0.5)
        with pytest.raises(WaitTimeoutError):
            written.wait(0.2)
    assert written.exception(timeout=20) is None
    assert signals[0].get() == 0.5
