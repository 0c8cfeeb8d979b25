"""Controller: a set point and a readback at addresses of any control system, and when the one has reached the other.

It knows no control system: the addresses say which.
"""

from __future__ import annotations

from typing import Any

from beamshell.channels import factory
from beamshell.devices.component import FormattedComponent
from beamshell.devices.pv_positioner import PVPositioner
from beamshell.devices.signal import EpicsSignal, EpicsSignalRO


class Controller(PVPositioner):
    """Whatever is sent somewhere at one address and tells at another where it is: a chiller, a flow, a furnace.

    Args:
        prefix: what both addresses begin with; "" if they are written out.
        name: its name.
        setpoint: the address that is written.
        readback: the address that tells where it is.
        tolerance: how near the readback must come to the set point, in its units.
        kwargs: those of PVPositioner: limits, timeout, settle_time, ...

    Example::

        chiller = Controller(
            "http://chiller.local/", name="chiller",
            setpoint="setpoint#/value", readback="temperature#/value", tolerance=0.1,
        )
        chiller.set(25).wait()
    """

    readback = FormattedComponent(EpicsSignalRO, "{prefix}{addresses[readback]}", auto_monitor=True)
    setpoint = FormattedComponent(EpicsSignal, "{prefix}{addresses[setpoint]}")

    def __init__(
        self, prefix: str = "", *, name: str = "", setpoint: str, readback: str, tolerance: float, **kwargs: Any
    ) -> None:
        if factory.practising and not factory.is_served_by_the_twin(f"{prefix}{setpoint}"):
            readback = setpoint  # nobody there to bring it where it is sent
        self.addresses = {"setpoint": setpoint, "readback": readback}
        super().__init__(prefix, name=name, tolerance=tolerance, **kwargs)
