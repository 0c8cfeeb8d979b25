"""Conditions on the value of a device: near a position, above or below a limit, in a range, or in a state in words.

Pure: it never reads a device.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from typing_extensions import override

from beamshell.text.numbers import in_full, with_unit

Digits = Callable[[float], str]
"""Writes a number as the device does, such as "1.0000"."""

_ROUNDING = 1e-9
"""A distance may be larger than the tolerance by this part of it: 0.1 + 0.2 is 0.3."""


class Condition(ABC):
    """What the value of a device must be.

    Attributes:
        unit: the unit of its numbers; "" for that of the device.
    """

    unit: str = ""

    @property
    def target(self) -> Any:
        """Where the device is sent to fulfil it; None if it says no single place."""
        return None

    @abstractmethod
    def difference(self, value: Any) -> float | str | None:
        """How far a value is from fulfilling it: a distance with its sign, a word, or None if it is fulfilled."""

    @abstractmethod
    def text(self, digits: Digits = in_full) -> str:
        """The condition in words, with the numbers as the device writes them, and without a unit."""

    def in_words(self, digits: Digits = in_full, unit: str = "") -> str:
        """The condition in words, with the unit."""
        return with_unit(self.text(digits), self.unit or unit)


@dataclass(frozen=True)
class Near(Condition):
    """At a position, within a tolerance.

    Args:
        value: the position.
        tolerance: the largest distance that is allowed; None for that of the device.
        unit: of both.
        tolerance_of_device: how far apart two positions may be that are one place for the device.
    """

    value: float
    tolerance: float | None = None
    unit: str = ""
    tolerance_of_device: float = 0.0

    @property
    @override
    def target(self) -> float:
        return self.value

    @override
    def difference(self, value: Any) -> float | str | None:
        if not is_number(value):
            return "no number"
        distance = float(value) - self.value
        allowed = self.tolerance_of_device if self.tolerance is None else self.tolerance
        return None if abs(distance) <= allowed * (1 + _ROUNDING) else distance

    @override
    def text(self, digits: Digits = in_full) -> str:
        return digits(self.value) if self.tolerance is None else f"{digits(self.value)} ± {in_full(self.tolerance, 3)}"


@dataclass(frozen=True)
class Within(Condition):
    """Between two limits, or on one side of one.

    Args:
        low: the value must be above it, or at it if there is a high one too.
        high: the value must be below it, or at it.
        unit: of both.
    """

    low: float = -math.inf
    high: float = math.inf
    unit: str = ""

    @override
    def difference(self, value: Any) -> float | str | None:
        if not is_number(value):
            return "no number"
        inside = self.low <= value <= self.high if self._is_range else self.low < value < self.high
        return None if inside else float(value) - (self.low if value <= self.low else self.high)

    @property
    def _is_range(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)

    @override
    def text(self, digits: Digits = in_full) -> str:
        if self._is_range:
            return f"{digits(self.low)} to {digits(self.high)}"
        return f"above {digits(self.low)}" if math.isfinite(self.low) else f"below {digits(self.high)}"


@dataclass(frozen=True)
class Is(Condition):
    """In a state in words, such as "Open"; capitals do not matter.

    Args:
        word: the state.
    """

    word: str

    @property
    @override
    def target(self) -> str:
        return self.word

    @override
    def difference(self, value: Any) -> float | str | None:
        return None if _plain(str(value)) == _plain(self.word) else str(value)

    @override
    def text(self, digits: Digits = in_full) -> str:
        return self.word


def is_number(value: Any) -> bool:
    """True for a finite number, also of numpy; False for text, True and False."""
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)


def _plain(word: str) -> str:
    """A state as it is compared: a shutter takes `close`, and then says Closed."""
    plain = word.strip().casefold()
    return {"close": "closed", "opened": "open"}.get(plain, plain)
