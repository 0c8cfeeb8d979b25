"""The pictures of a run, read from their files one at a time, and the files themselves.

It never knows where the documents come from, nor what a file looks like inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np

from beamshell.errors import MissingLibrary, StoreError, UnknownName
from beamshell.store.frame_locations import FrameLocation, Pieces
from beamshell.store.readers import Array, FrameRequest, Reader, built_in_readers, paths_of
from beamshell.store.table import aligned

_MOST_SHOWN = 20  # files of a repr


class AssetReaders:
    """How external files are found and read.

    Attributes:
        readers: by the mimetype of a stream resource or the spec of a resource, the function that reads one point.
        roots: by folders that files were written to, where those are now.
    """

    def __init__(self) -> None:
        self.readers: dict[str, Reader] = built_in_readers()
        self.roots: dict[str, str] = {}

    def read(self, place: FrameLocation, what: str) -> Array:
        """The data of one point.

        Args:
            place: where they lie.
            what: what they are, for messages: "run 12, cam_image of point 3".

        Raises:
            StoreError: they cannot be read; the message tells run, point, file and what to do.
            MissingLibrary: a package is not installed; the message tells its extra.
        """
        reader = self.readers.get(place.kind)
        if reader is None:
            raise StoreError(
                f"{what}: nobody knows how to read {place.kind!r}: runs.readers[{place.kind!r}] = function "
                f"(known are {', '.join(self.readers)})"
            )
        piece = place.piece(self.roots)
        with _told_as_store_errors(piece, what):
            return np.asarray(reader(piece))

    def paths(self, place: FrameLocation) -> list[Path]:
        """The files that hold the data of one point, there or not."""
        return paths_of(self.readers.get(place.kind), place.piece(self.roots))


@contextmanager
def _told_as_store_errors(piece: FrameRequest, what: str) -> Iterator[None]:
    try:
        yield
    except (StoreError, MissingLibrary):
        raise
    except FileNotFoundError as exc:
        path = Path(exc.filename or piece.path)
        folder = next((str(above) for above in path.parents if not above.is_dir()), str(path.parent))
        raise StoreError(
            f"{what}: {path} is not there. If it was moved, say where to: runs.roots[{folder!r}] = '/the/new/folder'"
        ) from exc
    except IndexError as exc:
        raise StoreError(f"{what}: {piece.path} does not hold it, or not yet: {exc}") from exc
    except Exception as exc:  # readers may be anybody's, and so may the files be
        raise StoreError(f"{what}: {piece.path} cannot be read: {type(exc).__name__}: {exc}") from exc


class Images(Sequence[Array]):
    """The pictures of one data key, one a point and in their order; each is read when it is asked for.

    `images[0]` is the first, `images[-1]` the last, `images[2:5]` are three of them, not yet read; `at(3)` is that of
    point 3. `numpy.asarray(images)` reads them all into one array.

    Attributes:
        key: the data key.
        points: the numbers of the points, as the table shows them.
    """

    def __init__(self, key: str, places: Mapping[int, FrameLocation], library: AssetReaders, run: str) -> None:
        self.key = key
        self.points = list(places)
        self._places = places
        self._library = library
        self._run = run

    def __len__(self) -> int:
        return len(self.points)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> Images: ...
    def __getitem__(self, index: int | slice) -> Array | Images:
        if isinstance(index, slice):
            return Images(self.key, {p: self._places[p] for p in self.points[index]}, self._library, self._run)
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
        if point not in self._places:
            raise UnknownName(f"{self._run} has no {self.key} of point {point}: {self._which()}")
        return self._read(point)

    def _which(self) -> str:
        if not self.points:
            return "there is none at all"
        first, last = self.points[0], self.points[-1]
        return f"there are those of {len(self)} points, numbered from {first} to {last}; -1 is the last"

    def _read(self, point: int) -> Array:
        return self._library.read(self._places[point], f"{self._run}, {self.key} of point {point}")

    def __array__(self, dtype: np.dtype[np.generic] | None = None, copy: bool | None = None) -> Array:
        """All of them: shape (points, height, width)."""
        if not self:
            return np.empty((0,), dtype=dtype)
        first = self[0]
        everything = np.empty((len(self), *first.shape), dtype=dtype or first.dtype)
        everything[0] = first
        for place, point in enumerate(self.points[1:], start=1):
            picture = self._read(point)
            if picture.shape != first.shape:
                raise StoreError(
                    f"{self._run}: {self.key} of point {point} has shape {picture.shape}, the first {first.shape}: "
                    "they do not fit into one array, take them one by one"
                )
            everything[place] = picture
        return everything

    def __repr__(self) -> str:
        files = {path for place in self._places.values() for path in self._library.paths(place)}
        where = str(next(iter(files))) if len(files) == 1 else f"{len(files)} files"
        return f"{len(self)} pictures {self.key} of {self._run} in {where}"


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
        """Whether it is there."""
        return self.size is not None


class FileList(list[ExternalFile]):
    """Files that show themselves as a table."""

    def __repr__(self) -> str:
        rows = [["points", "size", "of", "file"]]
        rows += [[str(f.points), _size(f.size), ", ".join(f.keys), str(f.path)] for f in self[:_MOST_SHOWN]]
        lines = aligned([row[:-1] for row in rows])  # the paths come last and flush left
        more = [f"... {len(self) - _MOST_SHOWN} more"] if len(self) > _MOST_SHOWN else []
        return "\n".join([*(f"{line}  {row[-1]}" for line, row in zip(lines, rows, strict=True)), *more])


def files_of(pieces: Pieces, library: AssetReaders) -> FileList:
    """The files that the documents of a run tell of."""
    points: dict[Path, set[tuple[str, int]]] = {}
    keys: dict[Path, dict[str, None]] = {}
    for stream, names in pieces.keys.items():
        for key in names:
            for number, place in pieces.places(stream, key).items():
                for path in library.paths(place):
                    points.setdefault(path, set()).add((stream, number))
                    keys.setdefault(path, {})[key] = None
    return FileList(ExternalFile(path, tuple(keys[path]), len(points[path])) for path in points)


def find_key(pieces: Pieces, name: str, stream: str | None, run: str) -> tuple[str, str]:
    """Stream and data key that a name stands for: that of a key, or of a device that has only one.

    Raises:
        UnknownName: none or several; the message names those there are.
    """
    streams = [stream] if stream else sorted(pieces.keys, key=lambda one: one != "primary")
    for one in streams:
        keys = pieces.keys.get(one, {})
        if name in keys:
            return one, name
        of_device = [key for key, device in keys.items() if device == name]
        if len(of_device) > 1:
            raise UnknownName(f"{name} has several in {run}: say which of {', '.join(of_device)}")
        if of_device:
            return one, of_device[0]
    raise UnknownName(f"{run} has no pictures {name!r}: {_instead(pieces, name, streams)}")


def _instead(pieces: Pieces, name: str, streams: Iterable[str]) -> str:
    in_table = [key for key, device in pieces.in_table.items() if name in (key, device)]
    if in_table:
        return f"its values are in the table: run.table()[{in_table[0]!r}]"
    there = list(dict.fromkeys(key for one in streams for key in pieces.keys.get(one, {})))
    if not there:
        return "it has no external data at all"
    near = get_close_matches(name, there, n=1)
    return f"did you mean {near[0]!r}? There are {', '.join(there)}" if near else f"there are {', '.join(there)}"


def _size(size: int | None) -> str:
    if size is None:
        return "MISSING"
    power = min(4, (len(str(size)) - 1) // 3)
    return f"{size / 1000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB')[power]}"
