"""Ctrl+C while no plan runs: it interrupts the code of a cell, and not the console's own work before and after it.

It joins IPython's shell to the owner of SIGINT and knows nothing of beamlines. While a plan runs, presses are about
the plan; while the prompt reads keys, the terminal sends a key and no signal.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from beamshell.engine.interrupts import OWNER, Action, InterruptOwner, Rule, Situation, Subject, announce

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindingsBase, KeyPressEvent

PRESSES_TO_GET_OUT = 5
"""Presses in a row outside a cell, from which on the console's own work is interrupted too."""


class CellInterrupts(Subject):
    """The console between plans, as the subject of presses.

    A press that comes late, when the cell is done or its error is being shown, does not raise a traceback.

    Args:
        shell: an IPython shell with handlers of its own for some errors (CustomTB), KeyboardInterrupt among them; its
            cells are run, and their errors shown, through here.
        owner: of SIGINT.
    """

    rules = (
        Rule(Situation.CELL, 1, Action.INTERRUPT, ""),
        Rule(Situation.PROMPT, 1, Action.TELL, "Nothing runs that could be interrupted."),
        Rule(Situation.PROMPT, PRESSES_TO_GET_OUT, Action.INTERRUPT, "Interrupting the console's own work."),
    )

    def __init__(self, shell: Any, owner: InterruptOwner = OWNER) -> None:
        self.situation = Situation.PROMPT
        self._watch = owner.watch(self)
        self._run_code, self._showtraceback, self._custom = shell.run_code, shell.showtraceback, shell.CustomTB
        shell.run_code, shell.showtraceback, shell.CustomTB = self._run_cell, self._show_any, self._show

    def listen(self) -> None:
        """Take SIGINT for this console from now on; do nothing outside the main thread."""
        self._watch.__enter__()

    async def _run_cell(self, *args: Any, **kwargs: Any) -> Any:
        self._watch.count_anew()
        self.situation = Situation.CELL
        try:
            return await self._run_code(*args, **kwargs)
        finally:
            self.situation = Situation.PROMPT

    def _show(self, *error: Any) -> Any:
        """Show an error that has a handler of its own (in one line)."""
        self.situation = Situation.PROMPT
        return self._custom(*error)

    def _show_any(self, *args: Any, **kwargs: Any) -> Any:
        """Show any other error, or a press that came between the end of a cell and the showing of its error."""
        self.situation = Situation.PROMPT
        if issubclass(sys.exc_info()[0] or Exception, KeyboardInterrupt):
            return self._custom(*sys.exc_info())
        return self._showtraceback(*args, **kwargs)


def with_late_presses(bindings: KeyBindingsBase) -> KeyBindingsBase:
    """The prompt's keys, with a press that comes as Enter ends the prompt: prompt_toolkit would end it once more.

    Args:
        bindings: the keys of IPython's prompt.
    """
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings

    own = KeyBindings()

    @own.add("<sigint>")
    def pressed(event: KeyPressEvent) -> None:
        if event.app.is_running and not event.app.is_done:
            event.app.exit(exception=KeyboardInterrupt())
        else:
            announce("Ctrl+C came before the line began: press it again to interrupt the line.")

    return merge_key_bindings([bindings, own])


class ClosingInterrupts(Subject):
    """The console that closes, as the subject of presses: leaving must not stop half-way."""

    rules = (Rule(Situation.CLOSING, 1, Action.TELL, "Leaving already: devices and data are put in order first."),)
    situation = Situation.CLOSING
