"""An area detector and its files: points, series, and all that can go wrong, on a real IOC."""

from __future__ import annotations

import contextlib
import re
import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import h5py
import numpy as np
import pytest
from document_rules import check

from beamshell import RunEngine
from beamshell.devices import EpicsAreaDetector, EpicsSignal, Hdf5Plugin, Registry, StatisticsPlugin
from beamshell.errors import (
    BadValue,
    DeviceError,
    FailedStatus,
    LimitError,
    NotConnected,
    ReadOnlyError,
    RedundantStaging,
    UnknownName,
    WriteFailed,
)
from beamshell.ioc.process import DemoIoc
from beamshell.plans import count, fly, stubs
from beamshell.plans.preprocessors import fly_during_wrapper, pchain, run_wrapper, stage_wrapper
from beamshell.store import Journal, Runs

SETTINGS = ("cam.image_mode", "cam.num_images", "cam.count_time", "hdf.enabled", "hdf.folder", "hdf.file_name",
            "hdf.write_mode", "hdf.num_capture", "hdf.lazy_open", "hdf.swmr_mode")  # fmt: skip


@pytest.fixture(scope="module")
def shared(demo_ioc: DemoIoc) -> EpicsAreaDetector:
    cam = EpicsAreaDetector("BL:cam:", name="cam")
    cam.wait_for_connection(10)
    return cam


@pytest.fixture
def cam(shared: EpicsAreaDetector, tmp_path: Path) -> Iterator[EpicsAreaDetector]:
    """The detector at rest, which writes into a folder of this test."""
    shared.hdf.write_folder = str(tmp_path)
    shared.count_time.set(0.1).wait(5)
    yield shared
    with contextlib.suppress(DeviceError):
        shared.unstage()
    shared._series = None
    shared.frames_per_point = 1
    shared.prepare({"num": None, "exp": None})
    shared.stop()
    shared.hdf.read_folder = ""


class Documents:
    """What an engine has emitted."""

    def __init__(self) -> None:
        self.all: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        self.all.append((name, doc))

    def of(self, name: str) -> list[dict[str, Any]]:
        return [doc for kind, doc in self.all if kind == name]

    def pictures(self) -> dict[int, np.ndarray]:
        """The pictures by number of event, as a reader finds them: the last StreamDatum counts."""
        files = {doc["uid"]: doc for doc in self.of("stream_resource")}
        pictures = {}
        for datum in self.of("stream_datum"):
            file = files[datum["stream_resource"]]
            frames = self.of("descriptor")[-1]["data_keys"][file["data_key"]]["shape"][0]
            with h5py.File(unquote(urlparse(file["uri"]).path), swmr=True) as opened:
                pixels = opened[file["parameters"]["dataset"]][:]
            numbers = range(datum["seq_nums"]["start"], datum["seq_nums"]["stop"])
            for number, index in zip(numbers, range(datum["indices"]["start"], datum["indices"]["stop"]), strict=True):
                pictures[number] = pixels[index * frames : (index + 1) * frames]
        return pictures


@pytest.fixture
def documents() -> Documents:
    return Documents()


@pytest.fixture
def engine(documents: Documents) -> RunEngine:
    engine = RunEngine()
    engine.subscribe(documents)
    return engine


def state_of(cam: EpicsAreaDetector) -> dict[str, Any]:
    return {name: cam.part(name).get() for name in SETTINGS}


