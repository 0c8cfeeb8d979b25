"""FrameLocations: the file and the frames of each point of a run, from the documents alone.

Pure: it opens no file. Of a point that was measured again after a pause, the last measurement counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.errors import StoreError


@dataclass(frozen=True, slots=True)
class FrameRequest:
    """The data of one point in a file, in today's folders: what a reader is given."""

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
        """The number of the point in the file's own order, from 0.

        Raises:
            ValueError: the documents do not say it.
        """
        for number in (self.index, self.arguments.get("point_number"), self.arguments.get("index")):
            if number is not None:
                return int(number)
        raise ValueError(f"the documents do not say which part of the file it is: {dict(self.arguments)}")

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


@dataclass(frozen=True, slots=True)
class FrameLocation:
    """The data of one point in a file, as the documents recorded it."""

    resource: Document
    shape: tuple[int, ...]
    index: int | None
    arguments: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The key of its reader: the mimetype, or the spec."""
        return str(self.resource.get("mimetype") or self.resource.get("spec", "")).replace(" ", "")

    def request(self, roots: Mapping[str, str]) -> FrameRequest:
        """The request for a reader, in today's folders.

        Args:
            roots: today's folders by the folders that files were written to.

        Raises:
            StoreError: the data are in no file.
        """
        parameters = self.resource.get("parameters") or self.resource.get("resource_kwargs") or {}
        path = moved_path(recorded_path(self.resource), roots)
        return FrameRequest(path, parameters, self.shape, self.index, self.arguments)


class _DatumName(NamedTuple):
    """A point whose event names its datum: the documents that say where the datum is may come later."""

    name: str
    shape: tuple[int, ...]


class FrameLocations(RunReceiver):
    """Takes the documents of one run and notes where its external data are.

    Args:
        documents: of the run, as far as they are there.

    Attributes:
        keys: by stream, the data keys whose values are in files, each with the name of its device.
        in_table: the data keys of all streams whose values are in the documents themselves, with those names too.
    """

    def __init__(self, documents: Iterable[tuple[str, Document]] = ()) -> None:
        super().__init__()
        self.keys: dict[str, dict[str, str]] = {}
        self.in_table: dict[str, str] = {}
        self._resources: dict[str, Document] = {}
        self._datums: dict[str, Document] = {}
        self._points: dict[tuple[str, str], dict[int, FrameLocation | _DatumName]] = {}
        self.take(documents)

    def locations(self, stream: str, key: str) -> dict[int, FrameLocation]:
        """By sequence number, in its order, where each point of one key is.

        Raises:
            StoreError: the documents that say so are missing.
        """
        points = self._points.get((stream, key), {})
        return {number: self._location(points[number], stream, key) for number in sorted(points)}

    def _location(self, point: FrameLocation | _DatumName, stream: str, key: str) -> FrameLocation:
        if isinstance(point, FrameLocation):
            return point
        datum = self._datums.get(point.name)
        resource = self._resources.get(datum["resource"]) if datum else None
        if datum is None or resource is None:
            raise StoreError(f"{key} of stream {stream!r}: no document of this run says where {point.name!r} is")
        return FrameLocation(resource, point.shape, None, datum["datum_kwargs"])

    # ---- documents --------------------------------------------------------------------------

    def descriptor(self, descriptor: Document) -> None:
        """Note which keys are external, and whose."""
        owners = {key: device for device, keys in (descriptor.get("object_keys") or {}).items() for key in keys}
        external = external_keys(descriptor)
        in_files = self.keys.setdefault(_stream(descriptor), {})
        for key, about in descriptor["data_keys"].items():
            device = owners.get(key) or (about or {}).get("object_name", key)
            (in_files if key in external else self.in_table)[key] = device

    def resource(self, resource: Document) -> None:
        """Note a file."""
        self._resources[resource["uid"]] = resource

    stream_resource = resource

    def datum(self, datum: Document) -> None:
        """Note a part of a file."""
        self._datums[datum["datum_id"]] = datum

    def stream_datum(self, descriptor: Document, datum: Document) -> None:
        """Note a range of points in a file."""
        resource = self._resources.get(datum["stream_resource"])
        if resource is None:
            return  # a damaged line was left out
        key = resource.get("data_key", "")
        shape = _shape(descriptor, key)
        points = self._points.setdefault((_stream(descriptor), key), {})
        indices, numbers = (range(datum[of]["start"], datum[of]["stop"]) for of in ("indices", "seq_nums"))
        for index, number in zip(indices, numbers, strict=False):
            points[number] = FrameLocation(resource, shape, index, {})

    def event(self, descriptor: Document, event: Document) -> None:
        """Note the datum that a point names as the value of an external key."""
        for key in external_keys(descriptor):
            if isinstance(name := event["data"].get(key), str):
                points = self._points.setdefault((_stream(descriptor), key), {})
                points[event["seq_num"]] = _DatumName(name, _shape(descriptor, key))


def external_keys(descriptor: Document) -> list[str]:
    """The keys whose values are in files."""
    return [key for key, about in descriptor["data_keys"].items() if about and about.get("external")]


def recorded_path(resource: Document) -> str:
    """The path of a file as the documents have it, with slashes.

    Raises:
        StoreError: it is on no file system.
    """
    if "uri" in resource:
        parts = urlsplit(resource["uri"])
        if parts.scheme not in ("file", ""):
            raise StoreError(f"{resource['uri']} is no file: register a reader for it in runs.readers")
        return unquote(parts.path)
    family = PureWindowsPath if resource.get("path_semantics") == "windows" else PurePosixPath
    return family(resource.get("root", ""), resource["resource_path"]).as_posix()


def moved_path(path: str, roots: Mapping[str, str]) -> Path:
    """The path where its folder is now; the longest of the `roots` that it is in counts.

    Args:
        path: as recorded, with slashes.
        roots: today's folders by the folders that files were written to.
    """
    recorded = PurePosixPath(path)
    new_by_old = {PureWindowsPath(old).as_posix() if "\\" in old else old: new for old, new in roots.items()}
    for old in sorted(new_by_old, key=len, reverse=True):
        if recorded.is_relative_to(old):
            return Path(new_by_old[old], recorded.relative_to(old))
    return Path(recorded)


def _shape(descriptor: Document, key: str) -> tuple[int, ...]:
    return tuple((descriptor["data_keys"].get(key) or {}).get("shape") or ())


def _stream(descriptor: Document) -> str:
    return str(descriptor.get("name", "primary"))
