"""Commands that a test adds, from packages too, go with it: the set of commands is one for the whole process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from beamshell.shell.command_set import COMMANDS
from beamshell.shell.commands import commands


@contextlib.contextmanager
def own_commands() -> Iterator[None]:
    """A context that leaves the set of commands as it found it."""
    _ = commands().commands  # imports ours, as a module adds its commands only once
    before = {name: value.copy() if isinstance(value, dict) else value for name, value in vars(commands()).items()}
    try:
        yield
    finally:
        replaced = [name for name, ours in before["_by_name"].items() if COMMANDS[name] is not ours]
        vars(COMMANDS).update(before)
        for name in replaced if COMMANDS.added is not None else ():
            COMMANDS.added(name)  # the prompt's function is that of the test's command
