"""Marks the lines of a typed cell that are commands with `%`, so that IPython runs them; the others stay Python.

IPython's own rule puts commands into cells of a single line only, and a variable of the same name switches them off.
Here a line is a command when its first word is the name of one and the line, as it stands, is not Python; so
commands work in pasted blocks, after a `;` and in loops. It knows no shell: names go in, lines come out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container

from beamshell.shell.typed_line import cut_line

_FIRST_WORD = re.compile(r"%?([^\W\d]\w*)(\s|\Z)")
_ASSIGNS = re.compile(r"\s*([-+*/%@&|^]|//|\*\*|<<|>>)?=|\s*:(?!\S)")


def with_commands(lines: list[str], commands: Container[str], variables: Container[str] = ()) -> list[str]:
    """The lines of a cell, with `%` before each command and one command a line.

    Args:
        lines: the cell, each line with its newline.
        commands: the names that commands have.
        variables: the names that Python has at the prompt; a bare one of these stays Python.
    """
    marked: list[str] = []
    scanner = _Scanner()
    for line in lines:
        new_lines = [line] if scanner.inside else _one_line(line, commands, variables)
        if new_lines == [line]:  # a command's words open no bracket and no string
            scanner.feed(line)
        marked += new_lines
    return marked


def _one_line(line: str, commands: Container[str], variables: Container[str]) -> list[str]:
    parts = [(part.text, is_command(part.text, commands, variables)) for part in cut_line(line)]
    if not any(is_ours for _, is_ours in parts):
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    return [f"{indent}{'%' + text.lstrip('%') if is_ours else text}\n" for text, is_ours in parts]


def is_command(text: str, commands: Container[str], variables: Container[str] = ()) -> bool:
    """True if the text, one statement, is a command and not Python.

    >>> is_command("mov th 1", {"mov"}), is_command("mov = 1", {"mov"}), is_command("mov", {"mov"}, {"mov"})
    (True, False, False)
    """
    match = _FIRST_WORD.match(text)
    if match is None or match[1] not in commands:
        return False
    rest = text[match.end(1) :]
    if text.startswith("%"):
        return True
    if not rest.strip() or _is_python(text):
        return match[1] not in variables and not _ASSIGNS.match(rest)
    return not _ASSIGNS.match(rest)


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


class _Scanner:
    """Knows whether the next line begins inside a bracket, a triple-quoted string or a continued line."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._continued = False

    @property
    def inside(self) -> bool:
        return self._depth > 0 or bool(self._quote) or self._continued

    def feed(self, line: str) -> None:
        at = 0
        while at < len(line):
            at = self._step(line, at)
        self._continued = line.rstrip("\n").endswith("\\")

    def _step(self, line: str, at: int) -> int:
        if self._quote:
            return self._step_in_quotes(line, at)
        char = line[at]
        if char == "#":
            return len(line)
        if line[at : at + 3] in ("'''", '"""'):
            self._quote = line[at : at + 3]
            return at + 3
        if char in "'\"":
            end = line.find(char, at + 1)
            return end + 1 if end > 0 else at + 1
        self._depth = max(0, self._depth + (char in "([{") - (char in ")]}"))
        return at + 1

    def _step_in_quotes(self, line: str, at: int) -> int:
        end = line.find(self._quote, at)
        if end < 0:
            return len(line)
        end += len(self._quote)
        self._quote = ""
        return end