def wait_for(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


# ---- a count, which writes no file -----------------------------------------------------------


def test_a_count_records_the_statistics_of_a_picture_and_writes_no_file(cam: EpicsAreaDetector, tmp_path: Path) -> None:
    cam.count_time.set(0.2).wait(5)
    cam.trigger().wait(20)
    reading = cam.read()
    assert list(reading) == [
        "cam_total",
        "cam_maximum",
        "cam_centroid_x",
        "cam_centroid_y",
        "cam_sigma_x",
        "cam_sigma_y",
    ]
    assert cam.hints == {"fields": ["cam_total"]}
    assert list(cam.describe()) == list(reading)
    picture = cam.picture()
    assert (picture.shape, picture.dtype) == ((256, 256), np.uint16)
    assert picture.sum() == reading["cam_total"]["value"]
    assert list(tmp_path.iterdir()) == []
    assert list(cam.collect_asset_docs()) == []
    assert cam.read_configuration()["cam_count_time"]["value"] == 0.2


def test_a_count_time_below_zero_is_refused(cam: EpicsAreaDetector) -> None:
    with pytest.raises(LimitError, match=r"cam_count_time: -1 s is below the limit 0 s"):
        cam.count_time.set(-1)


def test_a_live_view_of_somebody_else_is_not_taken_away_by_a_count(cam: EpicsAreaDetector) -> None:
    live = EpicsSignal("BL:cam:cam1:Acquire", name="live")
    cam.cam.image_mode.set("Continuous").wait(5)
    cam.cam._exposing = None  # as in a console that has just been opened
    live.put(1)
    wait_for(cam.cam.acquiring.get)
    with pytest.raises(DeviceError, match=r"^cam: it is acquiring already, and nobody here has started it"):
        cam.trigger()
    cam.stop()
    wait_for(lambda: not cam.cam.busy.get())
    cam.trigger().wait(20)


def test_an_acquisition_that_was_stopped_has_failed_and_the_next_works(cam: EpicsAreaDetector) -> None:
    cam.count_time.set(100).wait(5)
    shot = cam.trigger()
    cam.stop()
    with pytest.raises(DeviceError, match=r"^cam: the acquisition was stopped$"):
        shot.wait(5)
    cam.count_time.set(0.1).wait(5)
    cam.trigger().wait(20)


# ---- a run -----------------------------------------------------------------------------------


def test_each_point_of_a_run_is_a_picture_in_its_file(
    cam: EpicsAreaDetector, engine: RunEngine, documents: Documents, tmp_path: Path
) -> None:
    engine(count([cam], num=3))
    check(documents.all)
    [descriptor] = documents.of("descriptor")
    assert descriptor["data_keys"]["cam_image"] == {
        "source": "ca://BL:cam:HDF1:FullFileName_RBV",
        "dtype": "array",
        "shape": [1, 256, 256],
        "dtype_numpy": "<u2",
        "external": "STREAM:",
        "object_name": "cam",
    }
    [file] = tmp_path.iterdir()
    assert documents.of("stream_resource")[0]["uri"] == f"file://localhost{file}"
    assert [doc["indices"] for doc in documents.of("stream_datum")] == [{"start": n, "stop": n + 1} for n in range(3)]
    pictures = documents.pictures()
    totals = {event["seq_num"]: event["data"]["cam_total"] for event in documents.of("event")}
    assert {number: picture.sum() for number, picture in pictures.items()} == totals


def test_the_pictures_of_each_run_of_a_camera_that_stays_staged_are_found(
    cam: EpicsAreaDetector, engine: RunEngine, documents: Documents, tmp_path: Path
) -> None:
    journal, runs = Journal(tmp_path / "runs"), Runs(tmp_path / "runs")
    engine.subscribe(journal, writer=True)
    one_run = [run_wrapper(stubs.one_shot([cam])) for _ in range(2)]
    uids = engine(stage_wrapper(pchain(*one_run), [cam]))
    check(documents.all)
    totals = [event["data"]["cam_total"] for event in documents.of("event")]
    assert [runs[uid].image("cam", 1).sum() for uid in uids] == totals
    journal.close()
    runs.index.close()


def test_a_run_leaves_every_setting_as_it_was(cam: EpicsAreaDetector, engine: RunEngine) -> None:
    cam.cam.image_mode.set("Single").wait(5)
    cam.hdf.file_name.set("mine").wait(5)
    before = state_of(cam)
    engine(count([cam], num=2))
    assert state_of(cam) == before
    assert not cam.hdf.capturing.get()


def test_a_live_view_is_back_after_the_run(cam: EpicsAreaDetector, engine: RunEngine) -> None:
    cam.cam.image_mode.set("Continuous").wait(5)
    cam.cam.acquire.put(1)
    wait_for(cam.cam.acquiring.get)
    engine(count([cam], num=2))
    before = cam.cam.frame_number.get()
    wait_for(lambda: cam.cam.frame_number.get() > before + 1)
    cam.stop()


def test_several_pictures_can_make_a_point(cam: EpicsAreaDetector, engine: RunEngine, documents: Documents) -> None:
    cam.frames_per_point = 3
    engine(count([cam], num=2))
    check(documents.all)
    assert documents.of("descriptor")[0]["data_keys"]["cam_image"]["shape"] == [3, 256, 256]
    pictures = documents.pictures()
    assert {number: picture.shape for number, picture in pictures.items()} == {1: (3, 256, 256), 2: (3, 256, 256)}
    assert pictures[2][-1].sum() == documents.of("event")[1]["data"]["cam_total"]


def test_no_picture_no_file(cam: EpicsAreaDetector, tmp_path: Path) -> None:
    cam.stage()
    cam.unstage()
    assert list(tmp_path.iterdir()) == []


def test_files_go_below_the_data_folder_by_day(cam: EpicsAreaDetector, engine: RunEngine, tmp_path: Path) -> None:
    cam.hdf.write_folder = ""
    registry = Registry(data_folder=tmp_path)
    registry.add(cam)
    engine(count([cam]))
    [file] = (tmp_path / time.strftime("images/%Y/%m/%d")).iterdir()
    assert file.name.startswith(time.strftime("cam_%Y%m%d_"))
    cam.data_folder = None
    with pytest.raises(DeviceError, match=r"^cam_hdf: there is no folder for its files: give write_folder in the"):
        cam.stage()


def test_a_folder_with_another_name_on_this_computer_is_documented_by_that(
    cam: EpicsAreaDetector, engine: RunEngine, documents: Documents, tmp_path: Path
) -> None:
    cam.hdf.write_folder, cam.hdf.read_folder = f"{tmp_path}/%Y", "/mnt/ioc/%Y"
    engine(count([cam]))
    assert documents.of("stream_resource")[0]["uri"].startswith(f"file://localhost/mnt/ioc/{time.strftime('%Y')}/cam_")


def test_a_point_that_is_measured_again_is_the_last_that_was_measured(cam: EpicsAreaDetector, tmp_path: Path) -> None:
    """A rewind triggers again before anything was saved: the file has one more picture, which is nobody's."""
    cam.stage()
    for _ in range(2):
        cam.trigger().wait(20)
    documents = list(cam.collect_asset_docs())
    assert [doc["indices"] for name, doc in documents if name == "stream_datum"] == [{"start": 1, "stop": 2}]
    cam.unstage()


def test_a_point_begun_again_in_the_middle_of_an_exposure_is_whole(cam: EpicsAreaDetector) -> None:
    cam.stage()
    cam.count_time.set(2).wait(5)
    first = cam.trigger()
    wait_for(lambda: cam.cam.acquiring.get())
    second = cam.trigger()
    second.wait(20)
    assert first.done
    assert not first.success
    assert [doc["indices"] for _, doc in cam.collect_asset_docs() if "indices" in doc] == [{"start": 0, "stop": 1}]
    cam.unstage()


def test_half_a_point_is_left_behind_in_a_file_of_its_own(cam: EpicsAreaDetector, tmp_path: Path) -> None:
    cam.frames_per_point = 4
    cam.count_time.set(0.5).wait(5)
    cam.stage()
    cam.trigger()
    wait_for(lambda: cam.hdf.num_captured.get() >= 1)
    cam.trigger().wait(20)
    documents = list(cam.collect_asset_docs())
    assert [doc["indices"] for _, doc in documents if "indices" in doc] == [{"start": 0, "stop": 1}]
    cam.unstage()
    first, second = sorted(tmp_path.iterdir(), key=lambda path: len(path.name))
    assert documents[0][1]["uri"] == f"file://localhost{second}"
    with h5py.File(first) as file:
        assert 1 <= len(file["/entry/data/data"]) < 4


# ---- what can go wrong -----------------------------------------------------------------------


def test_it_is_staged_once(cam: EpicsAreaDetector) -> None:
    cam.stage()
    with pytest.raises(RedundantStaging, match=r"^cam is staged already"):
        cam.stage()
    with pytest.raises(DeviceError, match=r"^cam: it is staged: the points of one run all have as many pictures$"):
        cam.frames_per_point = 2
    cam.unstage()


def test_nothing_is_written_to_one_that_is_read_only(cam: EpicsAreaDetector) -> None:
    cam.read_only = True
    try:
        for order in (cam.trigger, cam.stage, cam.kickoff):
            with pytest.raises(ReadOnlyError, match=r"^cam: it is read-only here \(read_only: true\), so an order to"):
                order()
        cam.stop()
        assert next(iter(cam.read())) == "cam_total"
    finally:
        cam.read_only = False


def test_a_folder_that_is_not_there_is_refused_with_a_remedy_and_all_is_as_before(cam: EpicsAreaDetector) -> None:
    cam.hdf.write_folder = "/nowhere/at/all"
    before = state_of(cam)
    with pytest.raises(DeviceError, match=r"^cam_hdf: its IOC has no folder /nowhere/at/all: make it, let the IOC"):
        cam.stage()
    assert state_of(cam) == before
    cam.hdf.write_folder = "/proc/pictures_%Y"
    with pytest.raises(DeviceError, match=r"its IOC has no folder /proc/pictures_\d+, and could not make it: make it"):
        cam.stage()
    assert state_of(cam) == before


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("pictures", "cam_hdf: write_folder 'pictures' does not say where: begin it with a /"),
        (
            r"D:\\pictures\\%Y",
            r"cam_hdf: this computer cannot find D:\\pictures\\%Y: give its name here as read_folder",
        ),
    ],
)
def test_a_folder_that_says_nothing_is_refused(cam: EpicsAreaDetector, folder: str, message: str) -> None:
    cam.hdf.write_folder = folder
    with pytest.raises(DeviceError, match=re.escape(message)):
        cam.stage()


