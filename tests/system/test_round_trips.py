"""Round trips on a slow network, counted by the proxy: a number of flights is a test, a time would not be."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from layer_servers import WebServer
from motor_bench import until
from network_proxy import NetworkProxy
from traitlets.config import Config

from beamshell import RunEngine
from beamshell.devices import EpicsAreaDetector, EpicsMotor, EpicsSignal
from beamshell.devices.epics.counter import EpicsCounter
from beamshell.errors import MoveFailed
from beamshell.plans import stubs as bps
from beamshell.plans.scans import count, scan
from beamshell.shell import extension

DELAY_S = 0.05
"""Each way: a busy machine must not need so long between two requests of one flight."""


@pytest.fixture
def th(far: NetworkProxy) -> Iterator[EpicsMotor]:
    yield from _connected(EpicsMotor("FAR:th", name="th"))


@pytest.fixture
def samx(far: NetworkProxy) -> Iterator[EpicsMotor]:
    yield from _connected(EpicsMotor("FAR:samx", name="samx"))


@pytest.fixture
def det(far: NetworkProxy) -> Iterator[EpicsCounter]:
    for det in _connected(EpicsCounter("FAR:det", name="det")):
        det.count_time.set(0.1).wait(20)
        yield det


def _connected(device: Any) -> Iterator[Any]:
    device.wait_for_connection(30)
    yield device
    for _, signal in device.walk_signals():
        signal.destroy()


class PerPoint:
    """Counts the round trips from each event to the next."""

    def __init__(self, network: NetworkProxy) -> None:
        self._trips = network.round_trips
        self.numbers: list[int] = []
        self.events: list[Any] = []

    def __call__(self, name: str, doc: Any) -> None:
        if name == "event":
            self.numbers.append(self._trips.number)
            self.events.append(doc)
            self._trips.reset()

    @property
    def typical(self) -> int:
        """Of the points after the first, which finds out what is read; a stall of the machine adds to a single one."""
        return int(statistics.median_low(self.numbers[1:]))


def test_a_point_of_a_motor_and_a_counter_is_three_round_trips(
    far: NetworkProxy, th: EpicsMotor, det: EpicsCounter
) -> None:
    """The move and its completion, the count and its completion, one reading of everything."""
    far.delay(DELAY_S)
    points = PerPoint(far)
    RunEngine()(scan([det], th, 0.1, 0.6, 6), points)
    assert points.typical == 3
    positions = [event["data"]["th"] for event in points.events]
    assert positions == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], abs=0.001)


def test_a_count_is_two_round_trips_and_its_reading_is_not_older_than_its_trigger(
    far: NetworkProxy, det: EpicsCounter
) -> None:
    far.delay(DELAY_S)
    points = PerPoint(far)
    RunEngine()(count([det], 5), points)
    assert points.typical == 2
    read_at = [event["timestamps"]["det"] for event in points.events]
    assert read_at == sorted(set(read_at))


def test_what_is_read_over_two_control_systems_is_under_way_together(far: NetworkProxy, det: EpicsCounter) -> None:
    pytest.importorskip("httpx")
    server = WebServer()
    other = EpicsSignal(f"http://{server.host}/axis#/value", name="other")
    try:
        other.wait_for_connection(30)
        with far.counted() as trips:
            collect_ours, collect_other = det.begin_read(), other.begin_read()
            collect_other()
            until(lambda: trips.number == 1, 20)  # though nobody waits for it yet
        assert collect_ours()["det"]["value"] is not None
    finally:
        other.destroy()
        server.close()


def test_a_move_is_one_round_trip(far: NetworkProxy, th: EpicsMotor) -> None:
    th.set(1.0).wait(20)  # from here on all that is needed before a move comes by subscription
    far.delay(DELAY_S)
    numbers = []
    for target in (1.1, 1.2, 1.3, 1.4, 1.5):
        with far.counted() as trips:
            th.set(target).wait(20)
        numbers.append(trips.number)
        assert th.position == pytest.approx(target, abs=0.001)
    assert statistics.median_low(numbers) == 1


def test_a_move_that_ends_short_is_still_found_out(far: NetworkProxy, th: EpicsMotor) -> None:
    th.set(0.0).wait(20)
    far.delay(DELAY_S)
    status = th.set(40.0)
    until(lambda: th.user_readback.latest["value"] > 0.5, 20)
    th.motor_stop.put(1)  # as another client would: not a stop of this move
    assert isinstance(error := status.exception(timeout=30), MoveFailed)
    assert "was stopped at" in str(error)


def test_a_move_into_set_mode_that_came_at_the_last_moment_is_no_success(far: NetworkProxy, th: EpicsMotor) -> None:
    """Another client's write is on its way, and the record redefines its position instead of moving."""
    th.set(0.5).wait(20)
    far.delay(DELAY_S)
    other = EpicsSignal("FAR:th.SET", name="other")
    other.wait_for_connection(30)
    try:
        other.put(1)
        error = th.set(0.75).exception(timeout=30)
        assert isinstance(error, MoveFailed)
        assert "in Set mode its position was redefined, nothing moved" in str(error)
    finally:
        other.set(0).wait(20)
        th.user_offset.set(0.0).wait(20)
        other.destroy()


