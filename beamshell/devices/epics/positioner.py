"""EpicsPositioner: a controller with the usual records for set point, readback and done.

It knows EPICS naming habits, and nothing else.
"""

from __future__ import annotations

from typing import Any

from beamshell.devices.component import FormattedComponent
from beamshell.devices.pv_positioner import PVPositioner
from beamshell.devices.signal import EpicsSignal, EpicsSignalRO


class EpicsPositioner(PVPositioner):
    """A set point, a readback and a done flag under one prefix, such as a temperature controller.

    Args:
        prefix: what the three addresses begin with: "BL:temp".
        name: its name.
        setpoint: how the address of the set point goes on.
        readback: how that of the readback goes on.
        done: how that of the done flag goes on.
        kwargs: those of PVPositioner: tolerance, limits, timeout, ...
    """

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
