"""PictureFile: the documents of one file of pictures: its path, and the events that its points belong to.

Pure: it opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

MIMETYPE = "application/x-hdf5"
DATASET = "/entry/data/data"

Asset = tuple[str, dict[str, Any]]


class PictureFile:
    """A file, from its first picture to its last.

    Args:
        uid: identifier of the file in the documents.
        path: where it is, for those who read it.
        data_key: what its pictures are called in the descriptor.
    """

    def __init__(self, uid: str, path: str, data_key: str) -> None:
        self.path = path
        self._uid = uid
        self._data_key = data_key
        self._announced = False
        self._documents = 0

    def documents(self, start: int, stop: int, shape: tuple[int, int]) -> Iterator[Asset]:
        """That the points from `start` up to `stop` (not with it) are the next events; the file itself comes first.

        Args:
            start: counted from 0 in the order of the file.
            stop: the number of points before the first that does not belong.
            shape: (height, width) of a picture.
        """
        if not self._announced:
            self._announced = True
            yield "stream_resource", self._resource(shape)
        indices = {"start": start, "stop": stop}
        uid = f"{self._uid}/{self._documents}"
        self._documents += 1
        # The engine knows the events that these points are, and fills in their descriptor and numbers.
        unknown = {"descriptor": "", "seq_nums": {"start": 0, "stop": 0}}
        yield "stream_datum", {"uid": uid, "stream_resource": self._uid, "indices": indices, **unknown}

    def _resource(self, shape: tuple[int, int]) -> dict[str, Any]:
        return {
            "uid": self._uid,
            "data_key": self._data_key,
            "mimetype": MIMETYPE,
            "uri": f"file://localhost{quote(str(PurePosixPath('/') / self.path))}",
            "parameters": {"dataset": DATASET, "chunk_shape": [1, *shape]},
        }
