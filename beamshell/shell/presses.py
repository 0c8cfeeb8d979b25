"""Ctrl+C while no plan runs: it interrupts what a cell does, and nothing that the console does around it.

It knows IPython's shell and nothing of beamlines. While a plan runs the engine has a handler of its own; at the prompt
the terminal sends a key, and no signal.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

PATIENCE = 5
"""So many presses in a row that had nothing to interrupt, and the next thing is interrupted whatever it is."""


class Presses:
    """Who presses late, when the cell is done or its error is being shown, is not answered with a traceback.

    Args:
        shell: an IPython shell with handlers of its own for some errors (CustomTB), KeyboardInterrupt among them; its
            cells are run, and their errors shown, through here.
    """

    def __init__(self, shell: Any) -> None:
        self._cell_runs = False
        self._late = 0
        self._run_code, self._showtraceback, self._custom = shell.run_code, shell.showtraceback, shell.CustomTB
        shell.run_code, shell.showtraceback, shell.CustomTB = self._run_cell, self._show_any, self._show

    def listen(self) -> None:
        """Take SIGINT from now on; nothing where the main thread is somebody else's."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self.pressed)

    def pressed(self, _number: int = signal.SIGINT, _frame: FrameType | None = None) -> None:
        """One press.

        Raises:
            KeyboardInterrupt: there is something to interrupt.
        """
        self._late = 0 if self._cell_runs else self._late + 1
        if self._cell_runs or self._late >= PATIENCE:
            self._late = 0
            raise KeyboardInterrupt
        if os.isatty(1):
            os.write(1, b"\n")  # the terminal has written ^C, and the prompt begins a line

    async def _run_cell(self, *args: Any, **kwargs: Any) -> Any:
        self._cell_runs, self._late = True, 0
        try:
            return await self._run_code(*args, **kwargs)
        finally:
            self._cell_runs = False

    def _show(self, *error: Any) -> Any:
        """An error of those that are shown in one line."""
        self._cell_runs = False
        return self._custom(*error)

    def _show_any(self, *args: Any, **kwargs: Any) -> Any:
        """Any other error, or a press that came between the end of a cell and the telling of it."""
        self._cell_runs = False
        if issubclass(sys.exc_info()[0] or Exception, KeyboardInterrupt):
            return self._custom(*sys.exc_info())
        return self._showtraceback(*args, **kwargs)
