"""Pictures of a run in its NeXus file: frames that stay in the detector's own files, mapped to the points of the run.

A frame is never copied. Those of HDF5 files are a virtual dataset, a frame a point, also where a point was measured
again; of other files the paths are kept. A file that is not there now is named (`@missing_files`): its frames read as
the fill value until it is there again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from beamshell.arrays import np
from beamshell.store.asset_readers import AssetReaders, hdf5_dataset, hdf5_dataset_names, open_hdf5
from beamshell.store.columns import Column
from beamshell.store.exports.nexus.values import Group, add_column, free_name, set_attributes
from beamshell.store.frame_locations import FrameLocation, FrameRequest
from beamshell.text.lists import listed
from beamshell.text.numbers import label

_HDF5 = frozenset({"application/x-hdf5", "AD_HDF5"})
_AXES_OF_PICTURE = 2


class Dataset(NamedTuple):
    """A dataset of frames in the detector's file."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class _Frames(NamedTuple):
    """The frames of one point, or of several points that follow one another in the file too."""

    dataset: Dataset
    points: range
    frames: range


def add_pictures(
    group: Group,
    key: str,
    locations: Mapping[int, FrameLocation],
    about: Mapping[str, Any],
    points: Iterable[int],
    readers: AssetReaders,
    folder: Path,
) -> Any:
    """A dataset of the pictures of one key, a row a point; of files of other kinds one of their paths.

    Args:
        group: where it goes.
        key: the data key.
        locations: by the number of the point, where its frames are.
        about: what the descriptor says of the key.
        points: the numbers of the points, in the order of the rows.
        readers: how files are found.
        folder: that of the NeXus file, from which paths of pictures count.
    """
    rows = {number: row for row, number in enumerate(points)}
    for number in sorted(locations.keys() - rows.keys()):  # a picture whose event is still to come
        rows[number] = len(rows)
    requests = {rows[number]: location.request(readers.roots) for number, location in locations.items()}
    files = sorted({path for location in locations.values() for path in readers.paths(location)})
    if all(location.kind in _HDF5 for location in locations.values()):
        frames = _frames_of(requests, about)
        if frames is not None:
            dataset = _virtual(group, key, frames, len(rows), folder)
            units = str(about.get("units") or "")
            set_attributes(dataset, long_name=label(key, units), **({"units": units} if units else {}))
            _name_files(dataset, files)
            return dataset
    dataset = add_column(group, f"{key}_files", _paths_of_rows(rows, locations, readers))
    _name_files(dataset, files)
    return dataset


def _paths_of_rows(rows: Mapping[int, int], locations: Mapping[int, FrameLocation], readers: AssetReaders) -> Column:
    """The path of each row; a list of them where a point has several; None where a point has no picture."""
    column: Column = np.empty(len(rows), dtype=object)
    for number, location in locations.items():
        paths = [str(path) for path in readers.paths(location)]
        column[rows[number]] = paths[0] if len(paths) == 1 else paths
    return column


def _name_files(dataset: Any, files: list[Path]) -> None:
    """Name the files that a dataset depends on, and those of them that are not there."""
    set_attributes(dataset, files=listed(map(str, files)))
    if missing := [str(path) for path in files if not path.exists()]:
        set_attributes(dataset, missing_files=listed(missing))


# ---- frames of HDF5 files --------------------------------------------------------------------------


def _frames_of(requests: Mapping[int, FrameRequest], about: Mapping[str, Any]) -> list[_Frames] | None:
    """The frames of all points, those that follow one another as one; None if it is not known which they are."""
    datasets: dict[tuple[Path, str], Dataset | None] = {}
    runs: list[_Frames] = []
    for row in sorted(requests):
        request = requests[row]
        place = (request.path, hdf5_dataset_names(request)[0])
        if place not in datasets:
            datasets[place] = _dataset_in_file(request) or _dataset_in_words(request, about)
        dataset = datasets[place]
        if dataset is None:
            return None
        frames = request.frames(axes=len(dataset.shape) - 1)
        last = runs[-1] if runs else None
        if last and last.dataset is dataset and last.frames.stop == frames.start and last.points.stop == row:
            runs[-1] = _Frames(dataset, range(last.points.start, row + 1), range(last.frames.start, frames.stop))
        else:
            runs.append(_Frames(dataset, range(row, row + 1), frames))
    counts = {len(run.frames) / len(run.points) for run in runs}
    kinds = {(run.dataset.shape[1:], run.dataset.dtype) for run in runs}
    return runs if len(counts) == 1 and len(kinds) == 1 else None


def _dataset_in_file(request: FrameRequest) -> Dataset | None:
    """The dataset as the file has it; None if it cannot be read now."""
    try:
        with open_hdf5(request.path) as file:
            dataset = hdf5_dataset(file, request)
            return Dataset(request.path, dataset.name, dataset.shape, dataset.dtype)
    except (OSError, LookupError, AttributeError):
        return None


def _dataset_in_words(request: FrameRequest, about: Mapping[str, Any]) -> Dataset | None:
    """The dataset as the documents describe it; None if they do not."""
    frame = request.shape[-_AXES_OF_PICTURE:]
    try:
        dtype = np.dtype(about["dtype_numpy"])
    except (LookupError, TypeError):
        return None
    is_known = len(frame) == _AXES_OF_PICTURE and all(type(length) is int for length in frame)
    return Dataset(request.path, hdf5_dataset_names(request)[0], (0, *frame), dtype) if is_known else None


def _virtual(group: Group, key: str, frames: list[_Frames], rows: int, folder: Path) -> Any:
    import h5py

    dataset = frames[0].dataset
    count = len(frames[0].frames) // len(frames[0].points)
    shape = (rows, *((count,) if count > 1 else ()), *dataset.shape[1:])
    layout = h5py.VirtualLayout(shape, dataset.dtype)
    for each in frames:
        stop = max(each.dataset.shape[0], each.frames.stop)
        source = h5py.VirtualSource(
            _path_from(folder, each.dataset.path), each.dataset.name, (stop, *dataset.shape[1:]), dataset.dtype
        )
        layout[each.points.start : each.points.stop] = source[each.frames.start : each.frames.stop]
    name = free_name(group, key)
    fill = np.nan if dataset.dtype.kind in "fc" else np.iinfo(dataset.dtype).max if dataset.dtype.kind in "iu" else 0
    virtual = group.create_virtual_dataset(name, layout, fillvalue=fill)
    set_attributes(virtual, fill_value=virtual.fillvalue, **({} if name == key else {"key": key}))
    return virtual


def _path_from(folder: Path, path: Path) -> str:
    """The path from the folder, so that both can be moved together; as it is if they have no folder in common."""
    own, other = os.path.realpath(folder), os.path.realpath(path)
    try:
        return os.path.relpath(other, own) if os.path.commonpath([own, other]) != os.sep else other
    except ValueError:
        return other
