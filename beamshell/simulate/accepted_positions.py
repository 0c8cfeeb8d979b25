"""AcceptedPositions: the positions that devices accepted in a simulation, so that a plan need not check them again.

It knows neither plans nor the simulator.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from beamshell.plans.environment import ask_device, use_check

VALID_S = 1.0
"""Seconds after the last accepted position for which all count as accepted: limits may change."""


_NONE: tuple[Any, frozenset[Any]] = (None, frozenset())


class AcceptedPositions:
    """Positions by device that the device has accepted a moment ago.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._accepted_at = -math.inf  # the last one
        self._by_device: dict[int, tuple[Any, set[Any]]] = {}  # the device too, so that its id stays its own

    def check(self, device: Any, position: Any) -> None:
        """Ask the device, unless it has accepted this position a moment ago.

        Raises:
            LimitError: the position is outside the limits of the device.
            BadValue: the device does not take such a value.
        """
        if self._clock() - self._accepted_at >= VALID_S or not self._is_kept(device, position):
            ask_device(device, position)

    def check_and_keep(self, device: Any, position: Any) -> None:
        """As `check`; a position that the device accepts is kept."""
        self._accepted_at = self._clock()
        if self._is_kept(device, position):
            return
        ask_device(device, position)
        try:
            self._by_device.setdefault(id(device), (device, set()))[1].add(position)
        except TypeError:  # not hashable, such as the path of a flyer: it is checked each time
            return

    def _is_kept(self, device: Any, position: Any) -> bool:
        _, accepted = self._by_device.get(id(device), _NONE)
        try:
            return position in accepted
        except TypeError:
            return False

    def in_use(self) -> AbstractContextManager[None]:
        """A context in which plans do not ask for these positions again."""
        return use_check(self.check)
