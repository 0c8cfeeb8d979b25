"""ArrayInFiles: the points of a data key whose values are in files, as Tiled registers them.

It opens no file, and knows no server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beamshell.arrays import np
from beamshell.store.asset_readers import AssetReaders, hdf5_dataset_names
from beamshell.store.frame_locations import FrameLocation

_HDF5 = "application/x-hdf5"
_MIMETYPES = {
    _HDF5: _HDF5,
    "AD_HDF5": _HDF5,
    "multipart/related;type=image/tiff": "multipart/related;type=image/tiff",
    "AD_TIFF": "multipart/related;type=image/tiff",
    "multipart/related;type=image/jpeg": "multipart/related;type=image/jpeg",
    "NPY_SEQ": "multipart/related;type=application/x-npy",
}
"""The kinds of files that Tiled reads, by the mimetype or the spec in the documents."""

_BYTES_OF_CHUNK = 8_000_000


@dataclass(frozen=True)
class ArrayInFiles:
    """The points of a data key whose values are in files, as one array.

    Attributes:
        mimetype: of the files.
        parameters: that Tiled's reader needs.
        uris: of the files, in the order of the array.
        shape: of the array; its first axis counts the frames.
        dtype: such as "<u2".
        frames_of_chunk: how many frames are read at once.
    """

    mimetype: str
    parameters: dict[str, Any]
    uris: Sequence[str]
    shape: tuple[int, ...]
    dtype: str
    frames_of_chunk: int


def array_in_files(
    about: Mapping[str, Any], locations: Sequence[FrameLocation], assets: AssetReaders
) -> ArrayInFiles | None:
    """The array of a data key; None if Tiled does not read such files, or nobody has recorded the type of the values.

    Args:
        about: the data key, as the descriptor has it.
        locations: of its points, in their order.
        assets: knows the paths of files.

    Raises:
        StoreError: the data are in no file.
        ValueError: the documents do not say which frames of the file the points are.
    """
    dtype = about.get("dtype_numpy")
    if not (locations and isinstance(dtype, str) and locations[0].kind in _MIMETYPES):
        return None
    mimetype = _MIMETYPES[locations[0].kind]
    shape = locations[0].shape
    frame = tuple(shape[1:] if len(shape) > 2 or shape[:1] == (1,) else shape)
    parameters: dict[str, Any] = {}
    if mimetype == _HDF5:
        frames_of_file: dict[str, int] = {}
        for location in locations:
            request = location.request(assets.roots)
            (path,) = assets.paths(location)
            frames_of_file[str(path)] = max(frames_of_file.get(str(path), 0), request.frames(len(frame)).stop)
        paths, frames = list(frames_of_file), sum(frames_of_file.values())
        parameters = {"dataset": hdf5_dataset_names(locations[0].request(assets.roots))[0], "swmr": True}
        frames_of_chunk = max(1, _BYTES_OF_CHUNK // max(1, int(np.prod(frame)) * np.dtype(dtype).itemsize))
    else:
        paths = [str(path) for location in locations for path in assets.paths(location)]
        frames, frames_of_chunk = len(paths), 1
    uris = [f"file://localhost{path}" for path in paths]  # with blanks: Tiled takes a %20 for three letters
    return ArrayInFiles(mimetype, parameters, uris, (frames, *frame), dtype, frames_of_chunk)
