"""The process of the demo IOC: `python -m beamshell.ioc.server`, which runs until it is stopped.

It knows nothing of consoles. It serves on loopback only, and logs to standard error.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from beamshell.errors import IocError
from beamshell.ioc.network import Repeater, ensure_free, keep_on_loopback, server_environment
from beamshell.plugins import take_working_folder_off_path

if TYPE_CHECKING:
    from beamshell.ioc.twin import Twin


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="beamshell.ioc.server", description="Run the demo beamline as an EPICS IOC.")
    parser.add_argument("--seed", type=int, help="make the same noise again")
    parser.add_argument("--speed", type=float, default=1.0, help="run the simulated time this many times as fast")
    parser.add_argument("--port", type=int, default=5064, help="where to serve on loopback")
    parser.add_argument("--parent", type=int, metavar="PID", help="end when this process does, or standard input")
    parser.add_argument("--repeater", type=int, metavar="FD", help="open UDP socket of the CA repeater to be")
    parser.add_argument("--pva", type=int, default=5075, metavar="PORT", help="where to serve PV Access on loopback")
    parser.add_argument("--http", type=int, metavar="PORT", help="where the web service of the chiller is to be")
    parser.add_argument("--serial", type=int, metavar="FD", help="open pseudo-terminal of the gas supply")
    parser.add_argument("--twin", type=Path, metavar="FILE", help="play these facts (JSON), not the demo beamline")
    options = parser.parse_args(arguments)
    if not options.speed > 0:
        parser.error(f"--speed {options.speed}: must be above 0")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Run the demo beamline; never returns."""
    take_working_folder_off_path()
    options = parse(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    if options.parent is not None:  # an argument, not os.getppid(): the parent may be gone by now
        threading.Thread(target=_end_with_parent, args=(options.parent,), daemon=True).start()
    repeater_port = 5065
    if options.repeater is not None:
        udp = socket.socket(fileno=options.repeater)
        repeater_port = udp.getsockname()[1]
        threading.Thread(target=Repeater(udp).serve, daemon=True).start()
    os.environ.update(server_environment(options.port, repeater_port, options.pva))
    try:
        ensure_free(options.port)
        _simulate(options)
    except IocError as exc:
        sys.exit(str(exc))


def _simulate(options: argparse.Namespace) -> None:
    from beamshell.ioc.base import Base  # imported late: a parent that dies meanwhile is noticed
    from beamshell.ioc.beamline import Beamline
    from beamshell.ioc.simulation_clock import SimulationClock

    base, clock = Base(), SimulationClock(options.speed)
    beamline: Beamline | Twin
    if options.twin is None:
        beamline = Beamline(base, clock, options.seed)
    else:
        from beamshell.ioc.twin import Twin, read_facts

        beamline = Twin(base, clock, read_facts(options.twin), options.seed)
    base.start()
    keep_on_loopback()
    beamline.start()
    threading.Thread(target=clock.run, daemon=True).start()
    if options.twin is None:
        _start_instruments(options, clock.now)
    while True:  # the main thread has nothing to do but to be there for signals
        time.sleep(3600)


def _start_instruments(options: argparse.Namespace, clock: Callable[[], float]) -> None:
    """Start the instruments of the demo beamline that are no IOC; last, as nobody waits for them."""
    if options.http is not None:
        from beamshell.ioc.instruments import Chiller, serve_chiller

        threading.Thread(target=serve_chiller, args=(Chiller(clock), options.http), daemon=True).start()
    if options.serial is not None:
        from beamshell.ioc.instruments import GasSupply, serve_gas_supply

        threading.Thread(target=serve_gas_supply, args=(GasSupply(clock), options.serial), daemon=True).start()


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)  # base's own threads have no orderly end


def _end_with_parent(parent: int) -> None:
    """Leave when the parent is gone: at the end of standard input, or when init has adopted us.

    PR_SET_PDEATHSIG would be quicker than the latter, but kills us when the parent's starting THREAD ends.
    """
    threading.Thread(target=_end_with_input, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def _end_with_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
