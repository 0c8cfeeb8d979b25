"""WaitingRows: rows of a table that are printed a little later, a tenth of a second at the most, and many at once.

So a fast scan does not wait for the terminal. It knows no documents, and not how a row is made.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from beamshell.callbacks.painter import Painter
from beamshell.callbacks.painter import painter as the_painter

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 0.1
"""Seconds between two prints of rows; a row that comes later than that is printed when it comes."""


class Table(Protocol):
    """A table that has noted its next rows."""

    def print_rows(self) -> None:
        """Print the rows noted since the last call."""


class WaitingRows:
    """The rows that the tables of this process have not printed yet.

    They wait only where somebody calls `print_first` before anything else is written, so that the order on the screen
    is that of the events; elsewhere each row is printed when it comes. Only one table has waiting rows at a time. What
    another thread writes may come before rows of the last tenth of a second; and if the plan's next message does not
    return, they come when it does.

    Args:
        painter: prints them when they are due, while the engine waits.
        clock: seconds that only grow.
    """

    def __init__(self, painter: Painter, clock: Callable[[], float] = time.monotonic) -> None:
        self._painter = painter
        self._clock = clock
        self._thread: int | None = None  # the one whose rows may wait
        self._table: Table | None = None
        self._due_at = 0.0

    def __repr__(self) -> str:
        return "<the rows of the table>"

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """A context in which rows of this thread may wait; who enters it calls `print_first`. None wait at its end."""
        self._thread, before = threading.get_ident(), self._thread
        try:
            yield
        finally:
            self._thread = before
            self.draw()

    def add(self, table: Table) -> None:
        """Have a table print its new row: now, or in a moment if rows may wait and others have just been printed."""
        if self._table is not table:
            self.draw()
            self._table = table
        if self._clock() < self._due_at and self._thread == threading.get_ident():
            self._painter.touch(self)
        else:
            self.draw()

    def draw(self) -> None:
        """Print the rows that wait."""
        table, self._table = self._table, None  # first: a signal handler that writes meanwhile finds none
        if table is None:
            return
        try:
            table.print_rows()
        except BaseException:
            self._table = table  # for the rows behind the one that has failed
            raise
        finally:
            self._due_at = self._clock() + LONGEST_WAIT_S

    def print_first(self) -> None:
        """Print the rows that wait, since something else is about to be written, perhaps by a signal handler."""
        if self._table is not None and self._thread == threading.get_ident():
            try:
                self.draw()
            except Exception:  # who writes must not fail because of it
                log.exception("a row cannot be printed; the measurement goes on")


rows = WaitingRows(the_painter)
"""The rows of this process."""
