"""The simulated area detector over Channel Access, by the names that any client of areaDetector knows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import epics
import h5py
import numpy as np
import pytest

from beamshell.ioc.process import DemoIoc

DEFAULTS = {
    "cam1:ImageMode": 0, "cam1:NumImages": 1, "cam1:AcquireTime": 0.1, "cam1:AcquirePeriod": 0, "cam1:Gain": 1,
    "cam1:TriggerMode": 0, "cam1:MinX": 0, "cam1:MinY": 0, "cam1:SizeX": 256, "cam1:SizeY": 256,
    "cam1:WaitForPlugins": 1, "cam1:ArrayCallbacks": 1, "Stats1:EnableCallbacks": 1, "HDF1:Capture": 0,
    "HDF1:EnableCallbacks": 0, "HDF1:LazyOpen": 0, "HDF1:SWMRMode": 0, "HDF1:FileWriteMode": 0, "HDF1:NumCapture": 1,
    "HDF1:QueueSize": 20, "HDF1:CreateDirectory": 0, "HDF1:FileTemplate": "%s%s_%6.6d.h5",
}  # fmt: skip


class Detector:
    """BL:cam: by its records; item access reads and writes, `do` writes and waits for the end."""

    def __getitem__(self, name: str) -> Any:
        return epics.caget(f"BL:cam:{name}", use_monitor=False)

    def text(self, name: str) -> str:
        return str(epics.caget(f"BL:cam:{name}", as_string=True, use_monitor=False))

    def __setitem__(self, name: str, value: Any) -> None:
        assert epics.caput(f"BL:cam:{name}", value) == 1

    def do(self, name: str, value: Any, timeout_s: float = 20.0) -> None:
        assert epics.caput(f"BL:cam:{name}", value, wait=True, timeout=timeout_s) == 1

    @staticmethod
    def wait_for(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.005)

    def capture(self, folder: Path, name: str = "pic", **settings: Any) -> None:
        """Begin to write into a folder, in the way of a run."""
        usual = {"EnableCallbacks": 1, "FileWriteMode": "Stream", "NumCapture": 0, "LazyOpen": 1, "SWMRMode": 1}
        for setting, value in {**usual, "FilePath": str(folder), "FileName": name, **settings}.items():
            self.do(f"HDF1:{setting}", value)
        self["HDF1:Capture"] = 1
        self.wait_for(lambda: self["HDF1:Capture_RBV"] == 1 or self["HDF1:WriteStatus"] == 1)


@pytest.fixture
def cam(demo_ioc: DemoIoc) -> Iterator[Detector]:
    cam = Detector()
    for motor in ("BL:samx", "BL:samy"):  # other tests leave them anywhere, or on their way
        assert epics.caput(motor, 0, wait=True, timeout=60) == 1
    cam.do("cam1:AcquireTime", 0.1)
    yield cam
    cam["cam1:Acquire"] = 0
    cam.wait_for(lambda: cam["cam1:AcquireBusy"] == 0)
    for name, value in DEFAULTS.items():
        cam.do(name, value)
    cam.wait_for(lambda: cam["HDF1:Capture_RBV"] == 0)


def test_an_acquisition_completes_when_its_pictures_were_taken(cam: Detector) -> None:
    cam.do("cam1:ImageMode", "Multiple")
    cam.do("cam1:NumImages", 4)
    cam.do("cam1:AcquireTime", 0.5)
    before, began = cam["cam1:ArrayCounter_RBV"], time.monotonic()
    cam.do("cam1:Acquire", 1)
    assert time.monotonic() - began >= 0.19  # the IOC runs ten times as fast as life
    assert cam["cam1:ArrayCounter_RBV"] - before == cam["cam1:NumImagesCounter_RBV"] == 4
    assert (cam["cam1:Acquire"], cam["cam1:Acquire_RBV"], cam["cam1:AcquireBusy"]) == (0, 0, 0)
    assert cam.text("cam1:DetectorState_RBV") == "Idle"


def test_pictures_keep_the_period_between_them(cam: Detector) -> None:
    cam.do("cam1:ImageMode", "Multiple")
    cam.do("cam1:NumImages", 3)
    cam.do("cam1:AcquirePeriod", 1.0)
    began = time.monotonic()
    cam.do("cam1:Acquire", 1)
    assert time.monotonic() - began >= 0.2


def test_a_continuous_acquisition_goes_on_until_it_is_stopped(cam: Detector) -> None:
    cam.do("cam1:ImageMode", "Continuous")
    before = cam["image1:ArrayCounter_RBV"]
    cam["cam1:Acquire"] = 1
    cam.wait_for(lambda: cam["image1:ArrayCounter_RBV"] > before + 3)
    assert cam.text("cam1:DetectorState_RBV") == "Acquire"
    cam.do("cam1:Acquire", 0)
    cam.wait_for(lambda: cam["cam1:AcquireBusy"] == 0)
    count = cam["image1:ArrayCounter_RBV"]
    time.sleep(0.1)
    assert cam["image1:ArrayCounter_RBV"] == count
    assert cam.text("cam1:StatusMessage_RBV") == "Acquisition aborted"


def test_one_that_was_aborted_does_not_end_the_next(cam: Detector) -> None:
    cam.do("cam1:AcquireTime", 2.0)
    cam["cam1:Acquire"] = 1
    cam.wait_for(lambda: cam["cam1:Acquire_RBV"] == 1)
    cam.do("cam1:Acquire", 0)
    began = time.monotonic()
    cam.do("cam1:Acquire", 1)
    assert time.monotonic() - began >= 0.19


def test_with_external_triggers_it_waits_for_ever(cam: Detector) -> None:
    cam.do("cam1:TriggerMode", "External")
    before = cam["cam1:ArrayCounter_RBV"]
    cam["cam1:Acquire"] = 1
    time.sleep(0.2)
    assert (cam["cam1:Acquire_RBV"], cam["cam1:ArrayCounter_RBV"]) == (1, before)


def test_the_array_and_the_statistics_are_of_the_picture_that_was_taken(cam: Detector) -> None:
    cam.do("cam1:Acquire", 1)
    picture = cam["image1:ArrayData"].reshape(cam["image1:ArraySize1_RBV"], cam["image1:ArraySize0_RBV"])
    assert picture.shape == (256, 256)
    assert cam["Stats1:Total_RBV"] == picture.sum()
    assert (cam["Stats1:MinValue_RBV"], cam["Stats1:MaxValue_RBV"]) == (picture.min(), picture.max())
    assert cam["Stats1:UniqueId_RBV"] == cam["image1:UniqueId_RBV"] == cam["cam1:ArrayCounter_RBV"]


def test_a_longer_exposure_is_brighter_until_the_pixels_are_full(cam: Detector) -> None:
    totals = []
    for seconds in (0.1, 0.2, 5.0):
        cam.do("cam1:AcquireTime", seconds)
        cam.do("cam1:Acquire", 1)
        totals.append(cam["Stats1:Total_RBV"])
    assert totals[1] / totals[0] == pytest.approx(2, abs=0.2)
    assert cam["Stats1:MaxValue_RBV"] < 2**16
    assert totals[2] < 40 * totals[0]


def test_the_region_of_interest_is_what_is_taken(cam: Detector) -> None:
    for name, value in {"MinX": 100, "SizeX": 60, "MinY": 90, "SizeY": 40}.items():
        cam.do(f"cam1:{name}", value)
    cam.do("cam1:Acquire", 1)
    assert (cam["cam1:ArraySizeX_RBV"], cam["cam1:ArraySizeY_RBV"], cam["cam1:ArraySize_RBV"]) == (60, 40, 4800)
    assert (cam["image1:ArraySize0_RBV"], len(cam["image1:ArrayData"])) == (60, 2400)
    assert cam["Stats1:CentroidX_RBV"] == pytest.approx(28, abs=8)


def test_a_region_that_leaves_the_chip_ends_at_its_edge(cam: Detector) -> None:
    cam.do("cam1:MinX", 200)
    cam.do("cam1:Acquire", 1)
    assert cam["cam1:ArraySizeX_RBV"] == 56


def test_a_plugin_whose_callbacks_are_disabled_sees_nothing(cam: Detector) -> None:
    cam.do("Stats1:EnableCallbacks", "Disable")
    before = cam["Stats1:ArrayCounter_RBV"]
    cam.do("cam1:Acquire", 1)
    assert cam["Stats1:ArrayCounter_RBV"] == before


def test_what_was_captured_is_in_a_real_file(cam: Detector, tmp_path: Path) -> None:
    cam.do("cam1:ImageMode", "Multiple")
    cam.do("cam1:NumImages", 3)
    cam.capture(tmp_path)
    assert list(tmp_path.iterdir()) == []  # it is opened lazily
    first = cam["cam1:ArrayCounter_RBV"] + 1
    cam.do("cam1:Acquire", 1)
    path = Path(cam.text("HDF1:FullFileName_RBV"))
    assert (path.parent, path.name[:4], cam["HDF1:NumCaptured_RBV"]) == (tmp_path, "pic_", 3)
    with h5py.File(path, swmr=True) as file:  # while it is still captured into
        pictures = file["/entry/data/data"]
        assert pictures.shape == (3, 256, 256)
        assert np.array_equal(pictures[2].ravel(), cam["image1:ArrayData"])
        numbers = file["/entry/instrument/NDAttributes/NDArrayUniqueId"][:]
        assert numbers.tolist() == [first, first + 1, first + 2]
    cam["HDF1:Capture"] = 0
    cam.wait_for(lambda: cam["HDF1:Capture_RBV"] == 0)
    with h5py.File(path) as file:
        assert file["/entry/data/data"].shape == (3, 256, 256)


def test_a_capture_of_so_many_frames_completes_with_the_last(cam: Detector, tmp_path: Path) -> None:
    cam.do("cam1:ImageMode", "Continuous")
    for name, value in {"FilePath": str(tmp_path), "FileName": "n", "FileWriteMode": 2, "NumCapture": 5}.items():
        cam.do(f"HDF1:{name}", value)
    cam.do("HDF1:EnableCallbacks", 1)
    cam["cam1:Acquire"] = 1
    cam.do("HDF1:Capture", 1)
    assert (cam["HDF1:NumCaptured_RBV"], cam["HDF1:Capture_RBV"]) == (5, 0)
    with h5py.File(cam.text("HDF1:FullFileName_RBV")) as file:
        assert len(file["/entry/data/data"]) == 5


def test_the_next_capture_has_the_next_number(cam: Detector, tmp_path: Path) -> None:
    names = []
    for _ in range(2):
        cam.capture(tmp_path)
        cam.do("cam1:Acquire", 1)
        names.append(cam.text("HDF1:FullFileName_RBV"))
        cam["HDF1:Capture"] = 0
        cam.wait_for(lambda: cam["HDF1:Capture_RBV"] == 0)
    first, second = (int(name[-9:-3]) for name in names)
    assert second == first + 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"FilePath": "/nowhere/at/all"}, "there is no folder '/nowhere/at/all/': set FilePath"),
        ({"FileTemplate": "%s%s%s%d"}, "FileTemplate '%s%s%s%d' makes no file name"),
        ({"FileWriteMode": "Capture"}, "this writer only streams: set FileWriteMode to Stream"),
    ],
)
def test_what_cannot_be_written_is_reported_and_the_capture_ends(
    cam: Detector, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    cam.capture(tmp_path, **settings)
    if cam["HDF1:Capture_RBV"]:  # lazily: the first frame shows it
        cam.do("cam1:Acquire", 1)
    cam.wait_for(lambda: (cam["HDF1:WriteStatus"], cam["HDF1:Capture"], cam["HDF1:Capture_RBV"]) == (1, 0, 0))
    assert message in cam.text("HDF1:WriteMessage")
    cam.do("HDF1:FileTemplate", "%s%s_%6.6d.h5")
    cam.capture(tmp_path)
    cam.do("cam1:Acquire", 1)
    assert (cam["HDF1:WriteStatus"], cam["HDF1:NumCaptured_RBV"]) == (0, 1)


def test_folders_are_made_as_deep_as_allowed(cam: Detector, tmp_path: Path) -> None:
    cam.do("HDF1:FilePath", str(tmp_path / "2026" / "11"))
    assert cam["HDF1:FilePathExists_RBV"] == 0
    cam.do("HDF1:CreateDirectory", -2)
    cam.do("HDF1:FilePath", str(tmp_path / "2026" / "11"))
    assert cam["HDF1:FilePathExists_RBV"] == 1
    assert cam.text("HDF1:FilePath_RBV") == f"{tmp_path}/2026/11/"


def test_another_region_in_the_middle_of_a_file_is_refused_and_what_was_written_stays(
    cam: Detector, tmp_path: Path
) -> None:
    cam.capture(tmp_path)
    cam.do("cam1:Acquire", 1)
    cam.do("cam1:SizeX", 100)
    cam.do("cam1:Acquire", 1)
    assert cam.text("HDF1:WriteMessage") == "a frame of 100 x 256 px does not fit a file of 256 x 256"
    cam.wait_for(lambda: cam["HDF1:Capture_RBV"] == 0)
    with h5py.File(cam.text("HDF1:FullFileName_RBV")) as file:
        assert file["/entry/data/data"].shape == (1, 256, 256)
