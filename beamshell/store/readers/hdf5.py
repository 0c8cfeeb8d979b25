"""Pictures in an HDF5 file, all points in one dataset; also while it is written, and after its writer was killed.

It never knows who wrote the file. h5py is imported with the first picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from beamshell.errors import MissingLibrary
from beamshell.store.readers import Array, FrameRequest, one_or_all

_DATASETS = ("/entry/data/data", "/entry/instrument/detector/data")
"""Where area detectors write, for documents that do not tell."""


def read_hdf5(piece: FrameRequest) -> Array:
    """One point of a dataset: (height, width), or (n, height, width) if a point has n > 1 frames.

    Raises:
        MissingLibrary: h5py is not installed.
        OSError: the file is gone, or is no HDF5 file that can be read now.
        LookupError: there is no such dataset in it, or it ends before this point.
    """
    try:
        import h5py
    except ImportError as exc:
        raise MissingLibrary('HDF5 files need h5py: pip install "beamshell[hdf5]"') from exc
    with _opened(h5py, piece.path) as file:
        dataset = _dataset(file, piece)
        frames = piece.frames(axes=dataset.ndim - 1)
        if len(dataset) < frames.stop:
            raise IndexError(f"{dataset.name} has {len(dataset)} frames, and this point ends with number {frames.stop}")
        return one_or_all(dataset[frames.start : frames.stop])


def _opened(h5py: Any, path: Path) -> Any:
    """The file as a reader beside a writer, which opens finished files too, and those that a killed writer has left.

    Without a lock, which could stop the writer; HDF5 wants one where the writer is this very process.
    """
    try:
        return h5py.File(path, "r", swmr=True, locking=False)
    except OSError as exc:
        if "locking flag" in str(exc):
            return h5py.File(path, "r", swmr=True)
        if "SWMR" in str(exc):
            raise OSError(f"its writer has not closed it yet; if it was killed, this helps: h5clear -s {path}") from exc
        raise


def _dataset(file: Any, piece: FrameRequest) -> Any:
    told = piece.parameters.get("dataset") or piece.parameters.get("path")
    for name in [told] if told else _DATASETS:
        if name in file:
            return file[name]
    raise KeyError(f"there is no dataset {told or _DATASETS[0]}")
