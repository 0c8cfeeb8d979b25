"""Simulated detectors: their counts depend on the positions of simulated (or real) motors.

They know no control system; a thread is at work only if an exposure longer than 0 s was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from beamshell.arrays import np
from beamshell.channels.timers import call_later
from beamshell.channels.updates import completions
from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.part import Kind
from beamshell.devices.signal import Signal, SignalRO
from beamshell.devices.status import DeviceStatus, Status
from beamshell.errors import DeviceError

if TYPE_CHECKING:
    from numpy.random import Generator


class SynSignal(Device):
    """A detector that calls a function at each trigger and keeps what it returned.

    Args:
        prefix: unused; there for device files.
        name: its name; the value is recorded under it.
        func: returns the measured value; called without arguments.
        exp: seconds that an exposure takes.
        noise: "poisson" for counting statistics, or the standard deviation of normal noise; 0 is none.
        seed: makes the same noise again; None is different each time.
        kwargs: those of Device.
    """

    _exposure: Status | None = None
    value = Component(SignalRO, kind=Kind.hinted)
    exp = Component(Signal, value=0.0, kind=Kind.config, units="s", limits=(0.0, 1e6), doc="exposure time")

    def __init__(
        self,
        prefix: str = "",
        *,
        name: str = "",
        func: Callable[[], float] | None = None,
        exp: float = 0.0,
        noise: float | str = 0.0,
        seed: int | None = 0,
        **kwargs: Any,
    ) -> None:
        self._seed = seed
        self.noise = noise
        self.func = func or (lambda: 0.0)
        super().__init__(prefix, name=name, **kwargs)
        self.exp.put(exp)
        self._expose()

    def part_name(self, attr: str) -> str:
        """The value has the name of the device itself."""
        return self.name if attr == "value" and self.name else super().part_name(attr)

    @property
    def count_time(self) -> Signal:
        """The exposure time in seconds, under the name that all counting devices share."""
        return self.exp

    def trigger(self) -> Status:
        """Start one exposure; done after `exp` seconds."""
        status = self._exposure = DeviceStatus(self, action="trigger")
        if (seconds := self.exp.get()) > 0:
            call_later(seconds, lambda: completions.post(lambda: self._finish(status)))
        else:
            self._finish(status)
        return status

    def _finish(self, status: Status) -> None:
        if not status.done:
            self._expose()
            status.end()

    def stop(self, success: bool = False) -> None:
        """End the exposure now, without a new value; it has failed then, or succeeded if `success`."""
        if self._exposure is not None:
            self._exposure.end(None if success else DeviceError(f"{self.name}: the exposure was stopped"))

    def _expose(self) -> None:
        self.value.put(self._noisy(float(self.func())), force=True)

    @cached_property
    def _random(self) -> Generator:
        return np.random.default_rng(self._seed)  # numpy is imported when the first noise is needed

    def _noisy(self, exact: float) -> float:
        if self.noise == "poisson":
            return float(self._random.poisson(max(exact, 0.0)))
        return exact + float(self._random.normal(0.0, float(self.noise))) if self.noise else exact


class SynGauss(SynSignal):
    """A detector that sees a Gaussian peak: peak * exp(-(x - center)^2 / (2 sigma^2)), x the motor's position.

    Args:
        prefix: unused; there for device files.
        name: its name.
        motor: anything with a `position`; None stands at 0.
        center: of the peak, in the motor's units.
        peak: the value there.
        sigma: its standard deviation, in the motor's units.
        kwargs: those of SynSignal: exp, noise, seed, ...
    """

    peak = Component(Signal, value=1.0, kind=Kind.config)
    center = Component(Signal, value=0.0, kind=Kind.config)
    sigma = Component(Signal, value=1.0, kind=Kind.config)

    def __init__(
        self,
        prefix: str = "",
        *,
        name: str = "",
        motor: Any = None,
        center: float = 0.0,
        peak: float = 1.0,
        sigma: float = 1.0,
        **kwargs: Any,
    ) -> None:
        self._motor = motor
        super().__init__(prefix, name=name, **kwargs)
        for signal, value in ((self.peak, peak), (self.center, center), (self.sigma, sigma)):
            signal.put(float(value))
        self.func = self._gauss
        self._expose()

    def _gauss(self) -> float:
        x = 0.0 if self._motor is None else float(self._motor.position)
        return float(self.peak.get() * math.exp(-((x - self.center.get()) ** 2) / (2 * self.sigma.get() ** 2)))


class Syn2DGauss(SynSignal):
    """A detector that sees a round Gaussian peak over two motors.

    Args:
        prefix: unused; there for device files.
        name: its name.
        motor_x: anything with a `position`.
        motor_y: the same.
        center: (x, y) of the peak, in the motors' units.
        peak: the value there.
        sigma: its standard deviation.
        kwargs: those of SynSignal: exp, noise, seed, ...
    """

    def __init__(
        self,
        prefix: str = "",
        *,
        name: str = "",
        motor_x: Any = None,
        motor_y: Any = None,
        center: tuple[float, float] = (0.0, 0.0),
        peak: float = 1.0,
        sigma: float = 1.0,
        **kwargs: Any,
    ) -> None:
        self._motors = (motor_x, motor_y)
        self._center, self._peak, self._sigma = center, peak, sigma
        super().__init__(prefix, name=name, func=self._gauss, **kwargs)

    def _gauss(self) -> float:
        offsets = [
            (0.0 if motor is None else float(motor.position)) - middle
            for motor, middle in zip(self._motors, self._center, strict=True)
        ]
        return self._peak * math.exp(-sum(offset**2 for offset in offsets) / (2 * self._sigma**2))
