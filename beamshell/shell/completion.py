"""Completion of a command's words with Tab, and the hint that shows which word comes next.

Both are pure functions of the text before the cursor; `matcher` hands the names to IPython's completer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from beamshell.errors import BeamshellError
from beamshell.shell.command import Command
from beamshell.shell.command_set import CommandSet
from beamshell.shell.signature import Hint
from beamshell.shell.typed_line import cut_line


def candidates(text: str, commands: CommandSet, devices: Mapping[str, Any]) -> list[str] | None:
    """The completions of the last word of a text; None if no command stands before it.

    A command that does not exist, or cannot be imported, has none; it is said when it is typed to the end.

    Args:
        text: the line up to the cursor.
        commands: the commands.
        devices: the devices by name.
    """
    try:
        typed = _typed(text, commands)
        if typed is None:
            return None
        command, words, word = typed
        if "." in word:
            return _parts(word, devices)
        return [name for name in command.candidates(words, devices) if name.startswith(word)]
    except BeamshellError:
        return []


def hint(text: str, commands: CommandSet, devices: Mapping[str, Any]) -> Hint | None:
    """The usage of the command that is being typed, cut at the word that comes next; None if there is none.

    Args:
        text: the line up to the cursor.
        commands: the commands.
        devices: the devices by name.
    """
    typed = _typed(text, commands)
    return None if typed is None else typed[0].hint(typed[1], devices)


def _typed(text: str, commands: CommandSet) -> tuple[Command, list[str], str] | None:
    """The last command of a text, its words that are complete, and the one that is being typed."""
    commands_of_line = cut_line(f"{text}\0")  # the mark keeps the blank before the cursor
    if not commands_of_line:
        return None
    name, *words = commands_of_line[-1].words
    if not words or name.lstrip("%") not in commands:
        return None
    return commands[name.lstrip("%")], words[:-1], words[-1].rstrip("\0")


def _parts(word: str, devices: Mapping[str, Any]) -> list[str]:
    """The parts of a device that fit: "slits.top" for "slits.t"."""
    name, *path, start = word.split(".")
    device: Any = devices.get(name)
    for part in path:
        device = getattr(device, part, None)
    names = [part for part in getattr(device, "component_names", ()) if part.startswith(start)]
    return [".".join([name, *path, part]) for part in names]


def matcher(commands: CommandSet, devices: Callable[[], Mapping[str, Any]]) -> Callable[[Any], Any]:
    """A matcher for IPython's completer; where it has an answer it is the only one."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    def match(context: Any) -> dict[str, Any]:
        text: str = context.line_with_cursor[: context.cursor_position]
        names = candidates(text, commands, devices())
        completions = [SimpleCompletion(text=name, type="device") for name in names or ()]
        word_before = "" if not text or text[-1].isspace() else text.split()[-1]
        return {
            "completions": completions,
            "suppress": names is not None,
            "matched_fragment": word_before if completions else context.token,
            "ordered": True,
        }

    matcher: Callable[[Any], Any] = context_matcher(priority=200, identifier="beamshell.commands")(match)
    return matcher
