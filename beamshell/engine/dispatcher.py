"""Dispatcher: hands documents to their subscribers, in order, and reports those that fail.

Writers come first. A subscriber that raises keeps nobody else from the document. Tokens are never reused, and
references are strong: a subscription lasts until it is unsubscribed. It knows nothing of what the documents mean.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from beamshell.errors import UnknownKey

logger = logging.getLogger(__name__)

NAMES = (
    "start",
    "descriptor",
    "event",
    "event_page",
    "resource",
    "datum",
    "datum_page",
    "stream_resource",
    "stream_datum",
    "stop",
)

Failure = Callable[["Subscription", str, BaseException], None]


@dataclass(frozen=True)
class Subscription:
    """One subscriber.

    Attributes:
        token: what `unsubscribe` takes.
        function: called as ``function(name, document)``.
        name: "all", or the only kind of document it gets.
        writer: it stores data, so it is served before the others and its failure pauses the engine.
    """

    token: int
    function: Callable[[str, dict[str, Any]], Any]
    name: str = "all"
    writer: bool = False

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", None) or type(self.function).__qualname__
        return f"<{self.token}: {name} gets {self.name}{', a writer' if self.writer else ''}>"


class Dispatcher:
    """A list of subscriptions.

    Args:
        on_failure: called for each subscriber that raised, after the others were served.
    """

    def __init__(self, on_failure: Failure | None = None) -> None:
        self.on_failure = on_failure or _log
        self._tokens = itertools.count()
        self._subscriptions: dict[int, Subscription] = {}
        self._by_name: dict[str, tuple[Subscription, ...]] = dict.fromkeys(NAMES, ())
        self._left_out: frozenset[int] = frozenset()

    def subscribe(self, function: Callable[..., Any], name: str = "all", *, writer: bool = False) -> int:
        """Add a subscriber; its token.

        Raises:
            UnknownKey: there are no documents of this name.
        """
        name = str(getattr(name, "name", name))
        if name != "all" and name not in NAMES:
            raise UnknownKey(f"no documents are called {name!r}: there are {', '.join(NAMES)} and 'all'")
        if not callable(function):
            raise TypeError(f"a subscriber is a function f(name, doc), not {function!r}")
        token = next(self._tokens)
        self._subscriptions[token] = Subscription(token, function, name, writer)
        self._sort()
        return token

    def unsubscribe(self, token: int) -> None:
        """Take a subscriber away; a token that is gone already does nothing."""
        if self._subscriptions.pop(token, None) is not None:
            self._sort()

    def unsubscribe_all(self) -> None:
        """Take all subscribers away."""
        self._subscriptions.clear()
        self._sort()

    @contextmanager
    def without(self, tokens: Iterable[int]) -> Iterator[None]:
        """A block in which these subscribers get nothing: those of a paused call, while another plan runs beside it."""
        self._left_out = frozenset(tokens)
        self._sort()
        try:
            yield
        finally:
            self._left_out = frozenset()
            self._sort()

    def listing(self) -> tuple[Subscription, ...]:
        """The subscriptions, in the order in which they are served."""
        return tuple(sorted(self._subscriptions.values(), key=lambda sub: (not sub.writer, sub.token)))

    def process(self, name: str, doc: dict[str, Any]) -> None:
        """Hand a document to all subscribers of its name."""
        failures: list[tuple[Subscription, BaseException]] = []
        waiting = iter(self._by_name[name])
        served = False
        while not served:
            try:
                for subscription in waiting:
                    subscription.function(name, doc)
                served = True
            except (Exception, KeyboardInterrupt) as exc:  # the operator may break into one that hangs
                failures.append((subscription, exc))
        for failed, error in failures:
            self.on_failure(failed, name, error)

    def _sort(self) -> None:
        ordered = [sub for sub in self.listing() if sub.token not in self._left_out]
        self._by_name = {name: tuple(sub for sub in ordered if sub.name in ("all", name)) for name in NAMES}


def _log(subscription: Subscription, name: str, exc: BaseException) -> None:
    logger.error("%r failed with a %s document", subscription, name, exc_info=exc)


def subscribers_of_call(subs: Any) -> list[tuple[str, Any]]:
    """(name, function) pairs from what may be given as the subscribers of one call."""
    if subs is None:
        return []
    if isinstance(subs, Mapping):
        return [(name, f) for name, fs in subs.items() for f in (fs if isinstance(fs, list | tuple) else [fs])]
    if isinstance(subs, list | tuple):
        return [("all", function) for function in subs]
    return [("all", subs)]
