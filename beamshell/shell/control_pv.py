"""ControlPv: who has control, in a PV: for consoles with other data folders, for other programs and for screens.

It asks the control system once, before the first motion; from then on it knows what comes by subscription. A PV that
does not answer holds nobody back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from beamshell.channels.factory import open_channel
from beamshell.errors import DeviceError
from beamshell.protocols import Reading
from beamshell.store.control_rules import DEAD_AFTER_S, Console

_LONGEST_NAME = 12
"""Characters of the operator and of the host: an EPICS string has 39, and the process and the number need 13."""
_BEATS = 1000
_CONSOLE = re.compile(r"(.+@.*:\d+) \d+")
_ANSWERS_WITHIN_S = 2.0


class ControlPv:
    """The text of one PV: "anna@ws1:4321 17", with a number that grows as long as the console lives; "" for nobody.

    Args:
        address: of a text, which everybody may write: a record such as stringout.
        me: this console.
        clock: seconds that only grow.
    """

    def __init__(self, address: str, me: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = address
        self._own = _name_of(me)
        self._past = {self._own}  # names that hold this console back no more
        self._clock = clock
        self._changed_at = clock()
        self._beats = 0
        self._reading: Reading | None = None
        self._is_known = False
        self._channel = open_channel(address, string=True)
        self._channel.connect()
        self._channel.subscribe(self._on_change)

    def _on_change(self, reading: Reading) -> None:
        self._reading, self._changed_at = reading, self._clock()

    def find_out(self) -> None:
        """Wait until its value is known, a short time at most; at once after the first time.

        Raises:
            DeviceError: it does not answer; the next call returns at once all the same.
        """
        if not self._is_known:
            self._is_known = True
            self._channel.wait_connected(_ANSWERS_WITHIN_S)
            self._reading = self._channel.get(_ANSWERS_WITHIN_S)

    def other(self) -> str:
        """The console that has control and is not this one, such as "anna@ws1:4321"; "" if none has, or it has died."""
        name = self._name()
        is_silent = not self._channel.connected or self._clock() - self._changed_at > DEAD_AFTER_S
        return "" if is_silent or name in self._past else name

    @property
    def is_shown(self) -> bool:
        """True if it names this console."""
        return self._name() == self._own

    def _name(self) -> str:
        """The console that it names; "" if it names none."""
        console = _CONSOLE.fullmatch(str(self._reading["value"])) if self._reading is not None else None
        return console[1] if console is not None else ""

    def show(self, after: Console | None = None) -> None:
        """Write that this console has control, and lives; nothing while another console has it.

        Args:
            after: the console of the same data folder that had control before.
        """
        if after is not None:
            self._past.add(_name_of(after))
        if self.other():
            return
        self._beats = (self._beats + 1) % _BEATS
        self._write(f"{self._own} {self._beats}")

    def clear(self) -> None:
        """Write that nobody has control, unless another console has."""
        if not self.other():
            self._write("")

    def _write(self, text: str) -> None:
        try:
            self._channel.put(self._channel.check(text))
        except DeviceError:  # it does not answer; it is written again with the next sign of life
            return

    def close(self) -> None:
        """Give the channel back; nobody has control, unless another console has."""
        self.clear()
        self._channel.close()


def _name_of(console: Console) -> str:
    return f"{console.operator[:_LONGEST_NAME]}@{console.host.partition('.')[0][:_LONGEST_NAME]}:{console.pid}"
