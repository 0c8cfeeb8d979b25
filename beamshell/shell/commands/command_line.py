"""Command lines as the parameter of a command, as in `rehearse scan det th -1 1 21`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, TypeAlias

from typing_extensions import override

from beamshell.errors import UsageError
from beamshell.shell.command import Command, Followed
from beamshell.shell.command_set import COMMANDS
from beamshell.shell.plan_form import as_word
from beamshell.shell.slots import Slot
from beamshell.shell.tokens import Tokens, is_number, may_be_number, number
from beamshell.shell.typed_line import cut_line, joined, words_of_call


class Line(NamedTuple):
    """A command, and the words that follow its name."""

    command: Command
    words: list[str]

    @classmethod
    def of(cls, text: str) -> Line:
        """A line as it is typed, or as the command is called in Python.

        Raises:
            UsageError: it is empty, or there is more than one command.
            UnknownName: there is no such command.
        """
        lines = cls.several(text)
        if len(lines) != 1:
            raise UsageError("one command at a time")
        return lines[0]

    @classmethod
    def several(cls, text: str) -> list[Line]:
        """The commands of a line, with `;` between them.

        Raises:
            UsageError: there is none.
            UnknownName: there is no such command.
        """
        commands = cut_line(text)
        if not commands:
            raise UsageError("a command is missing")
        return [cls._of_words(command.words) for command in commands]

    @classmethod
    def _of_words(cls, words: list[str]) -> Line:
        is_call = len(words) == 1 or (len(words) == 2 and words[1].startswith("("))
        name, *words = (words_of_call("".join(words)) if is_call else []) or words
        return cls(COMMANDS.find(name), words)

    @property
    def meant(self) -> Command:
        """The command that does it: of `queue run` the subcommand."""
        return self.command.meant_by(self.words)

    def with_numbers(self, devices: Mapping[str, Any]) -> Line:
        """The line with what its names and arithmetic come to now, so that it means the same later.

        Args:
            devices: the devices by name, which know the numbers at the prompt.
        """
        if not self.command.runs_a_plan:
            return self  # its words are text
        return Line(self.command, [_as_number(word, devices) for word in self.words])

    def arguments(self, session: Any) -> dict[str, Any]:
        """The arguments of the command's function; nothing is done.

        Raises:
            UsageError: a word does not fit, or is missing.
        """
        return self.command.arguments(session, self.words)

    def make(self, session: Any) -> Followed | None:
        """The plan of the command, not run; None if the command runs no plan, and is done.

        Raises:
            BeamshellError: it cannot be done as things are now.
        """
        result = self.command.make(session, self.words)
        return result if isinstance(result, Followed) else None

    def __str__(self) -> str:
        return joined([self.command.name, *self.words])


def _as_number(word: str, devices: Mapping[str, Any]) -> str:
    """What a word comes to, if it is arithmetic; any other word, such as the name of a file, as it is."""
    if is_number(word) or not may_be_number(word, devices):
        return word
    try:
        return as_word(number(word, word, devices), devices)
    except UsageError:  # as for th.txt, where th is a device; a number that is wrong is refused by the command
        return word


class CommandLineSlot(Slot):
    """All remaining words of a line, as a command."""

    word = "command ..."
    repeats = True
    takes_the_rest = True

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Any:
        return Line.of(self._text(tokens))

    @override
    def tokens(self, value: Any) -> list[Any]:
        return [value if value is None else str(value)]

    def _text(self, tokens: Tokens) -> str:
        """The remaining words as one typed line."""
        command = _name_of(tokens.take("command"))
        if not isinstance(command, str):
            raise UsageError("a command belongs here, such as scan, det, th, -1, 1, 3; a plan: session.rehearse(plan)")
        words = []
        while tokens:
            words.append(as_word(tokens.take("command"), tokens.devices))
        return joined([command, *words]) if words else command

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return not (isinstance(token, str) and "=" in token) or bool(words_of_call(token))

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        if not typed:
            return self.names()
        return COMMANDS[typed[0]].candidates(typed[1:], devices) if typed[0] in COMMANDS else []

    def names(self) -> list[str]:
        """The commands that may stand here: those that run a plan."""
        return COMMANDS.names_of_plans()


class CommandLinesSlot(CommandLineSlot):
    """All remaining words of a line, as a command; in quotes also several, 'mov samx 1; ct 5'."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> list[Line]:
        return Line.several(self._text(tokens))

    @override
    def tokens(self, value: Any) -> list[Any]:
        return [value if value is None else as_text(value)]


def as_text(lines: Iterable[Line]) -> str:
    """Commands as one typed line."""
    return "; ".join(map(str, lines))


def _name_of(token: Any) -> Any:
    """The word that is typed for a command, which may be given as its function."""
    return getattr(token, "command_name", token)


class TopicSlot(Slot):
    """What help is wanted about, all remaining words: a command, words of a heading, or any other word."""

    word = "command | heading | word"
    repeats = True
    takes_the_rest = True

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        words = [_name_of(tokens.take(name))]
        while tokens:
            words.append(tokens.take(name))
        return " ".join(map(str, words)).partition("(")[0]

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return [] if typed else [*COMMANDS, *COMMANDS.by_heading()]


CommandLine: TypeAlias = Annotated[Line, CommandLineSlot()]
"""A whole command as it is typed."""

CommandLines: TypeAlias = Annotated[list[Line], CommandLinesSlot()]
"""A whole command as it is typed, or several in quotes."""
