"""A network that swallows everything for a while, or loses its circuits: the plan waits, and no point is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from document_rules import check
from network_proxy import NetworkProxy

from beamshell import RunEngine
from beamshell.devices import EpicsMotor
from beamshell.devices.epics.counter import EpicsCounter
from beamshell.plans.scans import scan

POINTS = 5


@pytest.fixture
def samx(far: NetworkProxy) -> Iterator[EpicsMotor]:
    yield from _connected(EpicsMotor("FAR:samx", name="samx", timeout=2.0))


@pytest.fixture
def det(far: NetworkProxy) -> Iterator[EpicsCounter]:
    for det in _connected(EpicsCounter("FAR:det", name="det")):
        det.count_time.set(0.1).wait(20)
        for _, signal in det.walk_signals():
            signal.timeout = 1.0
        yield det


def _connected(device: Any) -> Iterator[Any]:
    device.wait_for_connection(30)
    yield device
    for _, signal in device.walk_signals():
        signal.destroy()


class BadNetwork:
    """An engine's documents and lines, and a black hole that a message begins and the line "Suspended" ends."""

    def __init__(self, network: NetworkProxy) -> None:
        self.network = network
        self.engine = RunEngine()
        self.engine.answer_wait_s = 20.0
        self.engine.say = self.note
        self.engine.msg_hook = self._look
        self.engine.subscribe(lambda name, doc: self.documents.append((name, doc)))
        self.documents: list[tuple[str, Any]] = []
        self.said: list[str] = []
        self.ends_with = "Suspended"
        self._hole = contextlib.ExitStack()
        self._left: dict[str, int] = {}
        self._trouble: Callable[[], Any] = self.swallow

    def at(self, command: str, number: int, trouble: Callable[[], Any] | None = None) -> None:
        """Begin the trouble as the engine begins this message."""
        self._left[command] = number
        self._trouble = trouble or self.swallow

    def swallow(self) -> None:
        self._hole.enter_context(self.network.black_hole())

    def note(self, text: str) -> None:
        self.said.append(text)
        if text.startswith(self.ends_with):
            self._hole.close()

    def _look(self, msg: Any) -> None:
        if msg.command in self._left:
            self._left[msg.command] -= 1
            if self._left[msg.command] == 0:
                self._trouble()

    def end(self) -> None:
        self._hole.close()

    @property
    def positions(self) -> list[float]:
        """Of the points in order, each once, by its last event."""
        events = {doc["seq_num"]: doc["data"]["samx"] for name, doc in self.documents if name == "event"}
        assert sorted(events) == list(range(1, len(events) + 1))
        return [events[number] for number in sorted(events)]

    @property
    def stop(self) -> Any:
        (stop,) = (doc for name, doc in self.documents if name == "stop")
        return stop


@pytest.fixture
def bad(far: NetworkProxy) -> Iterator[BadNetwork]:
    far.delay(0.01)
    yield (network := BadNetwork(far))
    network.end()


@pytest.mark.parametrize("command", ["set", "trigger", "read", "save"])
def test_a_scan_waits_for_a_network_that_swallows_everything_and_loses_no_point(
    bad: BadNetwork, samx: EpicsMotor, det: EpicsCounter, command: str
) -> None:
    bad.at(command, 6 if command == "read" else 3)
    bad.engine(scan([det], samx, 0.0, 0.4, POINTS))
    assert bad.positions == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4], abs=2e-3)
    assert (bad.stop["exit_status"], bad.stop["num_events"]) == ("success", {"primary": POINTS})
    check(bad.documents)
    suspended = [line for line in bad.said if line.startswith("Suspended")]
    assert len(suspended) == 1
    assert "has not answered since" in suspended[0]
    assert bad.said[-1] == "All devices answer again: going on."
    assert not samx.moving
