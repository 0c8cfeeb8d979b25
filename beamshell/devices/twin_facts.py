"""What a simulated twin has to play for a device file: the facts of every device in it, found without connecting.

It knows nothing of the simulation; the facts are plain data for another process.
"""

from __future__ import annotations

import inspect
from pathlib import Path

from beamshell.devices.device import Device
from beamshell.devices.files.reading import read_file
from beamshell.devices.loader import class_of, device_of
from beamshell.devices.references import in_order, with_devices
from beamshell.devices.registry import Registry
from beamshell.devices.signal import Signal
from beamshell.devices.simulation import Fact, behaviours
from beamshell.devices.unconnected import unconnected
from beamshell.errors import ConfigError


def twin_facts(path: str | Path) -> tuple[list[Fact], list[str]]:
    """The facts of all devices of a file, and a line for each device that a twin cannot play.

    A device whose line is wrong is left out without a word: whoever loads the file says what is wrong. One of another
    library is never built, for it would connect.

    Args:
        path: the device file; the key `twin` of a line may say value, units, limits, states or speed.
    """
    facts: list[Fact] = []
    left_out: list[str] = []
    built = Registry()
    with unconnected():
        for line in in_order(read_file(Path(path)).lines.values(), class_of):
            if line.values.get("enabled") is False:
                continue
            try:
                cls = class_of(line)
                if not (inspect.isclass(cls) and issubclass(cls, (Device, Signal))):
                    left_out.append(f"{line.where}: {line.name}: no twin can play {line.values['class']}")
                    continue
                known = line.values.get("twin")
                doc = {"doc": line.values["doc"]} if line.values.get("doc") else {}
                device = built.add(device_of(with_devices(line, cls, built), []), name=line.name)
                facts.extend(doc | fact for fact in behaviours(device, known if isinstance(known, dict) else None))
            except ConfigError:
                continue  # the console that loads the file says what is wrong
    return facts, left_out
