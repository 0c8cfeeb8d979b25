"""Controllers: a set point and a readback at addresses of any control system, or under one prefix of EPICS.

They know no control system: the addresses say which.
"""

from __future__ import annotations

from typing import Any

from beamshell.channels.factory import current_factory
from beamshell.devices.component import FormattedComponent
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.pv_positioner import PVPositioner


class Controller(PVPositioner):
    """A set point at one address and a readback at another: a chiller, a gas flow, a furnace.

    A stop keeps it where it is: it is sent to its readback, a value that it passes anyway.

    Args:
        prefix: the beginning of both addresses; "" if they are written out.
        name: its name.
        setpoint: the address that is written.
        readback: the address that says where it is.
        tolerance: the largest distance of the readback from the set point, in its units.
        kwargs: those of PVPositioner: limits, timeout, holds_on_stop, ...

    Example::

        chiller = Controller(
            "http://chiller.local/", name="chiller",
            setpoint="setpoint#/value", readback="temperature#/value", tolerance=0.1,
        )
        chiller.set(25).wait()
    """

    holds_on_stop = True
    readback = FormattedComponent(EpicsSignalRO, "{prefix}{addresses[readback]}", auto_monitor=True)
    setpoint = FormattedComponent(EpicsSignal, "{prefix}{addresses[setpoint]}")

    def __init__(
        self, prefix: str = "", *, name: str = "", setpoint: str, readback: str, tolerance: float, **kwargs: Any
    ) -> None:
        if current_factory().holds(f"{prefix}{setpoint}"):
            readback = setpoint  # nobody is there to bring the readback where it is sent
        self.addresses = {"setpoint": setpoint, "readback": readback}
        super().__init__(prefix, name=name, tolerance=tolerance, **kwargs)


class EpicsPositioner(PVPositioner):
    """A set point, a readback and a done flag under one prefix, such as a temperature controller.

    A stop keeps it where it is: it is sent to its readback, a value that it passes anyway.

    Args:
        prefix: the beginning of the three addresses: "BL:temp".
        name: its name.
        setpoint: the rest of the set point's address.
        readback: the rest of the readback's address.
        done: the rest of the done flag's address.
        kwargs: those of PVPositioner: tolerance, limits, timeout, holds_on_stop, ...
    """

    holds_on_stop = True
    readback = FormattedComponent(EpicsSignalRO, "{prefix}{suffixes[readback]}", auto_monitor=True)
    setpoint = FormattedComponent(EpicsSignal, "{prefix}{suffixes[setpoint]}")
    done = FormattedComponent(EpicsSignalRO, "{prefix}{suffixes[done]}", kind="omitted", auto_monitor=True)

    def __init__(
        self,
        prefix: str,
        *,
        name: str = "",
        setpoint: str = ":SP",
        readback: str = ":RBV",
        done: str = ":done",
        **kwargs: Any,
    ) -> None:
        self.suffixes = {"setpoint": setpoint, "readback": readback, "done": done}
        super().__init__(prefix, name=name, **kwargs)
