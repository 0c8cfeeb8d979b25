"""NotifySink: tells people what happens by Telegram, Slack, Teams, Mattermost, Signal, e-mail and some hundred others.

The addresses are those of the library apprise, which sends.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from beamshell.errors import ConfigError, SinkDown
from beamshell.follow.discretion import Message
from beamshell.follow.messenger import Messenger
from beamshell.follow.picture import Picture

_FAILURES_WITH_PICTURE = 3


class NotifySink(Messenger):
    """Sends each message to every address.

    Args:
        to: addresses in the form of apprise, such as "tgram://BOT_TOKEN/CHAT_ID" or "mailto://user:password@host".
            They hold secrets: write them as "env:NAME" or "keyring:SERVICE/USER".
        settings: those of a `Messenger`: what is told, and when.

    Raises:
        ConfigError: an address is none, a setting is wrong, or apprise is not installed.
    """

    def __init__(self, to: list[str], **settings: Any) -> None:
        super().__init__(**settings)
        try:
            import apprise
        except ImportError as exc:
            raise ConfigError('apprise is not installed: pip install "beamshell[notify]"') from exc
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines hold addresses, which hold secrets
        self._receivers: list[Any] = []
        for number, address in enumerate(to, start=1):
            receiver = apprise.Apprise.instantiate(address, suppress_exceptions=True)
            if receiver is None:
                scheme = address.partition("://")[0][:20]
                raise ConfigError(
                    f"address {number} ({scheme}://...) is none that apprise knows: see its list of forms"
                )
            self._receivers.append(receiver)
        self._failures = [0] * len(to)  # of each receiver, in a row
        self.divide(len(to))

    def deliver(self, message: Message, receiver: int) -> None:
        """Send one message to one address.

        Raises:
            SinkDown: it does not take it; in the end it is tried without the picture.
        """
        picture = self.picture_of(message) if self._failures[receiver] < _FAILURES_WITH_PICTURE else None
        title = message.title if message.text else ""
        address = self._receivers[receiver]
        with _attachment(picture) as attachment:
            has_arrived = address.notify(body=message.text or message.title, title=title, attach=attachment)
        if not has_arrived:
            self._failures[receiver] += 1
            raise SinkDown(f"a message does not arrive at {address.url(privacy=True)}")  # without its secrets
        self._failures[receiver] = 0


@contextlib.contextmanager
def _attachment(picture: Picture | None) -> Iterator[Any]:
    """A picture in the form of apprise, which reads it from a file."""
    if picture is None:
        yield None
        return
    import apprise

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / picture.name
        path.write_bytes(picture.png)
        yield apprise.AppriseAttachment(str(path))
