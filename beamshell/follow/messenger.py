"""Messenger: a sink that tells people what happens: it finds happenings in lines, and sends messages when they are due.

How a message is sent is a subclass's. What it has found and not sent yet is in a file, so that no kill loses it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from beamshell.errors import SinkDown
from beamshell.follow.discretion import Discretion, Message
from beamshell.follow.happenings import Happening, HappeningFinder
from beamshell.follow.lines import AMENDMENT, CONSOLE, Line
from beamshell.follow.picture import Picture, draw
from beamshell.follow.sink import Sink
from beamshell.follow.texts import Texts
from beamshell.follow.watchdog import Watchdog, signs_of_consoles
from beamshell.store.whole_files import replace_file
from beamshell.text.times import parse_duration

_LOOK_S = 1.0
_ALONE_AFTER_S = 10.0
"""Seconds after which the follower of another console sends what this one could not."""

_WITH_PICTURE = ("completed", "failed", "aborted")


class Messenger(Sink):
    """Override `deliver`; a subclass with several receivers sets their number by `divide`.

    It watches the consoles of its computer too, and outlives its own one until the message is sent that it has died.

    Args:
        kinds: of happenings that are told, such as ["failed", "suspended"]; None is all.
        at_most_every: the time between two messages of one kind, such as "1min"; what comes meanwhile is told together.
        quiet: hours in which only what is urgent is told, such as "22:00-07:00"; "" for none.
        suspended_after: how long a plan must have waited before that is told, such as "5min".
        disk_gb: free space in GB below which the disk is told.
        picture: the plot of a run goes with the message that tells its end.
        texts: the words by kind of happening, such as {"failed": "{scan} of {sample}: {reason}"}; see `Texts`.

    Raises:
        ConfigError: a kind, the quiet hours or a text is wrong.
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
        picture: bool = True,
        texts: Mapping[str, str] | None = None,
    ) -> None:
        self._wants_picture = picture
        self._texts = Texts(texts)
        self._pictures: dict[str, Picture | None] = {}  # that of the last run, by its uid
        self._watchdog = Watchdog()
        self._finder = HappeningFinder(parse_duration(suspended_after), disk_gb)
        self._make_discretion = partial(Discretion, kinds, parse_duration(at_most_every), quiet)
        self._discretions = [self._make_discretion()]  # one for each receiver: none waits for another
        self._is_awake = False
        self._looked_at = 0.0

    def divide(self, receivers: int) -> None:
        """Send each message to so many receivers, of which none waits for another."""
        self._discretions = [self._make_discretion() for _ in range(receivers)]

    def deliver(self, message: Message, receiver: int) -> None:
        """Send one message to one receiver.

        Args:
            message: what is sent.
            receiver: its number, from 0.

        Raises:
            SinkDown: it does not arrive now; it is sent again a second later.
        """
        raise NotImplementedError

    def send(self, lines: Sequence[Line]) -> None:
        """Find what is worth a message, and remember it."""
        self._wake()
        for line in lines:
            self._offer(list(self._finder.take(line)))
            if line.name == CONSOLE and line.doc.get("kind") == "closed":
                self._watchdog.closed(str(line.doc.get("console")))
        self._remember()

    def poll(self) -> None:
        """Send the messages that are due.

        Raises:
            SinkDown: one does not arrive; those for other receivers were sent.
        """
        self._wake()
        now = time.time()
        if not 0 <= now - self._looked_at < _LOOK_S:
            self._looked_at = now
            self._look(now)
        self._for_each_receiver(lambda receiver: self._send_due(receiver, now))

    def must_go_on(self, console_pid: int, ended_s: float) -> bool:
        """Whether it is not sent yet that a console has died; another console's follower may go on with that."""
        if self._watchdog.watches(console_pid):  # it is not known yet whether it was closed
            return True
        is_unsent = any(discretion.holds("dead") for discretion in self._discretions)
        return is_unsent and (ended_s < _ALONE_AFTER_S or not self._watchdog.watched)

    def check(self) -> str:
        """Send a test message.

        Raises:
            SinkDown: it does not arrive.
        """
        message = Message("beamshell: a test message", "Sent by `beamshell check`.", ())
        self._for_each_receiver(lambda receiver: self.deliver(message, receiver))
        return "a test message is on its way"

    def picture_of(self, message: Message) -> Picture | None:
        """The plot of the run whose end a message tells; None if there is none, or it cannot be drawn."""
        runs = [happening.run for happening in message.happenings if happening.kind in _WITH_PICTURE]
        if not (runs and self._wants_picture and self.folder):
            return None
        if runs[-1] not in self._pictures:  # it is not drawn again when the message is repeated
            self._pictures = {runs[-1]: draw(self.folder, runs[-1])}
        return self._pictures[runs[-1]]

    def _look(self, now: float) -> None:
        """Look for what the time, the disk and the consoles tell."""
        before = self._watchdog.memory()
        happenings = list(self._finder.due(now, self._free_gb()))
        if self.folder is not None:
            with contextlib.suppress(OSError):  # the folder is away: nothing can be said of any console
                signs = signs_of_consoles(self.folder, self._watchdog.watched)
                troubles = self._watchdog.look(signs, time.monotonic())
                happenings += [self._finder.trouble(trouble, now) for trouble in troubles]
        self._offer(happenings)
        if happenings or before.keys() != self._watchdog.watched.keys():
            self._remember()

    def _offer(self, happenings: Sequence[Happening]) -> None:
        in_words = [self._texts.in_words(happening) for happening in happenings]
        for discretion in self._discretions:
            discretion.offer(in_words)

    def _for_each_receiver(self, send: Callable[[int], None]) -> None:
        """Call `send` with the number of each receiver, also after one that takes nothing.

        Raises:
            SinkDown: some take nothing.
        """
        problems = []
        for receiver in range(len(self._discretions)):
            try:
                send(receiver)
            except SinkDown as exc:
                problems.append(str(exc))
        if problems:
            raise SinkDown("; ".join(problems))

    def _send_due(self, receiver: int, now: float) -> None:
        discretion = self._discretions[receiver]
        for message in discretion.messages(now):
            if not message.is_repeated:
                discretion.sending(message)
                self._remember()
            self.deliver(message, receiver)
            discretion.sent(message, now)
            self._remember()

    def _wake(self) -> None:
        """Go on where the process before has ended."""
        if self._is_awake:
            return
        try:
            memory = json.loads(self.memory.read_text(encoding="utf-8")) if self.memory else None
            if memory is not None:
                self._finder.remember(memory["finder"])
                for discretion, memory_of_one in zip(self._discretions, memory["discretions"], strict=False):
                    discretion.remember(memory_of_one)
                self._watchdog.remember(memory["watchdog"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, LookupError, TypeError) as exc:
            raise SinkDown(f"{self.memory} cannot be read ({exc}): remove it; what waits in it is lost") from exc
        self._is_awake = True

    def _remember(self) -> None:
        if self.memory is None:
            return
        memory = {
            "finder": self._finder.memory(),
            "discretions": [discretion.memory() for discretion in self._discretions],
            "watchdog": self._watchdog.memory(),
        }
        try:
            replace_file(self.memory, json.dumps(memory), durable=False)
        except OSError as exc:
            raise SinkDown(f"{self.memory} cannot be written ({exc.strerror or exc}): free space") from exc

    def _free_gb(self) -> float:
        try:
            return shutil.disk_usage(self.memory.parent).free / 1e9 if self.memory else float("inf")
        except OSError:  # the folder is away
            return float("inf")
