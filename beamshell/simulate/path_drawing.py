"""Draws the path of motors as text: positions over the number of the point, or a path in a plane.

Pure: lists of numbers in, lines of text out.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from beamshell.text.numbers import in_full

Cells: TypeAlias = list[list[str]]
Positions: TypeAlias = npt.ArrayLike

WIDTH, HEIGHT = 60, 12
"""Size of a drawing in characters."""
_DIGITS = 10
PATH, POINT, START, END = "·", "o", "S", "E"


def over_points(name: str, positions: Positions, width: int = WIDTH, height: int = HEIGHT) -> list[str]:
    """A motor's position (upwards) over the number of the point (to the right)."""
    positions = np.asarray(positions, dtype=float)
    number = len(positions)
    cells = _blank(min(width, max(2 * number, 20)), height)
    columns = _cell(np.arange(number), len(cells[0]))
    _draw_points(cells, columns, _cell(positions, height))
    return _framed(cells, name, positions, f"1{f'point {number}':>{max(1, len(cells[0]) - 1)}}")


def over_plane(
    x: tuple[str, Positions], y: tuple[str, Positions], width: int = WIDTH, height: int = HEIGHT
) -> list[str]:
    """The path of two motors from S (start) to E (end).

    Args:
        x: name and positions of the motor that is drawn to the right.
        y: name and positions of the motor that is drawn upwards; as many positions.
        width: width of the plane in characters.
        height: its height in lines.
    """
    (x_name, xs), (y_name, ys) = (x[0], np.asarray(x[1], dtype=float)), (y[0], np.asarray(y[1], dtype=float))
    cells = _blank(width, height)
    columns, rows = _cell(xs, width), _cell(ys, height)
    at = columns * height + rows
    for line in np.unique(at[:-1] * (width * height) + at[1:]).tolist():  # of many points, each line once
        begin, end = divmod(line, width * height)
        _line(cells, *divmod(begin, height), *divmod(end, height))
    _draw_points(cells, columns, rows)
    for point, mark in ((-1, END), (0, START)):
        cells[rows[point]][columns[point]] = mark
    first, last = in_full(float(xs.min()), _DIGITS), f"{x_name} {in_full(float(xs.max()), _DIGITS)}"
    return _framed(cells, y_name, ys, f"{first}{last:>{width - len(first)}}")


def _blank(width: int, height: int) -> Cells:
    return [[" "] * max(1, width) for _ in range(max(1, height))]


def _draw_points(cells: Cells, columns: Any, rows: Any) -> None:
    is_point = np.zeros((len(cells), len(cells[0])), dtype=bool)
    is_point[rows, columns] = True
    for row, column in np.argwhere(is_point):
        cells[row][column] = POINT


def _cell(values: Any, cells: int) -> Any:
    low, high = values.min(), values.max()
    if not high > low:
        return np.full(len(values), (cells - 1) // 2)
    return np.rint((values - low) / (high - low) * (cells - 1)).astype(int)


def _line(cells: Cells, a: int, b: int, c: int, d: int) -> None:
    steps = max(abs(c - a), abs(d - b))
    for step in range(1, steps):
        cells[b + round((d - b) * step / steps)][a + round((c - a) * step / steps)] = PATH


def _framed(cells: Cells, name: str, values: Any, footer: str) -> list[str]:
    """The rows, highest first, with the name and the range of the values on the left."""
    labels = ["" for _ in cells]
    labels[-1], labels[0] = in_full(float(values.min()), _DIGITS), in_full(float(values.max()), _DIGITS)
    labels[len(labels) // 2] = name
    margin = max(map(len, labels))
    rows = [f"{label:>{margin}} |{''.join(row).rstrip()}" for label, row in zip(labels, reversed(cells), strict=True)]
    return [*rows, f"{'':>{margin}}  {footer}"]
