"""Which data of a run lie in files, and where in them each point is: read from the run's documents alone.

Pure: it opens no file. Of a point that was measured again after a pause, the last measurement counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from beamshell.documents.router import DocumentRouter
from beamshell.documents.types import Document
from beamshell.errors import StoreError
from beamshell.store.readers import FrameRequest


@dataclass(frozen=True, slots=True)
class FrameLocation:
    """Where one point lies, as the documents tell it: `resource` and the part of it."""

    resource: Document
    shape: tuple[int, ...]
    index: int | None
    arguments: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """What a reader is registered for: the mimetype, or the spec."""
        return str(self.resource.get("mimetype") or self.resource.get("spec", "")).replace(" ", "")

    def piece(self, roots: Mapping[str, str]) -> FrameRequest:
        """The same for a reader, in the folders of today.

        Args:
            roots: by the folders of then, those of now.
        """
        parameters = self.resource.get("parameters") or self.resource.get("resource_kwargs") or {}
        path = moved(told_path(self.resource), roots)
        return FrameRequest(path, parameters, self.shape, self.index, self.arguments)


class _Datum(NamedTuple):
    """One point of which the event says only the name: the documents that tell more may come later."""

    name: str
    shape: tuple[int, ...]


class Pieces(DocumentRouter):
    """A receiver of the documents of one run that notes where its external data lie.

    Attributes:
        keys: by stream, the data keys whose values lie in files, each with the name of its device.
        in_table: the data keys of all streams whose values are in the documents themselves, with those names too.
    """

    def __init__(self, documents: Iterable[tuple[str, Document]] = ()) -> None:
        self.keys: dict[str, dict[str, str]] = {}
        self.in_table: dict[str, str] = {}
        self._descriptors: dict[str, Document] = {}
        self._resources: dict[str, Document] = {}
        self._datums: dict[str, Document] = {}
        self._told: dict[tuple[str, str], dict[int, FrameLocation | _Datum]] = {}
        for name, doc in documents:
            self(name, doc)

    def places(self, stream: str, key: str) -> dict[int, FrameLocation]:
        """By sequence number, in its order, where each point of one key lies.

        Raises:
            StoreError: the documents that say so are missing.
        """
        told = self._told.get((stream, key), {})
        return {number: self._place(told[number], stream, key) for number in sorted(told)}

    def _place(self, told: FrameLocation | _Datum, stream: str, key: str) -> FrameLocation:
        if isinstance(told, FrameLocation):
            return told
        datum = self._datums.get(told.name)
        resource = self._resources.get(datum["resource"]) if datum else None
        if datum is None or resource is None:
            raise StoreError(f"{key} of stream {stream!r}: no document of this run says where {told.name!r} lies")
        return FrameLocation(resource, told.shape, None, datum["datum_kwargs"])

    # ---- documents --------------------------------------------------------------------------

    def descriptor(self, doc: Document) -> None:
        """Note which keys are external, and whose."""
        self._descriptors[doc["uid"]] = doc
        owners = {key: device for device, keys in (doc.get("object_keys") or {}).items() for key in keys}
        external = external_keys(doc)
        in_files = self.keys.setdefault(_stream(doc), {})
        for key, about in doc["data_keys"].items():
            device = owners.get(key) or (about or {}).get("object_name", key)
            (in_files if key in external else self.in_table)[key] = device

    def resource(self, doc: Document) -> None:
        """A file."""
        self._resources[doc["uid"]] = doc

    stream_resource = resource

    def datum(self, doc: Document) -> None:
        """A part of a file."""
        self._datums[doc["datum_id"]] = doc

    def stream_datum(self, doc: Document) -> None:
        """A range of points in a file."""
        resource, descriptor = self._resources.get(doc["stream_resource"]), self._descriptors.get(doc["descriptor"])
        if resource is None or descriptor is None:
            return  # a damaged line was left out
        key = resource.get("data_key", "")
        shape = _shape(descriptor, key)
        told = self._told.setdefault((_stream(descriptor), key), {})
        for index, number in zip(_range(doc["indices"]), _range(doc["seq_nums"]), strict=False):
            told[number] = FrameLocation(resource, shape, index, {})

    def event(self, doc: Document) -> None:
        """A point: the value of an external key names its datum."""
        descriptor = self._descriptors.get(doc["descriptor"])
        if descriptor is None:
            return
        for key in external_keys(descriptor):
            if isinstance(name := doc["data"].get(key), str):
                told = self._told.setdefault((_stream(descriptor), key), {})
                told[doc["seq_num"]] = _Datum(name, _shape(descriptor, key))


def external_keys(descriptor: Document) -> list[str]:
    """The keys whose values lie in files."""
    return [key for key, about in descriptor["data_keys"].items() if about and about.get("external")]


def told_path(resource: Document) -> str:
    """The path of a file as the documents have it, with slashes.

    Raises:
        StoreError: it is on no file system.
    """
    if "uri" in resource:
        parts = urlsplit(resource["uri"])
        if parts.scheme not in ("file", ""):
            raise StoreError(f"{resource['uri']} is no file: register a reader that knows what to do with it")
        return unquote(parts.path)
    family = PureWindowsPath if resource.get("path_semantics") == "windows" else PurePosixPath
    return family(resource.get("root", ""), resource["resource_path"]).as_posix()


def moved(path: str, roots: Mapping[str, str]) -> Path:
    """The path where its folder is now; the longest of the `roots` that it lies in counts."""
    now = PurePosixPath(path)
    known = {PureWindowsPath(old).as_posix() if "\\" in old else old: new for old, new in roots.items()}
    for old in sorted(known, key=len, reverse=True):
        if now.is_relative_to(old):
            return Path(known[old], now.relative_to(old))
    return Path(now)


def _shape(descriptor: Document, key: str) -> tuple[int, ...]:
    return tuple((descriptor["data_keys"].get(key) or {}).get("shape") or ())


def _stream(descriptor: Document) -> str:
    return str(descriptor.get("name", "primary"))


def _range(told: Mapping[str, int]) -> range:
    return range(told["start"], told["stop"])
