"""The command `beamshell`: opens the console on a profile, or runs commands and leaves.

It decides the order of the start: the demo IOC first, then the heavy imports while the IOC starts.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
from typing import TYPE_CHECKING

from beamshell._version import __version__
from beamshell.errors import BeamshellError
from beamshell.plugins import take_working_folder_off_path
from beamshell.shell.messages_shown import Signalled, exit_status, print_answer, say_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from beamshell.shell.application import BeamshellApp
    from beamshell.shell.launch_options import LaunchOptions

HELP = """\
beamshell: the console a beamline is run from.

  beamshell                          open the console: on the demo beamline, unless a profile is named
  beamshell -c "mov th 1; wa"        run commands and leave: 0 all was done, 1 an error, 130 interrupted
  beamshell run night.txt            the same with a file of commands or Python, which is checked first
  beamshell queue [add ... | hold]   the sample queue, also while a console runs it: queue? there tells all words
  beamshell export FORMAT [RUN ...]  write runs for other programs: csv today [--to FOLDER] [--name NAME] [--replace]

  beamshell --twin                   the same beamline, simulated: every PV of its device file, nothing real moves
  beamshell ioc DEVICE_FILE          serve that simulation alone, for other clients: [--port N] [--speed X]
  beamshell import FILE [NEW_FILE]   make a device file of one of SPEC, BEC, happi or guarneri (devices.yml)
  beamshell follow [NAME]            hand on runs as the profile says, as a service; without a name: how all fare
  beamshell watch                    show in another terminal what the consoles of the data folder do
  beamshell watch --page             show in browsers what happens, at http://127.0.0.1:8040/: [--port N] [--data ...]
  beamshell check [NAME]             send a test message through each follower
  beamshell zmq-proxy IN OUT         take what followers publish at IN, and hand it to the subscribers of OUT
  beamshell kernel                   offer the beamline as a kernel in Jupyter: [--profile ...] [--data ...] [--twin]

  --profile NAME_OR_FOLDER           the beamline: a profile's name, or a folder with an ipython_config.py
  --data FOLDER                      the folder of data and metadata (else $BEAMSHELL_DATA, else your data folder)
  --log FILE                         write what is typed and shown into a file too
  --Beamshell.NAME=VALUE             any setting of the profile, such as --Beamshell.plots=none
  --help-all                         all settings, with IPython's
  --version                          the version
"""


_SUBCOMMANDS = {
    "ioc": "shell.file_commands:serve_twin",
    "import": "shell.file_commands:import_devices",
    "queue": "shell.file_commands:work_on_queue",
    "export": "shell.file_commands:export_runs",
    "kernel": "shell.notebook:install_kernel",
    "follow": "shell.followers:run_follower",
    "watch": "shell.followers:watch",
    "check": "shell.followers:check_followers",
    "zmq-proxy": "follow.sinks.zeromq:run_proxy",
}
_WITH_VALUE = ("--profile", "--data", "--log")
"""The options before a subcommand whose value may be the next word."""


def main(argv: list[str] | None = None) -> int:
    """Run one console from its start to its end; its exit status."""
    take_working_folder_off_path()
    words = sys.argv[1:] if argv is None else argv
    try:
        status = _without_console(words)
        sys.stdout.flush()
    except BrokenPipeError:
        reader = select.poll()
        reader.register(sys.stdout.fileno(), 0)
        if not reader.poll(0):  # it reads on: another connection broke
            raise
        # Who reads the lines, such as `head`, wants no more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes the rest at its end
        status = 0
    if status is not None:
        return status
    signal.signal(signal.SIGTERM, _leave)
    if hasattr(signal, "SIGHUP"):  # the terminal was closed: motors must not go on alone
        signal.signal(signal.SIGHUP, _leave)
    try:
        return _run(words)
    except (BeamshellError, KeyboardInterrupt) as exc:  # Ctrl+C while the console starts
        say_error(exc)
        return exit_status(exc)


def _without_console(words: list[str]) -> int | None:
    """Do what needs no console; the exit status, or None if these words open one."""
    if {"--help", "-h"} & set(words):
        print_answer(HELP.rstrip())
        return 0
    if {"--version", "-V"} & set(words):
        print(f"beamshell {__version__}")
        return 0
    at = _place_of_subcommand(words)
    return None if at is None else _subcommand(words[at], [*words[:at], *words[at + 1 :]])


def _place_of_subcommand(words: list[str]) -> int | None:
    """The place of a subcommand: the first word that is no option and no value of one.

    >>> _place_of_subcommand(["--data", "runs", "queue", "list"])
    2
    >>> _place_of_subcommand(["-c", "queue"]) is None
    True
    >>> _place_of_subcommand(["--log", "queue"]) is None
    True
    """
    place = 0
    while place < len(words) and words[place].startswith("--"):
        place += 2 if words[place] in _WITH_VALUE else 1
    return place if place < len(words) and words[place] in _SUBCOMMANDS else None


def _subcommand(name: str, words: list[str]) -> int:
    """Run a subcommand, which needs no console."""
    from importlib import import_module

    module, _, function = _SUBCOMMANDS[name].partition(":")
    try:
        subcommand: Callable[[list[str]], int] = getattr(import_module(f"beamshell.{module}"), function)
        return subcommand(words)
    except (BeamshellError, KeyboardInterrupt) as exc:
        if isinstance(exc.__cause__, BrokenPipeError):  # of a command that could not write its answer
            raise exc.__cause__ from None
        say_error(exc)
        return exit_status(exc)


def _leave(number: int, _frame: object) -> None:
    """Handle SIGTERM and SIGHUP: abort the running plan, and leave after its clean-up; without a plan leave at once."""
    module = sys.modules.get("beamshell.shell.application")  # a signal may come while it is being imported
    app = getattr(module, "BeamshellApp", None)
    session = app.instance().session if app is not None and app.initialized() else None
    if session is None or not session.end_soon(128 + number):
        raise Signalled(128 + number)


def _run(words: list[str]) -> int:
    from beamshell.shell.launch_options import LaunchOptions

    options = LaunchOptions.read(words)  # it spawns the IOC, which starts while IPython is imported
    gc.disable()  # what is imported stays; BeamshellApp enables it before any file of a beamline runs
    app = None
    try:
        from beamshell.shell.application import BeamshellApp

        app = BeamshellApp.instance(options=options)
        app.initialize(options.ipython_words)
        return app.run()
    finally:
        close(app, options)


def close(app: BeamshellApp | None, options: LaunchOptions) -> None:
    """Close the session and end the IOC, whatever happened; Ctrl+C cannot interrupt this."""
    from beamshell.engine.interrupts import OWNER
    from beamshell.shell.cell_interrupts import ClosingInterrupts

    OWNER.watch(ClosingInterrupts()).__enter__()  # never left: Python's own end must not be interrupted either
    session = app.session if app is not None else None
    if session is not None:
        session.close()
    elif options.ioc is not None:
        options.ioc.close()
    sys.stdout.flush()
    OWNER.ignore()
