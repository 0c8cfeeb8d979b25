"""Completion of a command's words with Tab, and the hint that shows which word comes next.

Both are pure functions of the text before the cursor; `completions_of` joins the names to IPython's completions.
No control system is asked: what the menu shows of a device is the last value that has come by subscription.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from beamshell.errors import BeamshellError
from beamshell.shell.command import Command
from beamshell.shell.command_set import CommandSet
from beamshell.shell.device_parts import part, part_names
from beamshell.shell.signature import Hint
from beamshell.shell.status_line import reading_text, value_signal
from beamshell.shell.tokens import find_device, is_device
from beamshell.shell.typed_cell import last_statement
from beamshell.shell.typed_line import cut_line

_UNKNOWN = "<unknown>"
"""What IPython's menu says beside a name of which it knows nothing."""
_RUN = re.compile(r"(?<![\w.])runs\[-?\d+\]\.(\w*)\Z")
"""One run of the catalogue, and the attribute that is being typed; IPython would offer those of a list of runs too."""


def candidates(text: str, commands: CommandSet, devices: Mapping[str, Any]) -> list[str] | None:
    """The completions of the last word of a text; None if no command stands before it.

    A command that does not exist, or cannot be imported, has none; it is said when it is typed to the end.

    Args:
        text: the line up to the cursor.
        commands: the commands.
        devices: the devices by name.
    """
    if run := _RUN.search(text):
        from beamshell.store.run import Run

        return [name for name in dir(Run) if name.startswith(run[1]) and not name.startswith("_")]
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
    typed = _typed(text, commands, imports=False)
    return None if typed is None else typed[0].hint(typed[1], devices)


def _typed(text: str, commands: CommandSet, *, imports: bool = True) -> tuple[Command, list[str], str] | None:
    """The last command of a text, its words that are complete, and the one that is being typed.

    Args:
        text: the line up to the cursor.
        commands: the commands.
        imports: whether a command of another package is imported, which takes a while.
    """
    commands_of_line = cut_line(f"{last_statement(text)}\0")  # the mark keeps the blank before the cursor
    if not commands_of_line:
        return None
    name, *words = commands_of_line[-1].words
    name = name.lstrip("%")
    if not words or name not in commands or not (imports or commands.is_imported(name)):
        return None
    return commands[name], words[:-1], words[-1].rstrip("\0")


def _parts(word: str, devices: Mapping[str, Any]) -> list[str]:
    """The parts of a device that fit: "slits.top" for "slits.t"."""
    name, *path, start = word.split(".")
    device: Any = devices.get(name)
    for each in path:
        if each not in part_names(device):
            return []
        device = part(device, each)
    return [".".join([name, *path, each]) for each in part_names(device) if each.startswith(start)]


def last_value(name: str, devices: Mapping[str, Any]) -> str:
    """The last value of a device that has come by subscription, such as "1.0000 deg"; "" if there is none.

    Args:
        name: a word of the menu, such as "th" or "th.velocity".
        devices: the devices by name.
    """
    if not is_device(name, devices):
        return ""
    device = find_device(name, devices)
    device = getattr(device, "main_axis", None) or device
    signal = value_signal(device)
    if signal is None:
        return ""
    if not getattr(signal, "connected", True):
        return "not connected"
    return "" if signal.latest is None else reading_text(signal, device)


def _summary(name: str, commands: CommandSet) -> str:
    """What a command does, in one line; "" for what is none, or is not imported yet."""
    return commands[name].summary if commands.is_imported(name) else ""


def completions_of(
    python: Callable[[str, int], Iterator[Any]], commands: CommandSet, devices: Callable[[], Mapping[str, Any]]
) -> Callable[[str, int], Iterator[Any]]:
    """The completions at the prompt: in a command its own and no others, elsewhere those of Python.

    A magic is offered only where a `%` is typed. Beside a device stands its last value, beside a command what it does.

    Args:
        python: IPython's completions, by text and place of the cursor.
        commands: the commands.
        devices: gives the devices by name.
    """
    from IPython.core.completer import Completion

    def completions(text: str, offset: int) -> Iterator[Any]:
        line = text[:offset].rsplit("\n", 1)[-1]
        names = candidates(line, commands, devices())
        if names is None:
            has_percent = "%" in line.split(";")[-1]
            for one in python(text, offset):
                if has_percent or not one.text.startswith("%"):
                    note = last_value(one.text, devices()) or _summary(one.text, commands)
                    is_plain = not note and one.type != _UNKNOWN
                    yield one if is_plain else Completion(one.start, one.end, one.text, type=note)
            return
        word = re.split(r"\s|(?<=\])\.", line)[-1]
        for name in names:
            yield Completion(offset - len(word), offset, name, type=last_value(name, devices()))

    return completions
