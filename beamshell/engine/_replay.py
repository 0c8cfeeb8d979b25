"""The messages since the last checkpoint: what is sent again when an interrupted plan goes on.

Facts only: when recording is on, which messages never count, where a new record begins.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from beamshell.messages import Msg

NOT_REPEATED = frozenset(
    {
        "pause",
        "subscribe",
        "unsubscribe",
        "stage",
        "unstage",
        "monitor",
        "unmonitor",
        "open_run",
        "close_run",
        "install_suspender",
        "remove_suspender",
        "begin_cleanup",
        "end_cleanup",
        "input",
    }
)
"""Commands whose effect outlives a rewind, so they are not sent twice."""


class Replay:
    """A record of messages.

    Attributes:
        recording: the messages so far, or None while none are recorded.
    """

    def __init__(self) -> None:
        self._possible = True
        self._rewindable = True
        self.recording: list[Msg] | None = []

    @property
    def possible(self) -> bool:
        """False between `clear_checkpoint` and the next checkpoint: a pause there must end the plan."""
        return self._possible

    @property
    def rewindable(self) -> bool:
        """Whether messages are recorded; while they are not, a pause goes on where it stopped."""
        return self._rewindable

    @rewindable.setter
    def rewindable(self, flag: bool) -> None:
        if flag != self._rewindable:
            self._rewindable = flag
            self.begin_again()

    def checkpoint(self) -> None:
        """From here on a rewind comes back to here."""
        self._possible = True
        self.begin_again()

    def begin_again(self) -> None:
        """Forget what was recorded, unless no rewind is possible anyway."""
        self.recording = [] if self._possible and self._rewindable else None

    def forbid(self) -> None:
        """No rewind until the next checkpoint."""
        self._possible = False
        self.recording = None

    def forget_run(self, key: Any) -> None:
        """A run is closed: what was sent for it is not sent again."""
        if self.recording is not None:
            self.recording = [msg for msg in self.recording if msg.run != key]

    def take(self) -> list[Msg]:
        """The messages to send again; the record begins anew."""
        taken = self.recording or []
        self.begin_again()
        return taken


def send_again(messages: list[Msg]) -> Generator[Msg, Any, Any]:
    """A plan of these messages; its result is the answer to the last one."""
    answer = None
    for msg in messages:
        answer = yield msg
    return answer
