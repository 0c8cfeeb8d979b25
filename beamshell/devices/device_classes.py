"""The classes that a device file may name: ours, those of installed packages, and those of the profile.

A device file is data: it names a class of devices, and no other code. It makes no device.
"""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from beamshell import plugins
from beamshell.errors import ConfigError
from beamshell.text.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from beamshell.devices.files.line import DeviceLine

CLASSES: dict[str, str] = {
    "area_detector": "beamshell.devices.epics.area_detector.EpicsAreaDetector",
    "camera": "beamshell.devices.epics.camera.EpicsCamera",
    "controller": "beamshell.devices.controllers.Controller",
    "counter": "beamshell.devices.epics.counter.EpicsCounter",
    "decay": "beamshell.devices.epics.demo.Decay",
    "mca": "beamshell.devices.epics.mca.EpicsMCA",
    "monochromator": "beamshell.devices.monochromator.Monochromator",
    "motor": "beamshell.devices.epics.motor.EpicsMotor",
    "motor_flyer": "beamshell.devices.epics.fly_motor.MotorFlyer",
    "multichannel_scaler": "beamshell.devices.epics.mcs.MultichannelScaler",
    "positioner": "beamshell.devices.controllers.EpicsPositioner",
    "random_walk": "beamshell.devices.epics.demo.RandomWalk",
    "scaler": "beamshell.devices.epics.scaler.EpicsScaler",
    "shutter": "beamshell.devices.epics.shutter.EpicsShutter",
    "signal": "beamshell.devices.epics_signal.EpicsSignal",
    "signal_ro": "beamshell.devices.epics_signal.EpicsSignalRO",
    "sim_area_det": "beamshell.devices.sim.area.SynAreaDetector",
    "sim_det": "beamshell.devices.sim.detectors.SynGauss",
    "sim_flyer": "beamshell.devices.sim.flyer.SynFlyer",
    "sim_motor": "beamshell.devices.sim.axes.SynAxis",
    "slits": "beamshell.devices.slits.Slits",
    "trajectory_flyer": "beamshell.devices.epics.trajectory.TrajectoryFlyer",
    "soft_signal": "beamshell.devices.signal.Signal",
    "soft_positioner": "beamshell.devices.soft_positioner.SoftPositioner",
}
"""The classes that have a short name in device files; any other is written as "package.module.Class"."""

PLUGIN_GROUP = "beamshell.devices"
"""The entry points by which another package adds a class under a short name."""

_ABILITIES = (("read", "describe"), ("set", "describe"), ("kickoff", "complete"), ("connect", "set_name"))
"""Every class of devices has both methods of one of these: it is read, moved or flown, or it is a group of devices."""


def class_of(line: DeviceLine) -> Callable[..., Any]:
    """The class that a line names.

    Raises:
        ConfigError: it names none that is there.
    """
    name = line.values.get("class")
    if name and not isinstance(name, str):
        raise line.problem(f"class is {name!r}; write class: motor, or another name", "class")
    if not name:
        raise line.problem("missing key 'class' (write class: motor)", "class")
    if name in CLASSES:
        return _imported(line, CLASSES[name])
    package, _, rest = name.partition(".")
    if line.is_foreign and not (rest and _is_installed(package)):
        install = f"install {package}, or " if rest else ""
        raise line.problem(f"nothing here stands for the class {name}: {install}write one, and its path", "class")
    if "." not in name:
        return _added_class(line, name)
    return _class_at(line, name)


def _is_installed(package: str) -> bool:
    try:
        return package in sys.modules or find_spec(package) is not None
    except ValueError:  # no name that a package can have
        return False


def _added_class(line: DeviceLine, name: str) -> Callable[..., Any]:
    """The class, or the function that makes a device, that another package adds under a short name."""
    added = plugins.entry_points_of(PLUGIN_GROUP)
    if name not in added:
        raise line.problem(f"no class '{name}'{did_you_mean(name, {*CLASSES, *added})}", "class")
    try:
        cls = plugins.load(added[name])
    except ConfigError as exc:
        raise line.problem(str(exc), "class") from exc
    if not callable(cls):
        raise line.problem(f"{name} is not a class", "class")
    return cls  # type: ignore[no-any-return]  # any callable that makes a device will do


def _class_at(line: DeviceLine, path: str) -> Callable[..., Any]:
    """The class at the path "package.module.Class"."""
    if not all(word.isidentifier() for word in path.split(".")):
        raise line.problem(f"class {path} is no path such as my_package.module.Class", "class")
    package = path.partition(".")[0]
    if package in sys.stdlib_module_names:
        raise line.problem(f"{path} is no class of devices: {package} is a module of Python", "class")
    if plugins.is_of_working_folder(package):
        raise line.problem(f"{package} is in the working folder: install it, or move it into the profile's", "class")
    cls = _imported(line, path)
    if not inspect.isclass(cls) or not any(all(hasattr(cls, word) for word in words) for words in _ABILITIES):
        raise line.problem(
            f"{path} is no class of devices; a function needs an entry point '{PLUGIN_GROUP}' of its package", "class"
        )
    return cls


def _imported(line: DeviceLine, path: str) -> Callable[..., Any]:
    module, _, attribute = path.rpartition(".")
    try:
        return getattr(import_module(module), attribute)  # type: ignore[no-any-return]  # the caller looks at it
    except (Exception, SystemExit) as exc:  # importing runs anybody's code; one bad device never stops the rest
        raise line.problem(f"class {path} cannot be imported: {exc}", "class") from exc