def test_a_file_that_cannot_be_made_fails_the_point_and_says_why(
    cam: EpicsAreaDetector, engine: RunEngine, documents: Documents
) -> None:
    cam.hdf.write_folder = "/proc/self"
    before = state_of(cam)
    with pytest.raises(
        FailedStatus, match=r"cam_hdf: /proc/self/cam_\S+.h5 was not written: .*No such file.*; mend this where"
    ):
        engine(count([cam]))
    assert state_of(cam) == before
    check(documents.all)
    assert documents.of("event") == []


def test_a_disk_that_is_full_in_mid_run_fails_the_point_and_keeps_those_before(
    cam: EpicsAreaDetector, engine: RunEngine, documents: Documents, demo_ioc: DemoIoc
) -> None:
    def fill_the_disk(name: str, doc: dict[str, Any]) -> None:
        if doc["seq_num"] == 2:
            resource.prlimit(demo_ioc.pid or 0, resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))

    token = engine.subscribe(fill_the_disk, "event")
    try:
        with pytest.raises(
            FailedStatus, match=r"cam_hdf: \S+.h5 was not written: .*File too large.*; mend this where its IOC runs"
        ):
            engine(count([cam], num=5))
    finally:
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(demo_ioc.pid or 0, resource.RLIMIT_FSIZE, unlimited)
    assert not cam.hdf.capturing.get()
    assert len(documents.of("event")) == 2
    assert {number: picture.sum() for number, picture in documents.pictures().items()} == {
        event["seq_num"]: event["data"]["cam_total"] for event in documents.of("event")
    }
    engine.unsubscribe(token)
    documents.all.clear()
    engine(count([cam], num=2))  # and the next run is whole
    assert len(documents.pictures()) == 2


