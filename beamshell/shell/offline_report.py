"""Which devices do not answer, named once and not before they have had the time to.

It knows the registry, and nothing of how a device is asked.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from beamshell.shell.messages_shown import say

if TYPE_CHECKING:
    from beamshell.devices.registry import Offline, Registry

TIME_TO_ANSWER_S = 3.0
"""What is asked for later than the others is not called offline before."""


class OfflineReport:
    """Of the devices that were loaded when this was made.

    Args:
        registry: the devices.
        wait_s: how long the first call waits for them, counted from now.
    """

    def __init__(self, registry: Registry, wait_s: float) -> None:
        self._registry = registry
        self._loaded_at = time.monotonic()
        self._wait_s = wait_s
        self._unheard: set[str] | None = None  # devices that may not have had the time to answer; None before the first

    @property
    def left_s(self) -> float:
        """What is left of the time that devices are given before the first command."""
        return max(0.0, self._loaded_at + self._wait_s - time.monotonic())

    def call(self) -> None:
        """Before each command: the first gives devices a moment to answer; names those that do not."""
        if self._unheard is None:
            self._name(self._registry.wait_for_connection(self.left_s))
        elif self._unheard:
            self._name([lost for lost in self._registry.offline() if _device(lost) in self._unheard])

    def _name(self, missing: list[Offline]) -> None:
        patience = min(TIME_TO_ANSWER_S, time.monotonic() - self._loaded_at)
        now = time.time()
        names = dict.fromkeys(_device(lost) for lost in missing if now - lost.since >= patience)
        self._unheard = {_device(lost) for lost in missing} - set(names)
        if names:
            say(f"offline: {', '.join(names)} (type offline for the addresses)")


def _device(lost: Offline) -> str:
    return lost.device.partition(".")[0]
