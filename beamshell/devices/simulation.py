"""The facts from which a simulated twin plays a device file: those of every device in it, found without connecting.

The twin is another process, which gets the facts as plain data.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

from beamshell.channels.factory import UnconnectedFactory, channel_factory
from beamshell.devices.device_classes import class_of
from beamshell.devices.files.reading import read_file
from beamshell.devices.loader import device_of
from beamshell.devices.part import Fact, Part
from beamshell.devices.references import in_order, with_devices
from beamshell.devices.registry import Registry
from beamshell.errors import ConfigError


def simulation_of(
    path: str | Path, report: Callable[[ConfigError], None] = lambda _problem: None
) -> tuple[list[Fact], list[str]]:
    """The facts of all devices of a file, and a line for each device that a twin cannot play.

    A device whose line is wrong is left out. One of another library is never built, for it would connect.

    Args:
        path: the device file; the key `twin` of a line may say value, units, limits, states or speed.
        report: called with what is wrong with the file; the console that loads it says so itself.
    """
    facts: list[Fact] = []
    left_out: list[str] = []
    registry = Registry()
    file = read_file(Path(path))
    for problem in file.problems:
        report(problem)
    with channel_factory(UnconnectedFactory()):
        for line in in_order(file.lines.values(), class_of):
            if line.values.get("enabled") is False:
                continue
            try:
                cls = class_of(line)
                if not (inspect.isclass(cls) and issubclass(cls, Part)):
                    left_out.append(f"{line.place}: {line.name}: no twin can play {line.values['class']}")
                    continue
                settings = line.values.get("twin")
                doc = {"doc": line.values["doc"]} if line.values.get("doc") else {}
                device = registry.add(device_of(with_devices(line, cls, registry), []), name=line.name)
                played = device.simulation(settings if isinstance(settings, dict) else {})
                facts.extend(doc | fact for fact in played)
            except ConfigError as problem:
                report(problem)
    return facts, left_out
