"""SubscribedView: a table or plot that a person subscribes; while its run is open, BestEffort shows none of that kind.

It knows neither tables nor plots.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.documents import Document
from beamshell.documents.router import RunReceiver, RunRouter


class Claims:
    """The kinds of views ("table", "plot") that a person has subscribed, run by run."""

    def __init__(self) -> None:
        self._afterwards: dict[tuple[str, str], list[Callable[[], Any]]] = {}

    def claim(self, run: str, kind: str) -> None:
        """Note that the run with this uid is shown by a subscribed view of this kind."""
        self._afterwards.setdefault((run, kind), [])

    def is_claimed(self, run: str, kind: str) -> bool:
        """True if the run is shown by a subscribed view of this kind."""
        return (run, kind) in self._afterwards

    def after(self, run: str, kind: str, function: Callable[[], Any]) -> None:
        """Call `function` when the subscribed view of this kind has ended; at once if there is none."""
        if self.is_claimed(run, kind):
            self._afterwards[run, kind].append(function)
        else:
            function()

    def release(self, run: str, kind: str) -> None:
        """Note that the view has ended, and call the functions that wait for that."""
        for function in self._afterwards.pop((run, kind), ()):
            function()


claims = Claims()
"""Shared by all callbacks of the process: documents arrive in one thread."""


class SubscribedView(RunRouter):
    """A subscriber `f(name, document)` that shows each run, and claims its kind for as long as the run is open.

    Args:
        open_run: makes what shows the run from its start document; None if this run is not to be shown.
        kind: what is shown: "table" or "plot".
    """

    def __init__(self, open_run: Callable[[Document], RunReceiver | None], kind: str) -> None:
        super().__init__(open_run)
        self._kind = kind

    def __call__(self, name: str, doc: Document) -> None:
        """Take one document."""
        if name == "start":
            claims.claim(doc["uid"], self._kind)
        super().__call__(name, doc)
        if name == "stop":
            claims.release(doc["run_start"], self._kind)
