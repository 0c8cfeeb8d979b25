"""Logbook: a messenger that writes entries over HTTP, each of them once; a subclass is one kind of logbook.

Whether a doubtful entry has arrived, it asks the logbook. It knows no format of an entry.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from beamshell.errors import ConfigError, SinkDown
from beamshell.follow.discretion import Message
from beamshell.follow.messenger import Messenger
from beamshell.follow.picture import Picture

KINDS = ("completed", "failed", "aborted", "comment")
_TIMEOUT_S = 10.0


class Logbook(Messenger):
    """Override `has_entry` and `write_entry`.

    Args:
        url: where it answers; a user and a password in it are used, and shown nowhere.
        user: who writes; "" for a logbook without users.
        password: of that user: write it as "env:NAME" or "keyring:SERVICE/USER".
        kinds: of happenings that become entries.
        at_most_every: the time between two entries of one kind; "0" makes each happening an entry of its own.
        settings: those of a `Messenger`.

    Attributes:
        url: without user and password.
        user: who writes.
        password: of that user.

    Raises:
        ConfigError: the URL is none, a setting is wrong, or httpx is not installed.
    """

    def __init__(
        self,
        url: str,
        user: str = "",
        password: str = "",
        kinds: Collection[str] = KINDS,
        at_most_every: str = "0",
        **settings: Any,
    ) -> None:
        super().__init__(kinds=kinds, at_most_every=at_most_every, **settings)
        try:
            import httpx
        except ImportError as exc:
            raise ConfigError('httpx is not installed: pip install "beamshell[http]"') from exc
        try:
            address = httpx.URL(url)
        except (httpx.InvalidURL, TypeError) as exc:
            raise ConfigError("the url of the logbook is none: write it like https://olog.example.org/Olog") from exc
        if address.scheme not in ("http", "https") or not address.host:
            raise ConfigError("the url of the logbook begins with https:// or http:// and a host")
        self.user, self.password = user or address.username, password or address.password
        self.url = str(address.copy_with(userinfo=b"")).rstrip("/")
        self._client: httpx.Client | None = None

    @property
    def place(self) -> str:
        """Where its entries are, in words."""
        return self.url

    def has_entry(self, key: str) -> bool:
        """Whether the logbook has the entry of this key.

        Raises:
            SinkDown: it does not say so.
        """
        raise NotImplementedError

    def write_entry(self, message: Message, picture: Picture | None) -> None:
        """Write an entry, with `message.key` in it.

        Raises:
            SinkDown: the logbook does not take it now.
        """
        raise NotImplementedError

    def check(self) -> str:
        """Write a test entry.

        Raises:
            SinkDown: the logbook does not take it.
        """
        super().check()
        return f"a test entry is in {self.place}"

    def deliver(self, message: Message, receiver: int) -> None:  # noqa: ARG002
        """Write an entry, unless the logbook has it already.

        Raises:
            SinkDown: the logbook does not take it now.
        """
        if not (message.is_repeated and self.has_entry(message.key)):
            self.write_entry(message, self.picture_of(message))

    def ask(self, method: str, url: str, **parts: Any) -> Any:
        """The answer of the logbook, as httpx has it, whatever its status is.

        Args:
            method: of HTTP.
            url: without secrets.
            parts: of the request, as of `httpx.Client.request`.

        Raises:
            SinkDown: there is none.
        """
        import httpx

        if self._client is None:
            self._client = httpx.Client(timeout=_TIMEOUT_S)
        try:
            return self._client.request(method, url, **parts)
        except httpx.HTTPError as exc:
            why = str(exc) or type(exc).__name__
            raise SinkDown(f"no answer from {self.url}: {why}") from exc

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None
