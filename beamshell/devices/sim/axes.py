"""Simulated axes: motors and a temperature that live in this process.

They know no control system; a thread is at work only if a delay was asked for.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from beamshell.arrays import np
from beamshell.devices.soft_positioner import SoftPositioner

if TYPE_CHECKING:
    from numpy.random import Generator


class SynAxis(SoftPositioner):
    """A motor that is where it is sent, at once or `delay` seconds later.

    Args:
        prefix: unused; there for device files.
        name: its name; it is recorded as `name` and `name_setpoint`.
        noise: standard deviation of the readback, in its units.
        seed: makes the same noise again.
        kwargs: those of SoftPositioner: value, delay, limits, units, precision, ...

    Example:
        >>> motor = SynAxis(name="motor", units="mm")
        >>> motor.set(3).wait()
        >>> motor.position
        3.0
    """

    def __init__(
        self, prefix: str = "", *, name: str = "", noise: float = 0.0, seed: int | None = 0, **kwargs: Any
    ) -> None:
        self.noise = noise
        self._seed = seed
        super().__init__(prefix, name=name, **kwargs)

    @cached_property
    def _random(self) -> Generator:
        return np.random.default_rng(self._seed)  # numpy is imported when the first noise is needed

    def _measured(self, position: float) -> float:
        return position + float(self._random.normal(0.0, self.noise)) if self.noise else position


class SynTemperature(SynAxis):
    """A sample environment, in kelvin, that takes its time: `delay` seconds a change (default 0.5)."""

    def __init__(self, prefix: str = "", *, name: str = "", **kwargs: Any) -> None:
        super().__init__(
            prefix, name=name, **{"value": 295.0, "units": "K", "delay": 0.5, "limits": (4, 500), **kwargs}
        )
