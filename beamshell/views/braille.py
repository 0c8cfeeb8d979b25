"""Braille: a canvas of dots as text, eight dots in a character, and lines through points as dots of it.

Pure numpy: it knows no axis and no run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from beamshell.arrays import Booleans, Floats, np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Indices: TypeAlias = "NDArray[np.intp]"

DOTS_ACROSS, DOTS_DOWN = 2, 4
"""Dots of a character."""
_BLANK, _BRAILLE = ord(" "), 0x2800
_ROW_OF_BIT, _COLUMN_OF_BIT = [0, 1, 2, 0, 1, 2, 3, 3], [0, 0, 0, 1, 1, 1, 0, 1]
"""Where the dot of each bit is in a character: Unicode 15, chapter 21.1."""
_FEW = 2
"""Points for each character of a line; up to so many that are not joined have four dots each, to be seen."""
_MOST_STROKES = 4000
"""Lines between the columns of the canvas; a curve that goes back and forth more often is drawn as points."""


def dots_of(across: Floats, up: Floats, columns: int, rows: int, *, joined: bool = True) -> Booleans:
    """The points as dots of a canvas of `columns` x `rows` characters: shape (4 rows, 2 columns), the top first.

    Args:
        across: from 0 at the left edge to 1 at the right one, shape (n,); a point with a nan is left out.
        up: from 0 at the lower edge to 1 at the upper one, shape (n,).
        columns: of characters.
        rows: of characters.
        joined: whether lines join each point with the next one; no line crosses a point that is left out.
    """
    width, height = DOTS_ACROSS * columns, DOTS_DOWN * rows
    dots = np.zeros((height, width), dtype=np.bool_)
    known = np.flatnonzero(np.isfinite(across) & np.isfinite(up))
    if not known.size:
        return dots
    column = np.clip(across[known] * (width - 1) + 0.5, 0, width - 1).astype(np.intp)
    row = np.clip((1 - up[known]) * (height - 1) + 0.5, 0, height - 1).astype(np.intp)
    if joined:
        column, row = _joined(column, row, np.diff(known) > 1)
    elif known.size <= _FEW * columns:
        dots[row, np.maximum(column - 1, 0)] = dots[np.maximum(row - 1, 0), column] = True
        dots[np.maximum(row - 1, 0), np.maximum(column - 1, 0)] = True
    dots[row, column] = True
    return dots


def _joined(column: Indices, row: Indices, is_gap: Booleans) -> tuple[Indices, Indices]:
    """The dots of the lines through these dots; of many in a row in one column the first, the ends and the last count.

    Args:
        column: shape (n,).
        row: shape (n,).
        is_gap: True where no line goes to the next dot, shape (n - 1,).
    """
    starts = np.flatnonzero(np.concatenate([[True], (np.diff(column) != 0) | is_gap]))
    if len(starts) > _MOST_STROKES:
        return column, row
    ends = np.append(starts[1:], len(column)) - 1
    strokes = [column[starts], np.minimum.reduceat(row, starts), column[starts], np.maximum.reduceat(row, starts)]
    linked = np.flatnonzero(~is_gap[ends[:-1]])
    before, after = ends[linked], starts[linked + 1]
    links = [column[before], row[before], column[after], row[after]]
    x0, y0, x1, y1 = (np.concatenate(pair) for pair in zip(strokes, links, strict=True))
    steps = np.maximum(np.abs(x1 - x0), np.abs(y1 - y0))
    line = np.repeat(np.arange(len(steps)), steps + 1)
    first = np.cumsum(steps + 1) - steps - 1
    share = (np.arange(len(line)) - first[line]) / np.maximum(steps, 1)[line]
    return _between(x0, x1, line, share), _between(y0, y1, line, share)


def _between(starts: Indices, ends: Indices, line: Indices, share: Floats) -> Indices:
    return (starts[line] + (ends - starts)[line] * share + 0.5).astype(np.intp)


def braille(dots: Booleans) -> list[str]:
    """The dots as lines of braille characters; a character without a dot is a blank.

    Args:
        dots: shape (4 rows, 2 columns), the top first.

    Example:
        >>> braille(np.eye(4, dtype=bool))
        ['⠑⢄']
    """
    rows, columns = dots.shape[0] // DOTS_DOWN, dots.shape[1] // DOTS_ACROSS
    cells: Any = dots.reshape(rows, DOTS_DOWN, columns, DOTS_ACROSS)
    bits = np.packbits(cells[:, _ROW_OF_BIT, :, _COLUMN_OF_BIT], axis=0, bitorder="little")[0]
    codes = np.where(bits, _BRAILLE + bits.astype("<u4"), _BLANK).astype("<u4")
    text = codes.tobytes().decode("utf-32-le")
    return [text[start : start + columns] for start in range(0, rows * columns, columns)]