def test_pictures_that_change_their_size_in_a_run_fail_the_point_and_say_why(
    cam: EpicsAreaDetector, engine: RunEngine, documents: Documents
) -> None:
    def plan() -> Any:
        yield from stubs.trigger_and_read([cam])
        yield from stubs.mv(cam.cam.size_x, 100)
        yield from stubs.trigger_and_read([cam])

    try:
        with pytest.raises(
            FailedStatus, match=r"was not written: a frame of 100 x 256 px does not fit a file of 256 x"
        ):
            engine(stage_wrapper(run_wrapper(plan()), [cam]))
    finally:
        cam.cam.size_x.set(256).wait(5)
    check(documents.all)
    assert len(documents.of("event")) == 1


def test_frames_that_do_not_reach_the_file_are_missed(cam: EpicsAreaDetector) -> None:
    cam.stage()
    cam.trigger().wait(20)
    cam.hdf.enabled.set(0).wait(5)
    with pytest.raises(
        DeviceError, match=r"^cam_hdf: 1 of 1 frames are not in \S+.h5: somebody has disabled its callbacks$"
    ):
        cam.trigger().wait(20)
    cam.hdf.enabled.set(1).wait(5)
    cam.unstage()


def test_frames_that_were_dropped_are_missed(cam: EpicsAreaDetector) -> None:
    dropped = EpicsSignal("BL:cam:HDF1:DroppedArrays", name="dropped")
    cam.stage()
    points = cam.hdf.expect(2)
    dropped.set(dropped.get() + 2).wait(5)
    with pytest.raises(DeviceError, match=r"2 of 2 frames are not in \S+: it has dropped 2, since its queue was full"):
        cam.hdf.await_frames(points)
    cam.unstage()


