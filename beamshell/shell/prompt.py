"""The prompt, `demo 42 ▸`: the beamline, the number of the next scan, and the engine's state if it is not idle.

It only formats: what it shows is handed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.terminal.prompts import Prompts
from pygments.token import Token  # type: ignore[import-untyped]  # it has no stubs

if TYPE_CHECKING:
    from collections.abc import Callable


def prompt_text(name: str, next_scan: int | None, state: str, arrow: str = "▸") -> str:
    """The prompt's text.

    >>> prompt_text("demo", 42, "idle"), prompt_text("demo", 42, "paused")
    ('demo 42 ▸ ', 'demo 42 PAUSED ▸ ')
    """
    words = [name, "" if next_scan is None else str(next_scan), "" if state == "idle" else state.upper(), arrow]
    return " ".join(word for word in words if word) + " "


def arrow_for(encoding: str | None) -> str:
    """The arrow, or a plain `>` where the terminal cannot show it."""
    try:
        "▸".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ">"
    return "▸"


class BeamshellPrompts(Prompts):
    """IPython's prompts, with the beamline in place of `In [1]:`.

    Args:
        shell: the terminal shell.
        status: gives the beamline's name, the number of the next scan and the state of the engine.
        arrow: the end of the prompt.
    """

    def __init__(self, shell: Any, status: Callable[[], tuple[str, int | None, str]], arrow: str = "▸") -> None:
        super().__init__(shell)
        self._status = status
        self._arrow = arrow

    def in_prompt_tokens(self) -> list[tuple[Any, str]]:
        """The prompt; in another colour while the engine is not idle, as in a pause."""
        name, next_scan, state = self._status()
        kind = Token.Prompt if state == "idle" else Token.OutPrompt
        return [(kind, prompt_text(name, next_scan, state, self._arrow))]

    def continuation_prompt_tokens(self, width: int | None = None, **_where: Any) -> list[tuple[Any, str]]:
        """Dots as wide as the prompt."""
        if width is None:
            width = len(prompt_text(*self._status(), self._arrow))
        return [(Token.Prompt, "... ".rjust(width))]
