"""ophyd's area detector and scaler on the demo beamline, in our engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ophyd
import pytest
from document_rules import check
from ophyd.areadetector.base import ADComponent
from ophyd.areadetector.filestore_mixins import FileStoreHDF5IterativeWrite

from beamshell import RunEngine
from beamshell.plans import count

Documents = list[tuple[str, dict[str, Any]]]


class Camera(ophyd.SingleTrigger, ophyd.SimDetector):  # type: ignore[misc]
    image = ADComponent(ophyd.ImagePlugin, "image1:")
    stats = ADComponent(ophyd.StatsPlugin, "Stats1:")


class Writer(ophyd.HDF5Plugin, FileStoreHDF5IterativeWrite):  # type: ignore[misc]
    """Puts a frame of each point into a file."""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """ophyd gives each part a second to connect when it is first used, which a busy machine needs more of."""
    for name in ("connection_timeout", "timeout"):
        monkeypatch.setattr(ophyd.signal.EpicsSignalBase, f"_EpicsSignalBase__default_{name}", 20.0)


@pytest.fixture
def docs() -> Documents:
    return []


@pytest.fixture
def RE(docs: Documents) -> RunEngine:
    engine = RunEngine({})
    engine.subscribe(lambda name, doc: docs.append((name, doc)))
    return engine


def events(docs: Documents) -> list[dict[str, Any]]:
    return [doc["data"] for name, doc in docs if name == "event"]


@pytest.mark.usefixtures("demo_ioc")
def test_a_camera_with_plugins_is_staged_triggered_and_read(RE: RunEngine, docs: Documents) -> None:
    camera = Camera("BL:cam:", name="camera", read_attrs=["stats"])
    camera.stats.read_attrs = ["total"]
    camera.wait_for_connection(timeout=10)
    RE(count([camera], num=2))
    check(docs)
    assert all(data["camera_stats_total"] > 0 for data in events(docs))
    (descriptor,) = (doc for name, doc in docs if name == "descriptor")
    assert descriptor["configuration"]["camera"]["data"]["camera_cam_num_exposures"] == 1
    assert camera.stats.plugin_type.get() == "NDPluginStats"


@pytest.mark.usefixtures("demo_ioc")
def test_a_camera_writes_its_frames_into_a_file(RE: RunEngine, docs: Documents, tmp_path: Path) -> None:
    class Filed(Camera):
        hdf = ADComponent(Writer, "HDF1:", write_path_template=f"{tmp_path}/", root="/")

    camera = Filed("BL:cam:", name="camera")
    camera.wait_for_connection(timeout=10)
    camera.hdf.warmup()
    RE(count([camera], num=2))
    check(docs)
    (resource,) = (doc for name, doc in docs if name == "resource")
    assert Path("/", resource["resource_path"]).is_file()
    assert sum(1 for name, doc in docs if name in ("datum", "datum_page")) == 2


@pytest.mark.usefixtures("demo_ioc")
def test_a_scaler_of_32_channels_counts(RE: RunEngine, docs: Documents) -> None:
    scaler = ophyd.EpicsScaler("BL:scaler", name="counters")
    scaler.wait_for_connection(timeout=10)
    scaler.preset_time.set(0.1).wait(10)
    RE(count([scaler]))
    check(docs)
    (data,) = events(docs)
    assert data["counters_channels_chan1"] == pytest.approx(1e6)
    assert data["counters_channels_chan2"] > 0
    assert data["counters_channels_chan32"] == 0
