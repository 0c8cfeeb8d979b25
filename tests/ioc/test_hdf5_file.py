"""The file of pictures: its layout, what is flushed, and what it refuses."""

from __future__ import annotations

import builtins
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from beamshell.errors import IocError
from beamshell.ioc.hdf5_file import DATASET, Hdf5File, make_folder

NOW = 1_700_000_000.25


def frame(value: int) -> np.ndarray:
    return np.full((4, 6), value, np.uint16)


@pytest.mark.parametrize("swmr", [True, False])
def test_frames_are_in_the_order_they_came_with_their_numbers_and_times(tmp_path: Path, swmr: bool) -> None:
    file = Hdf5File(tmp_path / "a.h5", (4, 6), "<u2", swmr=swmr)
    for number in range(3):
        file.append(frame(number), 10 + number, NOW)
    file.close()
    with h5py.File(tmp_path / "a.h5") as opened:
        assert opened[DATASET].shape == (3, 4, 6)
        assert opened[DATASET].chunks == (1, 4, 6)
        assert opened[DATASET][:, 0, 0].tolist() == [0, 1, 2]
        beside = opened["entry/instrument/NDAttributes"]
        assert beside["NDArrayUniqueId"][:].tolist() == [10, 11, 12]
        assert beside["NDArrayTimeStamp"][0] == NOW - 631152000
        assert beside["NDArrayEpicsTSSec"][0] == 1_700_000_000 - 631152000
        assert beside["NDArrayEpicsTSnSec"][0] == 250_000_000
        assert opened["entry"].attrs["NX_class"] == "NXentry"
        assert opened[opened.attrs["default"]]["data"].attrs["signal"] == "data"


def test_a_file_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    file = Hdf5File(tmp_path / "a.h5", (4, 6), "<u2", swmr=True)
    file.append(frame(7), 1, NOW)
    with h5py.File(tmp_path / "a.h5", swmr=True) as opened:
        assert opened[DATASET].shape == (1, 4, 6)
        file.append(frame(8), 2, NOW)
        opened[DATASET].refresh()
        assert opened[DATASET][1, 3, 5] == 8
    file.close()


DIES = """
import os, pathlib, signal, sys
import numpy as np
from beamshell.ioc.hdf5_file import Hdf5File
file = Hdf5File(pathlib.Path(sys.argv[1]), (4, 6), "<u2", swmr=True)
for number in range(5):
    file.append(np.full((4, 6), number, np.uint16), number, 1.7e9)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_loses_no_frame_that_was_finished(tmp_path: Path) -> None:
    died = subprocess.run([sys.executable, "-c", DIES, str(tmp_path / "a.h5")], timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
    with h5py.File(tmp_path / "a.h5", swmr=True) as opened:
        assert opened[DATASET][:, 0, 0].tolist() == [0, 1, 2, 3, 4]


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_text("precious")
    with pytest.raises(OSError, match="File exists"):
        Hdf5File(tmp_path / "a.h5", (4, 6), "<u2", swmr=True)
    assert (tmp_path / "a.h5").read_text() == "precious"


def test_a_folder_that_is_not_there_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"^\[Errno 2\] No such file or directory: '.*/none/a.h5'$"):
        Hdf5File(tmp_path / "none" / "a.h5", (4, 6), "<u2", swmr=True)


def test_a_frame_of_another_shape_is_refused_and_the_others_stay(tmp_path: Path) -> None:
    file = Hdf5File(tmp_path / "a.h5", (4, 6), "<u2", swmr=True)
    file.append(frame(1), 1, NOW)
    with pytest.raises(IocError, match=r"^a frame of 3 x 2 px does not fit a file of 6 x 4$"):
        file.append(np.zeros((2, 3), np.uint16), 2, NOW)
    file.append(frame(2), 3, NOW)
    file.close()
    with h5py.File(tmp_path / "a.h5") as opened:
        assert opened[DATASET][:, 0, 0].tolist() == [1, 2]


def test_without_h5py_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name == "h5py":
            raise ImportError("No module named 'h5py'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(IocError, match=r'^writing HDF5 files needs h5py: pip install "beamshell\[hdf5\]"$'):
        Hdf5File(tmp_path / "a.h5", (4, 6), "<u2", swmr=True)


@pytest.mark.parametrize(("levels", "made"), [(0, False), (2, False), (3, True), (5, True)])
def test_only_as_many_folders_are_made_as_were_allowed(tmp_path: Path, levels: int, made: bool) -> None:
    folder = tmp_path / "2026" / "11" / "22"
    assert make_folder(folder, levels) is made
    assert folder.is_dir() is made
    assert make_folder(tmp_path, 0)


def test_a_file_in_the_way_of_a_folder_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not make_folder(tmp_path / "file", 3)
    assert not make_folder(tmp_path / "file" / "below", 3)
