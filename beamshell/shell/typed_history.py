"""What IPython remembers of a console that runs for weeks: all that is typed, and the last pages of what is printed.

Lines that are typed while the disk is full wait until there is space. IPython alone would forget them, end the thread
that writes them, rename the whole history as damaged, and keep every row of every table in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from beamshell.shell.messages_shown import say

_CELLS, _PIECES = 100, 200
"""The printed text of so many cells is kept, and of each cell so many pieces at least, which are usually lines."""


def keep_history(history: Any, say: Callable[[str], None] = say) -> None:
    """Let a history manager of IPython keep the lines that cannot be written now, and forget what was printed long ago.

    Args:
        history: IPython's HistoryManager, opened already: a damaged file was renamed then.
        say: called once with a line when lines begin to wait.
    """
    write, end = history.writeout_cache, history.end_session
    is_waiting = False

    def write_or_wait(conn: Any = None) -> None:
        nonlocal is_waiting
        inputs, outputs = list(history.db_input_cache), list(history.db_output_cache)
        try:
            write(conn)
            is_waiting = False
        except sqlite3.OperationalError as exc:
            (conn or history.db).rollback()
            with history.db_input_cache_lock, history.db_output_cache_lock:
                history.db_input_cache = inputs + history.db_input_cache
                history.db_output_cache = outputs + history.db_output_cache
            if not is_waiting:
                say(f"the history of typed lines cannot be written ({exc}): it waits until there is space")
            is_waiting = True

    def end_session() -> None:
        try:
            end()
        except sqlite3.OperationalError as exc:
            say(f"the last typed lines are not in the history: {exc}")

    history.writeout_cache, history.end_session = write_or_wait, end_session
    for name in _QUESTIONS:
        setattr(history, name, _answered(history, name))
    history._corrupt_db_limit = -1  # IPython's own: a file that was whole at the start is not damaged, and stays
    history.outputs = _RecentCells()


_QUESTIONS = ("get_tail", "get_range", "search", "get_session_info", "get_last_session_id")


def _answered(history: Any, name: str) -> Callable[..., Any]:
    """A question about the history: no answer while the file cannot be read, where IPython would give the file up."""
    ask = getattr(type(history), name)
    ask = getattr(ask, "__wrapped__", ask)

    def answered(*args: Any, **kwargs: Any) -> Any:
        try:
            return ask(history, *args, **kwargs)
        except sqlite3.OperationalError:
            return []

    return answered


class _RecentCells(dict[int, "_CellOutputs"]):
    """What the last cells have shown, by the number of the cell; `%notebook` writes it into a file."""

    def __missing__(self, cell: int) -> _CellOutputs:
        while len(self) >= _CELLS:
            del self[next(iter(self))]
        self[cell] = outputs = _CellOutputs()
        return outputs


class _CellOutputs(list[Any]):
    """What one cell has shown: its printed text, its value, its pictures."""

    def append(self, output: Any) -> None:
        if "stream" in output.bundle:
            output.bundle["stream"] = _LastPieces(output.bundle["stream"])
        super().append(output)


class _LastPieces(list[str]):
    """Pieces of printed text, of which the oldest are forgotten."""

    def append(self, piece: str) -> None:
        super().append(piece)
        if len(self) > 2 * _PIECES:
            del self[:_PIECES]