def test_a_count_time_that_was_just_written_sets_the_time_out_of_the_count(
    far: NetworkProxy, det: EpicsCounter
) -> None:
    det.trigger().wait(20)  # its count time is followed from now on
    far.delay(DELAY_S)
    det.count_time.set(30.0).wait(20)
    status = det.trigger()
    assert status.timeout > 60
    det.stop()
    det.count_time.set(0.1).wait(20)


# ---- a camera ----------------------------------------------------------------------------------------------------


@pytest.fixture
def cam(far: NetworkProxy, tmp_path: Path) -> Iterator[EpicsAreaDetector]:
    for cam in _connected(EpicsAreaDetector("FAR:cam:", name="cam", write_folder=str(tmp_path))):
        cam.count_time.set(0.05).wait(20)
        yield cam


def test_a_point_of_a_motor_and_a_camera_is_five_round_trips(
    far: NetworkProxy, th: EpicsMotor, cam: EpicsAreaDetector
) -> None:
    """The move, how far the file is, the exposure, whether the file has the frame, one reading of everything."""
    far.delay(DELAY_S)
    points = PerPoint(far)
    RunEngine()(scan([cam], th, 0.1, 0.6, 6), points)
    assert points.typical <= 5
    assert len(points.events) == 6


def test_a_camera_is_staged_in_six_round_trips_and_all_is_put_back(far: NetworkProxy, cam: EpicsAreaDetector) -> None:
    names = {"num_images", "folder", "file_name", "create_folder"}
    parts = (cam.cam, cam.stats, cam.hdf)
    changed = [signal for part in parts for name, signal in part.walk_signals() if name in names | {*part.stage_sigs}]
    before = [signal.get() for signal in changed]
    far.delay(DELAY_S)
    numbers = []
    for _ in range(3):
        with far.counted() as trips:
            cam.stage()
        numbers.append(trips.number)
        assert cam.hdf.capturing.get()
        cam.unstage()
    assert min(numbers) <= 6
    assert not cam.hdf.capturing.get()
    assert [signal.get() for signal in changed] == before


# ---- lines at the prompt -----------------------------------------------------------------------------------------


@pytest.fixture
def typed(
    far: NetworkProxy, th: EpicsMotor, det: EpicsCounter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[str], tuple[int, str]]]:
    """Types a line at a prompt without a terminal: the round trips that it takes, and what it shows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEAMSHELL_DATA", str(tmp_path / "data"))
        patch.setenv("BEAMSHELL_PLOTS", "none")
        shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
        session = extension.load(shell)
        samx = EpicsMotor("FAR:samx", name="samx")
        for device in (th, samx, det):
            session.registry.add(device)
            device.wait_for_connection(30)
        session.names.set_devices(session.registry)

        def type_line(line: str) -> tuple[int, str]:
            capsys.readouterr()
            with far.counted() as trips:
                shell.run_cell(line)
            return trips.number, capsys.readouterr().out

        yield type_line
        extension.unload(shell)
        for _, signal in samx.walk_signals():
            signal.destroy()


def test_a_move_is_two_round_trips_to_its_last_line(far: NetworkProxy, typed: Callable[[str], tuple[int, str]]) -> None:
    typed("mov th 1.0")
    far.delay(DELAY_S)
    results = [typed(f"mov th {target}") for target in (1.1, 1.2, 1.3)]
    assert statistics.median_low(trips for trips, _ in results) == 2
    lines = [shown.strip() for _, shown in results]
    assert lines == ["th: 1.0000 -> 1.1000 mm", "th: 1.1000 -> 1.2000 mm", "th: 1.2000 -> 1.3000 mm"]


def test_a_move_of_several_motors_by_distances_is_three_round_trips(
    far: NetworkProxy, typed: Callable[[str], tuple[int, str]]
) -> None:
    typed("mov th 1.0 samx 1.0")
    far.delay(DELAY_S)
    results = [typed("movr th 0.1 samx 0.1") for _ in range(3)]
    assert statistics.median_low(trips for trips, _ in results) == 3
    assert "th: 1.2000 -> 1.3000 mm" in results[-1][1]
    assert "samx: 1.2000 -> 1.3000 mm" in results[-1][1]


def test_motors_are_located_in_one_round_trip(far: NetworkProxy, th: EpicsMotor, samx: EpicsMotor) -> None:
    far.delay(DELAY_S)
    numbers = []
    for _ in range(3):
        with far.counted() as trips:
            RunEngine()(bps.locate(th, samx))
        numbers.append(trips.number)
    assert min(numbers) == 1


@pytest.mark.parametrize(
    ("line", "most", "shown"), [("wa", 1, "samx"), ("wm th samx", 1, "samx"), ("ct det", 2, "det")]
)
def test_tables_are_one_round_trip_and_a_count_two(
    far: NetworkProxy, typed: Callable[[str], tuple[int, str]], line: str, most: int, shown: str
) -> None:
    typed(line)
    far.delay(DELAY_S)
    results = [typed(line) for _ in range(3)]
    assert min(trips for trips, _ in results) <= most
    assert all(shown in text for _, text in results)
