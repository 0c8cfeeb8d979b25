"""The one set of commands; it knows none of them."""

from beamshell.shell.command import CommandSet

COMMANDS = CommandSet()
