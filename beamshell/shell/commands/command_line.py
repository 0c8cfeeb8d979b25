"""A command line as the parameter of a command, as in `rehearse scan det th -1 1 21`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, TypeAlias

from typing_extensions import override

from beamshell.errors import UsageError
from beamshell.shell.command import Command, Followed
from beamshell.shell.command_set import COMMANDS
from beamshell.shell.plan_form import as_word
from beamshell.shell.slots import Slot
from beamshell.shell.tokens import Tokens
from beamshell.shell.typed_line import cut_line, joined


class Line(NamedTuple):
    """A command, and the words that follow its name."""

    command: Command
    words: list[str]

    @classmethod
    def of(cls, text: str) -> Line:
        """A line as it is typed.

        Raises:
            UsageError: it is empty, or there is more than one command.
            UnknownName: there is no such command.
        """
        commands = cut_line(text)
        if len(commands) != 1:
            raise UsageError("a command is missing" if not commands else "one command at a time")
        name, *words = commands[0].words
        return cls(COMMANDS.find(name), words)

    def make(self, session: Any) -> Followed | None:
        """The plan of the command, not run; None if the command runs no plan, and is done.

        Raises:
            BeamshellError: it cannot be done as things are now.
        """
        result = self.command.make(session, self.words)
        return result if isinstance(result, Followed) else None

    def __str__(self) -> str:
        return joined([self.command.name, *self.words])


class CommandLineSlot(Slot):
    """All remaining words of a line, as a command."""

    word = "command ..."
    repeats = True
    takes_the_rest = True

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Line:
        command = _name_of(tokens.take("command"))
        if not isinstance(command, str):
            raise UsageError("a command belongs here, such as scan, det, th, -1, 1, 3; a plan: session.rehearse(plan)")
        words = []
        while tokens:
            words.append(as_word(tokens.take("command"), tokens.devices))
        return Line.of(joined([command, *words]) if words else command)

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return not (isinstance(token, str) and "=" in token)

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        if not typed:
            return self.names()
        return COMMANDS[typed[0]].candidates(typed[1:], devices) if typed[0] in COMMANDS else []

    def names(self) -> list[str]:
        """The commands that may stand here: those that run a plan."""
        return COMMANDS.names_of_plans()


def _name_of(token: Any) -> Any:
    """The word that is typed for a command, which may be given as its function."""
    return getattr(token, "command_name", token)


class CommandNameSlot(Slot):
    """The name of a command."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        return str(_name_of(tokens.take(name)))

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return list(COMMANDS)


CommandLine: TypeAlias = Annotated[Line, CommandLineSlot()]
"""A whole command as it is typed."""
