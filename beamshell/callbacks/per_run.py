"""PerRun: hands each run's documents to a view of its own.

It never knows what a view shows. A callback of this room is a PerRun, so one instance serves many runs, also
interleaved ones, and a run's state disappears with its stop document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Document = dict[str, Any]


class View:
    """What shows one run. Each method may be left as it is: it does nothing."""

    def descriptor(self, descriptor: Document) -> None:
        """A stream begins, or its configuration has changed."""

    def event(self, descriptor: Document, event: Document) -> None:
        """A point was measured, in the stream that `descriptor` tells of."""

    def stop(self, stop: Document) -> None:
        """The run is closed; nothing follows."""


class PerRun:
    """A subscriber `f(name, document)` that opens a view for each run and feeds it.

    Args:
        open_view: makes the view from the start document; None if this run is not to be shown.
        kind: what its views are, such as "table"; the best-effort callback then shows no second one.
    """

    def __init__(self, open_view: Callable[[Document], View | None], *, kind: str | None = None) -> None:
        self._open_view = open_view
        self._kind = kind
        self._views: dict[str, View] = {}
        self._descriptors: dict[str, Document] = {}

    def __call__(self, name: str, doc: Document) -> None:
        """Take one document; names this room does not show are let pass."""
        handler = self._handlers.get(name)
        if handler is not None:
            handler(self, doc)

    def _start(self, doc: Document) -> None:
        if self._kind is not None:
            claims.claim(doc["uid"], self._kind)
        view = self._open_view(doc)
        if view is not None:
            self._views[doc["uid"]] = view

    def _descriptor(self, doc: Document) -> None:
        view = self._views.get(doc["run_start"])
        if view is not None:
            self._descriptors[doc["uid"]] = doc
            view.descriptor(doc)

    def _event(self, doc: Document) -> None:
        descriptor = self._descriptors.get(doc["descriptor"])
        if descriptor is not None:
            self._views[descriptor["run_start"]].event(descriptor, doc)

    def _event_page(self, doc: Document) -> None:
        for event in events_of(doc):
            self._event(event)

    def _stop(self, doc: Document) -> None:
        view = self._views.pop(doc["run_start"], None)
        self._descriptors = {
            uid: descriptor for uid, descriptor in self._descriptors.items() if descriptor["run_start"] in self._views
        }
        if view is not None:
            view.stop(doc)
        if self._kind is not None:
            claims.release(doc["run_start"], self._kind)

    _handlers: dict[str, Callable[[PerRun, Document], None]] = {
        "start": _start,
        "descriptor": _descriptor,
        "event": _event,
        "event_page": _event_page,
        "stop": _stop,
    }


def events_of(page: Document) -> Iterator[Document]:
    """The events of an event page, one after the other."""
    for row, seq_num in enumerate(page["seq_num"]):
        yield {
            "descriptor": page["descriptor"],
            "seq_num": seq_num,
            "time": page["time"][row],
            "data": {key: column[row] for key, column in page["data"].items()},
            "timestamps": {key: column[row] for key, column in page["timestamps"].items()},
        }


class Claims:
    """What somebody asked for by hand, run by run, so that the best-effort callback does not show it a second time."""

    def __init__(self) -> None:
        self._afterwards: dict[tuple[str, str], list[Callable[[], Any]]] = {}

    def claim(self, run: str, kind: str) -> None:
        """Note that `kind` ("table" or "plot") of the run with this uid is taken."""
        self._afterwards.setdefault((run, kind), [])

    def taken(self, run: str, kind: str) -> bool:
        """True if it was asked for by hand."""
        return (run, kind) in self._afterwards

    def after(self, run: str, kind: str, function: Callable[[], Any]) -> None:
        """Call `function` when what was asked for by hand has ended; at once if nothing was, or it has."""
        if self.taken(run, kind):
            self._afterwards[run, kind].append(function)
        else:
            function()

    def release(self, run: str, kind: str) -> None:
        """Forget what has ended."""
        for function in self._afterwards.pop((run, kind), ()):
            function()


claims = Claims()
"""Shared by all callbacks of the process: documents arrive in one thread."""
