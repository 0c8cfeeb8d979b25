"""The hint while a command is typed: its usage above the line below the prompt, with the next word marked.

It is made of what is typed alone: no control system is asked, and nothing is imported.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from beamshell.shell.command_set import CommandSet
from beamshell.shell.completion import hint

log = logging.getLogger(__name__)

_STYLE, _NEXT_STYLE = "noreverse", "reverse"

Fragments = Sequence[tuple[str, str]]
"""Text as prompt_toolkit takes it: (style, text)."""


class TypingHint:
    """The usage of the command that is being typed.

    Args:
        commands: all commands.
        devices: gives the devices by name.
    """

    def __init__(self, commands: CommandSet, devices: Callable[[], Mapping[str, Any]]) -> None:
        self._commands = commands
        self._devices = devices
        self._last: tuple[str, Fragments] = ("", ())

    def fragments(self, text: str) -> Fragments:
        """The usage with the next word marked; empty if no command is being typed.

        Args:
            text: what is typed, up to the cursor.
        """
        if text != self._last[0]:
            self._last = (text, self._fragments(text.rpartition("\n")[2]))
        return self._last[1]

    def _fragments(self, line: str) -> Fragments:
        try:
            usage = hint(line, self._commands, self._devices())
        except Exception:  # a key press must not bring an error; the line says it when it is typed to its end
            log.debug("no hint", exc_info=True)
            return ()
        if usage is None:
            return ()
        before, current, after = usage
        return [(style, part) for style, part in ((_STYLE, before), (_NEXT_STYLE, current), (_STYLE, after)) if part]

    def attach(self, shell: Any, below: Callable[[], Fragments]) -> Callable[[], None]:
        """Show it below the prompt of an IPython shell, if that has more than a plain prompt.

        Args:
            shell: the IPython shell.
            below: gives the line that stands below the hint.

        Returns:
            A function that undoes this.
        """
        prompt = getattr(shell, "pt_app", None)
        if prompt is None:
            return lambda: None

        def show(_app: Any) -> None:
            usage = self.fragments(prompt.default_buffer.document.text_before_cursor)
            usage, line = cut_to_width(usage, prompt.app.output.get_size().columns), below()
            between = [(_STYLE, "\n")] if usage and line else []
            prompt.bottom_toolbar = [*usage, *between, *line] or None

        prompt.app.before_render.add_handler(show)
        return lambda: prompt.app.before_render.remove_handler(show)


def cut_to_width(fragments: Fragments, width: int) -> Fragments:
    """The fragments without what does not fit in one line: the marked word is there, and as much as fits around it.

    Args:
        fragments: of one line.
        width: characters of the line.
    """
    marked = next((place for place, (style, _) in enumerate(fragments) if style == _NEXT_STYLE), 0)
    begin = max(0, sum(len(text) for _, text in fragments[: marked + 1]) - width)
    cut: list[tuple[str, str]] = []
    for style, text in fragments:
        cut.append((style, text[max(0, begin) : max(0, begin + width)]))
        begin -= len(text)
    return [(style, text) for style, text in cut if text]
