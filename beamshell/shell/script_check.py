"""Checks a script before it runs: whether each line is Python or a command and, if all are commands, their words.

It runs nothing. The words of a script with Python in it may be variables that the script makes, so those wait.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from beamshell.errors import BeamshellError, ConfigError, UsageError
from beamshell.shell.advice import advice
from beamshell.shell.command_file import read_commands
from beamshell.shell.command_set import CommandSet
from beamshell.shell.commands.command_line import Line
from beamshell.shell.messages_shown import one_line
from beamshell.shell.script_cells import Cell


def wrong_lines(cells: Iterable[Cell], path: Path, shell: Any, session: Any, commands: CommandSet) -> list[str]:
    """What is wrong in a script, one message for each line, with its place.

    Args:
        cells: of the script.
        path: of the script.
        shell: the IPython shell that would run it.
        session: the console, whose devices the words mean.
        commands: all commands.
    """
    problems: list[tuple[int, str]] = []
    typed: list[tuple[int, Line | None]] = []
    for cell in cells:
        statements = _statements(cell, shell)
        if isinstance(statements, SyntaxError):
            problems.append((_line_of(cell, statements), _message(statements, shell, session, commands)))
        else:
            typed += [(cell.first_line, _command(statement, commands)) for statement in statements]
    lines = [(number, line) for number, line in typed if line is not None]
    if len(lines) == len(typed):  # there is no Python in it
        problems += [(number, text) for number, line in lines if (text := _wrong_words(line, path, session))]
    return [f"{path.name}:{number}: {text}" for number, text in sorted(problems)]


def _statements(cell: Cell, shell: Any) -> list[ast.stmt] | SyntaxError:
    """The statements of a cell, as IPython would run them, or why it cannot."""
    try:
        with warnings.catch_warnings(action="ignore"):
            source = shell.transform_cell(cell.text)
            tree = compile(source, "", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as exc:
        return exc
    except ValueError as exc:  # a zero character
        return SyntaxError(str(exc))
    body: list[ast.stmt] = tree.body
    return body


def _line_of(cell: Cell, problem: SyntaxError) -> int:
    last_line = cell.first_line + len(cell.text.rstrip().splitlines()) - 1
    return min(cell.first_line + (problem.lineno or 1) - 1, last_line)


def _message(problem: SyntaxError, shell: Any, session: Any, commands: CommandSet) -> str:
    devices = shell.user_ns.keys() & session.names.devices
    return advice(problem.text or "", commands, shell.user_ns, devices) or one_line(problem)


def _command(statement: ast.stmt, commands: CommandSet) -> Line | None:
    """The command that a statement is; None for Python, and for what belongs to IPython."""
    match statement:
        case ast.Expr(
            ast.Call(ast.Attribute(attr="run_line_magic"), [ast.Constant(str(name)), ast.Constant(str(words))])
        ):
            return Line.of(f"{name} {words}") if name in commands else None
    return None


def _wrong_words(line: Line, path: Path, session: Any) -> str:
    """What is wrong with the words of a command; "" if nothing is, or if that can only be known when it runs."""
    is_bare = not line.words  # a command alone shows its help
    if is_bare or any("{" in word for word in line.words):
        return ""
    try:
        arguments = line.arguments(session)
        if line.command.name == "do":
            read_commands(Path(arguments["file"]).expanduser(), session, callers=(path.resolve(),))
    except (UsageError, ConfigError) as exc:
        return one_line(exc)
    except BeamshellError:  # a device that does not answer now
        return ""
    return ""
