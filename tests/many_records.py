"""An IOC of many plain records, for what only numbers show: `python many_records.py PORT REPEATER_PORT NUMBER`."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from beamshell.ioc import network
from beamshell.ioc.libraries import library


def record(number: int) -> str:
    return (
        f'record(ao, "MANY:{number}") {{ field(VAL, "{number}") field(PINI, "YES") field(EGU, "mm") field(PREC, "3")\n'
        '    field(DRVL, "-1e6") field(DRVH, "1e6") }\n'
    )


@contextlib.contextmanager
def many_records(number: int) -> Iterator[dict[str, str]]:
    """The client's environment for an IOC with records MANY:0 to MANY:<number - 1>, as long as the block lasts."""
    port = network.free_port()
    pva_port = network.free_port(port)
    with network.repeater_socket() as repeater:
        repeater_port = repeater.getsockname()[1]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("EPICS_")}
        command = [sys.executable, str(Path(__file__)), str(port), str(repeater_port), str(pva_port), str(number)]
        with subprocess.Popen(command, env=inherited, stdin=subprocess.PIPE) as process:
            try:
                deadline = time.monotonic() + 20
                while not network.answers("MANY:0", port):
                    assert process.poll() is None, "the IOC ended"
                    assert time.monotonic() < deadline, "the IOC did not answer"
                    time.sleep(0.01)
                client = network.client_environment(port, repeater_port, pva_port)
                yield {**inherited, **client, "PYEPICS_LIBCA": str(library("ca"))}
            finally:
                process.kill()


def main(port: int, repeater_port: int, pva_port: int, number: int) -> None:
    os.environ.update(network.server_environment(port, repeater_port, pva_port))
    from beamshell.ioc.base import Base

    base = Base()
    base.load_records("".join(map(record, range(number))))
    base.start()
    while os.read(0, 4096):  # until whoever started us goes
        pass
    os._exit(0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
