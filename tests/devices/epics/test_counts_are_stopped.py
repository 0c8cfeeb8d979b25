"""Counts of 1e6 s on the demo IOC end with a pause, stop, abort and halt, and leave nothing to the next count."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from beamshell import RunEngine
from beamshell.devices.epics.area_detector import EpicsAreaDetector
from beamshell.devices.epics.counter import EpicsCounter
from beamshell.devices.epics.mca import EpicsMCA
from beamshell.devices.epics.mcs import MultichannelScaler
from beamshell.devices.epics.scaler import EpicsScaler
from beamshell.ioc.process import DemoIoc
from beamshell.plans import count
from beamshell.plans.preprocessors import configure_count_time_wrapper

DAYS_S = 1e6
NAMES = ("det", "scaler", "mca", "cam")


@pytest.fixture(scope="module")
def detectors(demo_ioc: DemoIoc, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("pictures")
    made = (
        EpicsCounter("BL:det", name="det"),
        EpicsScaler("BL:scaler", name="scaler"),
        EpicsMCA("BL:mca1", name="mca"),
        EpicsAreaDetector("BL:cam:", name="cam", write_folder=str(folder)),
    )
    for detector in made:
        detector.wait_for_connection()
        detector.count_time.set(0.5).wait(5)
    return {detector.name: detector for detector in made}


@pytest.fixture(params=NAMES)
def detector(request: pytest.FixtureRequest, detectors: dict[str, Any]) -> Any:
    return detectors[request.param]


@pytest.fixture
def RE() -> RunEngine:
    RE = RunEngine({}, call_returns_result=True)
    RE.say = lambda _: None
    return RE


def on_count(RE: RunEngine, detector: Any, action: Callable[[], Any]) -> None:
    """Do something, once, when the engine waits for a count of this detector."""

    pending = [action]

    def hook(statuses: Any) -> None:
        if pending and any(status.obj is detector for status in statuses or ()):
            pending.pop()()

    RE.waiting_hook = hook


def long_count(detector: Any) -> Any:
    return configure_count_time_wrapper(count([detector]), DAYS_S)


def pause_in_it(RE: RunEngine, detector: Any) -> None:
    on_count(RE, detector, RE.request_pause)
    assert RE.run(long_count(detector)).paused


def assert_that_the_next_count_is_whole(RE: RunEngine, detector: Any) -> None:
    began = time.monotonic()
    assert RE.run(count([detector])).exit_status == "success"
    assert time.monotonic() - began >= 0.045  # 0.5 s; the IOC runs ten times as fast as life


@pytest.mark.parametrize("end", ["stop", "abort"])
def test_a_paused_count_ends_and_its_count_time_is_put_back(RE: RunEngine, detector: Any, end: str) -> None:
    pause_in_it(RE, detector)
    result = RE.proceed(end)
    assert (result.exit_status, detector.count_time.get()) == ({"stop": "success", "abort": "abort"}[end], 0.5)
    assert_that_the_next_count_is_whole(RE, detector)


def test_a_halted_count_ends(RE: RunEngine, detector: Any) -> None:
    pause_in_it(RE, detector)
    RE.proceed("halt")
    assert detector.count_time.get() == DAYS_S  # a halt puts nothing back
    detector.count_time.set(0.5).wait(10)
    assert_that_the_next_count_is_whole(RE, detector)


@pytest.mark.parametrize("end", ["stop", "abort", "halt"])
def test_a_count_that_is_ended_while_it_counts_ends_at_once(RE: RunEngine, detector: Any, end: str) -> None:
    on_count(RE, detector, getattr(RE, end))
    result = RE.run(long_count(detector))
    assert (result.interrupted, RE.state) == (True, "idle")
    detector.count_time.set(0.5).wait(10)
    assert_that_the_next_count_is_whole(RE, detector)


def test_a_point_is_taken_again_on_resume(RE: RunEngine, detector: Any) -> None:
    detector.count_time.set(DAYS_S).wait(10)
    on_count(RE, detector, RE.request_pause)
    assert RE.run(count([detector])).paused
    detector.count_time.set(0.5).wait(10)
    points: list[Any] = []
    RE.subscribe(lambda _, doc: points.append(doc), "event")
    assert RE.proceed("resume").exit_status == "success"
    assert [point["seq_num"] for point in points] == [1]


def test_all_of_them_end_together(RE: RunEngine, detectors: dict[str, Any]) -> None:
    on_count(RE, detectors["det"], RE.abort)
    result = RE.run(configure_count_time_wrapper(count(list(detectors.values())), DAYS_S))
    assert (result.exit_status, RE.state) == ("abort", "idle")
    for detector in detectors.values():
        assert detector.count_time.get() == 0.5
        assert_that_the_next_count_is_whole(RE, detector)


def test_a_multichannel_scaler_ends_too(RE: RunEngine, demo_ioc: DemoIoc) -> None:
    mcs = MultichannelScaler("BL:mcs:", name="mcs", counters={"i0": 2})
    for written in mcs.prepare_bins(100, 60.0):
        written.wait(10)
    on_count(RE, mcs, RE.abort)
    assert RE.run(count([mcs])).exit_status == "abort"
    deadline = time.monotonic() + 10
    while not mcs.start.is_at_rest and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not mcs.acquiring.get()
    mcs.count_bins(3, 0.1).wait(10)
    assert mcs.bins.get() == 3


@pytest.fixture
def own_det(own_ioc: DemoIoc) -> Iterator[EpicsCounter]:
    det = EpicsCounter("OWN:det", name="det")
    det.wait_for_connection(timeout=10)
    yield det
    for _, signal in det.walk_signals():
        signal.destroy()


@pytest.mark.parametrize("end", ["stop", "abort", "halt"])
def test_a_count_ends_though_its_ioc_is_dead(RE: RunEngine, own_det: EpicsCounter, own_ioc: DemoIoc, end: str) -> None:
    def die() -> None:
        own_ioc.kill()
        RE.request_pause()

    on_count(RE, own_det, die)
    RE.run(long_count(own_det))
    deadline = time.monotonic() + 30
    while own_det.start.connected and time.monotonic() < deadline:
        time.sleep(0.01)
    if RE.state == "paused":  # else the lost connection came first, and has failed the count
        RE.proceed(end)
    assert RE.state == "idle"
