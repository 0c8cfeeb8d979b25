"""Reads the pictures of one point from the files that a detector has written: HDF5, TIFF, JPEG, npy, or a site's own.

A reader knows a file and the documents about it, and neither the run nor its other points. No file stays open between
two calls, so a file may be read while it grows. h5py and PIL are imported with the first picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from beamshell.arrays import np
from beamshell.errors import MissingLibrary, StoreError
from beamshell.store.frame_locations import FrameLocation, FrameRequest
from beamshell.text.lists import listed

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

Reader: TypeAlias = Callable[[FrameRequest], Array]
"""Reads one point. It may have an attribute `paths`: a function that returns the files of a request.

Its exceptions become a StoreError that names run, point and file: FileNotFoundError if the file is gone, IndexError if
it ends before this point. MissingLibrary, if a package is not installed, is passed on.
"""

_HDF5_DATASETS = ("/entry/data/data", "/entry/instrument/detector/data")
"""The paths at which area detectors write (NeXus), for documents that name no path."""


class AssetReaders:
    """The readers by kind of file, and the folders that were moved.

    Attributes:
        readers: by the mimetype of a stream resource or the spec of a resource, the function that reads one point.
        roots: today's folders by the folders that files were written to.
    """

    def __init__(self) -> None:
        self.readers: dict[str, Reader] = {
            "application/x-hdf5": read_hdf5,
            "multipart/related;type=image/tiff": read_pictures,
            "multipart/related;type=image/jpeg": read_pictures,
            "AD_HDF5": read_hdf5,
            "AD_TIFF": read_pictures,
            "NPY_SEQ": read_npy,
        }
        self.roots: dict[str, str] = {}

    def read(self, location: FrameLocation, label: str) -> Array:
        """The data of one point.

        Args:
            location: file and frames of the point.
            label: the name of the data in messages: "run 12, cam_image of point 3".

        Raises:
            StoreError: they cannot be read; the message says run, point, file and what to do.
            MissingLibrary: a package is not installed; the message says its extra.
        """
        reader = self.readers.get(location.kind)
        if reader is None:
            raise StoreError(
                f"{label}: no reader for {location.kind!r}: runs.readers[{location.kind!r}] = function "
                f"(there are {listed(self.readers)})"
            )
        request = location.request(self.roots)
        with _failures_as_store_errors(request, label):
            return np.asarray(reader(request))

    def paths(self, location: FrameLocation) -> list[Path]:
        """The files that hold the data of one point, whether they exist or not."""
        request = location.request(self.roots)
        paths_of: Callable[[FrameRequest], list[Path]] | None
        paths_of = getattr(self.readers.get(location.kind), "paths", None)
        return [request.path] if paths_of is None else paths_of(request)


@contextmanager
def _failures_as_store_errors(request: FrameRequest, label: str) -> Iterator[None]:
    try:
        yield
    except (StoreError, MissingLibrary):
        raise
    except FileNotFoundError as exc:
        path = Path(exc.filename or request.path)
        folder = next((str(above) for above in path.parents if not above.is_dir()), str(path.parent))
        raise StoreError(
            f"{label}: {path} is not there. If it was moved, say where to: runs.roots[{folder!r}] = '/the/new/folder'"
        ) from exc
    except IndexError as exc:
        raise StoreError(f"{label}: {request.path} does not hold it, or not yet: {exc}") from exc
    except Exception as exc:  # a reader of a site may raise anything
        raise StoreError(f"{label}: {request.path} cannot be read: {type(exc).__name__}: {exc}") from exc


# ---- a file for each frame -----------------------------------------------------------------------


class FrameFiles:
    """A reader of points whose frames have a file each.

    Args:
        path_of: the path of a frame, from the request and the number of the frame.
        load: the frame from its path, an array.
    """

    def __init__(self, path_of: Callable[[FrameRequest, int], Path], load: Callable[[Path], Array]) -> None:
        self._path_of = path_of
        self._load = load

    def __call__(self, request: FrameRequest) -> Array:
        """One point: (height, width), or (n, height, width) if a point has n > 1 frames."""
        return _one_or_all(np.stack([self._load(path) for path in self.paths(request)]))

    def paths(self, request: FrameRequest) -> list[Path]:
        """The files of the frames of one point."""
        return [self._path_of(request, frame) for frame in request.frames(axes=2)]


def _path_by_template(request: FrameRequest, frame: int) -> Path:
    """As the documents say it: "{:06d}.tiff" for the number alone, "%s%s_%6.6d.tiff" for folder, name and number."""
    template = str(request.parameters["template"])
    if "{" in template:
        return request.path / template.format(frame)
    if template.count("%") == 1:
        return request.path / (template % frame)
    return Path(template % (f"{request.path}/", request.parameters["filename"], frame))


def _load_picture(path: Path) -> Array:
    from PIL import Image  # matplotlib depends on it

    with Image.open(path) as picture:
        return _as_written(np.asarray(picture), getattr(picture, "tag_v2", {}))


_BITS_PER_SAMPLE, _SAMPLE_FORMAT = 258, 339
_WHOLE = {1: "u", 2: "i"}  # by sample format


def _as_written(pixels: Array, tags: Mapping[int, Any]) -> Array:
    """Whole numbers of a TIFF in the type that its tags say (TIFF 6.0): PIL takes uint32 and int16 for int32."""
    bits, formats = set(tags.get(_BITS_PER_SAMPLE, ())), set(tags.get(_SAMPLE_FORMAT, ()))
    if bits not in ({8}, {16}, {32}) or formats not in ({1}, {2}) or pixels.dtype.kind not in "iu":
        return pixels
    written = np.dtype(f"{_WHOLE[formats.pop()]}{bits.pop() // 8}")
    return pixels.view(written) if pixels.itemsize == written.itemsize else pixels.astype(written)


def _load_npy(path: Path) -> Array:
    array: Array = np.load(path, allow_pickle=False)
    return array


read_pictures = FrameFiles(_path_by_template, _load_picture)
read_npy = FrameFiles(lambda request, frame: request.path.with_name(f"{request.path.name}_{frame}.npy"), _load_npy)


# ---- HDF5: all points in one dataset -------------------------------------------------------------


def read_hdf5(request: FrameRequest) -> Array:
    """One point of a dataset: (height, width), or (n, height, width) if a point has n > 1 frames.

    Raises:
        MissingLibrary: h5py is not installed.
        OSError: the file is gone, or is no HDF5 file that can be read now.
        LookupError: there is no such dataset in it, or it ends before this point.
    """
    with open_hdf5(request.path) as file:
        dataset = hdf5_dataset(file, request)
        frames = request.frames(axes=dataset.ndim - 1)
        if len(dataset) < frames.stop:
            raise IndexError(f"{dataset.name} has {len(dataset)} frames, and this point ends with number {frames.stop}")
        return _one_or_all(dataset[frames.start : frames.stop])


def require_h5py() -> Any:
    """The library of HDF5 files.

    Raises:
        MissingLibrary: it is not installed; the message says its extra.
    """
    try:
        import h5py
    except ImportError as exc:
        raise MissingLibrary('HDF5 files need h5py: pip install "beamshell[hdf5]"') from exc
    return h5py


def open_hdf5(path: Path) -> Any:
    """The file opened beside its writer (SWMR); that opens finished files too, and those that a killed writer left.

    Without a lock, which could stop the writer; HDF5 wants one where the writer is this very process.

    Raises:
        MissingLibrary: h5py is not installed.
        OSError: the file is gone, or is no HDF5 file that can be read now.
    """
    h5py = require_h5py()
    try:
        return h5py.File(path, "r", swmr=True, locking=False)
    except OSError as exc:
        if "locking flag" in str(exc):
            return h5py.File(path, "r", swmr=True)
        if "SWMR" in str(exc):
            raise OSError(f"its writer has not closed it yet; if it was killed, this helps: h5clear -s {path}") from exc
        raise


def hdf5_dataset(file: Any, request: FrameRequest) -> Any:
    """The dataset of the request in its open file.

    Raises:
        KeyError: there is none.
    """
    names = hdf5_dataset_names(request)
    for name in names:
        if name in file:
            return file[name]
    raise KeyError(f"there is no dataset {names[0]}")


def hdf5_dataset_names(request: FrameRequest) -> Sequence[str]:
    """The name of the dataset that the documents record, or those that area detectors give to it."""
    recorded = request.parameters.get("dataset") or request.parameters.get("path")
    return [str(recorded)] if recorded else _HDF5_DATASETS


def _one_or_all(frames: Array) -> Array:
    """A single frame without the axis that counts the frames."""
    return frames[0] if len(frames) == 1 else frames
