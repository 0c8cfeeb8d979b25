"""Slits: a pair of blades on motors, as a gap and its centre.

It knows the geometry of two blades.
"""

from __future__ import annotations

import math
from typing import Any

from beamshell.devices.component import Component, FormattedComponent
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.part import Kind
from beamshell.devices.pseudo import PseudoPositioner
from beamshell.devices.pseudo_axis import PseudoSingle


class Slits(PseudoPositioner):
    """Two blades: gap = high - low, centre = (high + low) / 2, in the unit of their motors.

    The gap is never below 0: the blades would touch. Both axes have the limits that the blades leave to them.

    Of motors that exist already: ``Slits(name="slits", motors=[samx, samy])``, the blade at the low side first.

    Args:
        prefix: the beginning of the addresses of both motors.
        name: its name; recorded are `<name>_gap` and `<name>_centre`, and the blades as `<name>_low`, `<name>_high`.
        low: the rest of the address of the blade at the low side.
        high: that of the other blade.
        kwargs: those of PseudoPositioner: motors, ...

    Example:
        >>> slits = Slits("BL:", name="slits", low="samx", high="samy")
        >>> slits.gap.set(0.5).wait()
        >>> slits.set(gap=0.5, centre=1.0).wait()
    """

    gap = Component(PseudoSingle, kind=Kind.hinted)
    centre = Component(PseudoSingle, kind=Kind.hinted)
    low = FormattedComponent(EpicsMotor, "{prefix}{blades[low]}")
    high = FormattedComponent(EpicsMotor, "{prefix}{blades[high]}")

    def __init__(
        self, prefix: str = "", *, name: str = "", low: str = "low", high: str = "high", **kwargs: Any
    ) -> None:
        self.blades = {"low": low, "high": high}
        super().__init__(prefix, name=name, **kwargs)

    def forward(self, pseudo: Any) -> Any:
        """The positions of the blades for a gap and its centre."""
        return self.RealPosition(low=pseudo.centre - pseudo.gap / 2, high=pseudo.centre + pseudo.gap / 2)

    def inverse(self, real: Any) -> Any:
        """The gap between the blades, and its centre."""
        return self.PseudoPosition(gap=real.high - real.low, centre=(real.high + real.low) / 2)

    def limits_of(self, axis: str) -> tuple[float, float]:
        """The gaps from closed to both blades at their outer limits; the centres between both blades at a limit.

        How far one axis can go depends on the other too: a move that a blade cannot make is refused by its motor.
        """
        low, high = (_endless_if_none(blade.limits) for blade in self.real_axes)
        if axis == "gap":
            widest = high[1] - low[0]
            return (0.0, widest if widest > 0 else math.inf)
        centres = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
        return (0.0, 0.0) if math.isnan(sum(centres)) or -centres[0] == centres[1] == math.inf else centres


def _endless_if_none(limits: tuple[float, float]) -> tuple[float, float]:
    return (-math.inf, math.inf) if limits[0] == limits[1] else limits
