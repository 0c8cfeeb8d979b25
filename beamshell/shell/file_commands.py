"""The subcommands that open no console: `ioc` (serve a twin), `import` (convert a device file), `queue`, `export`.

They make no device.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamshell.errors import ConfigError, IocError
from beamshell.shell.messages_shown import DONE, FAILED, say, say_error
from beamshell.text.numbers import counted

if TYPE_CHECKING:
    from beamshell.devices.importing import ImportedFile
    from beamshell.shell.profile import Beamshell
    from beamshell.store import Queue, Run, Runs


def serve_twin(words: list[str]) -> int:
    """Serve the simulated twin of a device file until Ctrl+C or SIGTERM.

    Returns:
        The exit status.

    Raises:
        ConfigError: there is no such file, or nothing in it can be served.
        IocError: the IOC has ended by itself; start it again.
    """
    parser = argparse.ArgumentParser(prog="beamshell ioc", description="Serve a simulated twin of a device file.")
    parser.add_argument("device_file", type=Path, help="a device file: ours, happi's JSON or guarneri's YAML")
    parser.add_argument("--port", type=int, help="TCP port on loopback; a free one by default")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster than real things move")
    parser.add_argument("--seed", type=int, help="make the noise repeatable")
    options = parser.parse_args(words)
    if not options.device_file.is_file():
        raise ConfigError(f"{options.device_file}: there is no such file")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM ends it as Ctrl+C does
    from beamshell.plugins import OWN_MODULES
    from beamshell.shell.simulated_iocs import start_twin

    OWN_MODULES.offer(str(options.device_file.resolve().parent))
    ioc = None
    try:
        ioc = start_twin(
            options.device_file, seed=options.seed, speed=options.speed, port=options.port, report=say_error
        )
        ioc.wait_ready()
        print(f"the twin of {options.device_file} answers on 127.0.0.1:{ioc.port}; Ctrl+C ends it. For clients:")
        print(f"export EPICS_CA_ADDR_LIST=127.0.0.1:{ioc.port} EPICS_CA_AUTO_ADDR_LIST=NO", flush=True)
        while ioc.is_alive():
            signal.pause()
        raise IocError("the twin has ended by itself: start it again")
    except KeyboardInterrupt:
        return DONE
    finally:
        if ioc is not None:
            ioc.close()


def work_on_queue(words: list[str]) -> int:
    """Do what the command `queue` does, on the queue of a data folder that a console may be running.

    Args:
        words: those of the command, and --data or --profile.

    Returns:
        The exit status.

    Raises:
        BeamshellError: it is refused; the message says why.
    """
    from beamshell.shell.commands import commands
    from beamshell.shell.launch_options import take_data_folder
    from beamshell.store.queue import Queue

    folder, words = take_data_folder(words)
    commands().find_plugins()
    commands().find("queue").act(QueueOfFolder(Queue(folder)), words)
    return DONE


@dataclass(frozen=True)
class QueueOfFolder:
    """What the command `queue` has instead of a console: the queue of a data folder, and no devices."""

    queue: Queue
    devices: Mapping[str, Any] = field(default_factory=dict)


def export_runs(words: list[str]) -> int:
    """Do what the command `export` does, on the runs of a data folder that a console may be writing to.

    Args:
        words: those of the command, its options as --to, --name, --replace and --header, and --data or --profile.

    Returns:
        The exit status.

    Raises:
        BeamshellError: it is refused, or a run cannot be exported; the message says why.
    """
    from beamshell.shell.commands import commands
    from beamshell.shell.launch_options import take_beamline, take_flag, take_option
    from beamshell.store.runs import Runs

    folder, config, words = take_beamline(words)
    to, words = take_option(words, "--to", "")
    name, words = take_option(words, "--name", "")
    named: dict[str, Any] = {"name": name or None, "folder": Path(to).expanduser().absolute() if to else None}
    for flag in ("replace", "header"):
        is_there, words = take_flag(words, f"--{flag}")
        named[flag] = "yes" if is_there else None
    runs = Runs(folder)
    try:
        given = {key: value for key, value in named.items() if value is not None}
        commands().find("export").act(RunsOfFolder(runs, config), words, given)
    finally:
        runs.index.close()
    return DONE


@dataclass(frozen=True)
class RunsOfFolder:
    """What the command `export` has instead of a console: the runs of a data folder, and the profile's settings."""

    runs: Runs
    config: Beamshell
    devices: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self.runs.folder

    def last_run(self) -> Run:
        """The newest run."""
        return self.runs[-1]


def import_devices(words: list[str]) -> int:
    """Write a device file of ours from one of another console.

    Returns:
        The exit status: FAILED if some devices were left out.

    Raises:
        ConfigError: the new file exists, or cannot be written; name another one.
    """
    parser = argparse.ArgumentParser(prog="beamshell import", description="Convert a device file of another console.")
    parser.add_argument("file", type=Path, help="SPEC's config, BEC's YAML, happi's JSON or guarneri's YAML")
    parser.add_argument("new_file", type=Path, nargs="?", default=Path("devices.yml"), help="devices.yml unless given")
    options = parser.parse_args(words)
    from beamshell.devices.importing import import_devices as read_devices
    from beamshell.plugins import OWN_MODULES
    from beamshell.shell.commands import commands
    from beamshell.shell.prompt_names import CONSOLE_NAMES

    folder = options.new_file.resolve().parent
    if folder != Path.cwd().resolve():  # a module of the working folder is never imported for a device file
        OWN_MODULES.offer(str(folder))
    names = dict.fromkeys(CONSOLE_NAMES, "a name of the console") | dict.fromkeys(commands(), "a command")
    imported = read_devices(options.file, lambda name: names.get(name, ""))
    problems = counted(len(imported.problems), "problem") if imported.problems else "no problems"
    is_written = bool(imported.lines or imported.refused)
    if is_written:
        _write_new(options.new_file, imported, options.file)
    for problem in imported.problems:
        say_error(problem)
    if is_written:
        say(f"{options.new_file}: {counted(len(imported.lines), 'device')}, {problems}")
    else:
        say(f"{options.new_file} is not written: nothing of {options.file} is understood, {problems}")
    return FAILED if imported.problems or not is_written else DONE


def _write_new(new_file: Path, imported: ImportedFile, source: Path) -> None:
    """Write what was imported into a file that is not there yet."""
    text = imported.text(source.name).replace(str(source), source.name)
    try:
        with new_file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise ConfigError(f"{new_file} exists already: name another file after {source}") from None
    except OSError as exc:
        with contextlib.suppress(OSError):
            new_file.unlink()  # a part of it, which would stand in the way of the next try
        raise ConfigError(f"{new_file}: cannot be written: {exc.strerror}") from exc
