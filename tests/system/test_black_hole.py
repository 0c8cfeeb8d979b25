"""A network that swallows everything for a while, or loses its circuits: the plan waits, and no point is lost."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from document_rules import check
from motor_bench import until
from network_proxy import NetworkProxy

from beamshell import RunEngine
from beamshell.devices import EpicsAreaDetector, EpicsMotor
from beamshell.devices.epics.counter import EpicsCounter
from beamshell.errors import NoAnswer, ReadTimeout, RunEngineInterrupted
from beamshell.plans import stubs as bps
from beamshell.plans.scans import scan
from beamshell.shell.profile_suspenders import why_suspended

TARGETS = [0.0, 0.1, 0.2, 0.3, 0.4]
"""The points of each scan, in mm."""


@pytest.fixture
def samx(far: NetworkProxy) -> Iterator[EpicsMotor]:
    yield from _connected(EpicsMotor("FAR:samx", name="samx", timeout=2.0))


@pytest.fixture
def det(far: NetworkProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[EpicsCounter]:
    monkeypatch.setattr("beamshell.devices.epics.counter._MARGIN_S", 2.0)
    for det in _connected(EpicsCounter("FAR:det", name="det")):
        det.count_time.set(0.1).wait(20)
        yield det


@pytest.fixture
def cam(far: NetworkProxy, tmp_path: Path) -> Iterator[EpicsAreaDetector]:
    for cam in _connected(EpicsAreaDetector("FAR:cam:", name="cam", write_folder=str(tmp_path))):
        cam.count_time.set(0.05).wait(20)
        yield cam


def _connected(device: Any) -> Iterator[Any]:
    device.wait_for_connection(30)
    for _, part in device.walk_signals():
        part.timeout = 1.0
    yield device
    for _, part in device.walk_signals():
        part.destroy()


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
        self.when_suspended: Callable[[], None] = self.end
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

        if text.startswith("Suspended"):
            self.when_suspended()

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

    def assert_complete(self) -> None:
        """All points of a scan are there, each once, and the documents are as the rules say."""
        assert self.positions == pytest.approx(TARGETS, abs=2e-3)
        assert (self.stop["exit_status"], self.stop["num_events"]["primary"]) == ("success", len(TARGETS))
        check(self.documents)

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
    bad.engine(scan([det], samx, 0.0, 0.4, 5))
    bad.assert_complete()
    suspended = [line for line in bad.said if line.startswith("Suspended")]
    assert "has not answered since" in suspended[0]
    assert bad.said[-1] == "All devices answer again: going on."
    assert not samx.moving


def test_a_move_alone_waits_and_arrives(bad: BadNetwork, samx: EpicsMotor) -> None:
    bad.at("set", 1)
    bad.engine(bps.mv(samx, 0.7))
    assert samx.position == pytest.approx(0.7, abs=2e-3)
    assert bad.said[0].startswith("Suspended: samx has not answered since")


@pytest.mark.parametrize("command", ["set", "trigger", "read"])
def test_a_camera_scan_waits_and_each_of_its_pictures_belongs_to_one_point(
    bad: BadNetwork, samx: EpicsMotor, cam: EpicsAreaDetector, command: str
) -> None:
    bad.at(command, 6 if command == "read" else 3)
    bad.engine(scan([cam], samx, 0.0, 0.4, 5))
    bad.assert_complete()
    assert not cam.hdf.capturing.get()


@pytest.mark.parametrize("command", ["set", "trigger", "read"])
def test_a_scan_without_a_suspender_goes_on_after_its_circuits_were_lost(
    bad: BadNetwork, samx: EpicsMotor, det: EpicsCounter, command: str
) -> None:
    bad.at(command, 6 if command == "read" else 3, bad.network.lose_circuits)
    bad.engine(scan([det], samx, 0.0, 0.4, 5))
    bad.assert_complete()
    assert not samx.moving


def test_after_the_limit_a_scan_fails_with_the_device_and_since_when_and_nothing_is_left_moving(
    bad: BadNetwork, samx: EpicsMotor, det: EpicsCounter
) -> None:
    bad.engine.answer_wait_s = 0.5
    bad.when_suspended = lambda: None
    bad.at("set", 3)
    with pytest.raises(NoAnswer, match=r"samx has not answered since .*: given up after 0.5 s; is its IOC running"):
        bad.engine(scan([det], samx, 0.0, 4.0, 5))
    bad.end()
    until(lambda: samx.motor_done_move.get() == 1, 30)
    assert samx.position < 2
    assert (bad.stop["exit_status"], bad.stop["num_events"]["primary"]) == ("fail", 2)
    check(bad.documents)


def test_a_plan_that_cannot_go_back_fails_as_it_always_did(bad: BadNetwork, det: EpicsCounter) -> None:
    def plan() -> Iterator[Any]:
        yield from bps.clear_checkpoint()
        yield from bps.rd(det)

    bad.at("read", 1)
    with pytest.raises(ReadTimeout):
        bad.engine(plan())
    assert bad.said == []


@pytest.mark.parametrize("way", ["resume", "abort"])
def test_ctrl_c_while_it_waits_gives_the_prompt_back(
    bad: BadNetwork, samx: EpicsMotor, det: EpicsCounter, way: str
) -> None:
    bad.when_suspended = lambda: os.kill(os.getpid(), signal.SIGINT)
    bad.at("set", 3)
    with pytest.raises(RunEngineInterrupted):
        bad.engine(scan([det], samx, 0.0, 0.4, 5))
    assert bad.engine.state == "paused"
    assert why_suspended(bad.engine).startswith("samx has not answered since")
    bad.end()
    if way == "resume":
        bad.engine.resume()
        bad.assert_complete()
    else:
        bad.engine.abort()
        assert (bad.stop["exit_status"], bad.stop["num_events"]["primary"]) == ("abort", 2)
        check(bad.documents)
    until(lambda: samx.motor_done_move.get() == 1, 30)


@pytest.mark.parametrize("way", ["resume", "abort"])
@pytest.mark.parametrize("trouble", ["delay", "loss"])
def test_a_scan_is_paused_in_a_move_on_a_bad_network(
    bad: BadNetwork, samx: EpicsMotor, det: EpicsCounter, way: str, trouble: str
) -> None:
    def press_twice() -> None:
        if trouble == "loss":
            bad.network.lose_circuits()
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    bad.network.delay(0.1, jitter_s=0.1)
    bad.at("wait", 5, press_twice)
    with pytest.raises(RunEngineInterrupted):
        bad.engine(scan([det], samx, 0.0, 0.4, 5))
    assert bad.engine.state == "paused"
    if way == "resume":
        bad.engine.resume()
        bad.assert_complete()
    else:
        bad.engine.abort()
        assert bad.stop["exit_status"] == "abort"
        check(bad.documents)
    until(lambda: samx.connected and samx.motor_done_move.get() == 1, 30)
