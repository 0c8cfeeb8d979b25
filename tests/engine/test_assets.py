"""Documents of external files: each run has all that is needed to find its pictures."""

from __future__ import annotations

from typing import Any

import pytest
from document_rules import check
from virtual_world import VirtualDetector, VirtualWorld

from beamshell.engine.assets import KnownFiles, RunFiles
from beamshell.errors import PlanError
from beamshell.messages import Msg
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import run_wrapper, stage_wrapper


class FileCamera(VirtualDetector):
    """Writes a picture a trigger, one file from its staging to its unstaging, announced with the first picture.

    Args:
        grows: the file is announced as a stream resource, else as a resource.
        repeats: it announces the file before each picture, not only before the first.
    """

    def __init__(self, world: VirtualWorld, *, grows: bool, repeats: bool = False) -> None:
        super().__init__(world, "cam", time=0.0)
        self.grows, self.repeats = grows, repeats
        self.frame = 0
        self._ready: list[Any] = []

    def trigger(self) -> Any:
        first, self.frame = self.frame, self.frame + 1
        announce = [self._resource()] if first == 0 or self.repeats else []
        self._ready = [*announce, self._datum(first)]
        return super().trigger()

    def _resource(self) -> tuple[str, dict[str, Any]]:
        if self.grows:
            uri = "file://localhost/cam.h5"
            mime = "application/x-hdf5"
            return "stream_resource", {
                "uid": "r",
                "data_key": "cam_image",
                "mimetype": mime,
                "uri": uri,
                "parameters": {},
            }
        return "resource", {"uid": "r", "spec": "HDF5", "root": "/", "resource_path": "cam.h5", "resource_kwargs": {}}

    def _datum(self, first: int) -> tuple[str, dict[str, Any]]:
        if self.grows:
            indices = {"start": first, "stop": first + 1}
            return "stream_datum", {"uid": f"r/{first}", "stream_resource": "r", "indices": indices}
        return "datum", {"datum_id": f"r/{self.frame}", "resource": "r", "datum_kwargs": {"point": first}}

    def read(self) -> dict[str, Any]:
        return {} if self.grows else {"cam_image": {"value": f"r/{self.frame}", "timestamp": 1.0}}

    def describe(self) -> dict[str, Any]:
        external = "STREAM:" if self.grows else "FILESTORE:"
        return {"cam_image": {"source": "file", "dtype": "array", "shape": [2, 2], "external": external}}

    def collect_asset_docs(self) -> Any:
        ready, self._ready = self._ready, []
        yield from ready


@pytest.fixture
def world():
    world = VirtualWorld()
    yield world
    check(world.docs)


def runs_of(camera: Any, number: int, points: int = 1) -> Any:
    """A plan with so many runs."""
    for _ in range(number):
        yield from run_wrapper(bps.repeat(lambda: bps.trigger_and_read([camera]), num=points))


def by_run(world: VirtualWorld) -> list[list[tuple[str, dict[str, Any]]]]:
    """The documents, run by run."""
    runs: list[list[tuple[str, dict[str, Any]]]] = []
    for name, doc in world.docs:
        if name == "start":
            runs.append([])
        runs[-1].append((name, doc))
    return runs


@pytest.mark.parametrize("grows", [True, False])
def test_the_file_of_a_camera_that_stays_staged_is_announced_once_in_each_run(world, grows):
    camera = FileCamera(world, grows=grows)
    core = world.run(stage_wrapper(runs_of(camera, 3, points=2), [camera]))
    assert core.error is None
    resource, datum = ("stream_resource", "stream_datum") if grows else ("resource", "datum")
    for run in by_run(world):
        assert [name for name, _ in run if name in (resource, datum)] == [resource, datum, datum]
        file = next(doc for name, doc in run if name == resource)
        link = "stream_resource" if grows else "resource"
        assert {doc[link] for name, doc in run if name == datum} == {file["uid"]}
        assert file["run_start"] == run[0][1]["uid"]


def test_the_file_of_a_camera_staged_by_hand_is_announced_in_the_run_of_the_next_call_too(world):
    camera = FileCamera(world, grows=True)
    world.run(runs_of(camera, 1))
    world.run(runs_of(camera, 1))
    assert [[name for name, _ in run].count("stream_resource") for run in by_run(world)] == [1, 1]


def test_a_file_that_a_device_announces_at_each_point_is_in_each_run_once(world):
    world.run(runs_of(FileCamera(world, grows=True, repeats=True), 2, points=3))
    assert [[name for name, _ in run].count("stream_resource") for run in by_run(world)] == [1, 1]


def test_two_runs_open_at_once_both_have_the_file(world):
    camera = FileCamera(world, grows=True)

    def plan() -> Any:
        yield Msg("open_run", run="a")
        yield Msg("open_run", run="b")
        for run in ("a", "b"):
            yield Msg("trigger", camera, group="t", run=run)
            yield Msg("wait", None, group="t", run=run)
            yield Msg("create", None, name="primary", run=run)
            yield Msg("read", camera, run=run)
            yield Msg("save", run=run)
        yield Msg("close_run", run="b")
        yield Msg("close_run", run="a")

    assert world.run(plan()).error is None
    starts = [doc["uid"] for name, doc in world.docs if name == "start"]
    assert [doc["run_start"] for name, doc in world.docs if name == "stream_resource"] == starts


def test_the_engine_forgets_the_oldest_files():
    known = KnownFiles()
    for number in range(1100):
        known.add("resource", {"uid": number})
    assert known.get(0) is None
    assert known.get(1099) == ("resource", {"uid": 1099})


def test_a_document_of_another_kind_is_refused():
    files = RunFiles(KnownFiles(), "run", lambda: "new")
    with pytest.raises(PlanError, match="'event' is no document of an external file"):
        list(files.documents("event", {}))
