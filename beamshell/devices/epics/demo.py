"""The two devices of the field's tutorials: a value that walks at random, and one that decays towards a set point.

They know the records of the demo beamline.
"""

from __future__ import annotations

from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.pv_positioner import PVPositioner


class RandomWalk(Device):
    """A value `x` that takes a random step every `dt` seconds: prefix "random_walk:"."""

    x = Component(EpicsSignalRO, "x", kind="hinted")
    dt = Component(EpicsSignal, "dt", kind="config")


class Decay(PVPositioner):
    """A value that approaches its set point exponentially: prefix "decay". A stop keeps it at the value that it has."""

    holds_on_stop = True
    readback = Component(EpicsSignalRO, ":I")
    setpoint = Component(EpicsSignal, ":SP")
    done = Component(EpicsSignalRO, ":done", kind="omitted")
