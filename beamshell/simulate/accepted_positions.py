"""AcceptedPositions: the positions that devices accepted in a simulation, so that a plan need not check them again.

It knows neither plans nor the simulator.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from beamshell.plans.environment import ask_device, use_check

VALID_S = 1.0
"""Seconds for which an accepted position counts as accepted: limits may change."""


class AcceptedPositions:
    """Positions by device, each with the time at which the device accepted it.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_device: dict[int, tuple[Any, dict[Any, float]]] = {}  # the device too, so that its id stays its own

    def check(self, device: Any, position: Any) -> None:
        """Ask the device, unless it has accepted this position a moment ago.

        Raises:
            LimitError: the position is outside the limits of the device.
            BadValue: the device does not take such a value.
        """
        if not self._is_valid(device, position):
            ask_device(device, position)

    def check_and_keep(self, device: Any, position: Any) -> None:
        """As `check`; a position that the device accepts is kept."""
        if self._is_valid(device, position):
            return
        ask_device(device, position)
        try:
            self._by_device.setdefault(id(device), (device, {}))[1][position] = self._clock()
        except TypeError:  # not hashable, such as the path of a flyer: it is checked each time
            return

    def _is_valid(self, device: Any, position: Any) -> bool:
        _, accepted = self._by_device.get(id(device), (None, {}))
        try:
            accepted_at = accepted.get(position)
        except TypeError:
            return False
        return accepted_at is not None and self._clock() - accepted_at < VALID_S

    def in_use(self) -> AbstractContextManager[None]:
        """A context in which plans do not ask for these positions again."""
        return use_check(self.check)
