"""Who wants to hear of a signal, and what each has heard last.

It knows no signal and no thread: `Subscriptions.deliver` runs in whichever thread calls it.
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

    __slots__ = ("callback", "event_type", "heard")

    def __init__(self, callback: Callable[..., Any], event_type: str, heard: Reading | None) -> None:
        self.callback = callback
        self.event_type = event_type
        self.heard = heard


class Subscriptions:
    """The subscribers of one signal, by token, in the order they came."""

    def __init__(self) -> None:
        self._by_token: dict[int, _Subscriber] = {}

    def add(self, callback: Callable[..., Any], event_type: str, heard: Reading | None = None) -> int:
        """The token of a new subscription, whose callback needs to hear only what comes after `heard`."""
        token = next(_tokens)
        # A new dict each time, so that a delivery under way goes through the one it started with.
        self._by_token = {**self._by_token, token: _Subscriber(callback, event_type, heard)}
        return token

    def remove(self, token: int) -> None:
        """Forget one subscription; harmless if it is forgotten already."""
        self._by_token = {key: found for key, found in self._by_token.items() if key != token}

    def remove_callback(self, callback: Callable[..., Any], event_type: str | None = None) -> None:
        """Forget every subscription of `callback` (to `event_type` only, if given)."""
        self._by_token = {
            token: found
            for token, found in self._by_token.items()
            if found.callback != callback or event_type not in (None, found.event_type)
        }

    def clear(self) -> None:
        """Forget all."""
        self._by_token = {}

    def wants(self, event_type: str) -> bool:
        """True if somebody subscribed to `event_type`."""
        return any(found.event_type == event_type for found in self._by_token.values())

    def deliver(self, event_type: str, reading: Reading, **facts: Any) -> None:
        """Call who wants `event_type` and has not heard this very reading; `old_value` is what each heard last."""
        by_token = self._by_token
        for token, found in by_token.items():
            if found.event_type != event_type or found.heard is reading or token not in self._by_token:
                continue
            old, found.heard = found.heard, reading
            try:
                found.callback(
                    value=reading["value"],
                    old_value=None if old is None else old["value"],
                    timestamp=reading["timestamp"],
                    severity=reading.get("alarm_severity", 0),
                    sub_type=event_type,
                    **facts,
                )
            except Exception:  # the other subscribers still have to hear of it
                logger.exception("%s: a subscriber failed", getattr(facts.get("obj"), "name", event_type))
