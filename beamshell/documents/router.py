"""Bring each document to the method, or to the run, that it is for.

It never knows what its receivers do with documents, and changes none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from beamshell.documents.types import Document
from beamshell.protocols import Callback


class DocumentRouter:
    """A subscriber with one method a kind of document; override those that matter.

    Pages are taken apart, so whoever cares about single points overrides `event` alone. A kind that this
    version does not know is let pass.
    """

    def __call__(self, name: str, doc: Document) -> None:
        """Hand the document to the method of its name."""
        if name in _KINDS:
            getattr(self, name)(doc)

    def start(self, doc: Document) -> None:
        """A run is opened."""

    def descriptor(self, doc: Document) -> None:
        """A stream begins, or its configuration has changed."""

    def event(self, doc: Document) -> None:
        """A point was measured."""

    def event_page(self, doc: Document) -> None:
        """Many points were measured: each goes to `event`, unless this is overridden."""
        for event in events_of(doc):
            self.event(event)

    def stop(self, doc: Document) -> None:
        """The run is closed."""

    def resource(self, doc: Document) -> None:
        """A file is announced."""

    def datum(self, doc: Document) -> None:
        """A part of a file is announced."""

    def datum_page(self, doc: Document) -> None:
        """Many parts of a file are announced: each goes to `datum`, unless this is overridden."""
        for datum in datums_of(doc):
            self.datum(datum)

    def stream_resource(self, doc: Document) -> None:
        """A growing file is announced."""

    def stream_datum(self, doc: Document) -> None:
        """A range of points has arrived in a growing file."""


_KINDS = frozenset(name for name in vars(DocumentRouter) if not name.startswith("_"))


class RunFinder:
    """Says which run each document of an interleaved stream belongs to."""

    def __init__(self) -> None:
        self._run_of: dict[str, str] = {}  # uid of a run, descriptor or resource -> uid of its run
        self._newest: list[str] = []  # open runs, the newest last

    def run_of(self, name: str, doc: Document) -> str | None:
        """The uid of the run; None if its start was not seen, or it is closed.

        A resource that names no run belongs to the one opened last. After a stop document the run is forgotten.
        """
        if name == "start":
            return self._open(doc["uid"])
        run = self._run_of.get(doc.get(_PARENT.get(name, "run_start"), ""))
        if run is None and name in ("resource", "stream_resource") and "run_start" not in doc and self._newest:
            run = self._newest[-1]
        if run is not None and name in _PARENTS:
            self._run_of[doc["uid"]] = run
        elif run is not None and name == "stop":
            self._forget(run)
        return run

    def _open(self, uid: str) -> str:
        if uid not in self._newest:
            self._newest.append(uid)
        self._run_of[uid] = uid
        return uid

    def _forget(self, run: str) -> None:
        self._newest.remove(run)
        self._run_of = {uid: owner for uid, owner in self._run_of.items() if owner != run}


_PARENT = {
    "event": "descriptor",
    "event_page": "descriptor",
    "stream_datum": "descriptor",
    "datum": "resource",
    "datum_page": "resource",
}
_PARENTS = frozenset({"descriptor", "resource", "stream_resource"})


class RunRouter:
    """A subscriber that makes new subscribers for each run, and lets go of them at its stop.

    Args:
        factory: gets the start document and returns the run's subscribers `f(name, doc)`; none is fine.

    Example:
        >>> seen = []
        >>> router = RunRouter(lambda start: [lambda name, doc: seen.append(name)])
        >>> router("start", {"uid": "a", "time": 0.0})
        >>> seen
        ['start']
    """

    def __init__(self, factory: Callable[[Document], Iterable[Callback]]) -> None:
        self._factory = factory
        self._finder = RunFinder()
        self._subscribers: dict[str, list[Callback]] = {}

    def __call__(self, name: str, doc: Document) -> None:
        """Hand the document to the subscribers of its run; documents of unknown runs are let pass."""
        run = self._finder.run_of(name, doc)
        if run is None:
            return
        if name == "start":
            self._subscribers[run] = list(self._factory(doc))
        last = name == "stop"
        subscribers = self._subscribers.pop(run, []) if last else self._subscribers.get(run, [])
        for subscriber in subscribers:
            subscriber(name, doc)


def events_of(page: Document) -> Iterator[Document]:
    """The events that an event page holds, in its order."""
    for i, uid in enumerate(page["uid"]):
        yield {
            "uid": uid,
            "time": page["time"][i],
            "descriptor": page["descriptor"],
            "seq_num": page["seq_num"][i],
            "data": {key: values[i] for key, values in page["data"].items()},
            "timestamps": {key: values[i] for key, values in page["timestamps"].items()},
            "filled": {key: values[i] for key, values in page.get("filled", {}).items()},
        }


def datums_of(page: Document) -> Iterator[Document]:
    """The datums that a datum page holds, in its order."""
    for i, datum_id in enumerate(page["datum_id"]):
        yield {
            "datum_id": datum_id,
            "resource": page["resource"],
            "datum_kwargs": {key: values[i] for key, values in page["datum_kwargs"].items()},
        }
