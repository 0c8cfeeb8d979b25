"""What `beamshell ioc FILE` and `beamshell import FILE` do, without a console.

They know a device file and what can be made of it, and no device.
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from types import FrameType

from beamshell.errors import ConfigError, IocError
from beamshell.shell.messages_shown import DONE, FAILED, say, say_error


class _EndError(Exception):
    """A signal asks to leave."""


def serve_twin(words: list[str]) -> int:
    """Serve the twin of a device file until Ctrl+C or SIGTERM; the exit status."""
    parser = argparse.ArgumentParser(prog="beamshell ioc", description="Serve a simulated twin of a device file.")
    parser.add_argument("device_file", type=Path, help="a device file: ours, happi's JSON or guarneri's YAML")
    parser.add_argument("--port", type=int, help="where to serve on loopback; a free one unless told otherwise")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster than life things move and count")
    parser.add_argument("--seed", type=int, help="make the same noise again")
    options = parser.parse_args(words)
    if not options.device_file.is_file():
        raise ConfigError(f"{options.device_file}: there is no such file")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    from beamshell.shell.twin import start_twin

    ioc = None
    try:
        ioc = start_twin(options.device_file, seed=options.seed, speed=options.speed, port=options.port)
        ioc.wait_ready()
        print(f"the twin of {options.device_file} answers on 127.0.0.1:{ioc.port}; Ctrl+C ends it. For clients:")
        print(f"export EPICS_CA_ADDR_LIST=127.0.0.1:{ioc.port} EPICS_CA_AUTO_ADDR_LIST=NO", flush=True)
        while ioc.is_alive():
            signal.pause()
        raise IocError("the twin has ended by itself")
    except _EndError:
        return DONE
    finally:
        if ioc is not None:
            ioc.stop()


def _end(_number: int, _frame: FrameType | None) -> None:
    raise _EndError


def import_devices(words: list[str]) -> int:
    """Write a device file made of another console's; the exit status: 1 if some of it was left out."""
    parser = argparse.ArgumentParser(prog="beamshell import", description="Make a device file of another console's.")
    parser.add_argument("file", type=Path, help="SPEC's config, BEC's YAML, happi's JSON or guarneri's YAML")
    parser.add_argument("new_file", type=Path, nargs="?", default=Path("devices.yml"), help="devices.yml unless given")
    options = parser.parse_args(words)
    from beamshell.devices.files.native import native_text
    from beamshell.devices.files.reading import import_file

    found = import_file(options.file)
    heading = [f"Made of {options.file.name} by `beamshell import`."]
    heading += [f"Left out: {str(problem).replace(str(options.file), options.file.name)}" for problem in found.problems]
    try:
        with options.new_file.open("x", encoding="utf-8") as new:
            new.write(native_text(found.lines.values(), heading))
    except FileExistsError:
        raise ConfigError(f"{options.new_file} exists already: name another file after {options.file}") from None
    except OSError as exc:
        raise ConfigError(f"{options.new_file}: cannot be written: {exc.strerror}") from exc
    for problem in found.problems:
        say_error(problem)
    say(f"{options.new_file}: {len(found.lines)} devices, {len(found.problems)} problems")
    return FAILED if found.problems else DONE
