"""TextScreen: what a plot or picture made of characters may be like on the standard output, and its printing.

It never knows what is shown.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from beamshell.text.window import can_show, has_colours, window_width
from beamshell.views.text_plot import ASCII

_SAMPLE = "⣿█┤▼…"


@dataclass(frozen=True)
class TextScreen:
    """The size of the standard output in characters, and what it can show.

    Attributes:
        columns: characters of a line; of a file or a pipe 80.
        rows: lines; of a file or a pipe 24.
        is_terminal: whether it is a terminal whose lines a person reads as they come.
        greys: whether it shows shades of grey; not in a pipe, with NO_COLOR or TERM=dumb.
        is_unicode: whether it takes all characters.
    """

    columns: int
    rows: int
    is_terminal: bool
    greys: bool
    is_unicode: bool

    @classmethod
    def of_output(cls) -> TextScreen:
        """That of the standard output now."""
        size = shutil.get_terminal_size()
        width = window_width(sys.stdout)
        return cls(
            columns=width or size.columns,
            rows=size.lines,
            is_terminal=width is not None,
            greys=has_colours(sys.stdout),
            is_unicode=can_show(_SAMPLE, getattr(sys.stdout, "encoding", None) or "utf-8"),
        )

    def text(self, lines: Iterable[str]) -> str:
        """The lines as they can be printed here."""
        text = "\n".join(lines)
        return text if self.is_unicode else text.translate(ASCII)
