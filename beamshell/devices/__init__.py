"""Devices: signals, and the motors, detectors, flyers and other devices made of them.

Each public name is imported at its first use, so that the console opens quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beamshell.devices.component import Component, Cpt, FCpt, FormattedComponent
    from beamshell.devices.controllers import EpicsPositioner
    from beamshell.devices.derived import ArraySignal, AttributeSignal, DerivedSignal
    from beamshell.devices.device import DDCpt, Device, DynamicDeviceComponent
    from beamshell.devices.epics.area_detector import EpicsAreaDetector
    from beamshell.devices.epics.area_detector_parts import StatisticsPlugin
    from beamshell.devices.epics.camera import EpicsCamera
    from beamshell.devices.epics.counter import EpicsCounter
    from beamshell.devices.epics.fly_motor import MotorFlyer
    from beamshell.devices.epics.hdf5_plugin import Hdf5Plugin
    from beamshell.devices.epics.mca import EpicsMCA
    from beamshell.devices.epics.mcs import MultichannelScaler
    from beamshell.devices.epics.motor import EpicsMotor
    from beamshell.devices.epics.scaler import EpicsScaler
    from beamshell.devices.epics.shutter import EpicsShutter
    from beamshell.devices.epics.trajectory import TrajectoryFlyer
    from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
    from beamshell.devices.flyer import Flyer
    from beamshell.devices.loader import load_devices
    from beamshell.devices.monochromator import Monochromator
    from beamshell.devices.part import Kind
    from beamshell.devices.positioner import MoveStatus, Positioner
    from beamshell.devices.pseudo import PseudoPositioner, pseudo_position_argument, real_position_argument
    from beamshell.devices.pseudo_axis import PseudoSingle
    from beamshell.devices.pv_positioner import PVPositioner, PVPositionerDone, PVPositionerIsClose
    from beamshell.devices.registry import Registry
    from beamshell.devices.signal import Signal, SignalRO
    from beamshell.devices.slits import Slits
    from beamshell.devices.soft_positioner import SoftPositioner
    from beamshell.devices.status import DeviceStatus, Status, SubscriptionStatus

_MODULES = {
    "component": ("Component", "Cpt", "FCpt", "FormattedComponent"),
    "controllers": ("EpicsPositioner",),
    "derived": ("ArraySignal", "AttributeSignal", "DerivedSignal"),
    "device": ("DDCpt", "Device", "DynamicDeviceComponent"),
    "epics.area_detector": ("EpicsAreaDetector",),
    "epics.area_detector_parts": ("StatisticsPlugin",),
    "epics.camera": ("EpicsCamera",),
    "epics.counter": ("EpicsCounter",),
    "epics.hdf5_plugin": ("Hdf5Plugin",),
    "epics.mca": ("EpicsMCA",),
    "epics.fly_motor": ("MotorFlyer",),
    "epics.mcs": ("MultichannelScaler",),
    "epics.motor": ("EpicsMotor",),
    "epics.scaler": ("EpicsScaler",),
    "epics.shutter": ("EpicsShutter",),
    "epics.trajectory": ("TrajectoryFlyer",),
    "flyer": ("Flyer",),
    "part": ("Kind",),
    "loader": ("load_devices",),
    "monochromator": ("Monochromator",),
    "positioner": ("MoveStatus", "Positioner"),
    "pseudo": ("PseudoPositioner", "pseudo_position_argument", "real_position_argument"),
    "pseudo_axis": ("PseudoSingle",),
    "pv_positioner": ("PVPositioner", "PVPositionerDone", "PVPositionerIsClose"),
    "registry": ("Registry",),
    "slits": ("Slits",),
    "soft_positioner": ("SoftPositioner",),
    "epics_signal": ("EpicsSignal", "EpicsSignalRO"),
    "signal": ("Signal", "SignalRO"),
    "status": ("DeviceStatus", "Status", "SubscriptionStatus"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "ArraySignal",
    "AttributeSignal",
    "Component",
    "Cpt",
    "DDCpt",
    "DerivedSignal",
    "Device",
    "DeviceStatus",
    "DynamicDeviceComponent",
    "EpicsAreaDetector",
    "EpicsCamera",
    "EpicsCounter",
    "EpicsMCA",
    "EpicsMotor",
    "EpicsPositioner",
    "EpicsScaler",
    "EpicsShutter",
    "EpicsSignal",
    "EpicsSignalRO",
    "FCpt",
    "Flyer",
    "FormattedComponent",
    "Hdf5Plugin",
    "Kind",
    "Monochromator",
    "MotorFlyer",
    "MoveStatus",
    "MultichannelScaler",
    "PVPositioner",
    "PVPositionerDone",
    "PVPositionerIsClose",
    "Positioner",
    "PseudoPositioner",
    "PseudoSingle",
    "Registry",
    "Signal",
    "SignalRO",
    "Slits",
    "SoftPositioner",
    "StatisticsPlugin",
    "Status",
    "SubscriptionStatus",
    "TrajectoryFlyer",
    "load_devices",
    "pseudo_position_argument",
    "real_position_argument",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
