"""Draws the path of motors as text: positions over the number of the point, or a path in a plane.

Pure: lists of numbers in, lines of text out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from beamshell.text.numbers import in_full

Cells: TypeAlias = list[list[str]]

WIDTH, HEIGHT = 60, 12
"""Size of a drawing in characters."""
_DIGITS = 10
PATH, POINT, START, END = "·", "o", "S", "E"


def over_points(name: str, positions: Sequence[float], width: int = WIDTH, height: int = HEIGHT) -> list[str]:
    """A motor's position (upwards) over the number of the point (to the right)."""
    number = len(positions)
    cells = _blank(min(width, max(2 * number, 20)), height)
    low, high, columns = min(positions), max(positions), len(cells[0])
    at = {
        (_cell(point, 0, number - 1, columns), _cell(position, low, high, height))
        for point, position in enumerate(positions)
    }
    for column, row in at:
        cells[row][column] = POINT
    return _framed(cells, name, positions, f"1{f'point {number}':>{max(1, len(cells[0]) - 1)}}")


def over_plane(
    x: tuple[str, Sequence[float]], y: tuple[str, Sequence[float]], width: int = WIDTH, height: int = HEIGHT
) -> list[str]:
    """The path of two motors from S (start) to E (end).

    Args:
        x: name and positions of the motor that is drawn to the right.
        y: name and positions of the motor that is drawn upwards; as many positions.
        width: width of the plane in characters.
        height: its height in lines.
    """
    (x_name, xs), (y_name, ys) = x, y
    cells = _blank(width, height)
    (left, right), (bottom, top) = (min(xs), max(xs)), (min(ys), max(ys))
    at = [(_cell(a, left, right, width), _cell(b, bottom, top, height)) for a, b in zip(xs, ys, strict=True)]
    for (a, b), (c, d) in pairwise(at):
        _line(cells, a, b, c, d)
    for column, row in at:
        cells[row][column] = POINT
    for (column, row), mark in ((at[-1], END), (at[0], START)):
        cells[row][column] = mark
    first, last = in_full(left, _DIGITS), f"{x_name} {in_full(right, _DIGITS)}"
    return _framed(cells, y_name, ys, f"{first}{last:>{width - len(first)}}")


def _blank(width: int, height: int) -> Cells:
    return [[" "] * max(1, width) for _ in range(max(1, height))]


def _cell(value: float, low: float, high: float, cells: int) -> int:
    return round((value - low) / (high - low) * (cells - 1)) if high > low else (cells - 1) // 2


def _line(cells: Cells, a: int, b: int, c: int, d: int) -> None:
    steps = max(abs(c - a), abs(d - b))
    for step in range(1, steps):
        cells[b + round((d - b) * step / steps)][a + round((c - a) * step / steps)] = PATH


def _framed(cells: Cells, name: str, values: Sequence[float], footer: str) -> list[str]:
    """The rows, highest first, with the name and the range of the values on the left."""
    labels = ["" for _ in cells]
    labels[-1], labels[0] = in_full(min(values), _DIGITS), in_full(max(values), _DIGITS)
    labels[len(labels) // 2] = name
    margin = max(map(len, labels))
    rows = [f"{label:>{margin}} |{''.join(row).rstrip()}" for label, row in zip(labels, reversed(cells), strict=True)]
    return [*rows, f"{'':>{margin}}  {footer}"]