def test_a_capture_that_somebody_has_ended_goes_on_in_another_file(cam: EpicsAreaDetector, tmp_path: Path) -> None:
    cam.stage()
    cam.trigger().wait(20)
    first = list(cam.collect_asset_docs())
    cam.hdf.capture.put(0)
    wait_for(lambda: not cam.hdf.capturing.get())
    cam.trigger().wait(20)
    second = list(cam.collect_asset_docs())
    cam.unstage()
    assert [name for name, _ in first] == [name for name, _ in second] == ["stream_resource", "stream_datum"]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_capture_of_somebody_else_is_left_alone(cam: EpicsAreaDetector, tmp_path: Path) -> None:
    cam.hdf.stage()
    other = EpicsAreaDetector("BL:cam:", name="other", write_folder=str(tmp_path))
    other.wait_for_connection(10)
    with pytest.raises(DeviceError, match=r"^other_hdf: it is capturing into .* with other.hdf.capture.put\(0\)$"):
        other.stage()
    assert cam.hdf.capturing.get()
    cam.hdf.unstage()


@pytest.fixture
def own_cam(own_ioc: DemoIoc, tmp_path: Path) -> Iterator[EpicsAreaDetector]:
    """A detector of an IOC that may be killed; it writes into a folder of this test."""
    cam = EpicsAreaDetector("OWN:cam:", name="cam", write_folder=str(tmp_path))
    cam.wait_for_connection(10)
    cam.count_time.set(0.1).wait(5)
    yield cam
    for _, signal in cam.walk_signals():
        signal.destroy()


def test_an_ioc_that_dies_in_the_middle_of_a_capture_fails_the_run_and_the_next_is_whole(
    own_ioc: DemoIoc, own_cam: EpicsAreaDetector, engine: RunEngine, documents: Documents
) -> None:
    engine.answer_wait_s = 0.0
    own_cam.count_time.set(5).wait(5)
    death = threading.Timer(0.2, own_ioc.kill)  # in the middle of an exposure
    token = engine.subscribe(lambda name, doc: doc["seq_num"] == 2 and death.start(), "event")
    with pytest.raises(FailedStatus, match=r"^cam: trigger failed: .*Acquire lost its connection"):
        engine(count([own_cam], num=4))
    assert len(documents.pictures()) == 2  # what was finished is there, and can be read
    check(documents.all)
    engine.unsubscribe(token)
    own_ioc.restart()
    own_ioc.wait_ready()
    own_cam.wait_for_connection(20)
    documents.all.clear()
    engine(count([own_cam], num=2))
    assert len(documents.pictures()) == 2


