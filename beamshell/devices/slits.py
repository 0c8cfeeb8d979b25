"""Slits: a pair of blades on motors, as a gap and its centre.

It knows the geometry of two blades.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from beamshell.devices.component import Component, FormattedComponent
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.part import Kind
from beamshell.devices.pseudo import PseudoPositioner
from beamshell.devices.pseudo_axis import PseudoSingle
from beamshell.errors import LimitError


class Slits(PseudoPositioner):
    """Two blades: gap = high - low, centre = (high + low) / 2, in the unit of their motors.

    The gap is never below 0: the blades would touch. On the way it is never smaller than at the start or at the target,
    whatever the speeds: if one blade opens and the other one closes, the one that opens goes first. Both axes have the
    limits that the blades leave to them.

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

    def in_order(self, start: Any, target: Any) -> Sequence[Sequence[str]]:
        """The blade that opens, then the one that closes.

        Raises:
            LimitError: a blade that closes takes out its backlash beyond the other blade.
        """
        closing = [name for name, sign in _CLOSES if sign * (getattr(target, name) - getattr(start, name)) > 0]
        overshoot = sum(self._overshoot(name) for name in closing)
        gap = target.high - target.low
        if overshoot > gap >= 0:
            raise LimitError(
                f"{self.gap.name}: its blades take out their backlash (BDST) {self.gap.with_unit(overshoot)} beyond "
                f"their targets, and would touch at a gap of {self.gap.with_unit(gap)}; change the sign of BDST"
            )
        return [[name for name in self.real_names if name not in closing], closing]

    def _overshoot(self, name: str) -> float:
        """The distance by which a blade that closes goes beyond its target before it comes back."""
        settings = getattr(getattr(self, name), "move_settings", None)
        return 0.0 if settings is None else max(0.0, -dict(_CLOSES)[name] * float(settings().backlash))

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


_CLOSES = (("low", 1), ("high", -1))
"""Each blade with the direction in which it closes."""


def _endless_if_none(limits: tuple[float, float]) -> tuple[float, float]:
    return (-math.inf, math.inf) if limits[0] == limits[1] else limits
