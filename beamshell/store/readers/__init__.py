"""Readers: how the data of one point come out of the files that a detector has written.

They know a file and what the documents say of it, and never the run, its table or its other points. Nothing stays open
between two calls, so a file may be read while it grows and never hinders its writer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class FrameRequest:
    """Where the data of one point lie: what a reader is given."""

    path: Path
    """The file, or the folder or the beginning of the names if each picture has a file of its own."""
    parameters: Mapping[str, Any]
    """What the documents say of the whole file: `parameters` of a stream resource, `resource_kwargs` of a resource."""
    shape: tuple[int, ...] = ()
    """Of one point, as the descriptor has it; in a stream it begins with the number of frames."""
    index: int | None = None
    """The number of the point in the file's own order, from 0; None if `arguments` say it."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What the documents say of this point alone: `datum_kwargs`."""

    @property
    def number(self) -> int:
        """The number of the point in the file's own order, from 0, however it was told.

        Raises:
            ValueError: the documents do not tell it.
        """
        for told in (self.index, self.arguments.get("point_number"), self.arguments.get("index")):
            if told is not None:
                return int(told)
        raise ValueError(f"which part of the file it is is not told: {dict(self.arguments)}")

    def frames(self, axes: int) -> range:
        """The numbers of the frames of this point, counted from 0 through all points of the file.

        Args:
            axes: how many axes one frame has in the file, 2 for a picture.
        """
        if self.index is None:
            count = int(self.parameters.get("frame_per_point", 1))
        else:
            count = self.shape[0] if len(self.shape) > axes else 1
        return range(self.number * count, (self.number + 1) * count)


Reader: TypeAlias = Callable[[FrameRequest], Array]
"""Reads one point. It may have an attribute `paths`, which tells the files that a piece lies in.

What it raises becomes a StoreError that names run, point and file: FileNotFoundError if the file is gone, IndexError if
it ends before this point, MissingLibrary if a package is not installed.
"""


def built_in_readers() -> dict[str, Reader]:
    """The readers that come along, by the mimetype of a stream resource or the spec of a resource."""
    from beamshell.store.readers.frames import read_jpeg, read_npy, read_tiff
    from beamshell.store.readers.hdf5 import read_hdf5

    return {
        "application/x-hdf5": read_hdf5,
        "multipart/related;type=image/tiff": read_tiff,
        "multipart/related;type=image/jpeg": read_jpeg,
        "AD_HDF5": read_hdf5,
        "AD_TIFF": read_tiff,
        "NPY_SEQ": read_npy,
    }


def paths_of(reader: Reader | None, piece: FrameRequest) -> list[Path]:
    """The files that a piece lies in."""
    told: Callable[[FrameRequest], list[Path]] | None = getattr(reader, "paths", None)
    return [piece.path] if told is None else told(piece)


def one_or_all(frames: Array) -> Array:
    """A single frame without the axis that counts the frames."""
    return frames[0] if len(frames) == 1 else frames
