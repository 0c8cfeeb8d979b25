"""A scan with pictures whose IOC is killed and started again: with a suspender on, each point has its picture."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import h5py
import pytest
from document_rules import check

from beamshell import RunEngine
from beamshell.devices import EpicsAreaDetector, EpicsMotor, EpicsSignalRO
from beamshell.engine.suspenders import SuspendFloor
from beamshell.ioc.process import DemoIoc
from beamshell.plans import scan

_POINTS = 12


@pytest.fixture
def beamline(own_ioc: DemoIoc, tmp_path: Path) -> Iterator[tuple[Any, ...]]:
    samx, ring = EpicsMotor("OWN:samx", name="samx"), EpicsSignalRO("OWN:current", name="ring")
    cam = EpicsAreaDetector("OWN:cam:", name="cam", write_folder=f"{tmp_path}/%Y")
    signals = [signal for device in (samx, cam) for _, signal in device.walk_signals()] + [ring]
    for signal in signals:
        signal.wait_for_connection(10)
    yield samx, cam, ring
    for signal in signals:
        signal.destroy()


@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.12])
def test_a_scan_with_pictures_goes_through_the_death_of_its_ioc(
    beamline: tuple[Any, ...], own_ioc: DemoIoc, delay_s: float
) -> None:
    samx, cam, ring = beamline
    docs: list[tuple[str, dict[str, Any]]] = []

    def die_and_come_back() -> None:
        time.sleep(delay_s)
        own_ioc.kill()
        time.sleep(0.3)
        own_ioc.restart()
        own_ioc.wait_ready()

    trouble = threading.Thread(target=die_and_come_back)

    def record(name: str, doc: dict[str, Any]) -> None:
        docs.append((name, doc))
        if name == "event" and doc["seq_num"] == 3 and not trouble.ident:
            trouble.start()

    engine = RunEngine()
    engine.subscribe(record)
    engine.install_suspender(SuspendFloor(ring, 50.0))
    engine(scan([cam], samx, 0.0, 3.3, _POINTS))
    trouble.join()
    check(docs)
    assert docs[-1][1]["exit_status"] == "success"
    totals = {doc["seq_num"]: doc["data"]["cam_total"] for name, doc in docs if name == "event"}
    assert sorted(totals) == list(range(1, _POINTS + 1))
    files = {doc["uid"]: doc for name, doc in docs if name == "stream_resource"}
    assert len(files) == 2
    pictures = {}
    for doc in (doc for name, doc in docs if name == "stream_datum"):
        with h5py.File(unquote(urlparse(files[doc["stream_resource"]]["uri"]).path), swmr=True) as file:
            pictures[doc["seq_nums"]["start"]] = file["/entry/data/data"][doc["indices"]["start"]].sum()
    assert pictures == totals
