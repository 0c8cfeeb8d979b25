"""The simulated twin of a device file, started: an IOC that plays the facts which the devices' classes know.

It joins devices and IOC, which know nothing of each other.
"""

from __future__ import annotations

import atexit
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from beamshell.shell.messages_shown import say

if TYPE_CHECKING:
    from beamshell.ioc.process import DemoIoc


def start_twin(device_file: Path, *, seed: int | None = None, speed: float = 1.0, port: int | None = None) -> DemoIoc:
    """An IOC that is starting, with every EPICS PV that the device file names; it says which devices it cannot play.

    Args:
        device_file: of any format that is read at each start.
        seed: makes the same noise again.
        speed: how much faster than life things move and count.
        port: where to serve on loopback; None takes one that is free.
    """
    from beamshell.devices.simulation import simulation_of
    from beamshell.ioc.process import DemoIoc

    facts, left_out = simulation_of(device_file)
    for line in left_out:
        say(line)
    folder = tempfile.TemporaryDirectory(prefix="beamshell-twin-")
    atexit.register(folder.cleanup)  # the IOC reads it when it starts, and again when it is started anew
    path = Path(folder.name) / "facts.json"
    path.write_text(json.dumps(facts), encoding="utf-8")
    return DemoIoc.start(seed=seed, speed=speed, port=port, twin=path)
