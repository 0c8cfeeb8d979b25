"""A typed line, cut once into its commands and their words.

It never evaluates anything, and knows no command and no device.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable
from typing import NamedTuple

_OPENING, _CLOSING = "([{", ")]}"


class TypedCommand(NamedTuple):
    """One command of a line."""

    text: str
    """As typed, without the blanks around it and without a comment behind it."""
    words: list[str]
    """Its words, the name first; quotes around a whole word are taken off, and a comment is left out."""


def cut_line(line: str) -> list[TypedCommand]:
    """The commands of a line, cut at each `;`, with their words, cut at blanks; empty commands are left out.

    Inside quotes and brackets nothing is cut. A `#` that stands alone begins a comment, which ends with the line.

    >>> [command.words for command in cut_line("mov th 1; md sample 'LaB6; 660c' # the standard")]
    [['mov', 'th', '1'], ['md', 'sample', 'LaB6; 660c']]
    """
    commands: list[TypedCommand] = []
    words: list[str] = []
    command_at = word_at = depth = 0
    quote = ""

    def end_word(at: int) -> None:
        nonlocal word_at
        if at > word_at:
            words.append(_unquoted(line[word_at:at]))
        word_at = at + 1

    def end_command(at: int) -> None:
        nonlocal command_at, words
        if words:
            commands.append(TypedCommand(line[command_at:at].strip(), words))
        command_at, words = at + 1, []

    for at, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"" and _opens_quote(line, at):
            quote = char
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth = max(0, depth - 1)
        elif depth == 0 and char == "#" and at == word_at and (at + 1 == len(line) or line[at + 1].isspace()):
            end_command(at)  # "sample #3" is a name: only a `#` alone begins a comment
            return commands
        elif depth == 0 and (char.isspace() or char == ";"):
            end_word(at)
            if char == ";":
                end_command(at)
    end_word(len(line))
    end_command(len(line))
    return commands


def words_of_call(text: str) -> list[str]:
    """The words of a call in Python, "scan(det, th, 0, 1, 3)", the name first; [] if the text is no call.

    >>> words_of_call("scan([det, cam], th, 0, 1, 3, time=0.1)")
    ['scan', 'det', 'cam', 'th', '0', '1', '3', 'time=0.1']
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            call = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return []
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return []
    settings = [f"{keyword.arg}={_word(keyword.value)}" for keyword in call.keywords if keyword.arg]
    return [call.func.id, *(word for argument in call.args for word in _words(argument)), *settings]


def _words(argument: ast.expr) -> list[str]:
    if isinstance(argument, ast.List | ast.Tuple):
        return [word for item in argument.elts for word in _words(item)]
    return [_word(argument)]


def _word(argument: ast.expr) -> str:
    """A string as its text, anything else as it is written."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return ast.unparse(argument).replace(" ", "")


def joined(words: Iterable[str]) -> str:
    """The words as a typed line; a word with blanks in it gets quotes."""
    return " ".join(f"'{word}'" if any(char.isspace() or char == ";" for char in word) else word for word in words)


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word


def _opens_quote(text: str, at: int) -> bool:
    """An apostrophe inside a word ("don't"), or one that nothing closes, is only a letter."""
    return (at == 0 or not text[at - 1].isalnum()) and text[at] in text[at + 1 :]
