"""Messenger: a sink that tells people what happens: it finds happenings in lines, and sends messages when they are due.

How a message is sent is a subclass's. What it has found and not sent yet is in a file, so that no kill loses it.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Collection, Sequence

from beamshell.errors import SinkDown
from beamshell.follow.discretion import Discretion, Message
from beamshell.follow.happenings import HappeningFinder
from beamshell.follow.lines import AMENDMENT, CONSOLE, Line
from beamshell.follow.sink import Sink
from beamshell.text.times import parse_duration

_LOOK_S = 1.0


class Messenger(Sink):
    """Override `deliver`.

    Args:
        kinds: of happenings that are told, such as ["failed", "suspended"]; None is all.
        at_most_every: the time between two messages of one kind, such as "1min"; what comes meanwhile is told together.
        quiet: hours in which only what is urgent is told, such as "22:00-07:00"; "" for none.
        suspended_after: how long a plan must have waited before that is told, such as "5min".
        disk_gb: free space in GB below which the disk is told.

    Raises:
        ConfigError: a kind or the quiet hours are wrong.
        UsageError: a time is wrong.
    """

    also = (AMENDMENT, CONSOLE)

    def __init__(
        self,
        kinds: Collection[str] | None = None,
        at_most_every: str = "1min",
        quiet: str = "",
        suspended_after: str = "5min",
        disk_gb: float = 5.0,
    ) -> None:
        self._finder = HappeningFinder(parse_duration(suspended_after), disk_gb)
        self._discretion = Discretion(kinds, parse_duration(at_most_every), quiet)
        self._is_awake = False
        self._looked_at = 0.0

    def deliver(self, message: Message) -> None:
        """Send one message.

        Raises:
            SinkDown: it does not arrive now; it is sent again a second later.
        """
        raise NotImplementedError

    def send(self, lines: Sequence[Line]) -> None:
        """Find what is worth a message, and remember it."""
        self._wake()
        for line in lines:
            self._discretion.offer(self._finder.take(line))
        self._remember()

    def poll(self) -> None:
        """Send the messages that are due.

        Raises:
            SinkDown: one does not arrive.
        """
        self._wake()
        now = time.time()
        if now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            self._discretion.offer(self._finder.due(now, self._free_gb()))
        for message in self._discretion.messages(now):
            self.deliver(message)
            self._discretion.sent(message, now)
            self._remember()

    def check(self) -> str:
        """Send a test message.

        Raises:
            SinkDown: it does not arrive.
        """
        self.deliver(Message("beamshell: a test message", "Sent by `beamshell check`.", ()))
        return "a test message is on its way"

    def _wake(self) -> None:
        """Go on where the process before has ended."""
        if self._is_awake:
            return
        self._is_awake = True
        try:
            memory = json.loads(self.memory.read_text(encoding="utf-8")) if self.memory else None
        except FileNotFoundError:
            memory = None
        except (OSError, ValueError) as exc:
            raise SinkDown(f"{self.memory} cannot be read ({exc}): remove it; what waits in it is lost") from exc
        if memory:
            self._finder.remember(memory["finder"])
            self._discretion.remember(memory["discretion"])

    def _remember(self) -> None:
        if self.memory is None:
            return
        memory = {"finder": self._finder.memory(), "discretion": self._discretion.memory()}
        fresh = self.memory.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(memory), encoding="utf-8")
            fresh.replace(self.memory)
        except OSError as exc:
            raise SinkDown(f"{self.memory} cannot be written ({exc.strerror or exc}): free space") from exc

    def _free_gb(self) -> float:
        try:
            return shutil.disk_usage(self.memory.parent).free / 1e9 if self.memory else float("inf")
        except OSError:  # the folder is away
            return float("inf")
