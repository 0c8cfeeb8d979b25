"""Our fly scans on bluesky's engine, with the motors and the counter of the demo beamline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bluesky
import document_rules
import ophyd  # noqa: F401 - bluesky imports it at the first call, and it starts threads
import pytest

from beamshell.devices import EpicsMotor
from beamshell.devices.epics.fly_motor import MotorFlyer
from beamshell.devices.epics.mcs import MultichannelScaler
from beamshell.devices.epics.trajectory import TrajectoryFlyer
from beamshell.plans import fly_path, fly_scan

WIDE = 5.0
"""deg: simulated time is faster than life, so points are far off on a busy machine."""


@pytest.fixture
def docs() -> list[tuple[str, dict[str, Any]]]:
    return []


@pytest.fixture
def RE(docs) -> Iterator[Any]:
    engine = bluesky.RunEngine({}, context_managers=[])
    engine.subscribe(lambda name, doc: docs.append((name, doc)))
    yield engine
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join(5)
    engine.loop.close()
    document_rules.check(docs)


@pytest.fixture
def motors(demo_ioc) -> list[EpicsMotor]:
    return [EpicsMotor(f"BL:{name}", name=name) for name in ("th", "tth")]


@pytest.fixture
def mcs(demo_ioc) -> MultichannelScaler:
    return MultichannelScaler("BL:mcs:", name="mcs", counters={"i0": 2, "it": 3})


def places(docs: list[tuple[str, dict[str, Any]]], key: str) -> list[float]:
    return [place for name, doc in docs if name == "event_page" for place in doc["data"][key]]


def test_a_fly_scan_records_all_its_points_in_the_primary_stream(RE, docs, motors, mcs):
    flyer = MotorFlyer("", name="th_fly", motor=motors[0], counter=mcs, tolerance=WIDE)
    RE(fly_scan(flyer, -1, 1, 11, 0.5))
    assert [doc["name"] for name, doc in docs if name == "descriptor"] == ["primary"]
    assert len(places(docs, "th")) == 11
    assert docs[-1][1]["exit_status"] == "success"


def test_a_path_of_two_motors_does_too(RE, docs, motors, mcs):
    flyer = TrajectoryFlyer("BL:traj1:", name="traj", motors=motors, counter=mcs, tolerance=WIDE)
    RE(fly_path(flyer, {"th": [0, 1, 2], "tth": [0, 2, 4]}, 1.0))
    assert len(places(docs, "tth")) == 3
    assert docs[-1][1]["exit_status"] == "success"
