"""The IOCs that a console starts itself: the demo beamline, and the simulated twin of a device file.

It joins `devices` and `ioc`, which do not import each other.
"""

from __future__ import annotations

import atexit
import json
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from beamshell.errors import ConfigError, IocError
from beamshell.shell.messages_shown import say

if TYPE_CHECKING:
    from beamshell.ioc.process import DemoIoc
    from beamshell.shell.profile import Beamshell


def start_demo_ioc(config: Beamshell) -> DemoIoc:
    """Start the IOC of the demo beamline; from now on this process talks to no other IOC."""
    from beamshell.ioc.process import DemoIoc

    ioc = DemoIoc.start(seed=config.demo_ioc_seed, speed=config.demo_ioc_speed)
    os.environ.update(ioc.client_environment)
    return ioc


def start_twin(
    device_file: Path,
    *,
    seed: int | None = None,
    speed: float = 1.0,
    port: int | None = None,
    report: Callable[[BaseException], None] | None = None,
) -> DemoIoc:
    """Start an IOC with every EPICS PV that a device file names; say which devices it cannot simulate.

    Args:
        device_file: a file in any format that a console can load: ours, happi's JSON, guarneri's YAML.
        seed: makes the noise repeatable.
        speed: how many times faster than in reality motors move and counters count.
        port: the TCP port on loopback; None takes a free one.
        report: called with what is wrong with the file, of which then something must be left to serve; None for a
            console, which loads the file and says so itself.

    Raises:
        ConfigError: nothing of the file can be served; mend it.
    """
    from beamshell.devices.simulation import simulation_of
    from beamshell.ioc.process import DemoIoc

    problems: list[BaseException] = []
    records, left_out = simulation_of(device_file, problems.append)
    for line in left_out:
        say(line)
    if report is not None:
        for problem in problems:
            report(problem)
        if not records:
            raise ConfigError(f"{device_file}: no device in it has a PV that a twin can serve")
    folder = tempfile.TemporaryDirectory(prefix="beamshell-twin-")
    atexit.register(folder.cleanup)  # the IOC reads the file again when it is restarted
    path = Path(folder.name) / "facts.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    return DemoIoc.start(seed=seed, speed=speed, port=port, twin=path)


def hold_searches_until_ready(ioc: DemoIoc, report: Callable[[BaseException], None]) -> None:
    """Let no device be searched for before an IOC that is starting answers; returns at once.

    A search that is sent before the IOC listens would be repeated late. IOC base alone takes 0.5 s to start.

    Args:
        ioc: the IOC.
        report: called if it does not start; the devices are then offline.
    """
    from beamshell.channels.deferred import searches

    def wait() -> None:
        try:
            ioc.wait_ready()
        except IocError as exc:
            if ioc.pid is not None:  # else this console is closing
                report(exc)
        finally:
            searches.open()

    searches.close()
    threading.Thread(target=wait, name="beamshell-ioc-start", daemon=True).start()
