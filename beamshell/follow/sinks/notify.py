"""NotifySink: tells people what happens by Telegram, Slack, Teams, Mattermost, Signal, e-mail and some hundred others.

The addresses are those of the library apprise, which sends.
"""

from __future__ import annotations

import logging
from typing import Any

from beamshell.errors import ConfigError, SinkDown
from beamshell.follow.discretion import Message
from beamshell.follow.messenger import Messenger


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
        self._arrived: set[int] = set()  # receivers that have the message which the others have not

    def deliver(self, message: Message) -> None:
        """Send one message to each receiver, once.

        Raises:
            SinkDown: one does not take it; only that one is tried again.
        """
        silent = []
        for number, receiver in enumerate(self._receivers):
            if number in self._arrived:
                continue
            if receiver.notify(body=message.text or message.title, title=message.title if message.text else ""):
                self._arrived.add(number)
            else:
                silent.append(str(receiver.url(privacy=True)))  # without its secrets
        if silent:
            raise SinkDown(f"a message does not arrive at {', '.join(silent)}")
        self._arrived.clear()
