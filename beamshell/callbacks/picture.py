"""Shows a detector's picture: in a window or, without a display, as characters in the terminal.

It never knows where the picture comes from.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

import numpy as np

from beamshell.callbacks.figures import windows
from beamshell.callbacks.scales import Scale, brightness, colours
from beamshell.text.numbers import number
from beamshell.text.window import fitted, window_width

Array = np.ndarray[Any, np.dtype[Any]]

_SHADES = " ░▒▓█"
_GREYS = range(232, 256)
"""The greys among the 256 colours of a terminal, the darkest first."""
_LEAST_COLUMNS, _LEAST_ROWS = 16, 8
_OTHER_LINES = 6
"""Lines of the terminal that are left for the prompt and the description of the picture."""


def as_plane(picture: Array) -> tuple[Array, str]:
    """The picture as one plane (height, width) of float64, and the operation that made it: "mean of 3 frames" or "".

    Args:
        picture: (height, width), or several of them, (n, height, width); in colour, (height, width, 3 or 4); or a
            single row.
    """
    values = np.atleast_2d(np.asarray(picture, dtype=np.float64))
    if values.ndim == 2:
        return values, ""
    if values.ndim == 3 and values.shape[-1] in (3, 4):
        return values[..., :3].mean(axis=-1), "mean of the colours"
    frames = values.reshape(-1, *values.shape[-2:])
    with np.errstate(invalid="ignore"):  # inf and -inf of one pixel
        return frames.mean(axis=0), f"mean of {len(frames)} frames"


def describe(picture: Array) -> str:
    """Size, range and sum of a picture in words: ``256 x 256 pixels, 0 to 4051, sum 1.336e+07``."""
    plane, operation = as_plane(picture)
    if not plane.size:
        return "no pixels"
    height, width = plane.shape
    finite = plane[np.isfinite(plane)] if np.isfinite(plane).any() else np.zeros(1)
    low, high, total = (number(float(value), 0) for value in (finite.min(), finite.max(), finite.sum()))
    return f"{width} x {height} pixels, {low} to {high}, sum {total}" + (f", {operation}" if operation else "")


def in_characters(
    picture: Array, columns: int, rows: int, *, greys: bool = False, scale: Scale = "linear"
) -> list[str]:
    """The picture as lines of text that fit into `columns` x `rows` characters, dark to bright from least to most.

    A spot of one pixel is still seen: of the pixels under one character the brightest counts.

    Args:
        picture: as for `as_plane`.
        columns: the widest a line may be.
        rows: the most lines.
        greys: in 24 greys and twice the lines, for terminals with colours; else in five shades.
        scale: of the values.
    """
    plane, _ = as_plane(picture)
    if not plane.size:
        return []
    height, width = plane.shape
    per_character = max(width / columns, height / (2 * rows))  # a character is about twice as high as it is wide
    across = max(1, round(width / per_character))
    down = max(1, round(height / per_character / (1 if greys else 2)))
    count = len(_GREYS) if greys else len(_SHADES)
    levels = np.minimum((brightness(_reduced(plane, down, across), scale) * count).astype(int), count - 1)
    if not greys:
        return ["".join(_SHADES[level] for level in row) for row in levels]
    if down % 2:
        levels = np.vstack([levels, np.zeros_like(levels[:1])])
    return [_half_blocks(upper, lower) for upper, lower in zip(levels[::2], levels[1::2], strict=True)]


def _reduced(plane: Array, rows: int, columns: int) -> Array:
    """The brightest pixel of each of rows x columns cells; a small picture is blown up instead."""
    known = np.where(np.isnan(plane), -np.inf, plane)
    down, across = _spread(rows, plane.shape[0]), _spread(columns, plane.shape[1])
    cells: Array
    if rows > plane.shape[0] or columns > plane.shape[1]:
        cells = known[np.ix_(down, across)]
    else:
        cells = np.maximum.reduceat(np.maximum.reduceat(known, down, axis=0), across, axis=1)
    return cells


def _spread(cells: int, pixels: int) -> Array:
    """The first pixel of each cell."""
    return np.arange(cells) * pixels // cells


def _half_blocks(upper: Array, lower: Array) -> str:
    """Two rows in one line: the upper half of each character has the colour of the text."""
    cells = (f"\x1b[38;5;{_GREYS[a]};48;5;{_GREYS[b]}m▀" for a, b in zip(upper, lower, strict=True))
    return "".join(cells) + "\x1b[0m"


class Picture:
    """One picture and its title, for a window."""

    def __init__(self, picture: Array, title: str, scale: Scale = "linear") -> None:
        self._plane, self._title, self._scale = as_plane(picture)[0], title, scale

    def compose(self, figure: Any, previous: Any) -> None:  # noqa: ARG002  # an image leaves no room for it
        """Make the image in `figure`, the first row at the top."""
        figure.clear()
        ax = figure.subplots()
        image = ax.imshow(
            np.ma.masked_invalid(self._plane),
            interpolation="nearest",
            aspect="auto" if len(self._plane) == 1 else "equal",
            **colours(self._plane, self._scale),
        )
        figure.colorbar(image, ax=ax, label="counts")
        ax.set_xlabel("column [px]")
        ax.set_ylabel("row [px]")
        ax.set_title(self._title, fontsize="medium")

    def update(self) -> None:
        """Do nothing: a picture that was taken does not change."""


def show(picture: Array, title: str, scale: Scale = "linear") -> None:
    """Show a picture in the window for pictures, or in the terminal if there can be no window."""
    if windows.possible:
        window = windows.window("image", "image")
        window.show(Picture(picture, title, scale))
        window.draw()
    else:
        size = shutil.get_terminal_size()
        greys = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        columns, rows = max(_LEAST_COLUMNS, size.columns - 1), max(_LEAST_ROWS, size.lines - _OTHER_LINES)
        print("\n".join(in_characters(picture, columns, rows, greys=greys, scale=scale)))
    print(fitted(f"{title}: {describe(picture)}", window_width(sys.stdout)))
