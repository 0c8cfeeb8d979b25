"""RunRouter: hands each document of an interleaved stream to the receiver of its run.

It knows no receiver, and changes no document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from beamshell.documents import Document


class RunReceiver:
    """Takes the documents of one run, one after the other; override the methods that matter.

    Events and stream datums come with the descriptor of their stream. Pages are split, so a receiver of single points
    overrides `event` alone. Documents of an unknown descriptor, and kinds of documents that this version does not know,
    are ignored.

    Example:
        >>> class Values(RunReceiver):
        ...     def event(self, descriptor, event):
        ...         print(descriptor["name"], event["data"])
        >>> values = Values()
        >>> values("descriptor", {"uid": "d", "run_start": "a", "name": "primary"})
        >>> values("event", {"uid": "e", "descriptor": "d", "data": {"det": 5}})
        primary {'det': 5}
    """

    def __init__(self) -> None:
        self._descriptors: dict[str, Document] = {}

    def __call__(self, name: str, doc: Document) -> None:
        """Hand one document to the method of its name."""
        if name in OF_A_STREAM:
            descriptor = self._descriptors.get(doc["descriptor"])
            if descriptor is not None:
                getattr(self, name)(descriptor, doc)
        elif name in _OF_A_RUN:
            if name == "descriptor":
                self._descriptors[doc["uid"]] = doc
            getattr(self, name)(doc)

    def take(self, documents: Iterable[tuple[str, Document]]) -> None:
        """Take many documents, such as those of a stored run."""
        for name, doc in documents:
            self(name, doc)

    def start(self, start: Document) -> None:
        """The run is opened."""

    def descriptor(self, descriptor: Document) -> None:
        """A stream begins, or its configuration has changed."""

    def event(self, descriptor: Document, event: Document) -> None:
        """A point was measured in the stream of `descriptor`."""

    def event_page(self, descriptor: Document, page: Document) -> None:
        """Many points were measured: each goes to `event`, unless this is overridden."""
        for event in events_of(page):
            self.event(descriptor, event)

    def stream_datum(self, descriptor: Document, datum: Document) -> None:
        """A range of points has arrived in a growing file."""

    def resource(self, resource: Document) -> None:
        """A file is announced."""

    def stream_resource(self, resource: Document) -> None:
        """A growing file is announced."""

    def datum(self, datum: Document) -> None:
        """A part of a file is announced."""

    def datum_page(self, page: Document) -> None:
        """Many parts of a file are announced: each goes to `datum`, unless this is overridden."""
        for datum in datums_of(page):
            self.datum(datum)

    def stop(self, stop: Document) -> None:
        """The run is closed; nothing follows."""


class RunReceivers(RunReceiver):
    """Hands each descriptor, event and stop of one run on to other receivers, in their order.

    Args:
        receivers: of the same run; they may be others later.
    """

    def __init__(self, *receivers: RunReceiver) -> None:
        super().__init__()
        self.receivers: Sequence[RunReceiver] = receivers

    def descriptor(self, descriptor: Document) -> None:
        """Hand on a descriptor."""
        for receiver in self.receivers:
            receiver.descriptor(descriptor)

    def event(self, descriptor: Document, event: Document) -> None:
        """Hand on a point."""
        for receiver in self.receivers:
            receiver.event(descriptor, event)

    def stop(self, stop: Document) -> None:
        """Hand on the end of the run."""
        for receiver in self.receivers:
            receiver.stop(stop)


OF_A_STREAM = frozenset({"event", "event_page", "stream_datum"})
"""The kinds of documents that name the descriptor of their stream."""
_OF_A_RUN = frozenset({"start", "descriptor", "resource", "stream_resource", "datum", "datum_page", "stop"})
KINDS = OF_A_STREAM | _OF_A_RUN
"""The kinds of documents that this version knows."""


class RunFinder:
    """Finds the run of each document of an interleaved stream."""

    def __init__(self) -> None:
        self._run_of: dict[str, str] = {}  # uid of a run, descriptor or resource -> uid of its run
        self._open_runs: list[str] = []  # the newest last

    def run_of(self, name: str, doc: Document) -> str | None:
        """The uid of the run; None if its start was not seen, or it is closed.

        A resource that names no run belongs to the one opened last. After a stop document the run is forgotten.
        """
        if name == "start":
            return self._open(doc["uid"])
        run = self._run_of.get(doc.get(_PARENT.get(name, "run_start"), ""))
        if run is None and name in ("resource", "stream_resource") and "run_start" not in doc and self._open_runs:
            run = self._open_runs[-1]
        if run is not None and name in _PARENTS:
            self._run_of[doc["uid"]] = run
        elif run is not None and name == "stop":
            self._forget(run)
        return run

    def _open(self, uid: str) -> str:
        if uid not in self._open_runs:
            self._open_runs.append(uid)
        self._run_of[uid] = uid
        return uid

    def _forget(self, run: str) -> None:
        self._open_runs.remove(run)
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
    """A subscriber that opens a receiver for each run, and drops it at the run's stop.

    Documents of a run whose start was not seen, or that has no receiver, are ignored.

    Args:
        open_run: gets the start document and returns the run's receiver, or None. The start document is then also the
            first that the receiver gets.
    """

    def __init__(self, open_run: Callable[[Document], RunReceiver | None]) -> None:
        self._open_run = open_run
        self._finder = RunFinder()
        self._receivers: dict[str, RunReceiver] = {}

    def __call__(self, name: str, doc: Document) -> None:
        """Hand one document to the receiver of its run."""
        run = self._finder.run_of(name, doc)
        if run is None:
            return
        if name == "start" and (receiver := self._open_run(doc)) is not None:
            self._receivers[run] = receiver
        receiver = self._receivers.pop(run, None) if name == "stop" else self._receivers.get(run)
        if receiver is not None:
            receiver(name, doc)


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
