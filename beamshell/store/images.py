"""Images: the pictures of a run as a sequence; FileList: the files that hold them.

It knows neither the source of the documents nor the format of a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, overload

from beamshell.arrays import np
from beamshell.errors import StoreError, UnknownName
from beamshell.store.asset_readers import Array, AssetReaders
from beamshell.store.frame_locations import FrameLocation, FrameLocations
from beamshell.text.lists import listed
from beamshell.text.nearest import did_you_mean
from beamshell.text.numbers import file_size
from beamshell.text.window import table_in_window

_MOST_LISTED = 20  # files of a repr


class Images(Sequence[Array]):
    """The pictures of one data key, one for each point, in order; each is read when it is used.

    `images[0]` is the first, `images[-1]` the last, `images[2:5]` are three of them, not yet read; `at(3)` is that of
    point 3. `numpy.asarray(images)` reads them all into one array.

    Attributes:
        key: the data key.
        points: the numbers of the points, as the table shows them.
    """

    def __init__(self, key: str, locations: Mapping[int, FrameLocation], readers: AssetReaders, run: str) -> None:
        self.key = key
        self.points = list(locations)
        self._locations = locations
        self._readers = readers
        self._run = run

    def __len__(self) -> int:
        return len(self.points)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> Images: ...
    def __getitem__(self, index: int | slice) -> Array | Images:
        if isinstance(index, slice):
            locations = {point: self._locations[point] for point in self.points[index]}
            return Images(self.key, locations, self._readers, self._run)
        return self._read(self.points[index])

    def at(self, point: int) -> Array:
        """The picture of one point.

        Args:
            point: its number as the table shows it, from 1; -1 is the last.

        Raises:
            UnknownName: there is no such point.
            StoreError: its file cannot be read.
        """
        if point < 0 and -point <= len(self):
            return self._read(self.points[point])
        if point not in self._locations:
            raise UnknownName(f"{self._run} has no {self.key} of point {point}: {self._available_points()}")
        return self._read(point)

    def _available_points(self) -> str:
        if not self.points:
            return "it has none"
        first, last = self.points[0], self.points[-1]
        return f"there are those of {len(self)} points, numbered from {first} to {last}; -1 is the last"

    def _read(self, point: int) -> Array:
        return self._readers.read(self._locations[point], f"{self._run}, {self.key} of point {point}")

    def __array__(self, dtype: np.dtype[np.generic] | None = None, copy: bool | None = None) -> Array:
        """All pictures as one array: shape (points, height, width)."""
        if not self:
            return np.empty((0,), dtype=dtype)
        first = self[0]
        everything = np.empty((len(self), *first.shape), dtype=dtype or first.dtype)
        everything[0] = first
        for index, point in enumerate(self.points[1:], start=1):
            picture = self._read(point)
            if picture.shape != first.shape:
                raise self._misfit("shape", point, picture.shape, first.shape)
            if dtype is None and picture.dtype != first.dtype:
                raise self._misfit("type", point, picture.dtype, first.dtype)
            everything[index] = picture
        return everything

    def _misfit(self, word: str, point: int, own: object, of_first: object) -> StoreError:
        return StoreError(
            f"{self._run}: {self.key} of point {point} has {word} {own}, the first {of_first}: "
            "they do not fit into one array, take them one by one"
        )

    def __repr__(self) -> str:
        files = {path for location in self._locations.values() for path in self._readers.paths(location)}
        location = str(next(iter(files))) if len(files) == 1 else f"{len(files)} files"
        return f"{len(self)} pictures {self.key} of {self._run} in {location}"


class ExternalFile(NamedTuple):
    """One file that belongs to a run."""

    path: Path
    keys: tuple[str, ...]
    """The data keys whose values are in it."""
    points: int
    """How many points."""

    @property
    def size(self) -> int | None:
        """Bytes; None if the file is not there."""
        try:
            return self.path.stat().st_size
        except OSError:
            return None

    @property
    def exists(self) -> bool:
        """Whether the file exists."""
        return self.size is not None


class FileList(list[ExternalFile]):
    """Files that show themselves as a table."""

    def __repr__(self) -> str:
        rows = [["points", "size", "of", "file"]]
        for file in self[:_MOST_LISTED]:
            size = "MISSING" if file.size is None else file_size(file.size)
            rows.append([str(file.points), size, listed(file.keys), str(file.path)])
        more = [f"... {len(self) - _MOST_LISTED} more"] if len(self) > _MOST_LISTED else []
        return "\n".join([table_in_window(rows, left_aligned=[3]), *more])


def files_of(frames: FrameLocations, readers: AssetReaders) -> FileList:
    """The files that the documents of a run name."""
    points: dict[Path, set[tuple[str, int]]] = {}
    keys: dict[Path, dict[str, None]] = {}
    for stream, names in frames.keys.items():
        for key in names:
            for number, location in frames.locations(stream, key).items():
                for path in readers.paths(location):
                    points.setdefault(path, set()).add((stream, number))
                    keys.setdefault(path, {})[key] = None
    return FileList(ExternalFile(path, tuple(keys[path]), len(points[path])) for path in points)


def find_key(frames: FrameLocations, name: str, stream: str | None, run: str) -> tuple[str, str]:
    """Stream and data key for a name: the name of the key, or of a device that has only one.

    Raises:
        UnknownName: none or several; the message names those there are.
    """
    streams = [stream] if stream else sorted(frames.keys, key=lambda each: each != "primary")
    for each in streams:
        keys = frames.keys.get(each, {})
        if name in keys:
            return each, name
        of_device = [key for key, device in keys.items() if device == name]
        if len(of_device) > 1:
            raise UnknownName(f"{name} has several in {run}: say which of {listed(of_device)}")
        if of_device:
            return each, of_device[0]
    raise UnknownName(f"{run} has no pictures {name!r}{_alternative(frames, name, streams)}")


def _alternative(frames: FrameLocations, name: str, streams: Iterable[str]) -> str:
    in_table = [key for key, device in frames.in_table.items() if name in (key, device)]
    if in_table:
        return f": its values are in the table: run.table()[{in_table[0]!r}]"
    keys = list(dict.fromkeys(key for stream in streams for key in frames.keys.get(stream, {})))
    return did_you_mean(name, keys) or ": it has no data in files"
