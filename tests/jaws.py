"""Two jaws and the gap between them, of motors of any class."""

from __future__ import annotations

from typing import Any

from beamshell.devices import Component, PseudoPositioner, PseudoSingle


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