def test_an_ioc_that_dies_in_a_capture_and_is_back_within_the_limit_costs_no_picture(
    own_ioc: DemoIoc, own_cam: EpicsAreaDetector, engine: RunEngine, documents: Documents
) -> None:
    own_cam.count_time.set(1).wait(5)

    def die_and_come_back() -> None:
        own_ioc.kill()
        own_ioc.restart()

    death = threading.Timer(0.2, die_and_come_back)  # in the middle of an exposure
    engine.subscribe(lambda name, doc: doc["seq_num"] == 2 and death.start(), "event")
    engine(count([own_cam], num=4))
    death.join()
    assert len(documents.pictures()) == 4
    check(documents.all)


def test_an_offline_detector_is_left_as_it_is_without_waiting_for_each_setting(
    own_ioc: DemoIoc, own_cam: EpicsAreaDetector
) -> None:
    own_cam.stage()
    own_ioc.kill()
    wait_for(lambda: not own_cam.cam.acquire.connected)
    began = time.monotonic()
    with pytest.raises(DeviceError, match=r"it is offline, and keeps the settings of the run"):
        own_cam.unstage()
    assert time.monotonic() - began < 10
    own_ioc.restart()
    own_ioc.wait_ready()
    own_cam.wait_for_connection(20)
    own_cam.stage()
    own_cam.unstage()


# ---- a series --------------------------------------------------------------------------------


def test_a_series_is_taken_without_a_plan_for_each_picture(
    cam: EpicsAreaDetector, engine: RunEngine, documents: Documents
) -> None:
    before = state_of(cam)
    cam.prepare({"num": 12, "exp": 0.05})
    engine(fly([cam]))
    check(documents.all)
    assert [doc["indices"] for doc in documents.of("stream_datum")] == [{"start": 0, "stop": 12}]
    assert documents.of("stop")[0]["num_events"] == {"cam": 12}
    assert len(documents.pictures()) == 12
    assert state_of(cam) == before


def test_a_series_without_a_number_goes_on_as_long_as_the_plan_beside_it(
    cam: EpicsAreaDetector, engine: RunEngine, documents: Documents, demo_ioc: DemoIoc
) -> None:
    from beamshell.devices.sim import det

    cam.prepare({"num": None, "exp": 0.05})
    engine(fly_during_wrapper(count([det], num=3, delay=0.1), [cam]))
    check(documents.all)
    [stop] = documents.of("stop")
    assert stop["num_events"]["primary"] == 3
    assert stop["num_events"]["cam"] == len(documents.pictures()) > 3
    assert not cam.hdf.capturing.get()


def test_a_series_without_a_number_has_one_point_at_least(
    cam: EpicsAreaDetector, engine: RunEngine, documents: Documents
) -> None:
    cam.frames_per_point = 2
    engine(fly([cam]))
    assert documents.of("stop")[0]["num_events"]["cam"] >= 1
    check(documents.all)


def test_a_series_that_is_stopped_keeps_what_it_has(cam: EpicsAreaDetector) -> None:
    cam.prepare({"num": 1000, "exp": 0.5})
    cam.kickoff().wait(5)
    landed = cam.complete()
    wait_for(lambda: cam.get_index() >= 2)
    with pytest.raises(DeviceError, match=r"^cam: it takes a series, and cannot be triggered; wait, or cam.stop\(\)$"):
        cam.trigger()
    early = [doc for name, doc in cam.collect_asset_docs() if name == "stream_datum"]
    cam.stop()
    with pytest.raises(DeviceError, match=r"^cam: the acquisition was stopped$"):
        landed.wait(5)
    late = [doc for name, doc in cam.collect_asset_docs() if name == "stream_datum"]
    assert early[0]["indices"]["start"] == 0
    assert all(doc["indices"]["start"] == early[0]["indices"]["stop"] for doc in late)
    assert not cam.hdf.capturing.get()  # it was staged for the series alone


