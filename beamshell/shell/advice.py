"""Advice for a typed line that is neither a command nor Python: what to type instead.

It looks at the line and at names: of commands, plans, devices. It knows no shell, and asks no device.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Container

from beamshell import plans
from beamshell.shell.command_set import CommandSet
from beamshell.shell.tokens import is_number
from beamshell.shell.typed_line import cut_line
from beamshell.text.nearest import nearest

_ELSEWHERE = {
    "setpos": "th.set_current_position(0) calls the place where th is 0",
    "set_dial": "the dial position is the controller's: th.set_current_position(0) sets the user position",
    "set_lm": "th.limits = (-5, 5) sets the limits of th",
    "lm": "wm th shows the limits",
    "wu": "wm th shows where th is, wa all motors",
    "pa": "wa shows all motors",
    "where": "wm th shows where th is, wa all motors",
    "motors": "wa shows all motors, devices everything",
    "goto": "mov th 1 moves th to 1",
    "move": "mov th 1 moves th to 1",
    "newsample": "md sample LaB6 goes into all runs from now on",
    "newfile": "each run has a file of its own: runs shows them",
    "qdo": "do night.txt runs a file of commands",
    "setplot": "plots come by themselves; --Beamshell.plots=none switches them off",
}
"""Commands of SPEC and BLISS that have no namesake here, with what does the same."""

_FIRST_WORD = re.compile(r"%?([^\W\d]\w*)")


def advice(line: str, commands: CommandSet, variables: Container[str] = (), devices: Container[str] = ()) -> str:
    """What to type instead of a line that Python does not understand; "" if it is not meant as a command.

    Args:
        line: as typed.
        commands: the commands.
        variables: the names that the prompt has.
        devices: the names of devices.
    """
    match = _FIRST_WORD.match(line.strip())
    if match is None:
        return ""
    word, rest = match[1], line.strip()[match.end() :]
    if word == "help" and (topic := rest.strip(" ()")) in commands:
        return f"type bhelp {topic}, or {topic}?"
    if word in commands and rest.startswith("("):
        words = [each for typed in cut_line(rest.strip("() \t;").replace(",", " ")) for each in typed.words]
        return f"write {' '.join([word, *words])}, or in Python {word}({', '.join(words)})"
    if word in devices and rest[:1].isspace() and is_number(rest.strip()):
        return f"type mov {word} {rest.strip()} to move it there"
    if keyword.iskeyword(word) or hasattr(builtins, word) or word in variables or not _is_like_a_command(rest):
        return ""
    if word in _ELSEWHERE:
        return f"no command '{word}': {_ELSEWHERE[word]}"
    if word in plans.__all__:
        return f"{word} is a plan: RE(bp.{word}(...)) runs it, bp.{word}? shows its arguments"
    is_meant_as_one = nearest(word, commands) or _names_a_device(rest, devices)
    return str(commands.unknown(word)) if is_meant_as_one else ""


def _names_a_device(rest: str, devices: Container[str]) -> bool:
    """Whether one of the words is a device."""
    return any(word in devices for word in rest.split())


def _is_like_a_command(rest: str) -> bool:
    """Whether what follows a first word is nothing, or words as commands have them."""
    return not rest.strip() or (rest[0].isspace() and "=" not in rest.split())
