"""Hdf5File: an HDF5 file of pictures that grows frame by frame, in the layout of areaDetector's file writer.

It knows no record. Flushed frames survive a kill -9, and can be read while the next one is written (SWMR).
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Any

import numpy.typing as npt

from beamshell.errors import IocError

DATASET = "/entry/data/data"
_ATTRIBUTES = "/entry/instrument/NDAttributes"
_EPICS_EPOCH_S = 631152000  # 1990-01-01, where EPICS time stamps begin, in seconds since 1970
_FRAMES_A_CHUNK = 1024  # of the small numbers beside the pictures


class Hdf5File:
    """A new file, open for writing.

    Args:
        path: must not be there yet.
        shape: (height, width) of every frame.
        dtype: of the pixels.
        swmr: let others read while it is written.

    Raises:
        IocError: h5py is not installed.
        OSError: it cannot be made.
    """

    def __init__(self, path: Path, shape: tuple[int, int], dtype: npt.DTypeLike, *, swmr: bool) -> None:
        try:
            import h5py
        except ImportError as exc:
            raise IocError('writing HDF5 files needs h5py: pip install "beamshell[hdf5]"') from exc
        self.path = path
        self.shape = shape
        self.frames = 0
        try:
            self._file: Any = h5py.File(path, "x", libver="latest" if swmr else ("v110", "latest"))
        except OSError as exc:
            raise _system_error(exc, path) from exc
        try:
            self._data, self._beside = self._lay_out(shape, dtype)
            if swmr:
                self._file.swmr_mode = True  # from here on nothing can be added but frames
            self._file.flush()
        except BaseException:
            self.close()
            raise

    def _lay_out(self, shape: tuple[int, int], dtype: npt.DTypeLike) -> tuple[Any, dict[str, Any]]:
        """The groups of ADCore's default layout, which is NeXus's."""
        file = self._file
        for group, kind in {"entry": "NXentry", "entry/data": "NXdata", "entry/instrument": "NXinstrument"}.items():
            file.create_group(group).attrs["NX_class"] = kind
        file.attrs["default"], file["entry"].attrs["default"] = "entry", "data"
        file["entry/data"].attrs["signal"] = "data"
        data = file.create_dataset(DATASET, (0, *shape), dtype, maxshape=(None, *shape), chunks=(1, *shape))
        kinds = {
            "NDArrayUniqueId": "i4",
            "NDArrayTimeStamp": "f8",
            "NDArrayEpicsTSSec": "u4",
            "NDArrayEpicsTSnSec": "u4",
        }
        beside = {
            name: file.create_dataset(f"{_ATTRIBUTES}/{name}", (0,), kind, maxshape=(None,), chunks=(_FRAMES_A_CHUNK,))
            for name, kind in kinds.items()
        }
        return data, beside

    def append(self, frame: npt.NDArray[Any], unique_id: int, timestamp: float) -> None:
        """Add one frame and flush it.

        Args:
            frame: pixels (height, width).
            unique_id: the number that the camera gave to it.
            timestamp: seconds since 1970-01-01 UTC.

        Raises:
            IocError: it is not of the file's shape.
            OSError: it could not be written.
        """
        if frame.shape != self.shape:
            height, width = self.shape
            raise IocError(
                f"a frame of {frame.shape[1]} x {frame.shape[0]} px does not fit a file of {width} x {height}"
            )
        seconds = int(timestamp)
        row = {
            "NDArrayUniqueId": unique_id,
            "NDArrayTimeStamp": timestamp - _EPICS_EPOCH_S,
            "NDArrayEpicsTSSec": seconds - _EPICS_EPOCH_S,
            "NDArrayEpicsTSnSec": int((timestamp - seconds) * 1e9),
        }
        try:
            for dataset, value in [(self._data, frame), *((self._beside[name], row[name]) for name in row)]:
                dataset.resize(self.frames + 1, axis=0)
                dataset[self.frames] = value
                dataset.flush()
        except (OSError, RuntimeError) as exc:  # h5py has both for a full disk
            _BROKEN.append(self)
            raise _system_error(exc, self.path) from exc
        self.frames += 1

    def close(self) -> None:
        """Close it. One that could not be written to stays open, with the frames that it has.

        Raises:
            OSError: the disk refused at the last moment.
        """
        if self in _BROKEN:
            return
        try:
            self._file.close()
        except (OSError, RuntimeError) as exc:
            _BROKEN.append(self)
            raise _system_error(exc, self.path) from exc


_BROKEN: list[Hdf5File] = []
"""Files that could not be written, kept for ever: the library crashes the process when such a file is closed."""


def _system_error(failure: Exception, path: Path) -> OSError:
    """The system's error alone: the library's message has four lines."""
    number = re.search(r"errno = (\d+)", str(failure))
    if number is None:
        return OSError(f"{path}: {failure}")
    return OSError(int(number[1]), os.strerror(int(number[1])), str(path))


def make_folder(folder: Path, levels: int) -> bool:
    """Whether the folder is there, after at most `levels` of its last parts were made if they were missing."""
    with contextlib.suppress(OSError):
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        if missing and len(missing) <= levels:
            folder.mkdir(parents=True, exist_ok=True)
    return os.path.isdir(folder)
