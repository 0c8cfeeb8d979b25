"""Pictures of which each has a file of its own: TIFF, JPEG, and numpy's format.

It never knows who wrote the files.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from beamshell.store.readers import Array, FrameRequest, one_or_all


class FrameFiles:
    """A reader of points whose frames have a file each.

    Args:
        name: the path of a frame, from its piece and the number of the frame.
        load: the frame from its path, an array.
    """

    def __init__(self, name: Callable[[FrameRequest, int], Path], load: Callable[[Path], Array]) -> None:
        self._name = name
        self._load = load

    def __call__(self, piece: FrameRequest) -> Array:
        """One point: (height, width), or (n, height, width) if a point has n > 1 frames."""
        return one_or_all(np.stack([self._load(path) for path in self.paths(piece)]))

    def paths(self, piece: FrameRequest) -> list[Path]:
        """The files of the frames of one point."""
        return [self._name(piece, frame) for frame in piece.frames(axes=2)]


def _from_template(piece: FrameRequest, frame: int) -> Path:
    """As the documents say it: "{:06d}.tiff" for the number alone, "%s%s_%6.6d.tiff" for folder, name and number."""
    template = str(piece.parameters["template"])
    if "{" in template:
        return piece.path / template.format(frame)
    if template.count("%") == 1:
        return piece.path / (template % frame)
    return Path(template % (f"{piece.path}/", piece.parameters["filename"], frame))


def _numbered_npy(piece: FrameRequest, frame: int) -> Path:
    return piece.path.with_name(f"{piece.path.name}_{frame}.npy")


def _load_picture(path: Path) -> Array:
    from PIL import Image  # matplotlib brings it along

    with Image.open(path) as picture:
        return np.asarray(picture)


def _load_npy(path: Path) -> Array:
    array: Array = np.load(path, allow_pickle=False)
    return array


read_tiff = FrameFiles(_from_template, _load_picture)
read_jpeg = FrameFiles(_from_template, _load_picture)
read_npy = FrameFiles(_numbered_npy, _load_npy)