def test_a_series_goes_on_through_a_pause_and_what_is_repeated_does_not_begin_it_anew(cam: EpicsAreaDetector) -> None:
    cam.prepare({"num": 6, "exp": 0.5})
    cam.kickoff().wait(5)
    with pytest.raises(DeviceError, match=r"^cam: it takes a series, and cannot be kicked off"):
        cam.kickoff()
    cam.pause()
    cam.resume()
    cam.prepare({"num": 6, "exp": 0.5}).wait(5)
    cam.kickoff().wait(5)
    cam.complete().wait(20)
    indices = [doc["indices"] for name, doc in cam.collect_asset_docs() if name == "stream_datum"]
    assert indices == [{"start": 0, "stop": 6}]


def test_a_series_in_a_run_that_has_staged_it_stays_staged(cam: EpicsAreaDetector) -> None:
    cam.stage()
    cam.prepare({"num": 2, "exp": 0.05})
    for first in (0, 2):
        cam.kickoff().wait(5)
        cam.complete().wait(20)
        indices = [doc["indices"] for name, doc in cam.collect_asset_docs() if name == "stream_datum"]
        assert indices == [{"start": first, "stop": first + 2}]
    assert cam.hdf.capturing.get()
    cam.unstage()
    assert cam.count_time.get() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("series", "error", "message"),
    [
        ({"nmu": 3}, UnknownName, "cam has no setting 'nmu': did you mean num"),
        ({"num": 0}, BadValue, "cam: 0 points make no series; num is 1, 2, 3, ... or None"),
        ({"num": 1.5}, BadValue, "cam: 1.5 points make no series"),
        ({"exp": -1}, LimitError, "cam_count_time: -1 s is below the limit 0 s"),
    ],
)
def test_a_series_that_makes_no_sense_is_refused(
    cam: EpicsAreaDetector, series: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        cam.prepare(series)


def test_what_was_not_kicked_off_cannot_be_completed(cam: EpicsAreaDetector) -> None:
    with pytest.raises(DeviceError, match=r"^cam: it takes no series; kick it off first: cam.kickoff\(\)$"):
        cam.complete()


@pytest.mark.parametrize("frames", [0, -1, 1.5, True, "2"])
def test_a_number_of_pictures_that_makes_no_point_is_refused(cam: EpicsAreaDetector, frames: Any) -> None:
    with pytest.raises(BadValue, match="pictures make no point; write 1, 2, 3"):
        cam.frames_per_point = frames


# ---- its parts alone -------------------------------------------------------------------------


def test_each_plugin_is_a_device_of_its_own(cam: EpicsAreaDetector, tmp_path: Path) -> None:
    stats = StatisticsPlugin("BL:cam:Stats1:", name="stats")
    writer = Hdf5Plugin("BL:cam:HDF1:", name="writer", write_folder=str(tmp_path))
    for part in (stats, writer):
        part.wait_for_connection(10)
    assert stats.hints == {"fields": ["stats_total"]}
    writer.stage()
    cam.cam.start(2).wait(20)
    wait_for(lambda: writer.num_captured.get() == 2)
    writer.unstage()
    [file] = tmp_path.iterdir()
    assert file.name.startswith("writer_")


def test_a_detector_that_is_not_there_says_so(demo_ioc: DemoIoc) -> None:
    absent = EpicsAreaDetector("BL:absent:", name="absent", write_folder="/tmp")
    for signal in (signal for _, signal in absent.walk_signals()):
        signal.connection_timeout = 0.05
    with pytest.raises(NotConnected, match="BL:absent:cam1:"):
        absent.trigger()
    with pytest.raises(NotConnected, match="BL:absent:"):
        absent.stage()
    with pytest.raises((NotConnected, WriteFailed)):
        absent.stop()
