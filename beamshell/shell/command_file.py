"""A file of commands: read whole, with the files that it names, and checked before any of its lines runs.

It runs nothing.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from beamshell.errors import BeamshellError, ConfigError, UnknownName, UsageError
from beamshell.shell.command_sequence import located
from beamshell.shell.commands.command_line import Line
from beamshell.shell.typed_line import cut_line

_NOT_IN_A_FILE = ("resume", "stop", "abort", "halt")
"""They are about a plan that is paused; a file of commands is one plan. `stop` with words is about motors."""
_MOST_WRONG_LINES = 10


class FileLine(NamedTuple):
    """One command of a file."""

    line: Line
    place: str
    """Such as "night.txt:4"."""
    go_on: bool
    """Whether the next one is run although this one has failed."""


def read_commands(path: Path, session: Any, *, go_on: bool = False, callers: tuple[Path, ...] = ()) -> list[FileLine]:
    """The commands of a file, in order, with those of the files that it names by `do`.

    Args:
        path: of the file.
        session: the console, whose devices the words mean.
        go_on: whether a command that fails does not end the file.
        callers: the files that have led to this one; none of them may stand in it.

    Raises:
        ConfigError: a file cannot be read, or lines are wrong; the message names each with its place.
    """
    commands: list[FileLine] = []
    wrong: list[str] = []
    for each in _Reader(session).lines(path, go_on, callers):
        if isinstance(each, FileLine):
            commands.append(each)
        else:
            wrong.append(str(each))
    if wrong:
        more = [f"... and {len(wrong) - _MOST_WRONG_LINES} more"] if len(wrong) > _MOST_WRONG_LINES else []
        raise ConfigError("\n".join([*wrong[:_MOST_WRONG_LINES], *more]))
    return commands


class _Reader:
    """Reads files of commands."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def lines(self, path: Path, go_on: bool, callers: tuple[Path, ...]) -> Iterator[FileLine | BeamshellError]:
        """The commands of a file, and the errors of its wrong lines, which know their places."""
        for number, text in enumerate(text_of(path).splitlines(), 1):
            if text.lstrip().startswith("#"):
                continue
            place = f"{path.name}:{number}"
            for typed in cut_line(text):
                try:
                    yield from self._command(typed.text, place, path, go_on, callers)
                except BeamshellError as exc:
                    yield located(exc, place)

    def _command(
        self, text: str, place: str, path: Path, go_on: bool, callers: tuple[Path, ...]
    ) -> Iterable[FileLine | BeamshellError]:
        try:
            line = Line.of(text)
        except UnknownName:
            if _is_python(text):
                raise UsageError(f"'{text}' is Python, which `beamshell run` and `%run -i` run, but not `do`") from None
            raise
        name = line.command.name
        if name in _NOT_IN_A_FILE and not (name == "stop" and line.words):
            raise UsageError(f"{name} is typed at a pause, and cannot stand in a file")
        arguments = line.arguments(self._session)
        if name != "do":
            return [FileLine(line, place, go_on)]
        named = path.parent / Path(arguments["file"]).expanduser()
        chain = [*callers, path.resolve()]
        if named.resolve() in chain:
            raise UsageError(f"{named.name} would call itself: {' -> '.join(one.name for one in [*chain, named])}")
        return list(self.lines(named, go_on or arguments["goon"] is not None, tuple(chain)))


def _is_python(text: str) -> bool:
    """Whether a line with an unknown first word is a statement of Python, or begins a block of it."""
    word = re.match(r"\w*", text)
    return keyword.iskeyword(word[0] if word else "") or "=" in text.split()


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        ConfigError: it cannot be read; the message says why.
    """
    try:
        return path.read_text(encoding="utf-8-sig")  # an editor may mark its text so
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is no text") from None
