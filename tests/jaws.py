"""Two jaws and the gap between them, of motors of any class; with their centre too, of soft motors."""

from __future__ import annotations

from typing import Any

from beamshell.devices import Component, PseudoPositioner, PseudoSingle, SoftPositioner


def jaws_of(motor_class: type) -> Any:
    """A device `jaws` with the axis `gap`, and the motors `low` and `high` in mm."""

    class Jaws(PseudoPositioner):
        gap = Component(PseudoSingle)
        low = Component(motor_class, units="mm")
        high = Component(motor_class, units="mm")

        def forward(self, pseudo: Any) -> Any:
            return self.RealPosition(low=-pseudo.gap / 2, high=pseudo.gap / 2)

        def inverse(self, real: Any) -> Any:
            return self.PseudoPosition(gap=real.high - real.low)

    return Jaws(name="jaws")


class TwoAxes(PseudoPositioner):
    """Jaws with two computed axes, `gap` and `centre`."""

    gap = Component(PseudoSingle, units="mm")
    centre = Component(PseudoSingle, units="mm")
    low = Component(SoftPositioner, units="mm")
    high = Component(SoftPositioner, units="mm")

    def forward(self, pseudo: Any) -> Any:
        return self.RealPosition(low=pseudo.centre - pseudo.gap / 2, high=pseudo.centre + pseudo.gap / 2)

    def inverse(self, real: Any) -> Any:
        return self.PseudoPosition(gap=real.high - real.low, centre=(real.high + real.low) / 2)


class LimitedAxes(TwoAxes):
    """The same; both axes are hinted, and the jaws have limits."""

    gap = Component(PseudoSingle, kind="hinted")
    centre = Component(PseudoSingle, kind="hinted")
    low = Component(SoftPositioner, limits=(-5, 5))
    high = Component(SoftPositioner, limits=(-5, 5))
