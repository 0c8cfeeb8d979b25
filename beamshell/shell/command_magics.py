"""The magics of IPython that run commands, and the table of magics, in which they stay.

It knows no device and no engine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from beamshell.shell.messages_shown import print_answer, say
from beamshell.shell.typed_cell import VALUE_OF
from beamshell.shell.typed_line import cut_line
from beamshell.text.lists import listed
from beamshell.text.window import window_width

if TYPE_CHECKING:
    from beamshell.shell.command_set import CommandSet
    from beamshell.shell.session import Session


class CommandMagic:
    """The magic of one command: IPython calls it for a line that begins with the command's name.

    The command is looked up each time: it may be replaced, and that of another package is imported when it is used.
    """

    needs_local_scope = True  # IPython then hands the variables where the line stands

    def __init__(self, name: str, commands: CommandSet, session: Session, shell: Any) -> None:
        self.__name__ = self.__qualname__ = self._name = name
        self._commands, self._session, self._shell = commands, session, shell

    def __call__(self, line: str, local_ns: MutableMapping[str, Any]) -> Any:
        """Run the command with these words; its answer."""
        first, *others = cut_line(f"{self._name} {line}")
        command = self._commands[self._name]
        if len(first.words) == 1 and command.signature.needs_words:
            print_answer(command.help(window_width(sys.stdout)))
            return None
        self._session.wait_for_devices(" ".join(first.words[1:]) if command.is_ours else "")
        with self._session.names.local(local_ns):
            answer = command.act(self._session, first.words[1:], line=first.text)
        for other in others:  # reached by `run_line_magic` alone: a typed line was cut before
            word, _, rest = other.text.lstrip("%").partition(" ")
            self._shell.run_line_magic(word, rest)
        return answer

    def getdoc(self) -> str:
        """The help that IPython shows for `scan?`."""
        return self._commands[self._name].help(window_width(sys.stdout))


class ValueOf:
    """The magic that gives what a command shows as a value, for `pos = wm th`."""

    needs_local_scope = True

    def __init__(self, commands: CommandSet, session: Session) -> None:
        self.__name__ = self.__qualname__ = VALUE_OF
        self._commands, self._session = commands, session

    def __call__(self, line: str, local_ns: MutableMapping[str, Any]) -> Any:
        """The value of a line such as "wm th"."""
        name, *words = cut_line(line)[0].words
        self._session.wait_for_devices()
        with self._session.names.local(local_ns):
            return self._commands.find(name).value(self._session, words)


class MagicTable(dict[str, Any]):
    """The line magics of a shell. A magic of another that has the name of a command gets one with an underscore."""

    def __init__(self, magics: Mapping[str, Any]) -> None:
        super().__init__(magics)
        self._renamed: list[str] = []

    def __setitem__(self, name: str, magic: Any) -> None:
        is_anothers = isinstance(self.get(name), CommandMagic) and not isinstance(magic, CommandMagic)
        if is_anothers:
            self._renamed.append(name)
        super().__setitem__(f"{name}_" if is_anothers else name, magic)

    def update(self, magics: Mapping[str, Any]) -> None:  # type: ignore[override]  # as IPython calls it
        """Add magics."""
        for name, magic in magics.items():
            self[name] = magic

    def say_renamed(self) -> None:
        """Say which magics have another name since the last call."""
        if names := self._renamed:
            stay = "stays the command" if len(names) == 1 else "stay the commands"
            others = listed(f"%{name}_" for name in names)
            self._renamed = []
            say(f"{listed(names)} {stay}; the other magics are {others}")


def keep_magics_of_commands(manager: Any) -> tuple[MagicTable, Callable[[], None]]:
    """Let no magic of others take the place of a command's.

    Args:
        manager: the `magics_manager` of a shell.

    Returns:
        The new table, and a function that puts a plain one in its place.
    """
    table = manager.magics["line"] = MagicTable(manager.magics["line"])

    def end() -> None:
        manager.magics["line"] = dict(table)

    return table, end
