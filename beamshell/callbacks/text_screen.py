"""TextScreen: what a plot or picture may be like on the standard output: its size, made of characters or of pixels.

It never knows what is shown.
"""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import struct
import sys
import termios
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from beamshell.arrays import np
from beamshell.callbacks.figures import PICTURES, SWITCH
from beamshell.text.window import can_show, has_colours, window_width
from beamshell.views.terminal_pictures import in_iterm, in_kitty, in_sixels
from beamshell.views.text_plot import ASCII

_SAMPLE = "⣿█┤▼…"
_USUAL_CELL = (10, 20)
"""Width and height of a character in pixels, where the terminal does not say."""
_WIDEST, _LEAST_ROWS, _OTHER_LINES = 80, 8, 6
"""Characters across that a picture has at most, its least number of lines, and the lines that it leaves free."""
_INCHES = 6.4
"""The width for which the letters of a figure have their usual size."""


@dataclass(frozen=True)
class TextScreen:
    """The size of the standard output in characters, and what it can show.

    Attributes:
        columns: characters of a line; of a file or a pipe 80.
        rows: lines; of a file or a pipe 24.
        is_terminal: whether it is a terminal whose lines a person reads as they come.
        greys: whether it shows shades of grey; not in a pipe, with NO_COLOR or TERM=dumb.
        is_unicode: whether it takes all characters.
        pictures: the protocol in which it shows pictures, one of `PICTURES`; "" for none.
        cell: width and height of a character in pixels.
    """

    columns: int
    rows: int
    is_terminal: bool
    greys: bool
    is_unicode: bool
    pictures: str = ""
    cell: tuple[int, int] = _USUAL_CELL

    @classmethod
    def of_output(cls) -> TextScreen:
        """That of the standard output now."""
        size = shutil.get_terminal_size()
        width = window_width(sys.stdout)
        protocol = os.environ.get(SWITCH, "")
        shows_pictures = protocol in PICTURES and width is not None and has_colours(sys.stdout)
        return cls(
            columns=width or size.columns,
            rows=size.lines,
            is_terminal=width is not None,
            greys=has_colours(sys.stdout),
            is_unicode=can_show(_SAMPLE, getattr(sys.stdout, "encoding", None) or "utf-8"),
            pictures=protocol if shows_pictures else "",
            cell=_cell_of(sys.stdout) if shows_pictures else _USUAL_CELL,
        )

    def text(self, lines: Iterable[str]) -> str:
        """The lines as they can be printed here."""
        text = "\n".join(lines)
        return text if self.is_unicode else text.translate(ASCII)

    def picture(self, figure: Any) -> str:
        """A figure of matplotlib as a picture that can be printed here; it is made to fit.

        Args:
            figure: on a canvas of pixels.
        """
        across, down = self.cell
        width, height = figure.get_size_inches()
        columns = min(self.columns, _WIDEST)
        rows = min(round(columns * across * height / width / down), max(self.rows - _OTHER_LINES, _LEAST_ROWS))
        columns = min(columns, round(rows * down * width / height / across))
        dpi = columns * across / _INCHES
        figure.set_dpi(dpi)
        figure.set_size_inches((columns * across + 0.5) / dpi, (rows * down + 0.5) / dpi)  # matplotlib rounds down
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())
        if self.pictures == "sixel":
            return in_sixels(pixels[..., :3])
        from matplotlib.image import imsave

        png = io.BytesIO()
        imsave(png, pixels, format="png")
        return (in_kitty if self.pictures == "kitty" else in_iterm)(png.getvalue(), columns, rows)


def _cell_of(stream: Any) -> tuple[int, int]:
    """Width and height of a character in pixels, as the terminal says, or the usual ones."""
    try:
        size = fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):  # replaced, or closed
        return _USUAL_CELL
    rows, columns, width, height = struct.unpack("HHHH", size)
    return (width // columns, height // rows) if rows and columns and width >= columns else _USUAL_CELL
