"""The documents of external files: each run has the resource of every file that its points are in.

A device announces a file once, however many runs its points belong to. It knows no device, and opens no file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from beamshell.documents import Document
from beamshell.errors import PlanError

_RESOURCES = ("resource", "stream_resource")
_RESOURCE_OF = {"stream_datum": "stream_resource", "datum": "resource", "datum_page": "resource"}
_MOST_FILES = 1000


class KnownFiles:
    """The resource documents of the last files of one engine, by uid, with the name of the document."""

    def __init__(self) -> None:
        self._by_uid: dict[str, tuple[str, Document]] = {}

    def add(self, name: str, resource: Document) -> None:
        """Remember a file; the oldest is forgotten when there are too many."""
        self._by_uid[resource["uid"]] = (name, resource)
        if len(self._by_uid) > _MOST_FILES:
            del self._by_uid[next(iter(self._by_uid))]

    def get(self, uid: str) -> tuple[str, Document] | None:
        """Name and document of the file with this uid; None if it is not known."""
        return self._by_uid.get(uid)


class RunFiles:
    """The files of one run.

    Args:
        known: the files of all runs.
        run_uid: of this run.
        uid: makes identifiers.
    """

    def __init__(self, known: KnownFiles, run_uid: str, uid: Callable[[], str]) -> None:
        self._known, self._run_uid, self._uid = known, run_uid, uid
        self._uids: dict[str, str] = {}  # uid of a resource as the device has it -> as this run has it

    def documents(self, name: str, doc: Document) -> Iterator[tuple[str, Document]]:
        """The documents to emit for one of a device: a datum is preceded by its resource, unless the run has that.

        A resource that another run has too gets a uid of its own, since a uid names one document.

        Raises:
            PlanError: it is no document of an external file.
        """
        if name in _RESOURCES:
            if doc["uid"] not in self._uids:
                yield name, self._announced(name, doc)
            return
        if name not in _RESOURCE_OF:
            raise PlanError(f"{name!r} is no document of an external file")
        resource_uid = doc[_RESOURCE_OF[name]]
        if resource_uid not in self._uids and (known := self._known.get(resource_uid)) is not None:
            yield known[0], self._announced(*known)
        yield name, {**doc, _RESOURCE_OF[name]: self._uids.get(resource_uid, resource_uid)}

    def _announced(self, name: str, doc: Document) -> Document:
        device_uid = doc["uid"]
        is_new = self._known.get(device_uid) is None
        uid = self._uids[device_uid] = device_uid if is_new else self._uid()
        resource = {**doc, "uid": uid, "run_start": self._run_uid}
        if is_new:
            self._known.add(name, resource)
        return resource
