"""Slits: a pair of blades on motors, as a gap and its centre.

It knows the geometry of two blades.
"""

from __future__ import annotations

from typing import Any

from beamshell.devices.component import Component, FormattedComponent
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.part import Kind
from beamshell.devices.pseudo import PseudoPositioner
from beamshell.devices.pseudo_axis import PseudoSingle


class Slits(PseudoPositioner):
    """Two blades: gap = high - low, centre = (high + low) / 2, in the unit of their motors.

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
