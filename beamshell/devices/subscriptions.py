"""The subscribers of a signal, and the last reading that each of them was given.

It knows no signal and no thread; `Subscriptions.deliver` runs in the thread that calls it.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Any

from beamshell.protocols import Reading

logger = logging.getLogger(__name__)

_tokens = itertools.count(1)


class _Subscriber:
    """One callback, with the last reading that it was given."""

    __slots__ = ("callback", "event_type", "last")

    def __init__(self, callback: Callable[..., Any], event_type: str, last: Reading | None) -> None:
        self.callback = callback
        self.event_type = event_type
        self.last = last


class Subscriptions:
    """The subscribers of one signal by token, in the order they came."""

    def __init__(self) -> None:
        self._by_token: dict[int, _Subscriber] = {}

    def add(self, callback: Callable[..., Any], event_type: str, last: Reading | None = None) -> int:
        """The token of a new subscription; its callback is called only for what comes after the reading `last`."""
        token = next(_tokens)
        # A new dict each time: a delivery under way, in another thread, goes on with the one it started with.
        self._by_token = {**self._by_token, token: _Subscriber(callback, event_type, last)}
        return token

    def remove(self, token: int) -> None:
        """Forget one subscription; harmless if it is forgotten already."""
        self._by_token = {key: subscriber for key, subscriber in self._by_token.items() if key != token}

    def remove_callback(self, callback: Callable[..., Any], event_type: str | None = None) -> None:
        """Forget every subscription of `callback`, or only those to `event_type`."""
        self._by_token = {
            token: subscriber
            for token, subscriber in self._by_token.items()
            if subscriber.callback != callback or event_type not in (None, subscriber.event_type)
        }

    def clear(self) -> None:
        """Forget all."""
        self._by_token = {}

    def has(self, event_type: str) -> bool:
        """True if somebody subscribed to `event_type`."""
        return any(subscriber.event_type == event_type for subscriber in self._by_token.values())

    def deliver(self, event_type: str, reading: Reading, **keywords: Any) -> None:
        """Call all subscribers of `event_type` that were not given this very reading before.

        Args:
            event_type: such as "value".
            reading: the new reading; `old_value` is the value that each subscriber was given last.
            keywords: what the callbacks get besides.
        """
        by_token = self._by_token
        for token, subscriber in by_token.items():
            if subscriber.event_type != event_type or subscriber.last is reading or token not in self._by_token:
                continue
            old, subscriber.last = subscriber.last, reading
            try:
                subscriber.callback(
                    value=reading["value"],
                    old_value=None if old is None else old["value"],
                    timestamp=reading["timestamp"],
                    severity=reading.get("alarm_severity", 0),
                    sub_type=event_type,
                    **keywords,
                )
            except Exception:  # the other subscribers still have to be called
                logger.exception("%s: a subscriber failed", getattr(keywords.get("obj"), "name", event_type))
