"""The lines of a cell that did not run because one of them was interrupted, as they were typed.

Pure: it knows no shell; the text of the cell and the number of the line go in.
"""

from __future__ import annotations

import ast
from types import TracebackType
from typing import Any

MOST_LINES = 8
"""Lines that are shown; of more only the number is."""


def interrupted_line(traceback: TracebackType | None, namespace: Any) -> tuple[str, int] | None:
    """The file and the line of the cell in which an exception arose; None if it did not arise in a cell.

    Args:
        traceback: of the exception.
        namespace: the globals of the prompt, by which code of a cell is known.
    """
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_globals is namespace and frame.f_code.co_name == "<module>":
            return frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next
    return None


def rest_of_cell(source: str, line: int) -> list[str]:
    r"""The statements that did not run, and the loop that did not come to its end; at most MOST_LINES.

    Args:
        source: of the cell, as Python.
        line: the one that was interrupted, from 1.

    Example:
        >>> rest_of_cell("a()\nb()\nc()", 1), rest_of_cell("for i in x:\n    a()\nb()", 2)
        (['b()', 'c()'], ['for i in x: ... (from here on)', 'b()'])
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return []
    rest: list[str] = []
    for statement in statements:
        end = statement.end_lineno or statement.lineno
        if statement.lineno > line:
            rest += _as_typed(source, statement)
        elif line <= end and (
            isinstance(statement, ast.For | ast.While) or (line < end and hasattr(statement, "body"))
        ):
            rest.append(f"{_as_typed(source, statement)[0].rstrip()} ... (from here on)")
    if len(rest) > MOST_LINES:
        rest[MOST_LINES:] = [f"... and {len(rest) - MOST_LINES} more lines"]
    return rest


def _as_typed(source: str, statement: ast.stmt) -> list[str]:
    """The lines of a statement; a command is Python in the source, and a line of words here."""
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(attr="run_line_magic"), [ast.Constant(name), ast.Constant(words)])):
            return [" ".join(str(part) for part in (name, words) if part)]
    return (ast.get_source_segment(source, statement) or "").splitlines() or [""]
