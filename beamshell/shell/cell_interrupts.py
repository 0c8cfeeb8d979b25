"""Ctrl+C while no plan runs: it interrupts the code of a cell, and not the console's own work before and after it.

It joins IPython's shell to the owner of SIGINT and knows nothing of beamlines. While a plan runs, presses are about
the plan; while the prompt reads keys, the terminal sends a key and no signal. A press in between, from Enter to the
first statement, interrupts that statement before it begins.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from beamshell.engine.interrupts import OWNER, Action, InterruptOwner, Rule, Situation, Subject
from beamshell.errors import RunEngineInterrupted

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyPress

PRESSES_TO_GET_OUT = 5
"""Presses in a row outside a cell, from which on the console's own work is interrupted too."""

_NOT_RUN = "Ctrl+C: what has not begun is not run."

_INTERRUPTED = compile("raise KeyboardInterrupt", "<Ctrl+C>", "exec")
"""Run in place of a statement that was interrupted before it began."""


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
        Rule(Situation.BEGINNING, 1, Action.END_CELL, _NOT_RUN),
        Rule(Situation.BEGINNING, PRESSES_TO_GET_OUT, Action.INTERRUPT, "Interrupting the console's own work."),
        Rule(Situation.PROMPT, 1, Action.TELL, "Nothing runs that could be interrupted."),
        Rule(Situation.PROMPT, PRESSES_TO_GET_OUT, Action.INTERRUPT, "Interrupting the console's own work."),
    )

    def __init__(self, shell: Any, owner: InterruptOwner = OWNER) -> None:
        self._situation = Situation.PROMPT
        self._prompt_has_begun = False
        self._watch = owner.watch(self)
        self._shell = shell
        self._pressed_early = False
        self._keys_to_read = False
        self._run_code, self._showtraceback, self._custom = shell.run_code, shell.showtraceback, shell.CustomTB
        shell.run_code, shell.showtraceback, shell.CustomTB = self._run_statement, self._show_any, self._show
        self._prompt_for_code = shell.prompt_for_code
        shell.prompt_for_code = self._ask_for_cell

    @property
    def situation(self) -> Situation:  # type: ignore[override]  # read only: it depends on the prompt too
        """The present situation; as soon as Enter has ended the prompt, a statement is about to run."""
        app = self._app
        if self._situation is Situation.PROMPT and self._prompt_has_begun and app is not None:
            return Situation.BEGINNING if app.is_done or not app.is_running else Situation.PROMPT
        return self._situation

    def listen(self) -> None:
        """Take SIGINT for this console from now on; do nothing outside the main thread."""
        self._watch.__enter__()

    def act(self, action: Action, frame: Any) -> None:
        """Remember a press that came before a statement began."""
        if action is Action.END_CELL:
            self._pressed_early = True
        elif action is Action.TELL:
            self._draw_prompt_anew()
        super().act(action, frame)

    def _draw_prompt_anew(self) -> None:
        """Draw the prompt below what was just said: it was on the screen already, before it read keys."""
        app = self._app
        if app is not None and app.is_running:
            app.renderer.reset()
            app.invalidate()

    def _ask_for_cell(self) -> Any:
        self._situation, self._pressed_early, self._prompt_has_begun = Situation.PROMPT, False, False
        if self._app is not None:
            self._app.pre_run_callables.append(self._begin_prompt)  # it is called once
        cell = self._prompt_for_code()
        self._situation, self._prompt_has_begun, self._keys_to_read = Situation.BEGINNING, False, True
        return cell

    def _begin_prompt(self) -> None:
        self._prompt_has_begun = True

    @property
    def _app(self) -> Any:
        """The prompt's application; None where no keys are read from a terminal."""
        return getattr(getattr(self._shell, "pt_app", None), "app", None)

    async def _run_statement(self, code: Any, *args: Any, **kwargs: Any) -> Any:
        self._look_for_a_key()
        self._watch.begin_statement()
        self._situation = Situation.CELL  # a press from here on is raised; one before it has been remembered
        pressed, self._pressed_early = self._pressed_early, False
        if pressed:
            code = _INTERRUPTED
            kwargs["async_"] = False
        try:
            return await self._run_code(code, *args, **kwargs)
        finally:
            self._situation = Situation.BEGINNING  # of the next statement of the cell, if there is one

    def _look_for_a_key(self) -> None:
        """Look for a Ctrl+C that came before this statement as a key, and that nobody has read."""
        prompt = getattr(self._shell, "pt_app", None)
        if self._keys_to_read and prompt is not None and has_ctrl_c(prompt.input):
            self._pressed_early = True
            self.say(_NOT_RUN)
        self._keys_to_read = False

    def _show(self, *error: Any) -> Any:
        """Show an error that has a handler of its own (in one line)."""
        self._situation = Situation.PROMPT
        if issubclass(error[0], KeyboardInterrupt | RunEngineInterrupted):
            self._drop_lines_typed_ahead()
        return self._custom(*error)

    def _drop_lines_typed_ahead(self) -> None:
        """Forget what was pasted behind an interrupted line; the terminal itself forgets what it has not handed out."""
        prompt = getattr(self._shell, "pt_app", None)
        if prompt is not None and (lines := typed_ahead(prompt.input)):
            self.say("\n".join(["These lines were typed ahead, and do not run:", *(f"  {line}" for line in lines)]))

    def _show_any(self, *args: Any, **kwargs: Any) -> Any:
        """Show any other error, or a press that came between the end of a cell and the showing of its error."""
        self._situation = Situation.PROMPT
        if issubclass(sys.exc_info()[0] or Exception, KeyboardInterrupt):
            return self._custom(*sys.exc_info())
        return self._showtraceback(*args, **kwargs)


