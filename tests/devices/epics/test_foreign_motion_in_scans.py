"""A second client writes to the motor of a scan at seeded moments: what it disturbs is marked, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import document_rules
import pytest
from second_client import SecondClient

from beamshell.channels.timers import call_later
from beamshell.channels.updates import completions
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.signal import Signal
from beamshell.devices.status import Status
from beamshell.engine.run_engine import RunEngine
from beamshell.errors import FailedStatus
from beamshell.ioc.process import DemoIoc
from beamshell.plans import scan

COUNT_S = 0.05
POINTS = 12


class Counter(Signal):
    """A detector; while it counts, somebody may do something, and it counts on until that is noticed."""

    def __init__(self) -> None:
        super().__init__("det")
        self.disturb: Any = lambda: None

    def trigger(self) -> Status:
        status = Status()

        def count() -> None:
            finish(self.disturb() or (lambda: True))

        def finish(is_noticed: Callable[[], bool]) -> None:
            if is_noticed():
                status.set_finished()
            else:
                call_later(0.005, lambda: completions.post(lambda: finish(is_noticed)))

        call_later(COUNT_S, lambda: completions.post(count))
        return status


@pytest.fixture(scope="module")
def client(demo_ioc: DemoIoc) -> Iterator[SecondClient]:
    client = SecondClient(demo_ioc.client_environment)
    yield client
    client.close()


def run(motor: EpicsMotor, det: Counter) -> tuple[list[tuple[str, dict[str, Any]]], list[str], Exception | None]:
    """The documents of a scan, what was said, and why it failed."""
    docs: list[tuple[str, dict[str, Any]]] = []
    said: list[str] = []
    engine = RunEngine()
    engine.say = said.append
    failure = None
    try:
        engine(scan([det], motor, 0, 0.1 * (POINTS - 1), num=POINTS), lambda name, doc: docs.append((name, doc)))
    except FailedStatus as exc:
        failure = exc
    document_rules.check(docs)
    return docs, said, failure


def marks(docs: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    streams = {doc["uid"]: doc["name"] for name, doc in docs if name == "descriptor"}
    return [doc["data"] for name, doc in docs if name == "event" and streams[doc["descriptor"]] == "foreign_motion"]


FIELDS = {"VAL": lambda chance: chance.uniform(-1, 0), "TWF": lambda _: 1, "RLV": lambda chance: chance.uniform(0.2, 1)}


@pytest.mark.parametrize("seed", range(6))
def test_the_points_that_somebody_disturbs_while_they_are_counted_are_marked_and_no_others(
    motor: EpicsMotor, client: SecondClient, seed: int
) -> None:
    chance = random.Random(seed)
    disturbed = {point for point in range(1, POINTS + 1) if chance.random() < 0.3}
    det, counted = Counter(), iter(range(1, POINTS + 1))

    def disturb() -> Callable[[], bool] | None:
        if next(counted) not in disturbed:
            return None
        before, field = motor.last_foreign_motion, chance.choice(list(FIELDS))
        client.put(f"BL:tth.{field}", FIELDS[field](chance))
        return lambda: motor.last_foreign_motion is not before

    det.disturb = disturb
    docs, said, failure = run(motor, det)
    assert failure is None
    assert {mark["point"] for mark in marks(docs)} == disturbed
    assert len(said) == len(disturbed)
    assert all("tth: somebody else has" in text for text in said)


@pytest.mark.parametrize("seed", range(6))
def test_whenever_somebody_writes_or_stops_in_a_scan_it_is_recorded(
    motor: EpicsMotor, client: SecondClient, seed: int
) -> None:
    """In a move of ours it makes the scan fail, with the reason; nothing is recorded of a scan that nobody disturbs."""
    chance = random.Random(seed)
    det = Counter()
    field = "STOP" if seed % 2 else "VAL"
    value = 1 if field == "STOP" else chance.uniform(-2, -1)
    point, counted = chance.randint(2, POINTS - 2), iter(range(1, POINTS + 1))

    def disturb() -> None:
        if next(counted) == point:
            motor.velocity.put(0.5, wait=True)  # so that the next move takes a while
            motor.velocity.get()
            call_later(
                chance.uniform(0.0, 0.04), lambda: completions.post(lambda: client.put(f"BL:tth.{field}", value))
            )

    det.disturb = disturb
    try:
        docs, _, failure = run(motor, det)
    finally:
        motor.velocity.put(2, wait=True)
    recorded = marks(docs)
    if failure is not None:
        assert "somebody else" in str(failure)
        assert "somebody else" in docs[-1][1]["reason"]
        assert len(recorded) == 1
    elif field == "VAL":  # STOP may have come while it rested
        assert {mark["point"] for mark in recorded} <= {point, point + 1}
        assert recorded


def test_a_scan_that_nobody_disturbs_has_no_marks(motor: EpicsMotor) -> None:
    docs, said, failure = run(motor, Counter())
    assert (marks(docs), said, failure) == ([], [], None)
