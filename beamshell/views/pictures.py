"""A detector's picture as a plane of numbers, in words, and as characters from dark to bright.

Pure: numbers in, text out. It knows no terminal.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from beamshell.arrays import Floats, np
from beamshell.text.numbers import number
from beamshell.views.scales import Scale, brightness

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

_SHADES = " ░▒▓█"
_SHADES_BESIDE_GAPS = "·░▒▓█"
_GREYS = range(232, 256)
"""The greys among the 256 colours of a terminal, the darkest first."""
_DARKEST_BESIDE_GAPS = 5
"""The darkest grey beside cells without a value, which a black terminal shows black."""


def as_plane(picture: Array) -> tuple[Floats, str]:
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

    Args:
        picture: as for `as_plane`; it keeps its shape, and a pixel without a value is dark.
        columns: the widest a line may be.
        rows: the most lines.
        greys: in 24 greys and twice the rows of cells, for terminals with colours; else in five shades.
        scale: of the values.
    """
    plane, _ = as_plane(picture)
    if not plane.size:
        return []
    height, width = plane.shape
    per_character = max(width / columns, height / (2 * rows))  # a character is about twice as high as it is wide
    across = max(1, round(width / per_character))
    down = max(1, round(height / per_character / (1 if greys else 2)))
    return shaded(np.where(np.isnan(plane), -np.inf, plane), across, down, greys=greys, scale=scale)


def shaded(plane: Floats, columns: int, rows: int, *, greys: bool = False, scale: Scale = "linear") -> list[str]:
    """The plane in rows x columns cells, as lines of text; dark to bright from least to most, blank where it is nan.

    A spot of one pixel is still seen: of the pixels in one cell the brightest counts. A small plane is blown up.

    Args:
        plane: shape (height, width), at least one pixel; the first row is at the top.
        columns: cells of a line, a character each.
        rows: rows of cells; a line is one of them, or two with `greys`.
        greys: in 24 greys, for terminals with colours; else in five shades.
        scale: of the values.
    """
    cells = reduced(reduced(plane, rows, 0), columns, 1)
    is_blank = np.isnan(cells)
    count = len(_GREYS) if greys else len(_SHADES)
    darkest = _DARKEST_BESIDE_GAPS if greys and is_blank.any() else 0
    levels = darkest + np.minimum((brightness(cells, scale) * (count - darkest)).astype(int), count - darkest - 1)
    levels[is_blank] = -1
    if not greys:
        shades = (_SHADES_BESIDE_GAPS if is_blank.any() else _SHADES) + " "
        return ["".join(shades[level] for level in row) for row in levels]
    if rows % 2:
        levels = np.vstack([levels, np.full_like(levels[:1], -1)])
    return [_half_blocks(upper, lower) for upper, lower in zip(levels[::2], levels[1::2], strict=True)]


def reduced(plane: Floats, cells: int, axis: int) -> Floats:
    """The brightest pixel of each of so many cells along an axis; a small plane is blown up instead."""
    pixels = plane.shape[axis]
    starts = np.arange(cells) * pixels // cells
    chosen: Floats = plane.take(starts, axis) if cells > pixels else np.fmax.reduceat(plane, starts, axis)
    return chosen


def _half_blocks(upper: Array, lower: Array) -> str:
    """Two rows of cells in one line: the upper half of each character has the colour of the text."""
    line, before = "", ""
    for a, b in zip(upper.tolist(), lower.tolist(), strict=True):
        style, character = _half_block(a, b)
        line += character if style == before else f"\x1b[{style}m{character}"
        before = style
    return f"{line}\x1b[0m"


def _half_block(upper: int, lower: int) -> tuple[str, str]:
    """A character of two cells, and its ANSI style; the level of a blank cell is -1."""
    if upper >= 0 and lower >= 0:
        return f"38;5;{_GREYS[upper]};48;5;{_GREYS[lower]}", "▀"
    if upper < 0 and lower < 0:
        return "0", " "
    return f"0;38;5;{_GREYS[max(upper, lower)]}", "▀" if upper >= 0 else "▄"
