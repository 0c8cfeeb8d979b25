"""Lines that are typed while the disk is full wait, and go into IPython's history when there is space.

IPython alone would forget the lines, end the thread that writes them, and rename the whole history as damaged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from beamshell.shell.messages_shown import say


def keep_history(history: Any, say: Callable[[str], None] = say) -> None:
    """Let a history manager of IPython keep the lines that cannot be written now.

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
    history._corrupt_db_limit = -1  # IPython's own: a file that was whole at the start is not damaged, and stays
