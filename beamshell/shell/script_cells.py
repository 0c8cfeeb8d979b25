"""A script cut into cells that are run one after the other; errors have the line numbers of the script.

It knows IPython's shell, and no command.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from beamshell.shell.rest_of_cell import interrupted_line

_GOES_ON = re.compile(r"(else|elif|except|finally)\b")
"""The words that go on with a block."""


class Cell(NamedTuple):
    """Some lines of a script that are complete, and run together.

    Attributes:
        text: of the cell.
        first_line: its number in the script, from 1.
    """

    text: str
    first_line: int

    def line_of(self, failure: BaseException, namespace: Any) -> int:
        """The number of the line in the script that has failed.

        Args:
            failure: the cell's error.
            namespace: the globals of the prompt.
        """
        place = interrupted_line(failure.__traceback__, namespace)
        line = place[1] if place else (failure.lineno if isinstance(failure, SyntaxError) else None)
        last_line = self.first_line + len(self.text.rstrip().splitlines()) - 1
        return min(max(line or 0, self.first_line), last_line)  # a line of several commands is run as several lines


def cells_of(text: str, check_complete: Callable[[str], tuple[str, Any]]) -> Iterator[Cell]:
    """Cut a text into complete cells, so that nothing is run after the cell that fails.

    Args:
        text: of the script.
        check_complete: says of a text whether it is "complete", "incomplete" or "invalid", as IPython does.
    """
    cell, first_line = "", 1
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if not cell.strip():
            cell, first_line = "", number
        cell += line
        if cell.strip() and not _goes_on(cell, lines[number:]) and check_complete(cell + "\n")[0] != "incomplete":
            yield Cell(cell, first_line)
            cell = ""
    if cell.strip():
        yield Cell(cell, first_line)


def _goes_on(cell: str, following: list[str]) -> bool:
    """Whether the next line belongs to the cell: of a cell magic up to an empty line, of a block all that is in it."""
    if cell.startswith("%%"):
        return bool(following) and bool(following[0].strip())
    line = next((line for line in following if line.strip()), "")
    return line[:1].isspace() or _GOES_ON.match(line) is not None


@contextmanager
def numbered_as_in(lines: list[str], cell: Cell, shell: Any) -> Iterator[None]:
    """While the block lasts, IPython numbers the lines of the cell that it runs as the script does.

    Args:
        lines: of the script; errors show them.
        cell: of the script.
        shell: an IPython shell.
    """
    compiler = shell.compile
    cache, ast_parse = compiler.cache, compiler.ast_parse

    def cache_as_in_script(*args: Any, **more: Any) -> str:
        name: str = cache(*args, **more)
        linecache.cache[name] = (1, None, lines, name)
        return name

    compiler.cache = cache_as_in_script
    compiler.ast_parse = lambda source, *args, **more: ast_parse("\n" * (cell.first_line - 1) + source, *args, **more)
    try:
        yield
    finally:
        del compiler.cache, compiler.ast_parse
