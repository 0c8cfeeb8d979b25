"""What proves that a motor record has arrived, and what does not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from beamshell.devices.epics.arrival import Arrival, ArrivalEvidence, MotorReadings

TARGET = 5.0


def at(value: float, timestamp: float = 12.0) -> dict[str, float]:
    return {"value": value, "timestamp": timestamp}


ARRIVED = MotorReadings(at(TARGET), at(TARGET, 10.0), at(0.001, 1.0), at(0.0001, 1.0))


def evidence(*changes: tuple[bool, float], from_rest: bool = True) -> ArrivalEvidence:
    made = ArrivalEvidence(from_rest=from_rest)
    for done, timestamp in changes:
        made.note_done(done, timestamp)
    return made


def test_a_rest_that_was_left_and_reached_again_with_a_position_of_then_proves_the_arrival() -> None:
    assert evidence((False, 10.0), (True, 12.0)).of_arrival(TARGET, ARRIVED) is Arrival.PROVED


@pytest.mark.parametrize(
    ("changes", "from_rest"),
    [
        ([], True),  # the record has not said that it moves
        ([(True, 12.0)], True),  # an old rest that comes late
        ([(False, 10.0)], True),  # it moves
        ([(False, 10.0), (True, 11.0), (False, 11.5)], True),  # it moves again, as for a retry
        ([(False, 10.0), (True, 12.0)], False),  # perhaps the end of the move before
    ],
)
def test_without_a_rest_after_the_command_nothing_is_proved(changes: list[tuple[bool, float]], from_rest: bool) -> None:
    assert evidence(*changes, from_rest=from_rest).of_arrival(TARGET, ARRIVED) is Arrival.UNPROVED


@pytest.mark.parametrize(
    "readings",
    [
        replace(ARRIVED, readback=at(TARGET, 9.9)),  # of before
        replace(ARRIVED, readback=at(TARGET + 0.002)),  # it ended short
        replace(ARRIVED, setpoint=at(4.0)),  # somebody has stopped it, or sent it elsewhere
        *(replace(ARRIVED, **{field: None}) for field in ("readback", "setpoint", "deadband", "resolution")),
    ],
)
def test_a_position_of_before_or_elsewhere_proves_nothing(readings: MotorReadings) -> None:
    assert evidence((False, 10.0), (True, 12.0)).of_arrival(TARGET, readings) is Arrival.UNPROVED


@pytest.mark.parametrize("timestamp", [11.9, 12.1])
def test_a_position_that_may_be_one_in_passing_makes_an_arrival_likely(timestamp: float) -> None:
    """As of a motor that was there before it was done; or one that has gone on, and its next position has not come."""
    readings = replace(ARRIVED, readback=at(TARGET, timestamp))
    assert evidence((False, 10.0), (True, 12.0)).of_arrival(TARGET, readings) is Arrival.LIKELY


def test_in_whatever_order_three_subscriptions_come_a_proof_is_true() -> None:
    """The record overshoots, rests elsewhere, goes on; each subscription is in order, but not beside the others."""
    chance = random.Random(5)
    proofs = 0
    for _ in range(2000):
        clock, dones, readbacks, true_rests = 10.0, [(False, 10.0)], [at(0.0, 1.0)], []
        for _ in range(chance.randint(1, 3)):  # from rest to rest
            way = [*chance.choices([1.0, TARGET, 6.0], k=chance.randint(1, 3)), chance.choice([3.0, TARGET])]
            for position in way:
                clock += 0.1
                readbacks.append(at(position, clock))
            if way[-1] == TARGET:
                true_rests.append(clock)
            dones += [(True, clock), (False, clock + 0.1)]
            clock += 0.1
        come = evidence()
        newest = 0
        for change in dones:
            come.note_done(*change)
            newest = chance.randint(newest, len(readbacks) - 1)
            if come.of_arrival(TARGET, replace(ARRIVED, readback=readbacks[newest])) is Arrival.PROVED:
                proofs += 1
                assert readbacks[newest]["timestamp"] in true_rests
    assert proofs > 100