def has_ctrl_c(keyboard: Input) -> bool:
    """True if Ctrl+C is among the keys after Enter. Keys before it are dropped; later ones are for the next prompt.

    While the prompt ends, the terminal sends Ctrl+C as a key still, and the console has stopped reading keys.
    """
    from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
    from prompt_toolkit.keys import Keys

    keys = [*get_typeahead(keyboard), *_unread_keys(keyboard)]
    presses = [place for place, key in enumerate(keys) if key.key == Keys.ControlC]
    store_typeahead(keyboard, keys[presses[-1] + 1 :] if presses else keys)
    return bool(presses)


def typed_ahead(keyboard: Input) -> list[str]:
    """The lines that were read before the prompt wanted them; they are forgotten."""
    from prompt_toolkit.input.typeahead import get_typeahead

    return "".join(key.data for key in get_typeahead(keyboard)).replace("\r", "\n").splitlines()


def _unread_keys(keyboard: Input) -> list[KeyPress]:
    """The keys that wait in the terminal; it keeps sending Ctrl+C as a signal meanwhile."""
    try:
        import termios
    except ImportError:  # not on Windows
        return []
    try:
        before = termios.tcgetattr(keyboard.fileno())
    except (OSError, ValueError, NotImplementedError, termios.error):  # no terminal
        return []
    by_key = before.copy()
    by_key[3] &= ~termios.ICANON  # lflag: hand out keys, not whole lines
    termios.tcsetattr(keyboard.fileno(), termios.TCSANOW, by_key)
    try:
        return keyboard.read_keys()
    finally:
        termios.tcsetattr(keyboard.fileno(), termios.TCSANOW, before)


def keep_sigint(prompt: PromptSession[str]) -> None:
    """Keep prompt_toolkit from taking SIGINT: it loses a press that comes after Enter, as its event loop ends.

    Nothing is missing at the prompt, where the terminal sends Ctrl+C as a key.
    """
    ask: Any = prompt  # its two methods are replaced
    ask.prompt = partial(prompt.prompt, handle_sigint=False)
    ask.prompt_async = partial(prompt.prompt_async, handle_sigint=False)


class ClosingInterrupts(Subject):
    """The console that closes, as the subject of presses: leaving must not stop half-way."""

    rules = (Rule(Situation.CLOSING, 1, Action.TELL, "Leaving already: devices and data are put in order first."),)
    situation = Situation.CLOSING
