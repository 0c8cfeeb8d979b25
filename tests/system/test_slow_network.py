"""A network that is slow or breaks: devices connect, scans run and lines come back, only later."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from motor_bench import until
from network_proxy import NetworkProxy

from beamshell import RunEngine
from beamshell.channels.reconnect import reconnect_probe
from beamshell.devices import EpicsMotor, EpicsSignal, EpicsSignalRO
from beamshell.devices.epics.counter import EpicsCounter
from beamshell.engine.suspenders import SuspendFloor
from beamshell.plans.scans import scan

SLOW_S = 0.5


@pytest.fixture
def made(far: NetworkProxy) -> Iterator[list[Any]]:
    """Devices whose channels are given back after the test."""
    devices: list[Any] = []
    yield devices
    for device in devices:
        for signal in [device] if isinstance(device, EpicsSignalRO) else [one for _, one in device.walk_signals()]:
            signal.destroy()


def test_at_half_a_second_each_way_each_channel_is_made_once_and_all_connect(
    far: NetworkProxy, made: list[Any]
) -> None:
    """Channels that are being connected must not be made anew because they take longer than on loopback."""
    far.delay(SLOW_S)
    with far.counted() as trips:
        made += [EpicsMotor("FAR:th", name="th"), EpicsMotor("FAR:samx", name="samx")]
        for device in made:
            device.wait_for_connection(60)
    assert trips.new_channels == sum(1 for device in made for _ in device.walk_signals())


def test_at_half_a_second_each_way_a_first_reading_waits_long_enough_by_itself(
    far: NetworkProxy, made: list[Any]
) -> None:
    far.delay(SLOW_S)
    made.append(signal := EpicsSignal("FAR:samx.VELO", name="velocity"))
    assert signal.get() > 0
    assert reconnect_probe.connects_within_s >= 2 * SLOW_S


def test_at_half_a_second_each_way_a_scan_runs(far: NetworkProxy, made: list[Any]) -> None:
    made += [EpicsMotor("FAR:samx", name="samx"), EpicsCounter("FAR:det", name="det")]
    samx, det = made
    for device in made:
        device.wait_for_connection(30)
    det.count_time.set(0.1).wait(20)
    far.delay(SLOW_S, jitter_s=0.1)
    events: list[Any] = []
    RunEngine()(scan([det], samx, 0.0, 0.2, 3), {"event": lambda _, doc: events.append(doc["data"])})
    assert [event["samx"] for event in events] == pytest.approx([0.0, 0.1, 0.2], abs=2e-3)


def test_a_scan_goes_on_after_its_circuit_was_lost_and_no_point_is_missing(far: NetworkProxy, made: list[Any]) -> None:
    made += [EpicsMotor("FAR:samx", name="samx"), EpicsCounter("FAR:det", name="det")]
    made.append(ring := EpicsSignalRO("FAR:current", name="ring"))
    samx, det, _ = made
    for device in made:
        device.wait_for_connection(30)
    det.count_time.set(0.1).wait(20)
    far.delay(0.02)
    engine, points = RunEngine(), {}
    engine.install_suspender(SuspendFloor(ring, 50.0))
    lost = threading.Event()

    def note(name: str, doc: Any) -> None:
        points[doc["seq_num"]] = doc["data"]["samx"]
        if doc["seq_num"] == 3 and not lost.is_set():
            lost.set()
            far.lose_circuits()

    engine(scan([det], samx, 0.0, 0.7, 8), {"event": note})
    assert [points[number] for number in sorted(points)] == pytest.approx([n / 10 for n in range(8)], abs=2e-3)
    until(lambda: samx.connected, 20)
