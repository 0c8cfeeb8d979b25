"""Our area detector in bluesky's engine, and its documents in event-model's hands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bluesky
import bluesky.plans
import event_model
import h5py
import pytest

from beamshell import RunEngine
from beamshell.devices import EpicsAreaDetector
from beamshell.ioc.process import DemoIoc
from beamshell.plans import count

Documents = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def cam(demo_ioc: DemoIoc, tmp_path: Path) -> EpicsAreaDetector:
    cam = EpicsAreaDetector("BL:cam:", name="cam", write_folder=str(tmp_path))
    cam.wait_for_connection(10)
    return cam


@pytest.fixture(scope="module")
def their_engine() -> Iterator[Any]:
    engine = bluesky.RunEngine({}, context_managers=[])
    yield engine
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join(5)
    engine.loop.close()


def _run_there(engine: Any, cam: EpicsAreaDetector) -> Documents:
    docs: Documents = []
    engine(bluesky.plans.count([cam], num=3), lambda name, doc: docs.append((name, doc)))
    return docs


def _run_here(cam: EpicsAreaDetector) -> Documents:
    docs: Documents = []
    RunEngine()(count([cam], num=3), lambda name, doc: docs.append((name, doc)))
    return docs


def test_the_same_documents_come_from_both_engines(cam: EpicsAreaDetector, their_engine: Any) -> None:
    here, there = _run_here(cam), _run_there(their_engine, cam)
    assert [name for name, _ in here] == [name for name, _ in there]
    for name, keys in (
        ("stream_resource", ("data_key", "mimetype", "parameters")),
        ("stream_datum", ("indices", "seq_nums")),
    ):
        ours, theirs = (
            [{key: doc[key] for key in keys} for kind, doc in docs if kind == name] for docs in (here, there)
        )
        assert ours == theirs, name


def test_event_models_router_hands_each_document_of_a_picture_to_its_method(cam: EpicsAreaDetector) -> None:
    frames: dict[int, int] = {}

    class Router(event_model.DocumentRouter):
        """A consumer that opens the files."""

        def stream_resource(self, doc: Any) -> Any:
            self.path = doc["uri"].removeprefix("file://localhost")
            self.dataset = doc["parameters"]["dataset"]
            return doc

        def stream_datum(self, doc: Any) -> Any:
            with h5py.File(self.path, swmr=True) as file:
                frames[doc["seq_nums"]["start"]] = int(file[self.dataset][doc["indices"]["start"]].sum())
            return doc

    totals = {}
    router = Router()
    for name, doc in _run_here(cam):
        router(name, doc, validate=True)
        if name == "event":
            totals[doc["seq_num"]] = doc["data"]["cam_total"]
    assert frames == totals
